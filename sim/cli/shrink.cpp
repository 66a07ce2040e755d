// leasehold shrink: the least scenario that fails like the one given.
#include <algorithm>
#include <filesystem>

#include "config/units.hpp"
#include "reports/atomic_file.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/least.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/signature.hpp"

namespace leasehold::cli {
namespace {

namespace fs = std::filesystem;

std::string size_of(const sim::Scenario& scenario, const std::string& text) {
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    const auto some = [](std::uint64_t count, const char* noun) {
        return reports::grouped(count) + " " + noun + (count == 1 ? "" : "s");
    };
    return some(scenario.faults.size(), "fault") + ", " +
           some(scenario.values.replicas, "replica") + ", " +
           config::format_duration(scenario.duration) + ", " + some(lines, "line");
}

}  // namespace

int shrink_command(const Options& options) {
    std::vector<sim::Scenario> scenarios;
    if (!read_scenarios(options.paths, options, scenarios)) return kExitUsage;
    const sim::Scenario& scenario = scenarios.front();
    const std::uint64_t seed = options.seeds ? options.seeds->first : scenario.seeds.first;
    const std::string name = derived_name(scenario.name, "-least");
    const fs::path folder = options.out.empty() ? fs::path(".") : fs::path(options.out);
    const std::string file = (folder / (name + ".yaml")).lexically_normal().string();
    const std::string capsule = (folder / (name + ".capsule.json")).lexically_normal().string();
    for (const std::string& one : {file, capsule})
        if (fs::exists(one)) return refuse(one + ": exists already (give another --out)");
    hold_interrupts();
    Player player(options, scenarios, nullptr, scenario_from_text);
    auto failing = fail_again(player, scenario, seed);
    if (!failing) return kExitInterrupted;
    const reports::Style style{wants_colour(options)};
    if (failing->result.outcome == check::Outcome::nondeterministic) {
        print(render_failure(failing->result, repeated_arguments(options), style));
        return check::exit_code(failing->result.outcome);
    }
    if (failing->signature.empty())
        return refuse(scenario.file + ": seed " + std::to_string(seed) +
                      (failing->result.outcome == check::Outcome::liveness
                           ? " misses a bound of expect, which is not shrunk"
                           : " violates nothing, so there is nothing to shrink (its outcome: " +
                                 std::string(check::outcome_name(failing->result.outcome)) + ")"));
    std::error_code error;
    std::error_code unknown;
    fs::create_directories(folder, error);
    if (!fs::is_directory(folder, unknown))
        throw reports::OutputError(folder.string() + ": cannot make this folder: " +
                                   (error ? error.message() : "a file of that name exists"));
    const std::string why = "the least of " + scenario.name + ", seed " + std::to_string(seed) +
                            ", that breaks " + failing->signature;
    auto least = make_least(player, *failing, name, why, {});
    if (!least) return kExitInterrupted;
    least->result.file = file;
    print("before   " + size_of(scenario, search::document_text(search::document_of(scenario))) +
          "\nafter    " + size_of(scenario_from_text(least->text), least->text) + "   (" +
          reports::grouped(least->plays) + " runs" + (least->complete ? ")" : ", not complete)") +
          "\n\n" + render_failure(least->result, "", style, {least->text, capsule}));
    // Told first, so that what took a while is not lost with a disk that is full.
    reports::write_file(file, least->text);
    reports::write_file(capsule, search::capsule_text(least->capsule));
    return check::exit_code(least->result.outcome);
}

}  // namespace leasehold::cli
