// leasehold bench: what many seeds of a scenario cost, and how long their failovers take, for
// bench/compare.
#include <chrono>
#include <cstdio>
#include <map>

#include <sys/resource.h>

#include "reports/bench_report.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/play.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/capsule.hpp"

namespace leasehold::cli {
namespace {

using reports::BenchScenario;

/// Of the children that have ended and were waited for.
Duration cpu_of_children() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto span = [](const timeval& time) -> Duration {
        return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    };
    return span(usage.ru_utime) + span(usage.ru_stime);
}

/// Plays all seeds in processes that do nothing else, so that their times are this scenario's.
/// None when interrupted.
std::optional<BenchScenario> measure(const Options& options, const sim::Scenario& scenario) {
    const std::vector<sim::Scenario> alone{scenario};
    const sim::SeedRange seeds = options.seeds.value_or(scenario.seeds);
    std::vector<Job> jobs;
    for (std::uint64_t k = 0; k <= seeds.last - seeds.first; ++k)
        jobs.push_back({0, seeds.first + k, false, false, false});
    BenchScenario measured;
    const Duration cpu = cpu_of_children();
    const auto began = std::chrono::steady_clock::now();
    {
        Player player(options, alone, nullptr);
        auto results = player.play(jobs);
        if (!results) return std::nullopt;
        measured.summary = player.summary_of(0);
        measured.summary.runs = std::move(*results);
    }
    measured.real = std::chrono::steady_clock::now() - began;
    measured.cpu = cpu_of_children() - cpu;
    return measured;
}

/// Two of one name would be one benchmark. False, and said, when there are.
bool names_differ(const std::vector<sim::Scenario>& scenarios) {
    std::map<std::string, std::string> files;
    for (const sim::Scenario& scenario : scenarios) {
        const auto [found, first] = files.emplace(scenario.name, scenario.file);
        if (first) continue;
        std::fprintf(stderr,
                     "leasehold: %s: scenario '%s' is already that of %s: expected a name of its "
                     "own for each\n",
                     scenario.file.c_str(), scenario.name.c_str(), found->second.c_str());
        return false;
    }
    return true;
}

}  // namespace

int bench_command(const Options& options) {
    const auto files = sim::find_scenarios(options.paths);
    if (!files) {
        std::fprintf(stderr, "%s\n", files.error().to_string().c_str());
        return kExitUsage;
    }
    std::vector<sim::Scenario> scenarios;
    if (!read_scenarios(*files, options, scenarios) || !names_differ(scenarios)) return kExitUsage;
    Outputs outputs(options);
    hold_interrupts();
    std::vector<BenchScenario> measured;
    std::vector<reports::ScenarioSummary> summaries;
    for (const sim::Scenario& scenario : scenarios) {
        auto one = measure(options, scenario);
        if (!one) return kExitInterrupted;
        measured.push_back(std::move(*one));
        summaries.push_back(measured.back().summary);
    }
    Player player(options, scenarios, nullptr);
    if (!player.detail_failures(summaries)) return kExitInterrupted;
    for (std::size_t i = 0; i < summaries.size(); ++i) {
        reports::summarise(summaries[i], player.bounds_of(i));
        measured[i].summary = summaries[i];
    }
    const reports::Style style{wants_colour(options)};
    const std::string arguments = repeated_arguments(options);
    print(options.quiet ? render_not_passed(summaries, arguments, style)
                        : render_check(summaries, arguments, style));
    outputs.commit_texts(
        [&] {
            return reports::bench_report(measured, {std::string(program_version()),
                                                    std::string(search::build_id()), options.jobs});
        },
        [] { return std::string(); });
    return check::exit_code(reports::worst(summaries));
}

}  // namespace leasehold::cli
