// A replica's clocks under the simulated world: monotonic by pieces of true time, wall by offset.
#pragma once

#include "model/base/time.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::sim {

/// Start of simulated wall time: 2024-01-01T00:00:00Z, a boundary of every window.
inline constexpr WallTime kWallEpoch{std::chrono::seconds(1'704'067'200)};

/// The clocks of one machine. They go on over restarts of its process.
class MachineClock {
  public:
    MachineClock() = default;
    MachineClock(Instant monotonic_at_zero, Duration wall_offset, std::int64_t rate_ppb)
        : piece_{TrueTime{}, monotonic_at_zero, rate_ppb},
          wall_minus_monotonic_(kWallEpoch.time_since_epoch() + wall_offset -
                                monotonic_at_zero.time_since_epoch()) {}

    [[nodiscard]] Instant monotonic(TrueTime at) const {
        if (piece_.rate_ppb == 0) return piece_.monotonic + (at - piece_.since);
        return piece_.reading(at);
    }
    [[nodiscard]] Now read(TrueTime at) const {
        const Instant reading = monotonic(at);
        return Now{reading, WallTime(reading.time_since_epoch() + wall_minus_monotonic_)};
    }
    /// The first true instant at which the monotonic clock has reached `target`.
    [[nodiscard]] TrueTime reaches(Instant target) const {
        if (piece_.rate_ppb == 0) {
            if (target <= piece_.monotonic) return piece_.since;
            const Duration ahead = target - piece_.monotonic;
            return target == kNever || ahead > TrueTime::max() - piece_.since
                       ? TrueTime::max()
                       : piece_.since + ahead;
        }
        return piece_.reaches(target);
    }
    [[nodiscard]] const ClockPiece& piece() const { return piece_; }

    /// From `at` on the monotonic clock runs at another rate; it doesn't jump.
    void set_rate(TrueTime at, std::int64_t rate_ppb) {
        piece_ = ClockPiece{at, monotonic(at), rate_ppb};
    }
    /// Steps the wall clock alone.
    void step_wall(Duration by) { wall_minus_monotonic_ += by; }

  private:
    ClockPiece piece_;
    Duration wall_minus_monotonic_{0};
};

}  // namespace leasehold::sim
