// RunResult as JSON: what worker processes answer, and what reports hold of each run.
#pragma once

#include "model/check/result.hpp"
#include "reports/json_archive.hpp"

namespace leasehold::reports {

/// Every field of `result`; README.md explains them.
[[nodiscard]] Json result_to_json(const check::RunResult& result);
/// The inverse. Throws JsonError.
[[nodiscard]] check::RunResult result_from_json(const Json& json);

}  // namespace leasehold::reports
