// leasehold list and validate: nothing is played.
#include <array>
#include <cstdio>

#include "model/base/marks.hpp"
#include "model/check/check.hpp"
#include "reports/names.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::cli {
namespace {

// In the order of sim::FaultKind.
constexpr std::array<std::string_view, 31> kFaultMeanings{
    "the process is gone at once; with `disk: lose` its files too; `for:` restarts it",
    "a crashed or stopped replica starts again",
    "a graceful stop, `within:` a deadline; `for:` restarts it that long after it ended",
    "the process stands still while its clocks go on, until resume or `for:`",
    "a paused process goes on",
    "the machine sleeps; with a frozen clock its monotonic clock stands still",
    "no traffic between the target and its peers, both ways, send or receive",
    "ends what the fault of that name began, or everything",
    "adds one-way latency between the target and its peers",
    "the API or the bucket answers nothing and applies nothing",
    "a request of the target is not applied and not answered",
    "a request of the target is applied, its answer is lost",
    "a request of the target is applied late, after the caller may have given up",
    "a request of the target is not applied and answered with an error",
    "an operator deletes the Lease",
    "an operator edits the Lease",
    "the wall clock of the target jumps",
    "the rate of the target's clocks changes",
    "the API or the bucket handles nothing for a time, then all that came",
    "the target's watches end, expire, or fall silent without a word",
    "the API's store is set back to what it was so long ago",
    "the bucket treats preconditions otherwise from now on",
    "each LIST leaves out a share of its keys",
    "a GET of the target breaks half way, is short, or brings other bytes",
    "objects of the bucket are damaged, removed or archived",
    "operations of the target's local files fail",
    "each step of the target takes so long",
    "machine and kubelet of the target are gone at once; `for:` brings them back",
    "the kubelet of the target tells the API nothing of its containers",
    "the target's Pod is removed from the API, and its process runs on",
    "somebody who does not see the process writes into the status of a Pod"};
static_assert(static_cast<std::size_t>(sim::FaultKind::edit_pod) + 1 == kFaultMeanings.size());

std::string entry(std::string_view name, std::size_t width, std::string_view meaning) {
    std::string text = std::string(name) + std::string(width - std::min(width, name.size()), ' ');
    return text + "  " + reports::wrap(meaning, text.size() + 2, width + 2) + "\n";
}

std::string faults() {
    std::string text;
    for (std::size_t i = 0; i < kFaultMeanings.size(); ++i)
        text += entry(sim::fault_kind_name(static_cast<sim::FaultKind>(i)), 16, kFaultMeanings[i]);
    return text;
}

std::string marks() {
    std::string text;
    for (const MarkInfo& mark : kMarks)
        text += entry(mark.name, 28, mark.meaning);
    return text;
}

std::string invariants() {
    std::string text;
    for (const check::InvariantInfo& invariant : check::invariants())
        text += entry(
            invariant.id, 30,
            std::string(reports::name_of(invariant.kind)) + ": " + std::string(invariant.meaning));
    return text;
}

}  // namespace

int list_command(const Options& options) {
    if (options.list != ListWhat::scenarios) {
        print(options.list == ListWhat::faults  ? faults()
              : options.list == ListWhat::marks ? marks()
                                                : invariants());
        return kExitOk;
    }
    const auto files = sim::find_scenarios(
        options.paths.empty() ? std::vector<std::string>{"scenarios"} : options.paths);
    if (!files) {
        std::fprintf(stderr, "%s\n", files.error().to_string().c_str());
        return kExitUsage;
    }
    std::vector<sim::Scenario> scenarios;
    const bool good = read_scenarios(*files, options, scenarios);
    std::string text;
    for (const sim::Scenario& scenario : scenarios)
        text += scenario.file + "\n    " + reports::wrap(scenario.why, 4, 4) + "\n";
    if (!options.quiet) print(text);
    return good ? kExitOk : kExitUsage;
}

int validate_command(const Options& options) {
    std::vector<sim::Scenario> scenarios;
    const bool good = read_scenarios(options.paths, options, scenarios);
    std::string text;
    for (const sim::Scenario& scenario : scenarios) {
        if (options.resolved) {
            text += (text.empty() ? "" : "---\n") + sim::resolved_yaml(scenario);
            continue;
        }
        if (options.quiet) continue;
        text += scenario.file + ": valid";
        if (scenario.values.ignored_keys > 0)
            text += " (" + std::to_string(scenario.values.ignored_keys) +
                    " Helm values without a meaning here were ignored)";
        text += "\n";
    }
    print(text);
    return good ? kExitOk : kExitUsage;
}

}  // namespace leasehold::cli
