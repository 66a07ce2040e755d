// Many runs for people: the table of a check.
#include <algorithm>

#include "reports/terminal_text.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

using check::Outcome;

constexpr std::size_t kSeeds = 7;
constexpr std::size_t kNumber = 10;
constexpr std::size_t kLastNumber = 12;
constexpr std::size_t kNumbers = 3 * kNumber + kLastNumber;

// The first columns are as wide as what they hold, for the names that people give are long.
struct Widths {
    std::size_t name = 8;
    std::size_t verdict = 7;
};

Widths widths_of(const std::vector<ScenarioSummary>& scenarios) {
    Widths widths;
    for (const ScenarioSummary& scenario : scenarios) {
        widths.name = std::max(widths.name, scenario.name.size());
        widths.verdict = std::max(widths.verdict, check::outcome_name(scenario.outcome).size());
    }
    const std::size_t others = kSeeds + 2 + widths.verdict + kNumbers;
    widths.name = std::min(widths.name, kColumns - others);
    return widths;
}

std::string cell(const Percentiles& of, Duration value, std::size_t width = kNumber) {
    return right(of.count == 0 ? "-" : format_duration(value), width);
}

std::string row(const ScenarioSummary& scenario, const Widths& widths, Style style) {
    std::string text =
        left(scenario.name, widths.name) + right(grouped(scenario.runs.size()), kSeeds) + "  ";
    text += painted(left(check::outcome_name(scenario.outcome), widths.verdict),
                    verdict_colour(scenario.outcome), style);
    return text + cell(scenario.failover, scenario.failover.p50) +
           cell(scenario.failover, scenario.failover.p99) +
           cell(scenario.failover, scenario.failover.max) +
           cell(scenario.leaderless, scenario.leaderless.max, kLastNumber) + "\n";
}

std::string details(const ScenarioSummary& scenario, std::string_view arguments, Style style) {
    std::uint64_t failed = 0;
    for (const check::RunResult& run : scenario.runs)
        failed += run.outcome == Outcome::pass ? 0U : 1U;
    std::string text = "\n" + painted(scenario.name, Colour::bold, style);
    if (!scenario.runs.empty())
        text += "   " + grouped(failed) + " of " + counted(scenario.runs.size(), "seed") +
                " did not pass";
    text += "\n";
    text += render_bounds(scenario, style);
    if (const check::RunResult* run = scenario.worst_run())
        text += render_failure(*run, arguments, style);
    return text;
}

}  // namespace

std::string render_bounds(const ScenarioSummary& scenario, Style style) {
    std::string text;
    for (const check::Expectation& bound : scenario.bounds)
        text += painted(left(bound.met ? "met" : "NOT MET", 13),
                        bound.met ? Colour::green : Colour::red, style) +
                wrap("over all seeds: " + bound.what + ": " + bound.found, 13, 13) + "\n";
    return text;
}

std::string render_seeds(const ScenarioSummary& scenario, std::string_view arguments, Style style) {
    std::string text = scenario.name + "   " + counted(scenario.runs.size(), "seed") + "\n";
    std::uint64_t passed = 0;
    for (const check::RunResult& run : scenario.runs) {
        text += render_seed_line(run, style);
        passed += run.outcome == Outcome::pass ? 1U : 0U;
    }
    text += render_bounds(scenario, style);
    if (const check::RunResult* worst = scenario.worst_run())
        text += "\n" + render_failure(*worst, arguments, style);
    return text + "\n" +
           painted(verdict_word(scenario.outcome), verdict_colour(scenario.outcome), style) + "  " +
           grouped(passed) + " of " + counted(scenario.runs.size(), "seed") +
           " passed, failover P50 " + cell(scenario.failover, scenario.failover.p50, 0) + ", P99 " +
           cell(scenario.failover, scenario.failover.p99, 0) + ", max " +
           cell(scenario.failover, scenario.failover.max, 0) + "\n";
}

std::string render_not_passed(const std::vector<ScenarioSummary>& scenarios,
                              std::string_view arguments, Style style) {
    std::string text;
    for (const ScenarioSummary& scenario : scenarios) {
        if (scenario.outcome == Outcome::pass) continue;
        text += scenario.name + "\n" + render_bounds(scenario, style);
        if (const check::RunResult* worst = scenario.worst_run())
            text += render_failure(*worst, arguments, style);
    }
    return text;
}

std::string render_check(const std::vector<ScenarioSummary>& scenarios, std::string_view arguments,
                         Style style) {
    std::uint64_t runs = 0;
    std::uint64_t passed = 0;
    std::vector<Duration> failovers;
    Duration simulated{0};
    for (const ScenarioSummary& scenario : scenarios) {
        runs += scenario.runs.size();
        passed += scenario.outcome == Outcome::pass ? 1U : 0U;
        for (const check::RunResult& run : scenario.runs) {
            simulated += run.simulated;
            failovers.insert(failovers.end(), run.failovers.begin(), run.failovers.end());
        }
    }
    const Widths widths = widths_of(scenarios);
    const std::string before(widths.name + kSeeds + 2 + widths.verdict, ' ');
    std::string text =
        before + right("failover", 3 * kNumber) + right("leaderless", kLastNumber) + "\n";
    text += painted(left("scenario", widths.name) + right("seeds", kSeeds) + "  " +
                        left("verdict", widths.verdict) + right("P50", kNumber) +
                        right("P99", kNumber) + right("max", kNumber) + right("max", kLastNumber),
                    Colour::bold, style) +
            "\n";
    for (const ScenarioSummary& scenario : scenarios)
        text += row(scenario, widths, style);
    for (const ScenarioSummary& scenario : scenarios)
        if (scenario.outcome != Outcome::pass) text += details(scenario, arguments, style);
    const Outcome outcome = worst(scenarios);
    const Percentiles all = percentiles(std::move(failovers));
    text += "\n" + painted(verdict_word(outcome), verdict_colour(outcome), style) + "  " +
            grouped(passed) + " of " + counted(scenarios.size(), "scenario") + " passed, " +
            counted(runs, "run") + ", " +
            grouped(static_cast<std::uint64_t>(simulated / std::chrono::seconds(1))) +
            " s simulated, " + counted(all.count, "failover") + "\n";
    const auto shown = std::find_if(scenarios.begin(), scenarios.end(),
                                    [](const ScenarioSummary& s) { return !s.runs.empty(); });
    if (outcome == Outcome::pass && shown != scenarios.end())
        text += "next: " + replay_command(shown->runs.front(), arguments) + "\n";
    return text;
}

}  // namespace leasehold::reports
