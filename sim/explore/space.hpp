// Space: a small world whose every schedule is played, and the faults that it has.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "model/base/time.hpp"
#include "model/election/config.hpp"

namespace leasehold::explore {

/// What may go wrong, or is done to the world: each costs one of the space's faults.
enum class Fault : std::uint8_t {
    request_lost,        ///< a request never reaches the server, and its sender is told nothing
    answer_lost,         ///< it is applied, and its sender is told nothing
    applied_late,        ///< its sender is told nothing, and it is applied at any instant after
    crash,               ///< a process ends
    restart,             ///< a process ends, and another one begins at any instant after
    pause,               ///< a process stands still, its clock running, for as long as it may be
    watch_silent,        ///< a watch is half open: it tells nothing any more
    api_restart,         ///< every exchange and every watch breaks
    clock_slow,          ///< a process's clock runs at the bound on drift, slow
    clock_fast,          ///< the same, fast
    stop,                ///< a process is told to stop
    lease_deleted,       ///< by an operator, as all that follow
    lease_recreated,     ///< deleted, and made anew without a holder
    holder_cleared,      ///< the holder is set to nobody
    holder_stolen,       ///< the holder is set to a stranger
    duration_shortened,  ///< leaseDurationSeconds is set to 1
    duration_damaged,    ///< leaseDurationSeconds is set to 68 years
    lease_labelled,      ///< other metadata is edited
    release_replayed     ///< a backup is applied: the newest release record
};
inline constexpr std::size_t kFaultKinds = 19;

/// The name as it is typed and printed: "request-lost".
[[nodiscard]] std::string_view fault_name(Fault fault);
[[nodiscard]] std::string_view fault_meaning(Fault fault);

/// A set of faults.
class FaultSet {
  public:
    constexpr FaultSet() = default;
    constexpr FaultSet(std::initializer_list<Fault> faults) {
        for (const Fault fault : faults)
            add(fault);
    }
    constexpr void add(Fault fault) { bits_ |= 1U << static_cast<unsigned>(fault); }
    [[nodiscard]] constexpr bool has(Fault fault) const {
        return (bits_ >> static_cast<unsigned>(fault) & 1U) != 0;
    }
    [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
    friend constexpr bool operator==(FaultSet, FaultSet) = default;

  private:
    std::uint32_t bits_ = 0;
};

struct Space {
    std::string_view name;
    std::string_view why;  ///< one sentence
    std::uint32_t replicas = 2;
    ElectorConfig election;  ///< of each replica, without identity and seed
    Duration tick{};         ///< things happen at multiples of it in true time
    FaultSet faults;
    std::uint32_t most_faults = 0;
    std::uint32_t leases = 0;  ///< true time that is played, in lease durations; 0 = no end
    /// The number of the last tick, if there is an end.
    [[nodiscard]] std::int64_t last_tick() const {
        return static_cast<std::int64_t>(leases) * (election.lease_duration / tick);
    }
    /// May the Lease go away, with so many faults left?
    [[nodiscard]] bool lease_may_go(std::uint32_t faults_left) const {
        return faults_left > 0 &&
               (faults.has(Fault::lease_deleted) || faults.has(Fault::lease_recreated));
    }
    [[nodiscard]] std::int64_t drift_ppm() const { return clock_ppm.value_or(election.drift_ppm); }
    bool pods = false;            ///< kubelets tell of containers that have ended
    bool held = false;            ///< begins with a Lease that a stranger has just renewed
    bool bounded = false;         ///< clocks drift: what is played is no proof (see world.hpp)
    bool start_together = false;  ///< the first processes begin at one instant, not at any
    /// Ticks without a leader, while somebody runs and nothing goes wrong, at most; 0 = not asked.
    std::uint32_t most_leaderless = 0;
    /// How wrong a clock goes that drifts, in ppm; none: by the bound that electors are told.
    std::optional<std::int64_t> clock_ppm;
    /// How far the wall clock of the last replica is ahead of the others'.
    Duration wall_offset{};
};

inline constexpr std::uint32_t kMostReplicas = 3;

/// All built-in spaces, in the order in which they are listed.
[[nodiscard]] std::span<const Space> spaces();
/// Null if there is none of that name.
[[nodiscard]] const Space* find_space(std::string_view name);

}  // namespace leasehold::explore
