// leasehold check: all seeds of all scenarios, a table, the first failure of each in detail.
#include <cstdio>
#include <optional>

#include "reports/html/check_page.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/coverage.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/play.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::cli {
namespace {

using reports::ScenarioSummary;

// Every seed of every scenario, and after its own the repetition of each scenario's first seed.
std::vector<Job> jobs_of(const Options& options, const std::vector<sim::Scenario>& scenarios) {
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        const sim::SeedRange seeds = options.seeds.value_or(scenarios[i].seeds);
        for (std::uint64_t k = 0; k <= seeds.last - seeds.first; ++k)
            jobs.push_back({.scenario = i, .seed = seeds.first + k});
    }
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        const sim::SeedRange seeds = options.seeds.value_or(scenarios[i].seeds);
        // Played anyway: it is the run that a scenario's page shows when all of them pass.
        jobs.push_back(
            {.scenario = i, .seed = seeds.first, .fresh = true, .page = !options.html.empty()});
    }
    return jobs;
}

/// Coverage that lacks something, as one more that every report and the exit code tell of: a bound
/// over all runs that is not met.
ScenarioSummary blanks_summary(const std::string& exempt) {
    ScenarioSummary summary;
    summary.name = "coverage";
    summary.file = exempt;
    summary.why = "each point of --coverage happened or is exempt, and none is both";
    reports::summarise(summary, {});
    summary.bounds.push_back({summary.why, false, "not so"});
    return summary;
}

// The command that made a page.
std::string check_words(const Options& options) {
    std::string text = "leasehold check";
    for (const std::string& path : options.paths)
        text += " " + reports::shell_quoted(path);
    if (options.seeds)
        text += " --seed " + std::to_string(options.seeds->first) + ".." +
                std::to_string(options.seeds->last);
    return text + repeated_arguments(options);
}

}  // namespace

int check_command(const Options& options) {
    const auto files = sim::find_scenarios(options.paths);
    if (!files) {
        std::fprintf(stderr, "%s\n", files.error().to_string().c_str());
        return kExitUsage;
    }
    Exemptions exemptions;
    if (!options.exempt.empty()) {
        auto read = read_exemptions(options.exempt);
        if (!read) {
            std::fprintf(stderr, "%s\n", read.error().to_string().c_str());
            return kExitUsage;
        }
        exemptions = std::move(*read);
    }
    std::vector<sim::Scenario> scenarios;
    if (!read_scenarios(*files, options, scenarios)) return kExitUsage;
    Outputs outputs(options);
    const RunPages pages = RunPages::beside(options.html, scenarios, repeated_arguments(options));
    hold_interrupts();
    Player player(options, scenarios, nullptr, {}, pages);
    const std::vector<Job> jobs = jobs_of(options, scenarios);
    auto results = player.play(jobs);
    if (!results) return kExitInterrupted;
    std::vector<ScenarioSummary> summaries;
    for (std::size_t i = 0; i < scenarios.size(); ++i)
        summaries.push_back(player.summary_of(i));
    for (std::size_t k = 0; k < jobs.size(); ++k) {
        std::vector<check::RunResult>& runs = summaries[jobs[k].scenario].runs;
        if (jobs[k].fresh)
            reports::compare_repetition(runs.front(), (*results)[k]);
        else
            runs.push_back(std::move((*results)[k]));
    }
    if (!player.detail_failures(summaries)) return kExitInterrupted;
    for (std::size_t i = 0; i < summaries.size(); ++i)
        reports::summarise(summaries[i], player.bounds_of(i));
    std::optional<CoverageReport> coverage;
    if (options.coverage) coverage = coverage_report(summaries, exemptions);
    // Without a list nobody has said that there must be no blank.
    const bool judged = coverage && !options.exempt.empty();
    if (judged && !coverage->complete) summaries.push_back(blanks_summary(options.exempt));
    const reports::Style style{wants_colour(options)};
    const std::string arguments = repeated_arguments(options);
    print(options.quiet ? render_not_passed(summaries, arguments, style)
                        : render_check(summaries, arguments, style));
    if (coverage && !(options.quiet && coverage->complete)) print(coverage->page);
    if (judged && !coverage->complete)
        print("\nINCOMPLETE  a point neither happened nor is exempt, or is both: exit " +
              std::to_string(check::exit_code(reports::worst(summaries))) + "\n");
    else if (judged && !options.quiet)
        print("\nCOMPLETE    each point happened or is exempt\n");
    if (outputs.html() != nullptr) {
        std::vector<std::string> links = pages.links();
        for (std::size_t i = 0; i < links.size(); ++i)
            if (!player.has_page(i)) links[i].clear();
        outputs.html()->write(reports::check_page(
            summaries, {program_version(), check_words(options), std::move(links)}));
    }
    outputs.commit(summaries);
    if (outputs.html() != nullptr) outputs.html()->commit();
    return check::exit_code(reports::worst(summaries));
}

}  // namespace leasehold::cli
