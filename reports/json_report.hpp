// The JSON report of a run or a check (`--json FILE`); README.md explains every field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/summary.hpp"

namespace leasehold::reports {

inline constexpr int kReportSchemaVersion = 1;

/// The whole document, indented. The same for the same scenarios, seeds and program version.
[[nodiscard]] std::string json_report(const std::vector<ScenarioSummary>& scenarios,
                                      std::string_view program_version);

}  // namespace leasehold::reports
