// Replica: Elector and RWStorageController, wired once; the unit that every driver runs.
//
// A driver calls step() for each event and performs the effects in their order, asks
// next_deadline() when to send a Timer, and asks permit() as a put or remove leaves. Nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/election/elector.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/storage/config.hpp"
#include "model/storage/status.hpp"

namespace leasehold {

struct ReplicaConfig {
    std::optional<ElectorConfig> election;  ///< none: HA off or one replica
    std::optional<StorageConfig> storage;   ///< none: election alone
};

class Replica {
  public:
    /// CHECKs that the configuration has no problems().
    explicit Replica(const ReplicaConfig& config);
    Replica(const Replica&);
    Replica& operator=(const Replica&);
    Replica(Replica&&) noexcept;
    Replica& operator=(Replica&&) noexcept;
    ~Replica();

    /// Takes one event. `now.monotonic` never goes back. Appends to `out`.
    void step(Now now, const Event& event, Effects& out);
    /// The earliest instant at which a Timer would change anything; kNever = none.
    [[nodiscard]] Instant next_deadline() const;
    /// May this put or remove leave now? Includes the attempt's time-out where the store ignores
    /// preconditions. Any other request: true. Doesn't change the replica, allocates nothing.
    [[nodiscard]] bool permit(Instant now, RequestId request) const;
    /// Is the write gate open at `now`? (A leader's reads and writes check it; at most 100 ns.)
    [[nodiscard]] bool gate_open(Instant now) const;
    [[nodiscard]] Leadership leadership() const;
    /// The keys that begin with `prefix`, in their order, as this replica knows them now; removed
    /// ones are left out. Never asks the bucket (a follower's LIST must not wait, nor stack).
    [[nodiscard]] std::vector<IndexEntry> index(std::string_view prefix) const;
    /// Of the storage; all zero without one. Looks at every key: not for each event.
    [[nodiscard]] StorageStatus storage_status() const;
    /// One line for people: role, term, validity, queues.
    [[nodiscard]] std::string summary() const;

    friend bool operator==(const Replica& a, const Replica& b);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace leasehold
