// Worker processes: each holds one engine and plays one run after the other.
//
// They are forked before this process has a thread or an engine, so that a run that crashes
// costs itself alone, and every core has its own engine. Results come back in the order of the
// jobs, whatever order they finish in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "model/check/result.hpp"

namespace leasehold::cli {

/// One run to play.
struct Job {
    std::uint64_t scenario = 0;  ///< position in the list that both sides hold
    std::uint64_t seed = 0;
    bool detailed = false;  ///< with timeline, causal chain and state
    bool fresh = false;     ///< in a process that has played nothing before
    bool record = false;    ///< write the history
    std::string text = {};  ///< a scenario that neither side holds, as the runner understands it
    bool page = false;      ///< write the run's page
};

/// What a worker does; made in the worker's own process.
class JobRunner {
  public:
    virtual ~JobRunner() = default;
    /// False: this process has no room for the job; a new one may.
    [[nodiscard]] virtual bool fits(const Job& job) const = 0;
    [[nodiscard]] virtual check::RunResult run(const Job& job) = 0;
};

class WorkerPool {
  public:
    struct Settings {
        unsigned workers = 1;
        std::function<std::unique_ptr<JobRunner>()> make_runner;
        /// The result of a job that no worker could finish: names filled in.
        std::function<check::RunResult(const Job&)> blank;
        /// Told after each result.
        std::function<void(std::size_t done, std::size_t all)> progress;
        /// Told what happens to workers, for the log.
        std::function<void(std::string_view)> log;
    };
    explicit WorkerPool(Settings settings);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// One result for each job, in their order; none when interrupted. A worker that dies costs
    /// its job a second try in a fresh one; a second death is Outcome::internal and names the
    /// signal. Throws reports::OutputError when a worker could not write its history.
    [[nodiscard]] std::optional<std::vector<check::RunResult>> run(const std::vector<Job>& jobs);
    /// The same, ended as well when `enough`, asked at least each tenth of a second with the number
    /// of results, says so. Of a job that was ended before there is none.
    [[nodiscard]] std::vector<std::optional<check::RunResult>> run_until(
        const std::vector<Job>& jobs, const std::function<bool(std::size_t done)>& enough);

  private:
    struct Worker {
        pid_t process = 0;
        int socket = -1;
        std::string input;
        std::optional<std::size_t> job;
        std::uint64_t started = 0;  ///< jobs given to it
    };
    struct Batch;

    void start(Worker& worker);
    [[noreturn]] void serve(int socket);
    /// Waits for its end; how it ended, in words.
    std::string end(Worker& worker, bool kill);
    void hand_out(Batch& batch);
    void wait(Batch& batch, bool asked);
    void receive(Batch& batch, Worker& worker);
    void answer(Batch& batch, Worker& worker, std::string_view frame);
    void lost(Batch& batch, std::size_t job, const std::string& how);
    void say(const std::string& text) const;

    Settings settings_;
    std::vector<Worker> workers_;
};

}  // namespace leasehold::cli
