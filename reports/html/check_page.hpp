// The page of many runs: verdicts, failovers, coverage, failures in groups.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/summary.hpp"

namespace leasehold::reports {

struct CheckPageWords {
    std::string_view version;  ///< of the program
    std::string command;       ///< that made it
    /// By scenario: the page of one of its runs, relative to this page; empty = none.
    std::vector<std::string> run_pages;
};

/// Precondition: pages_available(). The same for the same results and program version.
[[nodiscard]] std::string check_page(const std::vector<ScenarioSummary>& scenarios,
                                     const CheckPageWords& words);

}  // namespace leasehold::reports
