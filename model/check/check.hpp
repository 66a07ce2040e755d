// Invariants over a history: incremental observers with bounded memory, without an engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/time.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/history.hpp"
#include "model/storage/config.hpp"

namespace leasehold::check {

enum class InvariantClass : std::uint8_t { safety, liveness, determinism };
struct InvariantInfo {
    std::string_view id;  ///< stable: "leader.at-most-one"
    InvariantClass kind = InvariantClass::safety;
    std::string_view meaning;  ///< one sentence
};
/// All invariants, in the order in which they are printed.
[[nodiscard]] std::span<const InvariantInfo> invariants();

enum class Status : std::uint8_t { pass, violated, inconclusive, not_applicable, not_checked };

/// What a checker found. Only `pass` is printed as a pass.
struct Verdict {
    std::string id;
    Status status = Status::not_checked;
    std::string what;                     ///< domain words; violated: what broke, with times
    TrueTime at{};                        ///< violated: the first wrong instant
    std::vector<std::uint64_t> evidence;  ///< event numbers, the first wrong one last
    std::uint64_t checked = 0;  ///< how much was looked at (openings, writes, queries ...)
};

/// What the checkers must know of the configuration.
struct Settings {
    ElectorConfig election;
    StorageConfig storage;      ///< where replicas differ, the one that bounds are longest with
    Duration shortest_poll{0};  ///< shortest pollPeriod of any replica; 0 = all have `storage`'s
    /// Shortest leaseDuration of any replica; 0 = all have `election`'s.
    Duration shortest_lease{0};
    std::uint32_t replicas = 1;
    bool elects = false;
    bool stores = false;
    bool fences = true;            ///< the store holds to conditions from the beginning to the end
    Duration api_round_trip{0};    ///< healthy upper bound, server time included
    Duration bucket_request{0};    ///< healthy upper bound of one GET, PUT or LIST without transfer
    Duration transfer{0};          ///< healthy upper bound of moving one object
    std::uint64_t object_size{0};  ///< of the largest object, bytes: time-outs grow with it
    Duration stop_deadline{std::chrono::seconds(30)};
    /// How late a timer may be before lateness counts as the replica's: a clock that runs fast can
    /// step over a deadline by a nanosecond, a real event loop on a busy machine by much more.
    Duration timer_grace{std::chrono::milliseconds(1)};

    /// What bounds how often a replica polls.
    [[nodiscard]] Duration fastest_poll() const {
        return shortest_poll > Duration(0) ? shortest_poll : storage.poll_period;
    }
};

/// Bound of leader.eventually-one from the configuration: expiry, detection, requests.
[[nodiscard]] Duration election_bound(const Settings& settings);

/// All checkers at once. Feed it the history, then ask.
class Checkers : public Observer {
  public:
    explicit Checkers(const Settings& settings);
    ~Checkers() override;

    void on(const ProcessStarted&) override;
    void on(const ProcessEnded&) override;
    void on(const ClockChanged&) override;
    void on(const ReplicaStepped&) override;
    void on(const RequestLeft&) override;
    void on(const LeaseCommitted&) override;
    void on(const ObjectCommitted&) override;
    void on(const FaultTookEffect&) override;
    void on(const PathChanged&) override;
    void on(const ReplicaTold&) override;

    /// Ids of the invariants that are violated by now, in the order in which they broke.
    [[nodiscard]] std::span<const std::string_view> broken() const;
    /// One verdict for each of invariants(), in that order (run.deterministic: not_checked).
    [[nodiscard]] std::vector<Verdict> finish(TrueTime end);
    /// Lengths of the leaderless windows after the first leader: from the moment the last gate
    /// closed, in true time, to the next open gate or the end.
    [[nodiscard]] const std::vector<Duration>& leaderless() const;
    /// From each fault that hit the leader (crash, stop, cut, pause ...) to the next leader's
    /// RoleChanged of another process: the failover times that scenarios bound.
    [[nodiscard]] const std::vector<Duration>& failovers() const;

    /// From a fault that toppled the leader to the end, if nobody led after it (known after
    /// finish()).
    [[nodiscard]] std::optional<Duration> open_failover() const;
    /// The longest stretch without a write answered Committed, from the start of the history to
    /// its end (known after finish()).
    [[nodiscard]] Duration longest_without_commit() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace leasehold::check
