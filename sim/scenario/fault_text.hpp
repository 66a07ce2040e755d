// Parts of a fault as the resolved form writes them: alike for whoever wrote the same.
#pragma once

#include <string>

#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// "at: 1m..2m", "when: {replica: leader, sends: putObject, nth: 3, after: 0s}".
[[nodiscard]] std::string trigger_text(const Trigger& trigger);
/// What a fault is and whom it meets, without when, how long and how much: "crash: leader",
/// "dropRequest: [updateLease], of: replica-1, as: gone".
[[nodiscard]] std::string fault_subject(const Fault& fault);

}  // namespace leasehold::sim
