// Where the pages of runs go, and who writes them: the worker that played the run.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "model/check/result.hpp"
#include "reports/atomic_file.hpp"
#include "reports/html/page.hpp"
#include "reports/record/run_record.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::cli {

/// Where one run is shown; each may be null.
struct RunFiles {
    reports::AtomicFile* page = nullptr;
    reports::AtomicFile* trace = nullptr;
    reports::AtomicFile* mermaid = nullptr;

    [[nodiscard]] bool any() const {
        return page != nullptr || trace != nullptr || mermaid != nullptr;
    }
    /// Writes and flushes those that there are, anew. Throws reports::OutputError.
    void write(const check::RunResult& result, const reports::RunRecord& record,
               const reports::RunPageWords& words) const;
};

class RunPages {
  public:
    RunPages() = default;
    /// One run is shown in `files`, which must outlive this and are committed by their owner.
    /// `arguments` are repeated on the command that a page shows.
    RunPages(RunFiles files, std::string arguments)
        : files_(files), arguments_(std::move(arguments)) {}
    /// The folder x/all-runs of a page x/all.html, made. Throws reports::OutputError.
    static std::string folder_beside(const std::string& html);
    /// What a page says of how to see the run again, where `leasehold run` can't play it.
    RunPages& again(std::string how) {
        again_ = std::move(how);
        return *this;
    }
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
    RunFiles files_;
    std::string arguments_;
    std::string again_;
    std::string folder_;  ///< of the file that the links are relative to
    std::vector<std::string> links_;
};

}  // namespace leasehold::cli
