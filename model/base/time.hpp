// Time as the model sees it: three clocks whose values don't mix, all int64 nanoseconds.
//
// None of the clocks has a now(): a machine can't ask for the time, it is told (Now is an
// argument of every step). The types only keep the kinds of time apart.
#pragma once

#include <chrono>
#include <cstdint>

namespace leasehold {

/// A span of time, in nanoseconds. `std::chrono` literals (15s, 50ms) convert to it.
using Duration = std::chrono::nanoseconds;

/// A process's monotonic clock (CLOCK_BOOTTIME in the agent). Only differences mean anything.
struct MonotonicClock {
    using duration = Duration;
    using rep = Duration::rep;
    using period = Duration::period;
    using time_point = std::chrono::time_point<MonotonicClock, Duration>;
    static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

/// A process's wall clock, since the Unix epoch. It may step; nothing may be decided by it.
struct WallClock {
    using duration = Duration;
    using rep = Duration::rep;
    using period = Duration::period;
    using time_point = std::chrono::time_point<WallClock, Duration>;
    static constexpr bool is_steady = false;
};
using WallTime = WallClock::time_point;

/// The clock of a history: the simulator's true time, or CLOCK_BOOTTIME of the recording machine.
struct TrueClock {
    using duration = Duration;
    using rep = Duration::rep;
    using period = Duration::period;
    using time_point = std::chrono::time_point<TrueClock, Duration>;
    static constexpr bool is_steady = true;
};
using TrueTime = TrueClock::time_point;

/// Both clocks of one process, read together for one step.
struct Now {
    Instant monotonic;
    WallTime wall;
};

/// Later than everything: "no deadline".
inline constexpr Instant kNever = Instant::max();

/// The sum, or kNever where it would overflow.
constexpr Instant saturating_add(Instant at, Duration span) {
    return at > kNever - span ? kNever : at + span;
}

}  // namespace leasehold
