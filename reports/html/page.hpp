// HTML pages: one file each, which asks nothing of anybody (README.md).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "model/check/result.hpp"
#include "reports/json_archive.hpp"
#include "reports/record/run_record.hpp"

namespace leasehold::reports {

inline constexpr int kPageSchemaVersion = 1;

/// This build can make pages. False: the plotting library could not be had when it was built.
[[nodiscard]] bool pages_available();

/// What a run's page says beside the run itself.
struct RunPageWords {
    std::string_view version;        ///< of the program
    std::string why;                 ///< the scenario's
    std::string command;             ///< that shows this run again
    std::string time = "simulated";  ///< "simulated" or "real"
};

/// The page of one run. The same for the same run and program version.
[[nodiscard]] std::string run_page(const RunRecord& record, const check::RunResult& result,
                                   const RunPageWords& words);

enum class PageKind : std::uint8_t { run, check, campaign };
/// A page around its data: style, body, scripts, the plotting library and its licence.
/// Precondition: pages_available().
[[nodiscard]] std::string page_around(PageKind kind, std::string_view title, const Json& data);

}  // namespace leasehold::reports
