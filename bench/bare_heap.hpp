// The floor: the same replicas and the same queue in a bare loop.
#pragma once

#include <cstdint>

#include "model/base/time.hpp"

namespace leasehold::bench {

struct BareRun {
    std::uint64_t events = 0;  ///< taken from the queue
    std::uint64_t leaderships = 0;
};

/// Workload W without engine, observers, digest, clocks, paths and faults beyond W's own crashes.
[[nodiscard]] BareRun run_bare_w(Duration duration, std::uint64_t seed);

}  // namespace leasehold::bench
