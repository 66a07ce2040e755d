// What a seed makes of the faults' ranges, fault by fault.
#pragma once

#include <cstdint>
#include <vector>

#include "model/base/time.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// One fault of a run.
struct DrawnFault {
    Duration at{0};         ///< at, every: its first time
    std::uint32_t nth = 1;  ///< sends, reaches, performs: which of them fires it
    /// What it is and whom it meets, without when and how long: what else is drawn for it is drawn
    /// by this.
    std::uint64_t identity = 0;
};

/// Parallel to scenario.faults. A range is drawn by what stands in the fault itself: when, the verb
/// with its object, whose requests, `as`. So a fault more, less or another elsewhere in the list
/// moves no other, and one that lasts longer strikes when it did. Of several that say the same of
/// all this the first in the list has the first draw, and so on.
[[nodiscard]] std::vector<DrawnFault> draw_faults(const Scenario& scenario, std::uint64_t seed);

/// Writes what `seed` draws in place of the ranges: the run of this seed stays the one that it was,
/// whatever is then done to the faults' words.
void fix_faults(Scenario& scenario, std::uint64_t seed);

}  // namespace leasehold::sim
