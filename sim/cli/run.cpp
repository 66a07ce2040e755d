// leasehold run: one seed in full, or one line for each of many.
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/play.hpp"

namespace leasehold::cli {
namespace {

using reports::ScenarioSummary;

std::string render(const Options& options, const ScenarioSummary& summary, bool many) {
    const reports::Style style{wants_colour(options)};
    const std::string arguments = repeated_arguments(options);
    if (options.quiet) {
        const check::RunResult* worst = summary.worst_run();
        return worst == nullptr ? std::string() : render_failure(*worst, arguments, style);
    }
    return many ? render_seeds(summary, arguments, style)
                : render_run(summary.runs.front(), arguments, style);
}

}  // namespace

int run_command(const Options& options) {
    std::vector<sim::Scenario> scenarios;
    if (!read_scenarios(options.paths, options, scenarios)) return kExitUsage;
    Outputs outputs(options);
    hold_interrupts();
    Player player(options, scenarios, outputs.history(), {},
                  RunPages(outputs.views(), repeated_arguments(options)));
    const bool many = options.seeds && options.seeds->first != options.seeds->last;
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        const std::uint64_t first = options.seeds ? options.seeds->first : scenarios[i].seeds.first;
        const std::uint64_t count = many ? options.seeds->last - options.seeds->first + 1 : 1;
        for (std::uint64_t k = 0; k < count; ++k)
            jobs.push_back({.scenario = i,
                            .seed = first + k,
                            .detailed = !many,
                            .record = !options.history.empty(),
                            .page = outputs.views().any()});
    }
    auto results = player.play(jobs);
    if (!results) return kExitInterrupted;
    std::vector<ScenarioSummary> summaries;
    for (std::size_t i = 0; i < scenarios.size(); ++i)
        summaries.push_back(player.summary_of(i));
    for (std::size_t k = 0; k < jobs.size(); ++k)
        summaries[jobs[k].scenario].runs.push_back(std::move((*results)[k]));
    if (many && !player.detail_failures(summaries)) return kExitInterrupted;
    for (std::size_t i = 0; i < summaries.size(); ++i)
        // The failovers of one seed are no sample: percentiles are for many, and a run judges its
        // own.
        reports::summarise(summaries[i], many ? player.bounds_of(i) : reports::Bounds{});
    std::string text;
    for (const ScenarioSummary& summary : summaries) {
        const std::string part = render(options, summary, many);
        text += (text.empty() || part.empty() ? "" : "\n") + part;
    }
    print(text);
    outputs.commit_with_run(summaries);
    return check::exit_code(reports::worst(summaries));
}

}  // namespace leasehold::cli
