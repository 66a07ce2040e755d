// Facts: what the history has shown so far, shared by the checkers, and what they found.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/time.hpp"
#include "model/check/check.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::check {

/// Position of each invariant in invariants().
enum class Id : std::uint8_t {
    at_most_one,
    eventually_one,
    stable,
    term_increases,
    taken_only_when_free,
    changed_only_by_holder,
    epochs_increase,
    no_stale_commit,
    acknowledged_survives,
    linearizable,
    eventually_committed,
    goes_on,
    equals_install,
    writes_are_no_ops,
    reads_never_stack,
    requests_bounded,
    query_within_deadline,
    freshness,
    never_regresses,
    converge,
    index_complete,
    status_truthful,
    one_outcome,
    releases_all,
    stop_bounded,
    deterministic
};
inline constexpr std::size_t kInvariantCount = static_cast<std::size_t>(Id::deterministic) + 1;

template <class T>
[[gnu::noinline]] void make_part(std::vector<T>& parts, ReplicaIndex index) {
    parts.resize(index + std::size_t{1});
}
/// The replica's part of what a checker keeps of each, made when the replica is new. Every step
/// asks for several: what makes one is kept out of their way.
template <class T>
[[nodiscard]] typename std::vector<T>::reference part_of(std::vector<T>& parts,
                                                         ReplicaIndex index) {
    if (index >= parts.size()) [[unlikely]]
        make_part(parts, index);
    return parts[index];
}

/// What one invariant's checker has found; the first violation stays.
struct Finding {
    bool violated = false;
    std::string what;
    TrueTime at{};
    std::vector<std::uint64_t> evidence;
    std::uint64_t checked = 0;
};

/// A replica's write gate. `held` from GateMoved(open) to an explicit close or the process's
/// end; a held gate may have closed by time, which only its clock can tell.
struct Gate {
    bool held = false;
    bool closed_known = false;  ///< closed by time before the clock changed: `closed` is its end
    Term term;
    Instant valid_until{};
    TrueTime opened{};
    TrueTime closed{};
    std::uint64_t number = 0;  ///< event that opened it
};

/// A stretch of one process in one role.
struct Tenure {
    Role role = Role::follower;
    std::uint32_t era = 0;
};

/// One replica as the history shows it now.
struct ReplicaFacts {
    // first what every step reads
    bool running = false;
    bool paused = false;
    bool stopping = false;
    bool stopped = false;
    bool elects = false;
    bool api_healthy = true;
    bool bucket_healthy = true;
    Role role = Role::follower;
    std::uint32_t era = 0;        ///< counts changes of role and processes
    Tenure tenure_before;         ///< what the newest change of role ended
    Instant next_check = kNever;  ///< own clock: the earliest deadline that a checker waits for
    TrueTime fresh_check = TrueTime::max();  ///< the same for freshness
    TrueTime write_check = TrueTime::max();  ///< the same for writes
    Gate gate;
    ClockPiece clock;
    WatchId watch;                         ///< the open one; what comes of another is dropped
    TrueTime paused_at{};                  ///< paused: since when
    std::uint32_t paused_by = 0;           ///< paused: by which fault
    Instant stall_began = Instant::min();  ///< newest pause, on the own clock
    Instant stall_ended = Instant::min();
    /// Faults in force by which its steps take long: what is due waits for the step that comes
    /// next.
    std::uint32_t slow = 0;
    TrueTime ended{};  ///< of the last process, if not running
    bool ended_as_leader = false;
    std::string name;

    /// Is the gate open at `at`, by the definition of an open gate?
    [[nodiscard]] bool gate_open(TrueTime at) const;
    /// The true end of a held gate if nothing else happens; TrueTime::max() = never.
    [[nodiscard]] TrueTime gate_end() const;
    /// Is being late for `deadline` at `now` the fault of a pause of the process? Only in the
    /// first step after it, `grace` apart.
    [[nodiscard]] bool stall_excuses(Instant deadline, Instant now, Duration grace) const;
};

struct Facts {
    explicit Facts(const Settings& given) : settings(given), replicas(given.replicas) {}

    Settings settings;
    std::vector<ReplicaFacts> replicas;
    std::array<Finding, kInvariantCount> findings;
    std::vector<std::string_view> broken;  ///< ids, in the order in which they broke

    [[nodiscard]] Finding& of(Id id) { return findings[static_cast<std::size_t>(id)]; }
    void checked(Id id) { ++of(id).checked; }
    /// The replica, made known when it is new.
    [[nodiscard]] ReplicaFacts& replica(ReplicaIndex index) { return part_of(replicas, index); }
    /// "replica-0", "the operator".
    [[nodiscard]] std::string name(ReplicaIndex index) const;
    /// Notes a violation; only the first of an invariant is kept. `evidence`: the first wrong
    /// event last; zeros are left out.
    void violate(Id id, TrueTime at, std::string what,
                 std::initializer_list<std::uint64_t> evidence);
    /// Is `now` too late for `deadline`, by more than the timers' grace and without a pause?
    [[nodiscard]] bool late(const ReplicaFacts& self, Instant deadline, Instant now) const {
        return deadline < now && now - deadline > settings.timer_grace &&
               !self.stall_excuses(deadline, now, settings.timer_grace);
    }
    /// May a healthy answer of the bucket outlast the time-out of its request, or what is left of
    /// a validity?
    [[nodiscard]] bool slow_store() const {
        Duration most = std::min(settings.storage.get_timeout, settings.storage.put_timeout);
        if (settings.elects)
            most =
                std::min(most, settings.election.lease_duration - settings.election.retry_period);
        return settings.bucket_request >= most;
    }
    /// False once an invariant is violated: the words need not be made again.
    [[nodiscard]] bool fresh(Id id) { return !of(id).violated; }
};

/// "47.1s", exact to the nanosecond; "the end of time" for TrueTime::max().
[[nodiscard]] std::string words(TrueTime at);
[[nodiscard]] std::string words(Duration span);
[[nodiscard]] std::string words(const ObjectKey& key);

}  // namespace leasehold::check
