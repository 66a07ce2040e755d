// Faults of the servers, of single requests and of the disk.
#include <algorithm>

#include "sim/scenario/names.hpp"
#include "sim/world/faults.hpp"

namespace leasehold::sim {

bool is_counted(FaultKind kind) {
    return kind == FaultKind::drop_request || kind == FaultKind::lose_answer ||
           kind == FaultKind::apply_late || kind == FaultKind::answer_error ||
           kind == FaultKind::damage_answer || kind == FaultKind::fail_files;
}

/// Which of the two ways of each target are not healthy meanwhile: bounds are judged on healthy
/// ones alone.
void Faults::disturb(const Fault& fault, const std::vector<ReplicaIndex>& targets, int by) {
    // Not a watch: whoever is told nothing looks for himself, within the same bounds.
    bool api = std::ranges::any_of(
        fault.requests, [](RequestKind kind) { return kind < RequestKind::watch_lease; });
    bool bucket = std::ranges::any_of(
        fault.requests, [](RequestKind kind) { return kind > RequestKind::watch_lease; });
    if (fault.kind == FaultKind::outage || fault.kind == FaultKind::freeze) {
        api = fault.api;
        bucket = fault.bucket;
    }
    // A replica that is slow, or has no disk, does what its servers let it do too late or not.
    if (fault.kind == FaultKind::slow) api = true;
    if (fault.kind == FaultKind::slow || fault.kind == FaultKind::fail_files ||
        fault.kind == FaultKind::omit_keys || fault.kind == FaultKind::damage_object)
        bucket = true;
    for (const ReplicaIndex i : targets) {
        if (api) paths_.disturb(i, Server::api, by);
        if (bucket) paths_.disturb(i, Server::bucket, by);
    }
}

bool Faults::begin_server_fault(const Fault& fault, Injection& injection) {
    switch (fault.kind) {
        case FaultKind::delete_lease:
            return api_->remove_lease();
        case FaultKind::edit_lease:
            return api_->edit_lease(fault.edit);
        case FaultKind::restore_lease:
            return api_->restore(context_.now() - fault.age, fault.bump);
        case FaultKind::break_watch:
            std::erase_if(injection.targets, [&](ReplicaIndex i) {
                return !api_->break_watches(i, fault.watch_break);
            });
            return !injection.targets.empty();
        case FaultKind::set_preconditions:
            return change_rules(fault);
        case FaultKind::damage_object:
            if (!bucket_->damage(fault, injection.archived)) return false;
            if (fault.lasts) disturb(fault, injection.targets, 1);
            return true;
        case FaultKind::omit_keys:
            omitted_.push_back(fault.share_ppm);
            bucket_->omit(*std::ranges::max_element(omitted_));
            break;
        case FaultKind::freeze:
            if (fault.api) api_->freeze(1);
            if (fault.bucket) bucket_->freeze(1);
            break;
        default:
            if (fault.api) api_->outage(1);
            if (fault.bucket) bucket_->outage(1);
            break;
    }
    disturb(fault, injection.targets, 1);
    return true;
}

/// False if nothing is other by it, now or when another change ends.
bool Faults::change_rules(const Fault& fault) {
    const Preconditions before = bucket_->store().preconditions();
    rules_.push_back(&fault);
    apply_rules();
    if (bucket_->store().preconditions() != before || rules_.size() > 1) return true;
    rules_.pop_back();
    return false;
}

void Faults::apply_rules() {
    Preconditions rules = context_.scenario.bucket.preconditions;
    for (const Fault* fault : rules_) {
        for (const Condition one : fault->conditions) {
            if (one == Condition::if_none_match) rules.if_none_match = fault->rule;
            if (one == Condition::if_match) rules.if_match = fault->rule;
            if (one == Condition::if_match_on_delete) rules.if_match_on_delete = fault->rule;
        }
        if (fault->rule == PreconditionRule::checked_then_stored) rules.window = fault->window;
    }
    bucket_->store().set_preconditions(rules);
}

void Faults::undo_server_fault(const Fault& fault, const Injection& injection) {
    switch (fault.kind) {
        case FaultKind::outage:
            if (fault.api) api_->outage(-1);
            if (fault.bucket) bucket_->outage(-1);
            break;
        case FaultKind::set_preconditions:
            rules_.erase(std::ranges::find(rules_, &fault));
            apply_rules();
            return;
        case FaultKind::omit_keys:
            omitted_.erase(std::ranges::find(omitted_, fault.share_ppm));
            bucket_->omit(omitted_.empty() ? 0 : *std::ranges::max_element(omitted_));
            break;
        case FaultKind::damage_object:
            for (const Bucket::Laid& object : injection.archived)
                bucket_->store().thaw(object);
            break;
        case FaultKind::freeze:
            if (fault.api) api_->freeze(-1);
            if (fault.bucket) bucket_->freeze(-1);
            break;
        default:
            return;
    }
    disturb(fault, injection.targets, -1);
}

// With `for` it lasts for its time, otherwise for so many requests.
void Faults::count_down(std::uint64_t handle, Injection& injection, const Fault& fault) {
    if (!fault.lasts && --injection.times == 0) undo(handle);
}

Interference Faults::interfere(ReplicaIndex replica, RequestKind kind) {
    Interference done;
    if (interfering_.empty()) return done;
    const std::vector<std::uint64_t> interfering = interfering_;
    for (const std::uint64_t handle : interfering) {
        Injection& injection = *active_.find(handle);
        const Fault& fault = context_.scenario.faults[injection.fault];
        if (std::ranges::count(fault.requests, kind) == 0 ||
            std::ranges::count(injection.targets, replica) == 0)
            continue;
        record(injection.fault, {replica}, true, request_kind_name(kind));
        done.drop |= fault.kind == FaultKind::drop_request;
        done.lose_answer |= fault.kind == FaultKind::lose_answer;
        // Of several the longest: a fault that comes again and again, and finds no request for a
        // while, would come all at once.
        if (fault.kind == FaultKind::apply_late) done.late = std::max(done.late, fault.by);
        if (fault.kind == FaultKind::damage_answer) done.damage = fault.answer_damage;
        if (fault.kind == FaultKind::answer_error) {
            done.status = fault.status;
            done.retry_after = fault.retry_after;
            done.applied = fault.applied;
            done.plain_text = fault.plain_text;
        }
        count_down(handle, injection, fault);
    }
    return done;
}

std::optional<FileStatus> Faults::interfere(ReplicaIndex replica, FileVerb verb) {
    std::optional<FileStatus> failure;
    if (interfering_.empty()) return failure;
    const std::vector<std::uint64_t> interfering = interfering_;
    for (const std::uint64_t handle : interfering) {
        Injection& injection = *active_.find(handle);
        const Fault& fault = context_.scenario.faults[injection.fault];
        if (std::ranges::count(fault.file_verbs, verb) == 0 ||
            std::ranges::count(injection.targets, replica) == 0)
            continue;
        record(injection.fault, {replica}, true,
               names::kFileVerbs.at(static_cast<std::size_t>(verb)));
        failure = fault.file_status;
        count_down(handle, injection, fault);
    }
    return failure;
}

}  // namespace leasehold::sim
