#include "sim/world/faults.hpp"

#include <algorithm>

#include "model/base/check.hpp"

namespace leasehold::sim {
namespace {

/// It has no target but a server, which all use.
bool is_of_server(FaultKind kind) {
    return kind == FaultKind::outage || kind == FaultKind::freeze ||
           kind == FaultKind::set_preconditions || kind == FaultKind::omit_keys ||
           kind == FaultKind::damage_object;
}

bool is_of_lease(FaultKind kind) {
    return kind == FaultKind::delete_lease || kind == FaultKind::edit_lease ||
           kind == FaultKind::restore_lease;
}

/// What began can be undone by a heal, a count or a time.
bool is_undoable(FaultKind kind) {
    return kind == FaultKind::cut || kind == FaultKind::delay || kind == FaultKind::outage ||
           kind == FaultKind::pause || kind == FaultKind::slow ||
           kind == FaultKind::kubelet_stops || kind == FaultKind::set_preconditions ||
           is_counted(kind);
}

}  // namespace

Faults::Faults(Context& context, Paths& paths, Hosts& hosts)
    : context_(context),
      paths_(paths),
      hosts_(hosts),
      drawn_(draw_faults(context.scenario, context.seed)),
      placed_(drawn_.size()),
      restart_after_(context.hosts.size()) {
    for (std::size_t i = 0; i < placed_.size(); ++i) {
        const Trigger& trigger = context.scenario.faults[i].trigger;
        if (trigger.kind == TriggerKind::performs) performs_.push_back(i);
        any_sends_ |= trigger.kind == TriggerKind::sends;
        any_reaches_ |= trigger.kind == TriggerKind::reaches;
    }
}

void Faults::connect(ApiChannel& api, BucketChannel& bucket, Kubelets& kubelets) {
    api_ = &api;
    kubelets_ = &kubelets;
    bucket_ = &bucket;
}

void Faults::plan() {
    for (ReplicaIndex i = 0; i < context_.replicas(); ++i)
        refused_by_clock(i);
    paths_.report();
    for (std::size_t i = 0; i < context_.scenario.faults.size(); ++i) {
        const Trigger& trigger = context_.scenario.faults[i].trigger;
        if (trigger.kind == TriggerKind::at || trigger.kind == TriggerKind::every)
            at(TrueTime(drawn_[i].at), i);
    }
}

void Faults::due(std::size_t index) {
    const Trigger& trigger = context_.scenario.faults[index].trigger;
    inject(index);
    if (trigger.kind != TriggerKind::every) return;
    const TrueTime next = context_.now() + trigger.every;
    if (next.time_since_epoch() <= trigger.until) at(next, index);
}

// Its place among what happens at one instant is drawn by what it is and when it strikes, and not
// by how many faults stand before it in the list.
void Faults::at(TrueTime when, std::size_t index) {
    context_.engine.at_as(when, static_cast<std::uint32_t>(Kind::fault_due),
                          mix64(drawn_[index].identity ^
                                mix64(static_cast<std::uint64_t>(when.time_since_epoch().count()))),
                          index);
}

std::vector<ReplicaIndex> Faults::everybody() const {
    std::vector<ReplicaIndex> all;
    for (ReplicaIndex i = 0; i < context_.replicas(); ++i)
        all.push_back(i);
    return all;
}

// Roles are bound at the moment of injection; a role that nobody has binds nobody.
// Which of several followers, `name` draws.
std::vector<ReplicaIndex> Faults::resolve(const Target& target, std::uint64_t name) {
    std::vector<ReplicaIndex> found;
    switch (target.kind) {
        case TargetKind::replica:
            return {target.replica};
        case TargetKind::leader:
            if (const ReplicaIndex leader = hosts_.leader(); leader != kNobody)
                found.push_back(leader);
            return found;
        case TargetKind::follower:
        case TargetKind::followers:
            for (const ReplicaIndex i : everybody())
                if (context_.hosts[i].running() && i != hosts_.leader()) found.push_back(i);
            if (target.kind == TargetKind::follower && found.size() > 1)
                found = {found[context_.stream("follower", name).below(found.size())]};
            return found;
        case TargetKind::all:
            return everybody();
        case TargetKind::zone: {
            const NetworkSpec& network = context_.scenario.network;
            for (std::size_t z = 0; z < network.zone_names.size(); ++z) {
                if (network.zone_names[z] != target.name) continue;
                for (const ReplicaIndex i : everybody())
                    if (std::ranges::count(network.zone_members[z], context_.hosts[i].name) > 0)
                        found.push_back(i);
            }
            return found;
        }
        case TargetKind::bound: {
            const auto bound = bound_.find(target.name);
            return bound == bound_.end() ? found : bound->second;
        }
    }
    return found;
}

bool Faults::matches(const Target& target, ReplicaIndex replica) const {
    const Host& host = context_.hosts[replica];
    switch (target.kind) {
        case TargetKind::replica:
            return target.replica == replica;
        case TargetKind::leader:
            return host.role == Role::leader;
        case TargetKind::follower:
        case TargetKind::followers:
            return host.role == Role::follower;
        case TargetKind::all:
            return true;
        case TargetKind::zone: {
            const NetworkSpec& network = context_.scenario.network;
            for (std::size_t z = 0; z < network.zone_names.size(); ++z)
                if (network.zone_names[z] == target.name)
                    return std::ranges::count(network.zone_members[z], host.name) > 0;
            return false;
        }
        case TargetKind::bound: {
            const auto bound = bound_.find(target.name);
            return bound != bound_.end() && std::ranges::count(bound->second, replica) > 0;
        }
    }
    return false;
}

void Faults::sending(ReplicaIndex replica, RequestKind kind) {
    if (!any_sends_) return;
    for (std::size_t i = 0; i < placed_.size(); ++i) {
        const Trigger& trigger = context_.scenario.faults[i].trigger;
        if (trigger.kind == TriggerKind::sends && trigger.sends == kind) milestone(i, replica);
    }
}

void Faults::reached(ReplicaIndex replica, MarkId mark) {
    if (!any_reaches_) return;
    for (std::size_t i = 0; i < placed_.size(); ++i) {
        const Trigger& trigger = context_.scenario.faults[i].trigger;
        if (trigger.kind == TriggerKind::reaches && trigger.reaches == mark) milestone(i, replica);
    }
}

void Faults::milestones(ReplicaIndex replica) {
    for (const std::size_t fault : performs_)
        milestone(fault, replica);
}

void Faults::milestone(std::size_t index, ReplicaIndex replica) {
    const Trigger& trigger = context_.scenario.faults[index].trigger;
    Placed& placed = placed_[index];
    if (placed.fired || context_.now().time_since_epoch() < trigger.after) return;
    if (!matches(trigger.replica, replica) || ++placed.seen < drawn_[index].nth) return;
    placed.fired = true;
    inject(index);
}

void Faults::record(std::size_t index, const std::vector<ReplicaIndex>& targets, bool began,
                    std::string_view met) {
    const Fault& fault = context_.scenario.faults[index];
    std::string what(fault_kind_name(fault.kind));
    for (const ReplicaIndex target : targets)
        what += " " + context_.hosts[target].name;
    if (!met.empty()) what.append(" ").append(met);
    if (fault.kind == FaultKind::outage || fault.kind == FaultKind::freeze)
        what += fault.api ? " api" : " bucket";
    FaultTookEffect effect;
    effect.at = context_.now();
    effect.fault = static_cast<std::uint32_t>(index);
    effect.began = began;
    effect.what = std::move(what);
    effect.targets = targets;
    if (began) ++placed_[index].took_effect;
    context_.recorder.fault(effect);
}

void Faults::inject(std::size_t index) {
    const Fault& fault = context_.scenario.faults[index];
    Injection injection;
    injection.fault = index;
    const std::uint64_t name = mix64(drawn_[index].identity + placed_[index].injections++);
    if (!is_of_lease(fault.kind))
        injection.targets = is_of_server(fault.kind) ? everybody() : resolve(fault.target, name);
    if (!fault.as.empty() && fault.kind != FaultKind::heal) bound_[fault.as] = injection.targets;
    if (fault.kind == FaultKind::heal) {
        if (heal(fault)) record(index, {}, true);
        return;
    }
    if (!begin(fault, injection)) return;
    if (!is_counted(fault.kind)) record(index, injection.targets, true);
    paths_.report();
    const bool lasting = fault.lasts.has_value() && fault.kind != FaultKind::stop;
    if (!lasting && !is_undoable(fault.kind)) return;
    const std::uint64_t handle = active_.put(std::move(injection));
    if (is_counted(fault.kind)) interfering_.push_back(handle);
    if (lasting) context_.at(context_.now() + *fault.lasts, Kind::fault_ends, 0, handle);
}

bool Faults::begin(const Fault& fault, Injection& injection) {
    switch (fault.kind) {
        case FaultKind::cut:
            if (injection.targets.empty()) return false;
            injection.cut = paths_.cut(injection.targets, fault);
            bucket_->transfers_stall();
            return true;
        case FaultKind::delay:
            paths_.delay(injection.targets, fault, fault.by);
            return !injection.targets.empty();
        case FaultKind::outage:
        case FaultKind::freeze:
        case FaultKind::set_preconditions:
        case FaultKind::omit_keys:
        case FaultKind::damage_object:
        case FaultKind::delete_lease:
        case FaultKind::edit_lease:
        case FaultKind::restore_lease:
        case FaultKind::break_watch:
            return begin_server_fault(fault, injection);
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::damage_answer:
        case FaultKind::fail_files:
            injection.times = fault.times;
            disturb(fault, injection.targets, 1);
            return !injection.targets.empty();
        case FaultKind::kubelet_stops:
        case FaultKind::force_delete_pod:
        case FaultKind::edit_pod:
            return begin_pod_fault(fault, injection);
        case FaultKind::suspend:
        case FaultKind::step_wall_clock:
        case FaultKind::set_drift:
            return begin_clock_fault(fault, injection);
        default:
            return begin_process_fault(fault, injection);
    }
}

bool Faults::begin_process_fault(const Fault& fault, Injection& injection) {
    std::vector<ReplicaIndex> met;
    for (const ReplicaIndex i : injection.targets) {
        Host& host = context_.hosts[i];
        host.upgraded |= fault.upgrade;  // its next process
        switch (fault.kind) {
            case FaultKind::crash:
                if (!host.running()) continue;
                wake_machine(i);  // it loses power, and boots with a running clock
                hosts_.crash(i, fault.disk, fault.age);
                injection.numbers.push_back(host.incarnation);
                break;
            case FaultKind::kill_node:
                if (!host.running()) continue;
                wake_machine(i);
                kubelets_->node_lost(i);
                hosts_.crash(i, Disk::keep, Duration(0));
                injection.numbers.push_back(host.incarnation);
                break;
            case FaultKind::restart:
                if (host.running()) continue;
                hosts_.start(i);
                break;
            case FaultKind::stop:
                if (!host.running() || host.stopping) continue;
                restart_after_[i] = fault.lasts;
                // As its own event: the target may be in the middle of its effects.
                context_.at(context_.now(), Kind::stop_due, i,
                            static_cast<std::uint64_t>(fault.within.count()));
                break;
            case FaultKind::pause:
                if (!host.running() || host.paused) continue;
                hosts_.pause(i);
                injection.numbers.push_back(host.halts);
                break;
            case FaultKind::resume:
                if (!host.running() || !host.paused || host.asleep) continue;
                context_.at(context_.now(), Kind::resume_due, i, host.halts);
                break;
            case FaultKind::slow:
                if (!host.running()) continue;
                host.step_takes += fault.by;
                disturb(fault, {i}, 1);
                break;
            default:
                check_failed("a process fault", __FILE__, __LINE__, "");
        }
        met.push_back(i);
    }
    injection.targets = met;
    return !met.empty();
}

bool Faults::begin_pod_fault(const Fault& fault, Injection& injection) {
    std::erase_if(injection.targets, [&](ReplicaIndex i) {
        if (fault.kind == FaultKind::force_delete_pod) return !kubelets_->force_delete(i);
        if (fault.kind == FaultKind::edit_pod) return !kubelets_->edit(i, fault.pod_edit);
        kubelets_->silence(i, 1);
        return false;
    });
    return !injection.targets.empty();
}

bool Faults::begin_clock_fault(const Fault& fault, Injection& injection) {
    // A rate that the clock has already is no change.
    bool changed = fault.kind != FaultKind::set_drift;
    for (const ReplicaIndex i : injection.targets) {
        Host& host = context_.hosts[i];
        if (fault.kind == FaultKind::step_wall_clock) {
            host.clock.step_wall(fault.by);
            refused_by_clock(i);
        }
        if (fault.kind == FaultKind::set_drift) {
            const std::int64_t rate = fault.drift_ppm * 1000;
            if (rate == host.awake_rate.value_or(host.clock.piece().rate_ppb)) continue;
            changed = true;
            if (host.awake_rate) {
                host.awake_rate = rate;  // a frozen clock stays frozen until the machine wakes
                continue;
            }
            host.rate = rate;
            host.clock.set_rate(context_.now(), rate);
            hosts_.clock_changed(i);
        }
    }
    if (fault.kind == FaultKind::suspend) suspend(fault, injection);
    return changed && !injection.targets.empty();
}

void Faults::refused_by_clock(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    const bool skewed = bucket_->skewed(replica);
    if (host.skewed == skewed) return;
    host.skewed = skewed;
    paths_.disturb(replica, Server::bucket, skewed ? 1 : -1);
    paths_.report();
}

void Faults::suspend(const Fault& fault, Injection& injection) {
    std::vector<ReplicaIndex> met;
    for (const ReplicaIndex i : injection.targets) {
        Host& host = context_.hosts[i];
        if (!host.running() || host.paused) continue;
        hosts_.pause(i);
        host.asleep = true;
        injection.numbers.push_back(host.halts);
        if (fault.frozen) {
            host.awake_rate = host.clock.piece().rate_ppb;
            host.clock.set_rate(context_.now(), -1'000'000'000);
            hosts_.clock_changed(i);
        }
        met.push_back(i);
    }
    injection.targets = met;
}

void Faults::wake_machine(ReplicaIndex replica) {
    Host& host = context_.hosts[replica];
    host.asleep = false;
    if (!host.awake_rate) return;
    // The monotonic clock stood, and the wall clock did not: it is battery-backed.
    host.clock.step_wall(context_.now() - host.clock.piece().since);
    host.clock.set_rate(context_.now(), *host.awake_rate);
    host.awake_rate.reset();
    hosts_.clock_changed(replica);
}

void Faults::ends(std::uint64_t handle) {
    if (active_.find(handle) != nullptr) undo(handle);
}

void Faults::undo(std::uint64_t handle) {
    const Injection injection = active_.take(handle);
    const Fault& fault = context_.scenario.faults[injection.fault];
    if (is_counted(fault.kind)) {
        std::erase(interfering_, handle);
        disturb(fault, injection.targets, -1);
    } else {
        record(injection.fault, injection.targets, false);
    }
    if (injection.cut) paths_.heal(*injection.cut);
    if (fault.kind == FaultKind::delay) paths_.delay(injection.targets, fault, -fault.by);
    undo_server_fault(fault, injection);
    paths_.report();
    for (std::size_t n = 0; n < injection.targets.size(); ++n) {
        const ReplicaIndex i = injection.targets[n];
        if (fault.kind == FaultKind::pause || fault.kind == FaultKind::suspend) {
            if (context_.hosts[i].halts != injection.numbers[n]) continue;  // a later halt goes on
            if (fault.kind == FaultKind::suspend) wake_machine(i);
            context_.at(context_.now(), Kind::resume_due, i, injection.numbers[n]);
        }
        if (fault.kind == FaultKind::slow) {
            context_.hosts[i].step_takes -= fault.by;
            disturb(fault, {i}, -1);
            paths_.report();
        }
        if (fault.kind == FaultKind::kubelet_stops) kubelets_->silence(i, -1);
        // What was started since, and has ended anew, is another fault's.
        if ((fault.kind == FaultKind::kill_node || fault.kind == FaultKind::crash) &&
            !context_.hosts[i].running() && context_.hosts[i].incarnation == injection.numbers[n])
            hosts_.start(i);
    }
}

bool Faults::heal(const Fault& fault) {
    const bool all = fault.target.kind == TargetKind::all;
    std::vector<std::uint64_t> handles;
    active_.each([&](std::uint64_t handle, Injection& injection) {
        const Fault& other = context_.scenario.faults[injection.fault];
        if (all || other.as == fault.target.name) handles.push_back(handle);
    });
    // A process that starts again sends at once, and may use up a fault of requests by that.
    for (const std::uint64_t handle : handles)
        ends(handle);
    return !handles.empty();
}

void Faults::process_stopped(ReplicaIndex replica) {
    if (!restart_after_[replica]) return;
    context_.at(context_.now() + *restart_after_[replica], Kind::process_starts, replica,
                context_.hosts[replica].incarnation);
    restart_after_[replica].reset();
}

}  // namespace leasehold::sim
