// The verbs of faults and the modifiers that each takes. Internal to sim/scenario.
#pragma once

#include "sim/scenario/block.hpp"

namespace leasehold::sim {

/// The verb of a fault, once it has one and no modifier of another.
[[nodiscard]] FaultKind read_fault_kind(const Block& block);
/// Reads the modifiers of `fault.kind` into `fault`, whose requests are known.
void read_fault_modifiers(const Block& block, Fault& fault);
/// Does it change something on its server?
[[nodiscard]] bool writes(RequestKind kind);

}  // namespace leasehold::sim
