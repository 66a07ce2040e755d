// The SARIF 2.1.0 report (`--sarif FILE`): what did not pass, at the line of the scenario to look
// at, as code scanning shows it beside a change. README.md says what becomes a result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/summary.hpp"

namespace leasehold::reports {

/// The whole document, the same for the same scenarios and seeds. `arguments` are those that a
/// replay command repeats. A violation lies at the fault that took effect last before it, by the
/// run's timeline; without one, or without a fault, at the file's first line.
[[nodiscard]] std::string sarif_report(const std::vector<ScenarioSummary>& scenarios,
                                       std::string_view program_version,
                                       std::string_view arguments);

/// A path as a relative reference, or as a file URI where it begins with a slash.
[[nodiscard]] std::string path_uri(std::string_view path);

}  // namespace leasehold::reports
