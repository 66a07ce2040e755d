#include "sim/cli/coverage.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "config/nearest.hpp"
#include "config/tree.hpp"
#include "reports/terminal.hpp"
#include "sim/world/coverage.hpp"

namespace leasehold::cli {
namespace {

using config::Node;

constexpr std::array<std::string_view, 1> kTop{"exempt"};
constexpr std::array<std::string_view, 2> kKeys{"points", "rule"};
constexpr std::size_t kPoint = 34;  // the longest but one

void refuse_others(const Node& map, std::span<const std::string_view> keys) {
    for (const Node::Entry& entry : map.entries)
        if (std::ranges::count(keys, entry.key.text) == 0)
            config::fail(entry.key, "unknown key " + entry.key.describe() +
                                        config::suggestion(entry.key.text, keys));
}

const Node& required(const Node& map, std::string_view key) {
    const Node* value = map.find(key);
    if (value == nullptr) config::fail(map, "an exemption needs \"" + std::string(key) + "\"");
    return *value;
}

void read_one(const Node& item, std::span<const std::string_view> known, Exemptions& out) {
    config::expect_map(item, "an exemption");
    refuse_others(item, kKeys);
    const Node& points = required(item, "points");
    const Node& rule = required(item, "rule");
    config::expect_list(points, "points");
    config::expect_scalar(rule, "rule");
    if (points.items.empty()) config::fail(points, "points: expected at least one");
    if (rule.text.empty()) config::fail(rule, "rule: expected what makes it impossible");
    for (const Node& point : points.items) {
        config::expect_scalar(point, "points");
        if (std::ranges::count(known, point.text) == 0) {
            const std::string near = config::nearest(point.text, known);
            config::fail(point, "nothing that can happen is called " + point.describe() +
                                    (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
        }
        if (!out.emplace(point.text, rule.text).second)
            config::fail(point, point.describe() + " is exempt twice");
    }
}

Exemptions read(const Node& root) {
    config::expect_map(root, "exemptions");
    refuse_others(root, kTop);
    const Node* list = root.find("exempt");
    if (list == nullptr) config::fail(root, "needs \"exempt\", a list of points and their rules");
    config::expect_list(*list, "exempt");
    if (list->items.size() > kExemptionsMax)
        config::fail(list->items.at(kExemptionsMax),
                     "at most " + std::to_string(kExemptionsMax) + " exemptions are allowed");
    std::vector<std::string_view> known;
    for (const sim::CoveragePoint& point : sim::coverage_points())
        known.push_back(point.name);
    Exemptions exemptions;
    for (const Node& item : list->items)
        read_one(item, known, exemptions);
    return exemptions;
}

std::map<std::string_view, std::uint64_t> sums(
    const std::vector<reports::ScenarioSummary>& summaries) {
    std::map<std::string_view, std::uint64_t> counts;
    for (const reports::ScenarioSummary& summary : summaries)
        for (const check::RunResult& run : summary.runs)
            for (const check::CoverageCount& one : run.coverage)
                counts[one.point] += one.count;
    return counts;
}

std::string row(std::string_view first, const std::array<std::string, 3>& numbers) {
    std::string text(first);
    text.resize(12, ' ');
    for (const std::string& number : numbers)
        text += std::string(number.size() < 10 ? 10 - number.size() : 1, ' ') + number;
    return text + "\n";
}

std::string line(const std::string& point, const std::string& words) {
    std::string text = "  " + point;
    if (words.empty()) return text + "\n";
    text.resize(std::max(text.size() + 2, kPoint + 4), ' ');
    return text + reports::wrap(words, text.size(), kPoint + 4) + "\n";
}

struct Family {
    std::size_t happened = 0;
    std::size_t all = 0;
    std::size_t exempt = 0;
};

}  // namespace

Result<Exemptions, config::Diagnostic> parse_exemptions(std::string_view text,
                                                        const std::string& path) {
    try {
        return read(config::parse_tree(text, path));
    } catch (const config::InputError& error) {
        return Unexpected{config::presentable(error.diagnostic)};
    }
}

Result<Exemptions, config::Diagnostic> read_exemptions(const std::string& path) {
    try {
        return parse_exemptions(config::load_text(path), path);
    } catch (const config::InputError& error) {
        return Unexpected{config::presentable(error.diagnostic)};
    }
}

CoverageReport coverage_report(const std::vector<reports::ScenarioSummary>& summaries,
                               const Exemptions& exemptions) {
    const auto counts = sums(summaries);
    std::vector<std::pair<std::string_view, Family>> families;
    std::string blanks;
    std::string stale;
    std::string exempt;
    for (const sim::CoveragePoint& point : sim::coverage_points()) {
        const std::string_view name = sim::coverage_family(point.name);
        if (families.empty() || families.back().first != name)
            families.emplace_back(name, Family{});
        Family& family = families.back().second;
        const auto count = counts.find(point.name);
        const auto rule = exemptions.find(point.name);
        const bool happened = count != counts.end();
        ++family.all;
        family.happened += happened ? 1U : 0U;
        family.exempt += rule != exemptions.end() ? 1U : 0U;
        if (rule != exemptions.end())
            (happened ? stale : exempt) += line(point.name, rule->second);
        else if (!happened)
            blanks += line(point.name, point.meaning);
    }
    CoverageReport report;
    report.page = "\n" + row("coverage", {"happened", "of", "exempt"});
    for (const auto& [name, family] : families)
        report.page += row(name, {std::to_string(family.happened), std::to_string(family.all),
                                  std::to_string(family.exempt)});
    if (!blanks.empty()) report.page += "\nnever happened:\n" + blanks;
    if (!stale.empty()) report.page += "\nexempt, and happened all the same:\n" + stale;
    if (!exempt.empty()) report.page += "\nexempt, since it cannot happen:\n" + exempt;
    report.complete = blanks.empty() && stale.empty();
    return report;
}

}  // namespace leasehold::cli
