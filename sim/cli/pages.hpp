// Where the pages of runs go, and who writes them: the worker that played the run.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

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

    /// Writes the page of a run of scenario number `position`. Throws reports::OutputError.
    void write(std::size_t position, const sim::Scenario& scenario, const check::RunResult& result,
               const reports::RunRecord& record) const;

  private:
    reports::AtomicFile* file_ = nullptr;
    std::string arguments_;
};

}  // namespace leasehold::cli
