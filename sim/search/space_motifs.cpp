// Motifs: two to four faults that come within seconds of one another, and again and again in a run.
//
// Most of what a group can do wrong needs a leadership that changes and something else just then.
// Drawn each for itself, two faults of a run of minutes hardly ever meet; as a motif they always
// do, and a motif that comes five times with small differences tries five orders of what happens
// then.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;
using sim::Fault;
using sim::FaultKind;
using sim::Scenario;
using sim::Target;
using sim::TargetKind;
using sim::Trigger;
using sim::TriggerKind;

constexpr std::size_t kFaultsMax = 24;

/// One fault of a motif, its trigger relative to the motif's first moment.
struct Part {
    Fault fault;
    Family family{};
    Duration after{0};
    bool binds = false;  ///< the others meet whom it met
    bool bound = false;  ///< meets whom the first one met
};

class MotifDraw {
  public:
    MotifDraw(Scenario& scenario, const std::vector<Family>& families, Random& random)
        : scenario_(scenario), families_(families), random_(random), dice_(random) {}

    /// The parts of one motif; none where the scenario can have no fault of the families.
    std::vector<Part> draw() {
        std::vector<Part> parts;
        static constexpr std::uint64_t kParts[]{2, 2, 2, 3, 3, 4};
        const std::uint64_t count = dice_.pick(kParts);
        for (std::uint64_t i = 0; i < count; ++i) {
            // The first family opens: it is what changes who leads.
            const Family family =
                i == 0 ? families_.front() : families_[random_.below(families_.size())];
            auto fault = draw_fault(scenario_, family, random_);
            if (!fault) continue;
            Part part{std::move(*fault), family, Duration(0), false, false};
            if (parts.empty())
                open(part);
            else
                follow(part, parts.front());
            parts.push_back(std::move(part));
        }
        return parts;
    }

    /// The parts at `start`, each copy a little different.
    void place(const std::vector<Part>& parts, Duration start, Duration latest) {
        std::string name;
        for (const Part& part : parts) {
            if (scenario_.faults.size() >= kFaultsMax) return;
            Fault fault = part.fault;
            if (dice_.chance(1, 2)) draw_again(fault, part);
            const Duration wobble = dice_.chance(1, 2) ? dice_.span(-250ms, 250ms, 5ms) : 0ms;
            const Duration when =
                std::clamp(start + part.after + (part.after > Duration(0) ? wobble : Duration(0)),
                           Duration(0), latest);
            at(fault.trigger, when, latest);
            if (part.binds) {
                name = "m" + std::to_string(scenario_.faults.size() + 1);
                fault.as = name;
            }
            if (part.bound && !name.empty()) {
                fault.target = bound(name);
                if (fault.trigger.kind != TriggerKind::at &&
                    fault.trigger.kind != TriggerKind::every && dice_.chance(1, 2))
                    fault.trigger.replica = bound(name);
            }
            if (fault.lasts && dice_.chance(1, 3))
                fault.lasts = std::max<Duration>(1ms, *fault.lasts + dice_.span(-2s, 2s, 50ms));
            scenario_.faults.push_back(std::move(fault));
        }
    }

  private:
    [[nodiscard]] Duration lease() const { return scenario_.election.lease_duration; }

    /// Another fault of the family, at the same moment and to the same.
    void draw_again(Fault& fault, const Part& part) {
        auto other = draw_fault(scenario_, part.family, random_);
        if (!other || meets_replicas(other->kind) != meets_replicas(fault.kind)) return;
        other->trigger = fault.trigger;
        other->target = fault.target;
        fault = std::move(*other);
    }

    static Target bound(const std::string& name) {
        Target target;
        target.kind = TargetKind::bound;
        target.name = name;
        return target;
    }

    static void at(Trigger& trigger, Duration when, Duration latest) {
        switch (trigger.kind) {
            case TriggerKind::at:
                trigger.at = trigger.at_most = when;
                return;
            case TriggerKind::every:
                // As long as it went on before, and not beyond what has to heal.
                trigger.until = std::min(
                    latest, when + std::clamp<Duration>(trigger.until - trigger.at, 0s, 30s));
                trigger.at = trigger.at_most = when;
                return;
            default:
                trigger.after = when;
        }
    }

    /// At a time; or at a request, or as something is reached, soon after.
    void open(Part& part) {
        Trigger& trigger = part.fault.trigger;
        if (trigger.kind == TriggerKind::performs || trigger.kind == TriggerKind::every ||
            dice_.chance(1, 2))
            trigger = Trigger{};
        trigger.nth = trigger.nth_most = static_cast<std::uint32_t>(dice_.number(1, 3));
        part.binds = meets_replicas(part.fault.kind) && part.fault.as.empty();
        // Mostly who leads: nobody else's end begins anything.
        if (part.binds && scenario_.elects() && dice_.chance(2, 3))
            part.fault.target.kind = TargetKind::leader;
    }

    void follow(Part& part, const Part& first) {
        Trigger& trigger = part.fault.trigger;
        const Duration lasts = first.fault.lasts.value_or(Duration(0));
        const bool again = trigger.kind == TriggerKind::every && trigger.every < 10s;
        if (trigger.kind != TriggerKind::reaches && trigger.kind != TriggerKind::sends && !again)
            trigger = Trigger{};
        trigger.nth = trigger.nth_most = static_cast<std::uint32_t>(dice_.number(1, 3));
        switch (dice_.number(0, 6)) {
            case 0:
                part.after = Duration(0);
                if (dice_.chance(1, 2)) trigger = first.fault.trigger;
                break;
            case 1:
                part.after = dice_.span(0s, 500ms, 5ms);
                break;
            case 2:
                part.after = dice_.span(0s, 4s, 50ms);
                break;
            case 3:
                part.after = dice_.span(0s, lease(), 100ms);
                break;
            case 4:
                // As the lease of whom the first one met ends, and somebody else leads.
                part.after = std::max<Duration>(0s, lease() + dice_.span(-1s, 2s, 50ms));
                break;
            case 5:
                // As the first one is over.
                part.after = std::max<Duration>(0s, lasts + dice_.span(-1s, 2s, 20ms));
                break;
            default:
                part.after = dice_.span(0s, 2 * lease(), 500ms);
        }
        part.bound = first.binds && meets_replicas(part.fault.kind) && dice_.chance(1, 2);
    }

    Scenario& scenario_;
    const std::vector<Family>& families_;
    Random& random_;
    Dice dice_;
};

}  // namespace

void add_motifs(Scenario& scenario, const std::vector<Family>& families, Random& random) {
    Dice dice(random);
    MotifDraw draw(scenario, families, random);
    const Duration latest = last_fault(scenario);
    const Duration lease = scenario.election.lease_duration;
    std::vector<Part> parts = draw.draw();
    Duration start = dice.span(Duration(0), 30s, 10ms);
    while (start < latest && scenario.faults.size() < kFaultsMax) {
        draw.place(parts, start, latest);
        start += dice.span(lease, 4 * lease, 10ms);
        // The same again, in the mean three times: what one began the next one meets.
        if (dice.chance(1, 3)) parts = draw.draw();
    }
}

void mend_bindings(Scenario& scenario) {
    std::vector<std::string> names;
    const auto mend = [&](Target& target) {
        if (target.kind != TargetKind::bound || std::ranges::count(names, target.name) > 0) return;
        target = Target{};
        target.kind = scenario.elects() ? TargetKind::leader : TargetKind::all;
    };
    for (Fault& fault : scenario.faults) {
        mend(fault.trigger.replica);
        mend(fault.target);
        if (!fault.as.empty()) names.push_back(fault.as);
    }
}

}  // namespace leasehold::search
