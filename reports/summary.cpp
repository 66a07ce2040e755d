#include "reports/summary.hpp"

#include <algorithm>

#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

using check::Outcome;

// Few short runs may be alike by chance; so many are not.
constexpr std::size_t kManySeeds = 10;

Duration nearest_rank(const std::vector<Duration>& sorted, std::size_t percent) {
    const std::size_t rank = (sorted.size() * percent + 99) / 100;
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

void judge(ScenarioSummary& summary, std::string_view name, std::optional<Duration> bound,
           Duration found) {
    if (!bound) return;
    check::Expectation result;
    result.what = "failover " + std::string(name) + " at most " + format_duration(*bound);
    if (summary.failover.count == 0) {
        result.found = "no failover was measured";
        summary.outcome = check::worse(summary.outcome, Outcome::inconclusive);
    } else {
        result.met = found <= *bound;
        result.found = format_duration(found) + " of " + std::to_string(summary.failover.count);
        if (!result.met) summary.outcome = check::worse(summary.outcome, Outcome::liveness);
    }
    summary.bounds.push_back(std::move(result));
}

// Seeds that all give one and the same run are one run, however many.
void judge_seeds(ScenarioSummary& summary) {
    const auto& runs = summary.runs;
    const auto other = [&](const check::RunResult& run) { return run.digest != runs[0].digest; };
    if (runs.size() < kManySeeds || std::any_of(runs.begin(), runs.end(), other)) return;
    summary.outcome = check::worse(summary.outcome, Outcome::inconclusive);
    summary.bounds.push_back(
        {"seeds give different runs", false, std::to_string(runs.size()) + " equal digests"});
}

}  // namespace

Percentiles percentiles(std::vector<Duration> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    return {values.size(), nearest_rank(values, 50), nearest_rank(values, 99), values.back()};
}

const check::RunResult* ScenarioSummary::worst_run() const {
    const check::RunResult* found = nullptr;
    for (const check::RunResult& run : runs) {
        if (run.outcome == Outcome::pass) continue;
        if (found == nullptr || (run.outcome != found->outcome &&
                                 check::worse(run.outcome, found->outcome) == run.outcome))
            found = &run;
    }
    return found;
}

void summarise(ScenarioSummary& summary, const Bounds& bounds) {
    std::vector<Duration> failovers;
    std::vector<Duration> leaderless;
    summary.outcome = summary.runs.empty() ? Outcome::inconclusive : Outcome::pass;
    summary.bounds.clear();
    for (const check::RunResult& run : summary.runs) {
        summary.outcome = check::worse(summary.outcome, run.outcome);
        failovers.insert(failovers.end(), run.failovers.begin(), run.failovers.end());
        leaderless.insert(leaderless.end(), run.leaderless.begin(), run.leaderless.end());
    }
    summary.failover = percentiles(std::move(failovers));
    summary.leaderless = percentiles(std::move(leaderless));
    judge(summary, "P50", bounds.p50, summary.failover.p50);
    judge(summary, "P99", bounds.p99, summary.failover.p99);
    judge(summary, "max", bounds.max, summary.failover.max);
    judge_seeds(summary);
}

check::Outcome worst(const std::vector<ScenarioSummary>& scenarios) {
    if (scenarios.empty()) return Outcome::inconclusive;
    Outcome result = Outcome::pass;
    for (const ScenarioSummary& scenario : scenarios)
        result = check::worse(result, scenario.outcome);
    return result;
}

void compare_repetition(check::RunResult& run, const check::RunResult& again) {
    if (run.outcome == Outcome::internal || again.outcome == Outcome::internal) {
        if (run.outcome != again.outcome) {
            run.internal_error = run.internal_error.empty()
                                     ? "repeated in a fresh process: " + again.internal_error
                                     : run.internal_error;
            run.outcome = Outcome::internal;
        }
        return;
    }
    const bool same = run.digest == again.digest && run.outcome == again.outcome;
    for (check::Verdict& verdict : run.verdicts) {
        if (verdict.id != "run.deterministic") continue;
        verdict.status = same ? check::Status::pass : check::Status::violated;
        verdict.checked = 1;
        verdict.what = same ? "same digest in a second process"
                            : "digest " + format_hex(run.digest) + ", in a second process " +
                                  format_hex(again.digest);
    }
    if (!same) run.outcome = check::worse(run.outcome, Outcome::nondeterministic);
}

}  // namespace leasehold::reports
