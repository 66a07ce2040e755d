// Seeded draws of latencies.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "model/base/random.hpp"
#include "model/base/time.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// Draws from a LatencySpec: a lognormal through p50 and p99 as a table of quantiles, so that a
/// draw is one multiplication in integers and the same everywhere. Beyond the last quantile
/// (99.9 %) it stays there: a bounded tail makes bounds checkable.
class LatencyDraw {
  public:
    LatencyDraw() = default;
    explicit LatencyDraw(const LatencySpec& spec) : constant_(spec.p50 == spec.p99) {
        // Standard normal quantiles at 0, 1/16 ... 15/16, and 0.99, 0.999 for the tail.
        static constexpr std::array kZ{-3.09, -1.5341, -1.1503, -0.8871, -0.6745, -0.4888,
                                       -0.3186, -0.1573, 0.0,    0.1573,  0.3186,  0.4888,
                                       0.6745, 0.8871,  1.1503, 1.5341,  3.09};
        const double median = static_cast<double>(spec.p50.count());
        const double sigma =
            constant_ || median <= 0
                ? 0
                : std::log(static_cast<double>(spec.p99.count()) / median) / 2.3263;
        for (std::size_t i = 0; i < kZ.size(); ++i) {
            const auto value = static_cast<std::int64_t>(median * std::exp(sigma * kZ[i]));
            table_[i] = std::max(value, spec.min.count());
        }
        if (constant_) table_.fill(spec.p50.count());
    }

    [[nodiscard]] Duration operator()(Random& random) const {
        if (constant_) return Duration(table_[0]);
        const std::uint64_t bits = random.next();
        const std::size_t slot = bits >> 60;
        const auto fraction = static_cast<std::int64_t>((bits >> 40) & 0xfffffU);
        std::int64_t low = table_[slot];
        const std::int64_t high = table_[slot + 1];
        if (slot == 15) {  // the tail is long: only its last quarter rises to the last quantile
            const std::int64_t knee = low + (high - low) / 4;
            if (fraction < 0xc0000) return Duration(low + (knee - low) * fraction / 0xc0000);
            return Duration(knee + (high - knee) * (fraction - 0xc0000) / 0x40000);
        }
        return Duration(low + (high - low) * fraction / 0x100000);
    }
    /// No draw is longer.
    [[nodiscard]] Duration longest() const { return Duration(table_.back()); }

  private:
    bool constant_ = true;
    std::array<std::int64_t, 17> table_{};
};

}  // namespace leasehold::sim
