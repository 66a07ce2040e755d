// leasehold replay: a capsule played again, to the same digest or with what differs.
#include <cstdio>

#include "config/diagnostic.hpp"
#include "config/tree.hpp"
#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/least.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/signature.hpp"

namespace leasehold::cli {
namespace {

using search::Capsule;

/// The capsule, and its scenario, or a message on stderr.
std::optional<Capsule> read_capsule(const std::string& path) {
    const auto refuse = [&](const std::string& message) -> std::optional<Capsule> {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), message.c_str());
        return std::nullopt;
    };
    std::string text;
    try {
        text = config::load_text(path);
    } catch (const config::InputError& error) {
        std::fprintf(stderr, "%s\n", error.diagnostic.to_string().c_str());
        return std::nullopt;
    }
    auto capsule = search::parse_capsule(text);
    if (!capsule) return refuse(capsule.error());
    if (capsule->build != search::build_id())
        return refuse("a capsule of another build, " + capsule->build + "; this one is " +
                      std::string(search::build_id()) +
                      " (its scenario stands in it: save that and use leasehold run)");
    if (auto read = sim::parse_scenario(capsule->scenario, capsule->name + ".yaml", {}); !read)
        return refuse("its scenario is damaged: " + read.error().to_string());
    return std::move(*capsule);
}

/// What differs, a line each; empty when nothing does.
std::string differences(const Capsule& then, const check::RunResult& now,
                        const std::string& signature) {
    std::string text;
    const auto compare = [&](std::string_view what, std::string_view before,
                             std::string_view after) {
        if (before == after) return;
        text += "  " + std::string(what) + "  " + std::string(before) + "  is now  " +
                std::string(after.empty() ? "none" : after) + "\n";
    };
    compare("digest   ", then.digest, reports::format_hex(now.digest));
    compare("outcome  ", check::outcome_name(then.outcome), check::outcome_name(now.outcome));
    compare("signature", then.signature, signature);
    return text;
}

}  // namespace

int replay_command(const Options& options) {
    std::vector<Capsule> capsules;
    for (const std::string& path : options.paths)
        if (auto capsule = read_capsule(path)) capsules.push_back(std::move(*capsule));
    if (capsules.size() != options.paths.size()) return kExitUsage;
    hold_interrupts();
    const std::vector<sim::Scenario> none;
    Player player(options, none, nullptr, scenario_from_text);
    const reports::Style style{wants_colour(options)};
    check::Outcome outcome = check::Outcome::pass;
    for (std::size_t i = 0; i < capsules.size(); ++i) {
        const Capsule& then = capsules[i];
        auto results = player.play({Job{0, then.seed, true, true, false, then.scenario},
                                    Job{0, then.seed, false, true, false, then.scenario}});
        if (!results) return kExitInterrupted;
        check::RunResult& now = results->front();
        now.file = options.paths[i];
        const std::string differs =
            differences(then, now, search::carried_signature((*results)[1]));
        std::string text = i == 0 ? "" : "\n";
        if (differs.empty()) {
            if (!options.quiet)
                text +=
                    render_failure(now, "", style,
                                   {then.scenario, "",
                                    "leasehold replay " + reports::shell_quoted(options.paths[i])});
            text += now.replicas.empty() ? std::string("replayed to the same end\n")
                                         : "replayed to the digest " + then.digest + "\n";
        } else {
            now.outcome = check::Outcome::nondeterministic;
            text += options.paths[i] + ": does not replay\n" + differs;
        }
        outcome = check::worse(outcome, now.outcome);
        print(text);
    }
    return check::exit_code(outcome);
}

}  // namespace leasehold::cli
