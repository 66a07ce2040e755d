// How much longer an attempt may take for what has to travel.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/base/time.hpp"

namespace leasehold {

/// For `size` bytes at `per_mib` each MiB.
[[nodiscard]] inline Duration travel_time(std::uint64_t size, Duration per_mib) {
    // Sizes come from a server's LIST: capped at 1 TiB, so that an absurd one can't overflow.
    constexpr std::uint64_t kMib = 1ULL << 20;
    return static_cast<std::int64_t>(std::min<std::uint64_t>(size / kMib, kMib)) * per_mib;
}

}  // namespace leasehold
