// Judge: from verdicts, marks and faults of a run to its outcome.
#pragma once

#include "model/check/result.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// What the checkers must know of a scenario. The spans are healthy upper bounds.
[[nodiscard]] check::Settings check_settings(const Scenario& scenario, Duration api_round_trip,
                                             Duration latency);

/// Fills in `result.expectations` and `result.outcome` from the rest of it. Expected violations
/// count as met only when exactly they occurred; a run that exercised nothing is inconclusive.
void judge(const Scenario& scenario, check::RunResult& result);

}  // namespace leasehold::sim
