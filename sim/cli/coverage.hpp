// What never happened in a check: blanks, and the list of those that cannot happen.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "model/base/result.hpp"
#include "reports/summary.hpp"

namespace leasehold::cli {

/// A list has at most so many rules: more, and it would no longer be about what is impossible.
inline constexpr std::size_t kExemptionsMax = 20;

/// The points that cannot happen, each with the rule that makes it impossible.
using Exemptions = std::map<std::string, std::string>;

/// Reads `exempt: [{points: [...], rule: ...}]`. Unknown and repeated points, empty rules and more
/// than kExemptionsMax rules are errors.
[[nodiscard]] Result<Exemptions, config::Diagnostic> read_exemptions(const std::string& path);
/// The same of a text; `path` names it in messages.
[[nodiscard]] Result<Exemptions, config::Diagnostic> parse_exemptions(std::string_view text,
                                                                      const std::string& path);

struct CoverageReport {
    std::string page;       ///< counts by family, blanks, exemptions
    bool complete = false;  ///< each point either happened or is exempt, and none is both
};

/// Over all runs of all scenarios.
[[nodiscard]] CoverageReport coverage_report(const std::vector<reports::ScenarioSummary>& summaries,
                                             const Exemptions& exemptions);

}  // namespace leasehold::cli
