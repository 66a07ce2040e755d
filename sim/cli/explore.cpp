// leasehold explore: every schedule of a small world.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "config/nearest.hpp"
#include "reports/atomic_file.hpp"
#include "reports/terminal.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/explore/schedule.hpp"
#include "sim/explore/search.hpp"

namespace leasehold::cli {
namespace {

using namespace explore;

/// By the class of the invariant; a CHECK is a fault of the program.
int exit_code_of(Broken broken) {
    if (broken == Broken::check) return kExitInternal;
    for (const check::InvariantInfo& invariant : check::invariants())
        if (invariant.id == broken_id(broken))
            return check::exit_code(invariant.kind == check::InvariantClass::liveness
                                        ? check::Outcome::liveness
                                        : check::Outcome::safety);
    return kExitInternal;
}

std::string list_text() {
    std::string text;
    for (const Space& space : spaces()) {
        text += std::string(space.name) + "\n    " + reports::wrap(space.why, 4, 4) + "\n    " +
                std::to_string(space.replicas) + " replicas, at most " +
                std::to_string(space.most_faults) + " of: ";
        std::string faults;
        for (std::size_t i = 0; i < kFaultKinds; ++i)
            if (space.faults.has(static_cast<Fault>(i)))
                faults +=
                    (faults.empty() ? "" : ", ") + std::string(fault_name(static_cast<Fault>(i)));
        text += reports::wrap(faults, 24, 4) + "\n";
    }
    return text;
}

std::string told(const Story& story) {
    std::string text = std::string(broken_id(story.broken)) + " is violated";
    if (!story.failure.empty()) text += ": " + story.failure;
    for (const check::Verdict& verdict : story.verdicts)
        if (verdict.id == broken_id(story.broken) && verdict.status == check::Status::violated)
            text += ": " + verdict.what;
    return story.text + "\n" + reports::wrap(text, 0, 2) + "\n";
}

int replay(const Options& options) {
    std::ifstream file(options.replay, std::ios::binary);
    std::ostringstream content;
    if (!file || !(content << file.rdbuf())) return refuse(options.replay + ": cannot be read");
    const auto recorded = from_file(content.str());
    if (!recorded) return refuse(options.replay + ":" + recorded.error());
    const Story story = play(recorded->space, recorded->schedule);
    if (!story.problem.empty()) {
        if (story.text.empty() || story.broken != Broken::nothing)
            return refuse(options.replay + ": " + story.problem);
        // As far as it goes: this is how the schedule of a bug ends that has been mended.
        print(story.text + "\n" +
              reports::wrap(options.replay + ": " + story.problem +
                                ", and nothing is violated before: the electors of this build do "
                                "otherwise there, or the file was changed",
                            0, 0) +
              "\n");
        return check::exit_code(check::Outcome::inconclusive);
    }
    if (story.broken == Broken::nothing) {
        print(story.text + "\nnothing is violated\n");
        return kExitOk;
    }
    print(told(story));
    return exit_code_of(story.broken);
}

std::string file_of(const Space& space, const Options& options) {
    return options.out.empty() ? std::string(space.name) + ".schedule" : options.out;
}

/// Tells the shortest schedule, and writes it down: told first, so that what was searched for an
/// hour is not lost with a disk that is full.
int report(const Space& space, const Violation& found, const Limits& limits,
           const Options& options) {
    std::optional<Violation> least = shortest(space, limits, found.schedule.size());
    const bool proven = least.has_value();
    const Violation& violation = proven ? *least : found;
    std::size_t ticks = 0;
    for (const Action& action : violation.schedule)
        ticks += action.what == Happens::tick ? 1U : 0U;
    print((proven ? "The shortest schedule" : "A schedule (the shortest one does not fit)") +
          (": " + std::to_string(violation.schedule.size() - ticks) + " actions in " +
           std::to_string(ticks) + " ticks, with " + std::to_string(space.most_faults) +
           (space.most_faults == 1 ? " fault\n\n" : " faults\n\n")) +
          told(play(space, violation.schedule)));
    const std::string file = file_of(space, options);
    reports::write_file(file, to_file(space, violation.schedule));
    print("replay: leasehold explore --replay " + reports::shell_quoted(file) + "\n");
    return exit_code_of(violation.broken);
}

/// With no fault first, then with one, and so on: what is found first needs the fewest.
int explore_space(Space space, const Limits& limits, const Options& options) {
    const std::uint32_t most = options.faults.value_or(space.most_faults);
    Found found;
    print(std::string(space.name) + ": " + std::string(space.why) + "\n");
    for (std::uint32_t faults = 0; faults <= most; ++faults) {
        space.most_faults = faults;
        const auto began = std::chrono::steady_clock::now();
        found = explore_all(space, limits);
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (found.ending == Ending::interrupted) return kExitInterrupted;
        if (!options.quiet)
            std::fprintf(
                stderr,
                "%u faults: %.2f s, %.0f states a second, %.1f bytes each, %.1f %% of the "
                "transitions played, the others known (%.1f MB)\n",
                faults, seconds, static_cast<double>(found.states) / seconds,
                static_cast<double>(found.bytes) / static_cast<double>(found.states),
                100.0 * static_cast<double>(found.played) / static_cast<double>(found.transitions),
                static_cast<double>(found.memo_bytes) / 1e6);
        if (found.violation) return report(space, *found.violation, limits, options);
        const bool complete = found.ending == Ending::complete && !space.bounded;
        print("  " + std::to_string(faults) + (faults == 1 ? " fault:  " : " faults: ") +
              (complete ? "complete" : "bounded") + ": " + reports::grouped(found.states) +
              " states, " + reports::grouped(found.transitions) + " transitions, depth " +
              std::to_string(found.deepest) + ", no violation\n");
        if (found.ending == Ending::bounded) break;
    }
    // A space that promises all, and of which less was seen, has not kept its promise.
    const bool all = found.ending == Ending::complete || space.bounded;
    return all ? kExitOk : check::exit_code(check::Outcome::inconclusive);
}

}  // namespace

int explore_command(const Options& options) {
    if (options.list_spaces) {
        print(list_text());
        return kExitOk;
    }
    if (!options.replay.empty()) return replay(options);
    std::vector<const Space*> chosen;
    std::vector<std::string_view> names;
    for (const Space& space : spaces())
        names.push_back(space.name);
    if (!options.out.empty() && options.paths.size() > 1)
        return refuse(
            "explore: --out is the file of one schedule, and " +
            std::to_string(options.paths.size()) +
            " spaces may have one each: leave it out (SPACE.schedule), or name one space");
    for (const std::string& name : options.paths) {
        const Space* space = find_space(name);
        if (!space)
            return refuse("explore: no space '" + name + "'" + config::suggestion(name, names) +
                          " (leasehold explore --list)");
        if (std::ranges::find(chosen, space) != chosen.end())
            return refuse("explore: the space '" + name + "' is named twice");
        chosen.push_back(space);
        if (const std::string file = file_of(*chosen.back(), options);
            std::filesystem::exists(file))
            return refuse(file + ": exists already (give another --out)");
    }
    hold_interrupts();
    Limits limits;
    limits.threads = options.jobs;
    limits.states = std::min(options.states, options.memory / kBytesPerState);
    limits.interrupted = [] { return interrupted(); };
    int worst = kExitOk;
    for (const Space* space : chosen) {
        const int code = explore_space(*space, limits, options);
        if (code == kExitInterrupted) return code;
        if (worst == kExitOk || code == kExitInternal || (code != kExitOk && code < worst))
            worst = code;
    }
    return worst;
}

}  // namespace leasehold::cli
