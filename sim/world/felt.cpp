#include "sim/world/felt.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAftermath = 2min;  // time-outs of what a cut swallowed come later

bool halts(FaultKind kind) {
    return kind == FaultKind::pause || kind == FaultKind::suspend;
}
/// Felt by what is answered meanwhile, and not by one step of each target.
bool is_lasting(FaultKind kind) {
    return kind == FaultKind::cut || kind == FaultKind::delay || kind == FaultKind::outage ||
           kind == FaultKind::freeze || kind == FaultKind::set_preconditions ||
           kind == FaultKind::omit_keys || kind == FaultKind::damage_object;
}
/// The history has a record of its own for what such a fault does.
bool is_on_record(FaultKind kind) {
    return kind == FaultKind::crash || kind == FaultKind::kill_node || kind == FaultKind::restart ||
           kind == FaultKind::delete_lease || kind == FaultKind::edit_lease ||
           kind == FaultKind::restore_lease;
}
/// Felt by what a replica asks of a server and is answered, and not by the process or the Lease.
bool is_of_exchanges(FaultKind kind) {
    switch (kind) {
        case FaultKind::cut:
        case FaultKind::delay:
        case FaultKind::outage:
        case FaultKind::freeze:
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::damage_answer:
        case FaultKind::break_watch:
        case FaultKind::set_preconditions:
        case FaultKind::omit_keys:
        case FaultKind::damage_object:
            return true;
        case FaultKind::crash:
        case FaultKind::restart:
        case FaultKind::stop:
        case FaultKind::pause:
        case FaultKind::suspend:
        case FaultKind::resume:
        case FaultKind::heal:
        case FaultKind::delete_lease:
        case FaultKind::edit_lease:
        case FaultKind::restore_lease:
        case FaultKind::step_wall_clock:
        case FaultKind::set_drift:
        case FaultKind::slow:
        case FaultKind::fail_files:
        case FaultKind::kill_node:
        case FaultKind::kubelet_stops:
        case FaultKind::force_delete_pod:
        case FaultKind::edit_pod:
            return false;
    }
    return true;
}
bool among(const std::vector<ReplicaIndex>& list, ReplicaIndex replica) {
    return std::ranges::find(list, replica) != list.end();
}
/// What a fault of single requests or operations met: the last word.
std::string_view met_by(const FaultTookEffect& record) {
    return record.what.substr(record.what.rfind(' ') + 1);
}

}  // namespace

Felt::Felt(const Scenario& scenario)
    : scenario_(scenario),
      looks_at_steps_(scenario.stores() || scenario.upgrade),
      asks_for_files_(scenario.files.given),
      tallies_(scenario.faults.size()) {
    for (const Fault& fault : scenario.faults) {
        rolls_back_ |= fault.disk == Disk::roll_back;
        asks_for_files_ |= fault.kind == FaultKind::fail_files || fault.disk != Disk::keep;
        asks_the_api_ |= is_of_exchanges(fault.kind);
        looks_at_steps_ |= !is_on_record(fault.kind);
        asks_for_objects_ |= fault.kind == FaultKind::set_preconditions ||
                             fault.kind == FaultKind::omit_keys ||
                             fault.kind == FaultKind::damage_object;
    }
    for (const std::uint32_t replica : scenario.replicas.upgraded)
        machine(replica).upgraded = true;
}

// ---- faults ---------------------------------------------------------------------------------

void Felt::on(const FaultTookEffect& record) {
    const Fault& fault = scenario_.faults[record.fault];
    if (record.began) {
        begins(record, fault);
        return;
    }
    for (Watch& watch : watches_)
        if (watch.fault == record.fault && watch.until > record.at) watch.ended = record.at;
    if (halts(fault.kind)) wake(record);
}

void Felt::wake(const FaultTookEffect& record) {
    for (const ReplicaIndex target : record.targets) {
        Machine& own = machine(target);
        own.woke = record.at;
        if (own.slept == TrueTime::max()) continue;
        own.wall_stepped += record.at - own.slept;
        own.measured.reset();
        own.slept = TrueTime::max();
    }
}

void Felt::begins(const FaultTookEffect& record, const Fault& fault) {
    Watch watch{.fault = record.fault, .lasting = is_lasting(fault.kind), .at = record.at};
    watch.targets = record.targets;
    if (fault.lasts) watch.until = record.at + *fault.lasts;
    switch (fault.kind) {
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::damage_answer:
        case FaultKind::fail_files:
            met_one(record, fault);
            return;
        case FaultKind::heal:
            // What ended at this instant ended by this: its own time is no longer to be kept.
            for (Watch& other : watches_)
                if (other.ended == record.at) other.until = record.at;
            say(record.fault, true);
            return;
        case FaultKind::resume:
            resumed(record);
            return;
        case FaultKind::crash:
        case FaultKind::kill_node:
            crashed(record, fault);
            return;
        case FaultKind::kubelet_stops:
            break;
        case FaultKind::force_delete_pod:
        case FaultKind::edit_pod:
            if (pod_is_read(record.targets)) say(record.fault, true);
            return;
        case FaultKind::restart:
            restarted(record, fault);
            return;
        case FaultKind::delete_lease:
        case FaultKind::edit_lease:
            say(record.fault, operator_wrote_ == record.at);
            return;
        case FaultKind::restore_lease:
            say(record.fault, restored_ == record.at);
            return;
        case FaultKind::break_watch:
            watches_break(record);
            return;
        case FaultKind::damage_object:
            // An archived object is the same; whoever gets it feels it.
            if (fault.object_damage == ObjectDamage::archived) break;
            say(record.fault, damaged_ == record.at);
            return;
        case FaultKind::set_preconditions:
            for (Watch& other : watches_)
                if (fault_of(other).kind == FaultKind::set_preconditions)
                    other.until = std::min(other.until, record.at);
            break;
        case FaultKind::set_drift:
            clock_changes(record, fault);
            break;
        case FaultKind::stop:
            for (const ReplicaIndex target : record.targets)
                machine(target).upgraded |= fault.upgrade;
            break;
        case FaultKind::suspend:
        case FaultKind::step_wall_clock:
            clock_changes(record, fault);
            break;
        case FaultKind::pause:
        case FaultKind::cut:  // between replicas alone nobody feels it: they send nothing
        case FaultKind::delay:
        case FaultKind::outage:
        case FaultKind::freeze:
        case FaultKind::omit_keys:
        case FaultKind::slow:
            break;
    }
    watches_.push_back(std::move(watch));
}

void Felt::clock_changes(const FaultTookEffect& record, const Fault& fault) {
    for (const ReplicaIndex target : record.targets) {
        Machine& own = machine(target);
        if (fault.kind == FaultKind::step_wall_clock) {
            own.wall_stepped += fault.by;
        } else if (fault.kind == FaultKind::set_drift || fault.frozen) {
            own.measured.reset();
            if (fault.frozen) own.slept = record.at;
        }
    }
}

void Felt::resumed(const FaultTookEffect& record) {
    for (Watch& other : watches_)
        if (halts(fault_of(other).kind))
            for (const ReplicaIndex target : record.targets)
                if (among(other.targets, target)) other.until = record.at;
    wake(record);
    say(record.fault, true);
}

void Felt::crashed(const FaultTookEffect& record, const Fault& fault) {
    for (const ReplicaIndex target : record.targets) {
        Machine& own = machine(target);
        const bool gone = own.ended == record.at && own.cause == EndCause::crashed;
        say(record.fault, gone);
        own.upgraded |= fault.upgrade;
        if (fault.disk == Disk::keep) continue;
        own.lost_by = record.fault;
        own.rolled_back_to = record.at - fault.age;
        if (fault.disk == Disk::lose) own.written.clear();
    }
}

void Felt::restarted(const FaultTookEffect& record, const Fault& fault) {
    for (const ReplicaIndex target : record.targets) {
        Machine& own = machine(target);
        say(record.fault, own.started == record.at);
        own.upgraded |= fault.upgrade;
        own.upgraded_process = own.upgraded;  // it has begun already
    }
}

void Felt::watches_break(const FaultTookEffect& record) {
    for (const ReplicaIndex target : record.targets)
        for (Stream& stream : machine(target).streams) {
            stream.broken = record.fault;
            stream.broken_at = record.at;
        }
}

// It met one that was about to leave: of which kind, the record says, and no more.
void Felt::met_one(const FaultTookEffect& record, const Fault& fault) {
    const std::string_view word = met_by(record);
    const auto meets = [&](auto& list, auto is_of_kind) {
        std::vector<std::vector<Met>*> candidates;
        for (auto& one : list)
            if (is_of_kind(one)) candidates.push_back(&one.met);
        for (std::vector<Met>* met : candidates)
            met->push_back({record.fault, candidates.size() == 1 && met->empty()});
    };
    for (const ReplicaIndex target : record.targets) {
        Machine& own = machine(target);
        if (fault.kind == FaultKind::fail_files)
            meets(own.files, [&](const FileOperation& one) {
                return names::kFileVerbs.at(static_cast<std::size_t>(one.verb)) == word;
            });
        else if (word == request_kind_name(RequestKind::watch_lease))
            meets(own.streams, [&](const Stream& one) { return one.id == own.streams.back().id; });
        else
            meets(own.open,
                  [&](const Request& one) { return request_kind_name(one.kind) == word; });
    }
}

// ---- steps ----------------------------------------------------------------------------------

bool Felt::pod_is_read(const std::vector<ReplicaIndex>& targets) const {
    return std::ranges::any_of(targets, [this](ReplicaIndex target) {
        return std::ranges::any_of(machines_, [pod = replica_name(target)](const Machine& one) {
            return one.watches_pod == pod;
        });
    });
}

/// A process begins or ends, and its kubelet does not write so.
void Felt::not_written(ReplicaIndex replica, TrueTime at) {
    for (Watch& watch : watches_)
        if (fault_of(watch).kind == FaultKind::kubelet_stops && at <= watch.until &&
            std::erase(watch.targets, replica) > 0)
            say(watch.fault, true);
}

void Felt::on(const ProcessStarted& record) {
    not_written(record.replica, record.at);
    Machine& own = machine(record.replica);
    own.started = record.at;
    own.upgraded_process = own.upgraded;
    own.open.clear();
    own.last.reset();
}

void Felt::on(const ProcessEnded& record) {
    not_written(record.replica, record.at);
    Machine& own = machine(record.replica);
    own.watches_pod.clear();
    own.ended = record.at;
    own.cause = record.cause;
    own.open.clear();
    own.files.clear();
    for (const Stream& stream : own.streams)
        stream_over(stream);
    own.streams.clear();
    own.last.reset();
    own.wall_stepped = Duration(0);
    own.measured.reset();
    // What was to stand still, or to stop, is gone. A slow machine stays one.
    for (Watch& watch : watches_)
        if (!watch.lasting && fault_of(watch).kind != FaultKind::slow &&
            fault_of(watch).kind != FaultKind::kubelet_stops &&
            std::erase(watch.targets, record.replica) > 0)
            say(watch.fault, true);
}

void Felt::on(const ClockChanged& record) {
    // A wobble is measured over all of it.
    if (scenario_.clocks.wobble_ppm == 0) machine(record.replica).measured.reset();
    machine(record.replica).rate_is_first = false;
    ++world_.clock_changes;
}

void Felt::on(const LeaseCommitted& record) {
    if (record.writer == kNobody) (record.restored ? restored_ : operator_wrote_) = record.at;
}

void Felt::on(const ReplicaStepped& record) {
    Machine& own = machine(record.replica);
    if (!own.measured || !own.rate) measure(own, record);
    if (!looks_at_steps_) return;
    const auto is_over = [&record](const Watch& watch) {
        return watch.targets.empty() ||
               (watch.lasting && watch.until < record.at && record.at - watch.until > kAftermath);
    };
    bool some_over = false;
    for (Watch& watch : watches_) {
        if (!watch.lasting && among(watch.targets, record.replica)) stepped(watch, record, own);
        some_over = some_over || is_over(watch);
    }
    if (some_over) std::erase_if(watches_, is_over);
    came(own, record);
    for (const Effect& effect : record.effects)
        sent(own, record, effect);
    own.last = record.now;
    own.last_at = record.at;
    own.wall_stepped = Duration(0);
}

/// One step of a target of a fault of processes or clocks.
void Felt::stepped(Watch& watch, const ReplicaStepped& record, const Machine& machine) {
    const Fault& fault = fault_of(watch);
    std::optional<bool> as_told;
    switch (fault.kind) {
        case FaultKind::pause:
        case FaultKind::suspend: {
            const TrueTime until = fault.lasts ? watch.until : std::min(watch.until, watch.ended);
            if (record.at <= watch.at) return;
            as_told = record.at >= until && slept(watch, record, machine);
            break;
        }
        case FaultKind::stop:
            if (std::holds_alternative<Stop>(*record.event)) as_told = true;
            break;
        case FaultKind::step_wall_clock: {
            const auto offset = [](const Now& now) {
                return now.wall.time_since_epoch() - now.monotonic.time_since_epoch();
            };
            as_told =
                !machine.last || offset(record.now) - offset(*machine.last) == machine.wall_stepped;
            break;
        }
        case FaultKind::set_drift:
            if (machine.measured && machine.measured_at >= watch.at && machine.rate)
                as_told = std::abs(*machine.rate - fault.drift_ppm * 1000) <=
                          kRateGrace + scenario_.clocks.wobble_ppm * 1000;
            break;
        case FaultKind::slow:
            if (machine.last && machine.last_at > watch.at && record.at <= watch.until)
                say(watch.fault, record.at - machine.last_at >= fault.by);
            if (record.at > watch.until) std::erase(watch.targets, record.replica);
            return;
        case FaultKind::crash:
        case FaultKind::restart:
        case FaultKind::resume:
        case FaultKind::cut:
        case FaultKind::heal:
        case FaultKind::delay:
        case FaultKind::outage:
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
        case FaultKind::delete_lease:
        case FaultKind::edit_lease:
        case FaultKind::freeze:
        case FaultKind::break_watch:
        case FaultKind::restore_lease:
        case FaultKind::set_preconditions:
        case FaultKind::omit_keys:
        case FaultKind::damage_answer:
        case FaultKind::damage_object:
        case FaultKind::fail_files:
        case FaultKind::kill_node:
        case FaultKind::kubelet_stops:
        case FaultKind::force_delete_pod:
        case FaultKind::edit_pod:
            return;  // felt otherwise
    }
    if (!as_told) return;
    say(watch.fault, *as_told);
    std::erase(watch.targets, record.replica);
}

/// While a machine sleeps its monotonic clock stands still or goes on, as the fault has it.
bool Felt::slept(const Watch& watch, const ReplicaStepped& record, const Machine& machine) const {
    const Fault& fault = fault_of(watch);
    if (fault.kind != FaultKind::suspend || !machine.last) return true;
    const Duration passed = record.at - machine.last_at;
    const Duration shown = record.now.monotonic - machine.last->monotonic;
    const Duration asleep = std::min(watch.until, record.at) - watch.at;
    return (passed - shown > asleep / 2) == fault.frozen;
}

// ---- the end --------------------------------------------------------------------------------

void Felt::tell(std::vector<check::FaultResult>& faults) {
    // Whoever was to stand still and was not seen to step, stood still.
    for (const Watch& watch : watches_)
        if (halts(fault_of(watch).kind)) tallies_[watch.fault].felt += watch.targets.size();
    for (Machine& machine : machines_) {
        for (const Stream& stream : machine.streams)
            stream_over(stream);
        machine.streams.clear();
    }
    for (std::size_t i = 0; i < faults.size(); ++i) {
        faults[i].felt = tallies_[i].felt;
        faults[i].contradicted = tallies_[i].contradicted;
    }
}

}  // namespace leasehold::sim
