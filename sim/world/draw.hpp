// Seeded draws of latencies.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "model/base/random.hpp"
#include "model/base/time.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// Draws from a LatencySpec: a lognormal through p50 and p99 as a table of quantiles, so that a
/// draw is one multiplication in integers and the same everywhere. The last sixteenth, where the
/// tail bends, has a table of its own. Nothing lies beyond the quantile of 99.9 %: a bounded tail
/// makes bounds checkable.
class LatencyDraw {
  public:
    LatencyDraw() = default;
    explicit LatencyDraw(const LatencySpec& spec) : constant_(spec.p50 == spec.p99) {
        if (constant_) {
            body_.fill(spec.p50.count());
            tail_.fill(spec.p50.count());
            return;
        }
        // Standard normal quantiles: from 0.1 % over 1/16 ... 15/16, and from there by 1/256.
        static constexpr std::array kBody{-3.09,   -1.5341, -1.1503, -0.8871, -0.6745, -0.4888,
                                          -0.3186, -0.1573, 0.0,     0.1573,  0.3186,  0.4888,
                                          0.6745,  0.8871,  1.1503,  1.5341};
        static constexpr std::array kTail{1.5341, 1.5667, 1.601,  1.6373, 1.6759, 1.7172,
                                          1.7617, 1.8099, 1.8627, 1.9214, 1.9874, 2.0635,
                                          2.1539, 2.2662, 2.4176, 2.6601, kLast};
        const auto quantile = [&spec, sigma = sigma_of(spec)](double z) {
            return value_at(spec, sigma, z);
        };
        std::ranges::transform(kBody, body_.begin(), quantile);
        std::ranges::transform(kTail, tail_.begin(), quantile);
    }

    [[nodiscard]] Duration operator()(Random& random) const {
        if (constant_) return Duration(body_[0]);
        const std::uint64_t bits = random.next();
        const std::size_t slot = bits >> 60;
        const auto fraction = static_cast<std::int64_t>((bits >> 36) & 0xfffffU);
        if (slot < 15) return between(body_[slot], body_[slot + 1], fraction);
        const std::size_t part = (bits >> 56) & 0xfU;
        return between(tail_[part], tail_[part + 1], fraction);
    }
    /// No draw is longer.
    [[nodiscard]] Duration longest() const { return Duration(tail_.back()); }
    /// The same of a spec that nothing is drawn from, without its tables.
    [[nodiscard]] static Duration longest(const LatencySpec& spec) {
        if (spec.p50 == spec.p99) return spec.p50;
        return Duration(value_at(spec, sigma_of(spec), kLast));
    }

  private:
    static constexpr double kLast = 3.09;  // the quantile of 99.9 %

    static double sigma_of(const LatencySpec& spec) {
        const auto median = static_cast<double>(spec.p50.count());
        return median <= 0 ? 0 : std::log(static_cast<double>(spec.p99.count()) / median) / 2.3263;
    }
    static std::int64_t value_at(const LatencySpec& spec, double sigma, double z) {
        const auto median = static_cast<double>(spec.p50.count());
        return std::max(static_cast<std::int64_t>(median * std::exp(sigma * z)), spec.min.count());
    }
    static Duration between(std::int64_t low, std::int64_t high, std::int64_t fraction) {
        return Duration(low + (high - low) * fraction / 0x100000);
    }

    bool constant_ = true;
    std::array<std::int64_t, 16> body_{};
    std::array<std::int64_t, 17> tail_{};
};

}  // namespace leasehold::sim
