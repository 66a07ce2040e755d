#include "sim/cli/least.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "reports/text.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/signature.hpp"
#include "sim/world/drawn.hpp"

namespace leasehold::cli {
namespace {

constexpr std::size_t kLongestName = 63;

/// One run of `text`; none when interrupted.
std::optional<check::RunResult> play_text(Player& player, std::string text, std::uint64_t seed,
                                          bool detailed) {
    auto results = player.play({Job{0, seed, detailed, detailed, false, std::move(text)}});
    if (!results) return std::nullopt;
    return std::move(results->front());
}

void set_entry(config::Node& document, std::string_view key, const std::string& text, bool quoted) {
    for (config::Node::Entry& entry : document.entries) {
        if (entry.key.text != key) continue;
        entry.value.text = text;
        entry.value.quoted = quoted;
    }
}

}  // namespace

sim::Scenario scenario_from_text(const std::string& text) {
    const std::size_t colon = text.find("scenario: ");
    const std::size_t end = text.find('\n', colon);
    std::string name =
        colon == std::string::npos ? "none" : text.substr(colon + 10, end - colon - 10);
    // In quotes where it would be read as a number or a truth: those are no part of it.
    if (name.size() > 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
    auto read = sim::parse_scenario(text, name + ".yaml", {});
    if (!read) throw std::runtime_error(read.error().to_string());
    return std::move(*read);
}

TrueTime broke_at(const check::RunResult& result) {
    TrueTime first = TrueTime::max();
    for (const check::Verdict& verdict : result.verdicts)
        if (verdict.status == check::Status::violated) first = std::min(first, verdict.at);
    return first == TrueTime::max() ? TrueTime{} : first;
}

std::optional<Failing> fail_again(Player& player, const sim::Scenario& scenario,
                                  std::uint64_t seed) {
    const std::string text = sim::resolved_yaml(scenario);
    auto results =
        player.play({Job{0, seed, false, false, false, text}, Job{0, seed, true, true, false, text},
                     Job{0, seed, false, true, false, text}});
    if (!results) return std::nullopt;
    Failing failing{scenario, seed, search::carried_signature((*results)[0]),
                    broke_at((*results)[0]), std::move((*results)[1])};
    for (const std::size_t again : {std::size_t{0}, std::size_t{2}})
        if ((*results)[again].digest != failing.result.digest)
            failing.result.outcome = check::Outcome::nondeterministic;
    failing.result.file = scenario.file;
    return failing;
}

std::optional<LeastFailure> make_least(Player& player, const Failing& failing,
                                       const std::string& name, const std::string& why,
                                       const std::function<bool()>& enough) {
    sim::Scenario start = failing.scenario;
    start.name = name;
    start.why = why;
    start.seeds = {failing.seed, failing.seed};
    sim::fix_faults(start, failing.seed);  // a word that changes must not move what was drawn by it
    const search::Try attempt = [&](const std::string& text) -> std::optional<TrueTime> {
        const auto result = play_text(player, text, failing.seed, false);
        if (!result || search::carried_signature(*result) != failing.signature) return std::nullopt;
        return broke_at(*result);
    };
    const auto over = [&] { return interrupted() || (enough && enough()); };
    search::Shrunk shrunk = search::shrink(start, failing.at, attempt, {1'500, over});
    if (interrupted()) return std::nullopt;
    LeastFailure least;
    set_entry(shrunk.document, "seeds", std::to_string(failing.seed), false);
    if (failing.excuse) {
        sim::Scenario excused = scenario_from_text(search::document_text(shrunk.document));
        failing.excuse(excused);
        search::allow_in(shrunk.document, excused.expect.may_violate);
    }
    least.text = search::document_text(shrunk.document);
    least.plays = shrunk.plays;
    least.complete = shrunk.complete;
    auto result = play_text(player, least.text, failing.seed, true);
    if (!result) return std::nullopt;
    least.result = std::move(*result);
    least.result.scenario = name;
    least.capsule.build = std::string(search::build_id());
    least.capsule.name = name;
    least.capsule.scenario = least.text;
    least.capsule.seed = failing.seed;
    least.capsule.digest = reports::format_hex(least.result.digest);
    least.capsule.outcome = least.result.outcome;
    least.capsule.signature = failing.signature;
    return least;
}

std::string write_least_page(const Options& options, const std::string& file) {
    if (options.html.empty()) return {};
    Options plain = options;
    plain.quiet = true;
    plain.jobs = 1;
    plain.values = {};  // the file has them
    std::vector<sim::Scenario> scenarios;
    if (!read_scenarios({file}, plain, scenarios)) return {};
    const RunPages pages = RunPages::beside(options.html, scenarios, {});
    Player player(plain, scenarios, nullptr, {}, pages);
    const auto played = player.play({{.scenario = 0,
                                      .seed = scenarios.front().seeds.first,
                                      .detailed = true,
                                      .fresh = true,
                                      .page = true}});
    // None where interrupted, and none of a run whose process died.
    if (!played || played->front().replicas.empty()) return {};
    return pages.links().front();
}

std::string derived_name(const std::string& name, const std::string& suffix) {
    std::string start = name.substr(0, kLongestName - suffix.size());
    while (start.ends_with('-'))
        start.pop_back();
    return start + suffix;
}

}  // namespace leasehold::cli
