#include "sim/cli/play.hpp"

#include <cstdio>
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "reports/event_texts.hpp"
#include "reports/history_codec.hpp"
#include "reports/json_report.hpp"
#include "reports/junit.hpp"
#include "reports/record/recorder.hpp"
#include "reports/sarif.hpp"
#include "reports/timeline.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/log_observer.hpp"
#include "sim/cli/tee.hpp"
#include "sim/search/signature.hpp"
#include "sim/world/run.hpp"

namespace leasehold::cli {
namespace {

// A worker's engine.
class Simulation : public JobRunner {
  public:
    Simulation(const std::vector<sim::Scenario>& scenarios, reports::AtomicFile* history,
               bool coverage, bool tallied, MakeScenario make, RunPages pages,
               sim::RunOptions hosted)
        : scenarios_(scenarios),
          history_(history),
          pages_(std::move(pages)),
          coverage_(coverage),
          tallied_(tallied),
          make_(std::move(make)),
          hosted_(std::move(hosted)) {}

    bool fits(const Job& job) const override { return runner_.fits(scenario(job)); }

    check::RunResult run(const Job& job) override {
        const sim::Scenario& played = scenario(job);
        if (!job.detailed && !job.record && !job.page) {
            sim::RunOptions plain = hosted_;
            plain.coverage = coverage_;
            check::RunResult result = runner_.run(played, job.seed, plain);
            if (!job.text.empty()) lean(played, result);
            return result;
        }
        std::unique_ptr<reports::HistoryWriter> writer;
        if (job.record && history_ != nullptr) {
            history_->rewind();
            writer = std::make_unique<reports::HistoryWriter>(
                [this](std::string_view line) { history_->write(line); });
        }
        reports::Timeline timeline;
        LogObserver log;
        std::vector<Observer*> observers{&timeline};
        if (writer) observers.push_back(writer.get());
        if (LogObserver::wanted()) observers.push_back(&log);
        std::optional<reports::RunRecorder> recorder;
        if (job.page) observers.push_back(&recorder.emplace());
        Tee tee(std::move(observers));
        sim::RunOptions options = hosted_;
        options.timeline = true;
        options.recorder = &tee;
        check::RunResult result = runner_.run(played, job.seed, options);
        if (result.timeline.empty()) result.timeline = timeline.lines();
        if (writer) history_->flush();
        tell_chain(played, job.seed, result);
        if (recorder)
            pages_.write(job.scenario, played, result, recorder->take(TrueTime(result.simulated)));
        return result;
    }

  private:
    // Which events lead to a violation is known when it is found: their words come from playing
    // the same run once more.
    void tell_chain(const sim::Scenario& played, std::uint64_t seed, check::RunResult& result) {
        if (result.chain.empty() || !runner_.fits(played)) return;
        reports::EventTexts words(result.chain);
        sim::RunOptions options = hosted_;
        options.recorder = &words;
        static_cast<void>(runner_.run(played, seed, options));
    }

    // What a search asks for, and nothing that costs its way through the socket.
    void lean(const sim::Scenario& played, check::RunResult& result) {
        search::carry_signature(
            result, search::signature_of(runner_, played, result.seed, result, hosted_.make_peer));
        // Faults are drawn blindly, so that one which met nobody says nothing of a run in which
        // somebody led and nothing broke.
        if (result.outcome == check::Outcome::inconclusive && result.leaderships > 0)
            result.outcome = check::Outcome::pass;
        std::erase_if(result.verdicts, [](const check::Verdict& verdict) {
            return verdict.status != check::Status::violated;
        });
        result.expectations.clear();
        result.of_the_world.clear();
        result.replicas.clear();
        result.leaderless.clear();
        if (tallied_) return;
        result.faults.clear();
        result.failovers.clear();
    }

    const sim::Scenario& scenario(const Job& job) const {
        if (job.text.empty()) return scenarios_.at(job.scenario);
        if (!made_ || made_of_ != job.text) {
            made_ = make_(job.text);
            made_of_ = job.text;
        }
        return *made_;
    }

    const std::vector<sim::Scenario>& scenarios_;
    reports::AtomicFile* history_;
    RunPages pages_;
    bool coverage_;
    bool tallied_;  ///< lean results keep what a campaign's page counts
    MakeScenario make_;
    sim::RunOptions hosted_;
    mutable std::string made_of_;
    mutable std::optional<sim::Scenario> made_;
    sim::Runner runner_;
};

/// A worker that died left half of what it wrote; its result is a blank one, without replicas.
bool died(const check::RunResult& run) {
    return run.replicas.empty();
}

std::unique_ptr<reports::AtomicFile> opened(const std::string& path) {
    return path.empty() ? nullptr : std::make_unique<reports::AtomicFile>(path);
}

}  // namespace

Outputs::Outputs(const Options& options)
    : json_(opened(options.json)),
      junit_(opened(options.junit)),
      sarif_(opened(options.sarif)),
      arguments_(repeated_arguments(options)),
      history_(opened(options.history)),
      html_(opened(options.html)),
      trace_(opened(options.trace)),
      mermaid_(opened(options.mermaid)) {}

void Outputs::commit(const std::vector<reports::ScenarioSummary>& scenarios) {
    // All are written before the first takes its place: a full disk loses none of the old ones.
    if (sarif_) sarif_->write(reports::sarif_report(scenarios, program_version(), arguments_));
    commit_texts([&] { return reports::json_report(scenarios, program_version()); },
                 [&] { return reports::junit_report(scenarios); });
    if (sarif_) sarif_->commit();
}

void Outputs::commit_with_run(const std::vector<reports::ScenarioSummary>& scenarios) {
    commit(scenarios);
    for (const auto* file : {&history_, &html_, &trace_, &mermaid_}) {
        if (!*file) continue;
        if (died(scenarios.front().runs.front()))
            std::fprintf(stderr, "leasehold: %s: not written, since the run's process died\n",
                         (*file)->path().c_str());
        else
            (*file)->commit();
    }
}

void Outputs::commit_texts(const std::function<std::string()>& json,
                           const std::function<std::string()>& junit) {
    if (json_) json_->write(json());
    if (junit_) junit_->write(junit());
    if (json_) json_->commit();
    if (junit_) junit_->commit();
}

Player::Player(const Options& options, const std::vector<sim::Scenario>& scenarios,
               reports::AtomicFile* history, MakeScenario make, RunPages pages,
               sim::RunOptions hosted)
    : scenarios_(scenarios),
      pages_wanted_(!options.html.empty()),
      has_page_(scenarios.size()),
      progress_(!options.quiet && isatty(STDERR_FILENO) == 1),
      pool_({options.jobs,
             [&scenarios, history, coverage = options.coverage, tallied = !options.html.empty(),
              make = std::move(make), pages = std::move(pages), hosted = std::move(hosted)] {
                 return std::make_unique<Simulation>(scenarios, history, coverage, tallied, make,
                                                     pages, hosted);
             },
             [&scenarios](const Job& job) {
                 check::RunResult result;
                 if (job.text.empty()) {
                     result.scenario = scenarios.at(job.scenario).name;
                     result.file = scenarios.at(job.scenario).file;
                 }
                 result.seed = job.seed;
                 return result;
             },
             [this](std::size_t done, std::size_t all) { show_progress(done, all); },
             options.log == "off" ? std::function<void(std::string_view)>()
                                  : [](std::string_view text) { spdlog::info("{}", text); }}) {}

void Player::show_progress(std::size_t done, std::size_t all) {
    if (!progress_ || all < 2) return;
    std::fprintf(stderr, "\r%zu of %zu runs\x1b[K", done, all);
    if (done == all) std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

std::optional<std::vector<check::RunResult>> Player::play(const std::vector<Job>& jobs) {
    auto results = pool_.run(jobs);
    if (!results && progress_) std::fputs("\r\x1b[K", stderr);
    // Those that come later are written over those before.
    for (std::size_t k = 0; results && k < jobs.size(); ++k)
        if (jobs[k].page && jobs[k].scenario < has_page_.size())
            has_page_[jobs[k].scenario] = !died((*results)[k]);
    return results;
}

bool Player::detail_failures(std::vector<reports::ScenarioSummary>& summaries) {
    std::vector<Job> jobs;
    std::vector<check::RunResult*> failed;
    for (std::size_t i = 0; i < summaries.size(); ++i) {
        const check::RunResult* worst = summaries[i].worst_run();
        if (worst == nullptr) continue;
        if (died(*worst)) {  // again it would; what there is shows another run
            has_page_[i] = false;
            continue;
        }
        jobs.push_back({.scenario = i,
                        .seed = worst->seed,
                        .detailed = true,
                        .fresh = true,
                        .page = pages_wanted_});
        for (check::RunResult& run : summaries[i].runs)
            if (&run == worst) failed.push_back(&run);
    }
    auto results = play(jobs);
    if (!results) return false;
    for (std::size_t i = 0; i < failed.size(); ++i) {
        const bool nondeterministic = failed[i]->outcome == check::Outcome::nondeterministic;
        check::RunResult& again = (*results)[i];
        if (!nondeterministic) reports::compare_repetition(*failed[i], again);
        // What broke is told by the repetition, how the runs compare by the first.
        failed[i]->timeline = std::move(again.timeline);
        failed[i]->chain = std::move(again.chain);
        failed[i]->state = std::move(again.state);
    }
    return true;
}

reports::ScenarioSummary Player::summary_of(std::size_t scenario) const {
    reports::ScenarioSummary summary;
    summary.name = scenarios_.at(scenario).name;
    summary.file = scenarios_.at(scenario).file;
    summary.why = scenarios_.at(scenario).why;
    return summary;
}

reports::Bounds Player::bounds_of(std::size_t scenario) const {
    const sim::ExpectSpec& expect = scenarios_.at(scenario).expect;
    return {expect.failover_p50, expect.failover_p99, expect.failover_max};
}

}  // namespace leasehold::cli
