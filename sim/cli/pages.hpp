// Where the pages of runs go, and who writes them: the worker that played the run.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "model/check/result.hpp"
#include "reports/atomic_file.hpp"
#include "reports/record/run_record.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::cli {

class RunPages {
  public:
    RunPages() = default;
    /// The page of one run goes to `file` (may be null), which must outlive this and is committed
    /// by its owner. `arguments` are repeated on the command that a page shows.
    RunPages(reports::AtomicFile* file, std::string arguments)
        : file_(file), arguments_(std::move(arguments)) {}
    /// A page for each scenario in a folder beside `html`, which is made: of x/all.html
    /// x/all-runs/NAME.html. Throws reports::OutputError.
    static RunPages beside(const std::string& html, const std::vector<sim::Scenario>& scenarios,
                           std::string arguments);

    /// Writes the page of a run of scenario number `position`. Throws reports::OutputError.
    void write(std::size_t position, const sim::Scenario& scenario, const check::RunResult& result,
               const reports::RunRecord& record) const;
    /// The pages beside, by scenario, relative to the file that they stand beside.
    [[nodiscard]] const std::vector<std::string>& links() const { return links_; }

  private:
    reports::AtomicFile* file_ = nullptr;
    std::string arguments_;
    std::string folder_;  ///< of the file that the links are relative to
    std::vector<std::string> links_;
};

}  // namespace leasehold::cli
