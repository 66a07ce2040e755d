#include "sim/search/space.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/units.hpp"
#include "sim/scenario/blocks.hpp"

namespace leasehold::search {

using namespace std::chrono_literals;
using sim::Fault;
using sim::FaultKind;
using sim::Scenario;

namespace {

constexpr std::uint64_t kFaultsMax = 8;
constexpr std::uint64_t kFaultsOfSmall = 5;
constexpr std::size_t kFamiliesOfSmall = 3;
constexpr std::size_t kFaultsWithMutations = 32;

std::vector<Family> all_families() {
    std::vector<Family> all;
    for (std::size_t i = 0; i < kFamilies.size(); ++i)
        all.push_back(static_cast<Family>(i));
    return all;
}

/// Each with a chance of one in three, and at least one.
std::vector<Family> some_of(const std::vector<Family>& families, Random& random) {
    Dice dice(random);
    std::vector<Family> some;
    for (const Family family : families)
        if (dice.chance(1, 3)) some.push_back(family);
    if (some.empty()) some.push_back(families[random.below(families.size())]);
    return some;
}

/// Kinds that matter to one another: what one leaves behind another one finds.
constexpr std::array<std::array<Family, kFamiliesOfSmall>, 16> kThemes{{
    {Family::files, Family::crash, Family::crash},  // disks that fill
    {Family::files, Family::files, Family::stop},
    {Family::files, Family::bucket_requests, Family::crash},
    {Family::lease_operator, Family::network, Family::stop},  // an operator at work
    {Family::lease_operator, Family::crash, Family::lease_requests},
    {Family::bucket_requests, Family::stop, Family::lease_requests},  // requests that land late
    {Family::bucket_requests, Family::network, Family::crash},
    {Family::clocks, Family::crash, Family::pods},      // ends told by wrong clocks
    {Family::restore, Family::answers, Family::crash},  // a cluster set back
    {Family::objects, Family::crash, Family::lists},
    {Family::conditions, Family::bucket_requests, Family::stop},  // a proxy before the store
    {Family::network, Family::lease_requests, Family::pods},
    {Family::answers, Family::network, Family::network},  // what is read comes damaged
    {Family::answers, Family::bucket_requests, Family::crash},
    {Family::files, Family::answers, Family::stop},
    {Family::servers, Family::lease_requests, Family::crash},
}};

/// At most three: a theme, or any.
std::vector<Family> few_of(const std::vector<Family>& families, Random& random) {
    std::vector<Family> few;
    if (random.below(2) == 0) {
        for (const Family family : kThemes.at(random.below(kThemes.size())))
            if (std::ranges::count(families, family) > 0) few.push_back(family);
        if (!few.empty()) return few;
    }
    few = some_of(families, random);
    while (few.size() > kFamiliesOfSmall)
        few.erase(few.begin() + static_cast<std::ptrdiff_t>(random.below(few.size())));
    return few;
}

/// What changes who leads, and one to three others, half of them of those that meet every group.
std::vector<Family> motif_of(const std::vector<Family>& families, Random& random) {
    constexpr std::array kOpen{Family::crash,   Family::crash,          Family::stop,
                               Family::pause,   Family::network,        Family::network,
                               Family::servers, Family::lease_requests, Family::bucket_requests,
                               Family::pods};
    constexpr std::array kOften{Family::crash,          Family::stop,
                                Family::network,        Family::lease_operator,
                                Family::lease_requests, Family::bucket_requests,
                                Family::files,          Family::pods};
    Dice dice(random);
    const auto one_of = [&](const auto& wished) {
        const Family family = wished.at(random.below(wished.size()));
        const bool may = std::ranges::count(families, family) > 0;
        return may ? family : families[random.below(families.size())];
    };
    std::vector<Family> some{one_of(kOpen)};
    const std::uint64_t others = dice.number(1, 3);
    for (std::uint64_t i = 0; i < others; ++i)
        some.push_back(dice.chance(1, 2) ? one_of(kOften) : one_of(families));
    return some;
}

void add_fault(Scenario& scenario, const std::vector<Family>& families, Random& random) {
    const Family family = families[random.below(families.size())];
    if (auto fault = draw_fault(scenario, family, random))
        scenario.faults.push_back(std::move(*fault));
    else
        return;
    // A clock that was wrong is set right.
    Dice dice(random);
    const Fault& last = scenario.faults.back();
    if (last.kind != FaultKind::step_wall_clock || !dice.chance(1, 2)) return;
    Fault back = last;
    back.by = -last.by;
    back.trigger.kind = sim::TriggerKind::at;
    back.trigger.at = back.trigger.at_most =
        std::min(last.trigger.at + dice.span(50ms, 60s, 50ms), scenario.duration - 1s);
    back.trigger.until = Duration::max();
    scenario.faults.push_back(std::move(back));
}

}  // namespace

std::optional<Family> family_named(std::string_view name) {
    for (std::size_t i = 0; i < kFamilies.size(); ++i)
        if (kFamilies[i].name == name) return static_cast<Family>(i);
    return std::nullopt;
}

std::string genome_text(const Genome& genome) {
    std::string text = std::to_string(genome.base) + " " + std::to_string(genome.seed);
    for (const std::uint64_t mutation : genome.mutations)
        text += " " + std::to_string(mutation);
    return text;
}

std::optional<Genome> parse_genome(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        const auto number = config::parse_count(text.substr(0, space));
        if (!number) return std::nullopt;
        numbers.push_back(*number);
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    if (numbers.size() < 2) return std::nullopt;
    return Genome{numbers[0], numbers[1], {numbers.begin() + 2, numbers.end()}};
}

std::string genome_problem(std::string_view text, std::size_t bases) {
    if (text.empty()) return {};
    const auto genome = parse_genome(text);
    if (!genome)
        return "expected numbers, as 'genome' in results.ndjson has them, found '" +
               std::string(text) + "'";
    if (genome->base <= bases && (genome->base > 0 || bases == 0)) return {};
    return "its first number is that of the base scenario, here " +
           (bases == 0 ? "0 as there is none" : "1 to " + std::to_string(bases)) + ", found " +
           std::to_string(genome->base);
}

Space::Space(std::vector<Scenario> bases, std::vector<Family> families)
    : bases_(std::move(bases)), families_(std::move(families)) {
    if (families_.empty()) families_ = all_families();
}

Scenario Space::drawn(const Genome& genome, Random& random) const {
    Scenario scenario;
    if (genome.base == 0) {
        scenario = draw_configuration(random);
    } else {
        scenario = bases_.at(genome.base - 1);
        scenario.seeds = {genome.seed, genome.seed};
        std::vector<std::string> allowed = scenario.expect.violates;
        allowed.insert(allowed.end(), scenario.expect.may_violate.begin(),
                       scenario.expect.may_violate.end());
        scenario.expect = {};
        scenario.expect.may_violate = std::move(allowed);
    }
    const bool small = is_small(scenario);
    if (genome.base == 0 && Dice(random).chance(3, 4)) {
        add_motifs(scenario, motif_of(families_, random), random);
        return scenario;
    }
    const std::vector<Family> families =
        small ? few_of(families_, random) : some_of(families_, random);
    // None at all, too: what a group does then is compared with a single install, call by call.
    const std::uint64_t count =
        Dice(random).number(small ? 0 : 1, small ? kFaultsOfSmall : kFaultsMax);
    for (std::uint64_t i = 0; i < count; ++i)
        add_fault(scenario, families, random);
    return scenario;
}

Scenario Space::scenario(const Genome& genome) const {
    Random random(mix64(genome.seed ^ 0x5ca1ab1eULL) + genome.base);
    Scenario scenario = drawn(genome, random);
    for (const std::uint64_t mutation : genome.mutations) {
        Random turn(mix64(mutation));
        mutate(scenario, families_, turn);
        if (scenario.faults.size() > kFaultsWithMutations) scenario.faults.pop_back();
    }
    mend_bindings(scenario);
    if (!sim::upgrades(scenario)) scenario.upgrade.reset();  // drawn, and then nobody's
    excuse(scenario);
    return scenario;
}

void mutate(Scenario& scenario, const std::vector<Family>& families, Random& random) {
    Dice dice(random);
    if (scenario.faults.empty() || dice.chance(1, 4)) {
        add_fault(scenario, families, random);
        return;
    }
    Fault& fault = scenario.faults[random.below(scenario.faults.size())];
    const auto moved = [&](Duration span, Duration least, Duration most) {
        // By a little or by a lot: what matters may be milliseconds or a whole lease away.
        static constexpr Duration kReach[]{10ms, 200ms, 2s, 20s};
        const Duration reach = dice.pick(kReach);
        const Duration by = dice.span(-reach, reach, 1ms);
        return std::clamp(span + by, least, most);
    };
    switch (random.below(7)) {
        case 0:
        case 1: {
            const Duration latest = scenario.duration - 1s;
            const Duration shift = moved(fault.trigger.at, 0s, latest) - fault.trigger.at;
            fault.trigger.at += shift;
            fault.trigger.at_most = std::min(fault.trigger.at_most + shift, latest);
            if (fault.trigger.kind != sim::TriggerKind::at)
                fault.trigger.after = std::clamp(fault.trigger.after + shift, Duration(0), latest);
            fault.trigger.at_most = std::max(fault.trigger.at_most, fault.trigger.at);
            fault.trigger.until = std::max(fault.trigger.until, fault.trigger.at);
            break;
        }
        case 2:
            if (fault.lasts) fault.lasts = moved(*fault.lasts, 1ms, scenario.duration);
            break;
        case 3:
            fault.trigger.nth = static_cast<std::uint32_t>(dice.number(1, 20));
            fault.trigger.nth_most = std::max(fault.trigger.nth, fault.trigger.nth_most);
            break;
        case 4: {
            // The same at another time: what a first one began may need a second.
            Fault again = fault;
            again.trigger.at = dice.span(1s, scenario.duration - 1s, 100ms);
            again.trigger.at_most = again.trigger.at;
            again.trigger.until = Duration::max();
            again.as.clear();
            scenario.faults.push_back(std::move(again));
            break;
        }
        case 5: {
            // The same to another, where it meets replicas by their role.
            static constexpr sim::TargetKind kRoles[]{
                sim::TargetKind::leader, sim::TargetKind::follower, sim::TargetKind::followers};
            if (std::ranges::count(kRoles, fault.target.kind) > 0)
                fault.target.kind = dice.pick(kRoles);
            break;
        }
        default:
            if (scenario.faults.size() > 1)
                scenario.faults.erase(
                    scenario.faults.begin() +
                    static_cast<std::ptrdiff_t>(random.below(scenario.faults.size())));
    }
}

}  // namespace leasehold::search
