// Plays runs in worker processes and gathers them by scenario.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/atomic_file.hpp"
#include "reports/summary.hpp"
#include "sim/cli/options.hpp"
#include "sim/cli/pages.hpp"
#include "sim/cli/workers.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/run.hpp"

namespace leasehold::cli {

/// The files that a command was told to write; opened before the first run, so that an unwritable
/// place costs no work, and visible only once whole.
class Outputs {
  public:
    /// Throws reports::OutputError.
    explicit Outputs(const Options& options);
    /// Writes and commits the reports of all runs. Throws reports::OutputError.
    void commit(const std::vector<reports::ScenarioSummary>& scenarios);
    /// Likewise, and what shows the only run; of a run whose process died there is no such file,
    /// and stderr says so.
    void commit_with_run(const std::vector<reports::ScenarioSummary>& scenarios);
    /// The same with texts of the command's own; each is asked for only if it is written.
    void commit_texts(const std::function<std::string()>& json,
                      const std::function<std::string()>& junit);
    [[nodiscard]] reports::AtomicFile* history() { return history_.get(); }
    [[nodiscard]] reports::AtomicFile* html() { return html_.get(); }
    /// Of one run: its page, its trace, its diagram.
    [[nodiscard]] RunFiles views() { return {html_.get(), trace_.get(), mermaid_.get()}; }

  private:
    std::unique_ptr<reports::AtomicFile> json_;
    std::unique_ptr<reports::AtomicFile> junit_;
    std::unique_ptr<reports::AtomicFile> sarif_;
    std::string arguments_;  ///< repeated on a replay command
    std::unique_ptr<reports::AtomicFile> history_;
    std::unique_ptr<reports::AtomicFile> html_;
    std::unique_ptr<reports::AtomicFile> trace_;
    std::unique_ptr<reports::AtomicFile> mermaid_;
};

/// Makes the scenario of a job's text. Its results are lean: what broke, signatures, marks, work;
/// with
/// --html faults and failovers, too.
using MakeScenario = std::function<sim::Scenario(const std::string& text)>;

/// Scenarios and the processes that play them.
class Player {
  public:
    /// `scenarios` and `history` (may be null) must outlive the player. Of `hosted` machines and
    /// checks of somebody's own are taken.
    Player(const Options& options, const std::vector<sim::Scenario>& scenarios,
           reports::AtomicFile* history, MakeScenario make = {}, RunPages pages = {},
           sim::RunOptions hosted = {});

    /// None when interrupted.
    [[nodiscard]] std::optional<std::vector<check::RunResult>> play(const std::vector<Job>& jobs);
    /// What was played before an interrupt or before `enough`, as WorkerPool::run_until().
    [[nodiscard]] std::vector<std::optional<check::RunResult>> play_until(
        const std::vector<Job>& jobs, const std::function<bool(std::size_t done)>& enough) {
        return pool_.run_until(jobs, enough);
    }
    /// Replaces the worst run of each scenario that has one by its repetition with all details in
    /// a fresh process, which must show the same digest. False when interrupted.
    [[nodiscard]] bool detail_failures(std::vector<reports::ScenarioSummary>& summaries);
    /// The scenario's summary without runs.
    [[nodiscard]] reports::ScenarioSummary summary_of(std::size_t scenario) const;
    /// Is the run that a check shows of it (the worst, else the first) on a page? Not when its
    /// process died.
    [[nodiscard]] bool has_page(std::size_t scenario) const { return has_page_.at(scenario); }
    [[nodiscard]] reports::Bounds bounds_of(std::size_t scenario) const;

  private:
    void show_progress(std::size_t done, std::size_t all);

    const std::vector<sim::Scenario>& scenarios_;
    bool pages_wanted_ = false;
    std::vector<bool> has_page_;
    bool progress_ = false;
    WorkerPool pool_;
};

}  // namespace leasehold::cli
