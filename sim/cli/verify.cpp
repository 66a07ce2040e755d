// leasehold verify: the invariants over recordings of real agents.
#include <cstdio>

#include "reports/html/page.hpp"
#include "reports/record/recorder.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/play.hpp"
#include "sim/verify/judge.hpp"

namespace leasehold::cli {

int verify_command(const Options& options) {
    verify::Bounds bounds;
    bounds.timer_grace = options.grace.value_or(bounds.timer_grace);
    bounds.api_round_trip = options.api_round_trip.value_or(bounds.api_round_trip);
    bounds.bucket_request = options.bucket_request.value_or(bounds.bucket_request);
    bounds.transfer = options.transfer.value_or(bounds.transfer);
    bool spared = true;
    for (const std::string& path : options.paths)
        spared = spares(options, path) && spared;
    if (!spared) return kExitUsage;
    Outputs outputs(options);
    const RunFiles views = outputs.views();
    reports::RunRecorder recorder;
    auto result = verify::judge(options.paths, bounds, options.timeline || views.any(),
                                views.any() ? &recorder : nullptr);
    if (!result) {
        std::fprintf(stderr, "leasehold: %s\n", result.error().c_str());
        return kExitUsage;
    }
    const check::Outcome outcome = result->outcome;
    if (views.any()) {
        reports::RunPageWords words{program_version(), "", "leasehold verify", "real"};
        for (const std::string& path : options.paths)
            words.command += " " + reports::shell_quoted(path);
        views.write(*result, recorder.take(TrueTime(result->simulated)), words);
        if (!options.timeline) result->timeline.clear();
    }
    if (!options.quiet || outcome != check::Outcome::pass)
        print(reports::render_verified(*result, options.paths.size(),
                                       reports::Style{wants_colour(options)}));
    reports::ScenarioSummary summary;
    summary.name = "recordings";
    summary.file = options.paths.front();
    summary.runs.push_back(std::move(*result));
    reports::summarise(summary, {});
    outputs.commit_with_run({std::move(summary)});
    return check::exit_code(outcome);
}

}  // namespace leasehold::cli
