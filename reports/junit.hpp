// The JUnit XML report (`--junit FILE`): a suite for each scenario, a case for each seed, for
// each invariant and for each bound over all seeds. README.md says how verdicts are mapped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/summary.hpp"

namespace leasehold::reports {

/// The whole document. Without wall-clock times: the same for the same scenarios and seeds.
[[nodiscard]] std::string junit_report(const std::vector<ScenarioSummary>& scenarios);

/// Text as XML 1.0 character data or attribute value: markup is escaped, line breaks are kept,
/// and what XML cannot hold (control characters, bytes that are not UTF-8) becomes U+FFFD.
[[nodiscard]] std::string xml_escaped(std::string_view text);

}  // namespace leasehold::reports
