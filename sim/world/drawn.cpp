#include "sim/world/drawn.hpp"

#include <algorithm>

#include "model/base/random.hpp"
#include "sim/scenario/fault_text.hpp"

namespace leasehold::sim {
std::vector<DrawnFault> draw_faults(const Scenario& scenario, std::uint64_t seed) {
    std::vector<DrawnFault> drawn;
    drawn.reserve(scenario.faults.size());
    std::vector<std::uint64_t> names;  // of those that say a range
    for (const Fault& fault : scenario.faults) {
        const Trigger& trigger = fault.trigger;
        DrawnFault& one =
            drawn.emplace_back(trigger.at, trigger.nth, hash_text(fault_subject(fault)));
        if (trigger.at_most <= trigger.at && trigger.nth_most <= trigger.nth) continue;
        const std::uint64_t name = mix64(one.identity ^ hash_text(trigger_text(trigger)));
        const auto earlier = static_cast<std::uint64_t>(std::ranges::count(names, name));
        names.push_back(name);
        Random random(mix64(seed * 0x9e3779b97f4a7c15ULL ^ mix64(name + earlier)));
        if (trigger.at_most > trigger.at) {
            const auto last = static_cast<std::uint64_t>((trigger.at_most - trigger.at).count());
            one.at += Duration(static_cast<std::int64_t>(random.below(last + 1)));
        }
        if (trigger.nth_most > trigger.nth)
            one.nth +=
                static_cast<std::uint32_t>(random.below(trigger.nth_most - trigger.nth + 1ULL));
    }
    return drawn;
}

void fix_faults(Scenario& scenario, std::uint64_t seed) {
    const std::vector<DrawnFault> drawn = draw_faults(scenario, seed);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        Trigger& trigger = scenario.faults[i].trigger;
        trigger.at = drawn[i].at;
        trigger.at_most = std::min(trigger.at_most, trigger.at);
        trigger.nth = trigger.nth_most = drawn[i].nth;
    }
}

}  // namespace leasehold::sim
