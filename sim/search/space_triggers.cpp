// When a fault comes, and whom it meets.
#include <algorithm>

#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;
using sim::RequestKind;
using sim::Scenario;
using sim::Target;
using sim::TargetKind;
using sim::TriggerKind;

/// From the first moments on, and early enough that what must follow can.
Duration time(const Scenario& scenario, Dice& dice) {
    // The first claim, the probe, the first writes are over within seconds.
    if (dice.chance(1, 10)) return dice.span(Duration(0), 4s, 1ms);
    const Duration latest = last_fault(scenario);
    return dice.span(Duration(0), latest, dice.chance(1, 2) ? Duration(1s) : Duration(10ms));
}

/// Points at which one thing is over and the next has not begun.
MarkId phase(const Scenario& scenario, Dice& dice) {
    static constexpr MarkId kOfElection[]{
        MarkId::acquired_free_lease,   MarkId::takeover_after_expiry,
        MarkId::takeover_after_expiry, MarkId::created_lease,
        MarkId::opened_created_lease,  MarkId::recreated_lease,
        MarkId::retook_own_lease,      MarkId::renewal_unknown,
        MarkId::gate_expired,          MarkId::stepped_down_foreign,
        MarkId::released_lease,        MarkId::empty_holder_waited,
        MarkId::restored_cluster,      MarkId::takeover_after_end,
        MarkId::retook_blanked_lease,  MarkId::watch_lost};
    static constexpr MarkId kOfStorage[]{
        MarkId::epoch_claimed,         MarkId::epoch_claimed,
        MarkId::epoch_raised,          MarkId::write_retried,
        MarkId::put_not_permitted,     MarkId::read_parked,
        MarkId::read_released,         MarkId::pass_completed,
        MarkId::tombstone_seen,        MarkId::tombstone_purged,
        MarkId::reconcile_uploaded,    MarkId::preconditions_honoured,
        MarkId::preconditions_ignored, MarkId::version_went_back,
        MarkId::version_not_kept,      MarkId::promoted_with_pending_reads,
        MarkId::object_corrupt,        MarkId::writes_await_landing};
    const bool election = scenario.elects() && (!scenario.stores() || dice.chance(1, 2));
    return election ? dice.pick(kOfElection) : dice.pick(kOfStorage);
}

}  // namespace

Duration last_fault(const Scenario& scenario) {
    const Duration heals = std::min<Duration>(scenario.duration * 3 / 10, 150s);
    return std::max<Duration>(scenario.duration - heals, 1s);
}

Target draw_target(const Scenario& scenario, Random& random) {
    Dice dice(random);
    Target target;
    // Of two, one is as good as its role, and stays the same one from fault to fault.
    const std::uint64_t by_name = scenario.values.replicas == 2 ? 3 : 1;
    if (!scenario.elects() || dice.chance(by_name, 8)) {
        target.kind = TargetKind::replica;
        target.replica = static_cast<std::uint32_t>(random.below(scenario.values.replicas));
        target.name = sim::replica_name(target.replica);
        return target;
    }
    static constexpr TargetKind kKinds[]{TargetKind::leader,    TargetKind::leader,
                                         TargetKind::leader,    TargetKind::follower,
                                         TargetKind::followers, TargetKind::all};
    target.kind = dice.pick(kKinds);
    return target;
}

RequestKind draw_lease_request(Random& random) {
    static constexpr RequestKind kKinds[]{RequestKind::update_lease, RequestKind::update_lease,
                                          RequestKind::update_lease, RequestKind::get_lease,
                                          RequestKind::create_lease, RequestKind::watch_lease};
    return Dice(random).pick(kKinds);
}

RequestKind draw_bucket_request(Random& random) {
    static constexpr RequestKind kKinds[]{RequestKind::put_object,   RequestKind::put_object,
                                          RequestKind::put_object,   RequestKind::get_object,
                                          RequestKind::get_object,   RequestKind::list_objects,
                                          RequestKind::remove_object};
    return Dice(random).pick(kKinds);
}

sim::Trigger draw_trigger(const Scenario& scenario, Random& random) {
    Dice dice(random);
    sim::Trigger trigger;
    trigger.at = trigger.at_most = time(scenario, dice);
    // What one fault began needs the next one soon after, rarely at any other time.
    if (!scenario.faults.empty() && dice.chance(1, 3)) {
        const Duration before = scenario.faults.back().trigger.at_most;
        const Duration reach =
            dice.chance(1, 2) ? Duration(2s) : 2 * scenario.election.lease_duration;
        trigger.at = trigger.at_most =
            std::min(before + dice.span(0s, reach, 10ms), last_fault(scenario));
    }
    const std::uint64_t kind = dice.number(0, 10);
    if (kind == 0) {
        trigger.kind = TriggerKind::every;
        trigger.every = dice.span(10s, 60s, 1s);
        trigger.until = std::max(trigger.at, last_fault(scenario));
    } else if (kind <= 3) {
        trigger.kind = TriggerKind::sends;
        trigger.replica = draw_target(scenario, random);
        const bool lease = scenario.elects() && (!scenario.stores() || dice.chance(1, 2));
        trigger.sends = lease ? draw_lease_request(random) : draw_bucket_request(random);
        trigger.nth = trigger.nth_most = static_cast<std::uint32_t>(dice.number(1, 12));
        if (dice.chance(1, 2)) trigger.after = time(scenario, dice);
        if (!lease && !scenario.stores()) trigger.kind = TriggerKind::at;
    } else if (kind == 4) {
        trigger.kind = TriggerKind::performs;
        trigger.replica = draw_target(scenario, random);
        trigger.nth = trigger.nth_most = static_cast<std::uint32_t>(dice.number(1, 200));
        trigger.after = time(scenario, dice);
    } else if (kind == 5) {
        trigger.kind = TriggerKind::reaches;
        trigger.replica.kind = TargetKind::all;
        trigger.reaches = phase(scenario, dice);
        trigger.nth = trigger.nth_most = static_cast<std::uint32_t>(dice.number(1, 3));
    }
    if (trigger.kind != TriggerKind::at && trigger.kind != TriggerKind::every)
        trigger.at = trigger.at_most = Duration(0);
    return trigger;
}

}  // namespace leasehold::search
