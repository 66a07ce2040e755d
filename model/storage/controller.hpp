// RWStorageController: the gate between the pipelines and the backup bucket, as a pure machine.
//
// A follower parks backup reads until polling brings data, skips writes, and never parks a query.
// A leader reads and writes through, each write fenced by an epoch and a per-key precondition.
// Promotion and demotion are one step each. The rules are argued where they are decided, in the
// machines that this one owns by role (state.hpp); what connects them is in arrows.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/leadership.hpp"
#include "model/storage/config.hpp"
#include "model/storage/state.hpp"
#include "model/storage/status.hpp"

namespace leasehold {

class RWStorageController {
  public:
    /// CHECKs that `config` can work: HA needs a file store, all limits are positive.
    explicit RWStorageController(const StorageConfig& config);

    /// Takes one event: Start, Timer, Stop, BucketAnswered, FileAnswered, BackupRead, BackupWrite,
    /// BackupRemove, Query, Cancel; others only settle time. Deadlines that `now` has passed are
    /// settled first. Long work is done in portions: next_deadline() may be `now` after a step.
    void step(Now now, const Event& event, Effects& out);
    /// The election's state changed (each renewal too). Called after the elector's effects, with
    /// the same `now`; promotes or demotes completely.
    void lead(Now now, const Leadership& leadership, Effects& out);
    /// The earliest instant at which a Timer would change anything.
    [[nodiscard]] Instant next_deadline() const;
    /// May this put or remove leave now? True for every other request.
    [[nodiscard]] bool permit(Instant now, RequestId request) const;
    /// Does the controller want a Lease renewal sent from now on? Reading resets it.
    [[nodiscard]] bool take_renewal_wish();
    /// Does it want to give the leadership up (nothing gets on)? Reading resets it.
    [[nodiscard]] bool take_give_up_wish();
    /// A stop was asked for and nothing is left that needs the gate.
    [[nodiscard]] bool drained() const;
    /// How long what was sent may still land over what the next leader writes, so that the Lease
    /// is not to be released; in the past: no longer. Where conditions hold nothing lands.
    [[nodiscard]] Instant landing_until(Now now) const;
    /// Leaderships of this process in a row that were given up because nothing could be stored, as
    /// far as it knows: 0 once somebody wrote.
    [[nodiscard]] std::uint32_t given_up() const;
    /// The keys that begin with `prefix`, as they are known now; removed ones are left out.
    [[nodiscard]] std::vector<IndexEntry> index(std::string_view prefix) const;
    /// Looks at every key: for people and metrics, not for each event.
    [[nodiscard]] StorageStatus status() const;
    /// One line for people: role, epoch, queues.
    [[nodiscard]] std::string summary() const;

    friend bool operator==(const RWStorageController&, const RWStorageController&) = default;

  private:
    void finish(storage::Step& step);

    storage::State state_;
};

}  // namespace leasehold
