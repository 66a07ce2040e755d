// One step of a replica: one switch per event and effect finds the few checkers concerned.
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <variant>

#include "model/check/parts.hpp"

namespace leasehold::check {

namespace {

/// Position of T in Event, for switches.
template <class T, std::size_t I = 0>
constexpr std::size_t event_index() {
    if constexpr (std::is_same_v<std::variant_alternative_t<I, Event>, T>)
        return I;
    else
        return event_index<T, I + 1>();
}
template <class T, std::size_t I = 0>
constexpr std::size_t effect_index() {
    if constexpr (std::is_same_v<std::variant_alternative_t<I, Effect>, T>)
        return I;
    else
        return effect_index<T, I + 1>();
}
template <class T, class Variant>
const T& as(const Variant& variant) {
    return *std::get_if<T>(&variant);
}

std::uint64_t size_of(const BackupWrite& write) {
    return write.payload ? write.payload->size : 0;
}

}  // namespace

void Checkers::Parts::step(const ReplicaStepped& step) {
    ReplicaFacts& self = facts.replica(step.replica);
    // Who steps runs again; but the step in whose middle the pause came may be told after it.
    if (self.paused && step.at > self.paused_at) [[unlikely]]
        resumed(step.at, step.number, step.replica, step.now.monotonic);
    if (step.at > self.fresh_check) [[unlikely]]
        freshness.check(step.at, step.number, step.replica);
    if (step.event != nullptr && step.event->index() != event_index<LeaseWatched>())
        event(step, self);
    bool sends = false;
    for (std::size_t i = 0; i < step.effects.size(); ++i) {
        sends = sends || step.effects[i].index() == effect_index<SendBucket>();
        effect(step, self, i);
    }
    if (step.event != nullptr) after(step, self, sends);
    mark_rules.after(step, self);
    if (lease.outsiders() != Version{} && step.event != nullptr) [[unlikely]]
        lease_shown(step, self);
    if (step.now.monotonic >= self.next_check || step.at > self.write_check) [[unlikely]] {
        calls.deadlines(step, self);
        writes.check(step, self);
    }
}

void Checkers::Parts::event(const ReplicaStepped& step, ReplicaFacts& self) {
    const Event& event = *step.event;
    switch (event.index()) {
        case event_index<Stop>():
            writes.stop(step, as<Stop>(event).deadline);
            calls.stop(step, self, as<Stop>(event));
            if (self.role == Role::leader) rates.lease_touched();  // it hands over
            changed(step.at, step.number, step.replica);
            break;
        case event_index<LeaseAnswered>():
            if (!self.elects) break;
            claims.lease_answered(step, as<LeaseAnswered>(event));
            rates.lease_answered(step, as<LeaseAnswered>(event));
            break;
        case event_index<HolderEnded>():
            rates.holder_ended(step.replica);
            break;
        case event_index<BucketAnswered>():
            answered(step, self, as<BucketAnswered>(event));
            break;
        case event_index<FileAnswered>(): {
            const FileReply& reply = as<FileAnswered>(event).reply;
            if (reply.entries) freshness.files_listed(step, self, reply);
            if (reply.entries) contents.files_listed(step, reply);
            if (reply.entries) twin.files_listed(reply);
            copies.answered(step, as<FileAnswered>(event));
            break;
        }
        case event_index<BackupRead>():
            calls.read(step, self, as<BackupRead>(event));
            rates.asked(step, as<BackupRead>(event).key);
            twin.read(step, as<BackupRead>(event));
            break;
        case event_index<BackupWrite>():
            bucket.write_began(step, as<BackupWrite>(event).call, as<BackupWrite>(event).key,
                               false);
            writes.began(step, self, as<BackupWrite>(event).call, as<BackupWrite>(event).key,
                         size_of(as<BackupWrite>(event)));
            rates.asked(step, as<BackupWrite>(event).key);
            contents.asked(step, as<BackupWrite>(event).call, as<BackupWrite>(event).key,
                           as<BackupWrite>(event).payload, false);
            twin.write(step, as<BackupWrite>(event));
            break;
        case event_index<BackupRemove>():
            bucket.write_began(step, as<BackupRemove>(event).call, as<BackupRemove>(event).key,
                               true);
            writes.began(step, self, as<BackupRemove>(event).call, as<BackupRemove>(event).key, 0);
            rates.asked(step, as<BackupRemove>(event).key);
            contents.asked(step, as<BackupRemove>(event).call, as<BackupRemove>(event).key, nullptr,
                           true);
            twin.remove(step, as<BackupRemove>(event));
            break;
        case event_index<Query>():
            mark_rules.asked(step, as<Query>(event));
            twin.query(step, as<Query>(event));
            calls.query(step, self, as<Query>(event));
            break;
        default:
            break;
    }
}

void Checkers::Parts::answered(const ReplicaStepped& step, const ReplicaFacts& self,
                               const BucketAnswered& answer) {
    const Requests::Answered known = requests.answered(step.replica, self, answer);
    writes.put_answered(step.at, step.replica, answer);
    rates.bucket_answered(step, answer);
    if (self.elects) claims.bucket_answered(step, answer);
    if (known.of_pass && !known.got.empty() && !calls.awaited(step.replica, known.got))
        keeping.got(step, known.got, answer.reply->etag);
    if (!freshness.applies()) return;
    if (known.of_pass) freshness.pass_request_answered(step.at, step.replica);
    freshness.request_answered(step.at, step.replica, answer.request);
    if (!known.got.empty()) freshness.got(step, self, known.got, answer.reply->etag);
}

void Checkers::Parts::effect(const ReplicaStepped& step, ReplicaFacts& self, std::size_t position) {
    const Effect& effect = step.effects[position];
    switch (effect.index()) {
        case effect_index<GateMoved>():
            gate_moved(step, self, as<GateMoved>(effect));
            break;
        case effect_index<RoleChanged>():
            role_changed(step, self, as<RoleChanged>(effect), position);
            break;
        case effect_index<Stopped>():
            calls.stopped(step, self);
            writes.stopped(step);
            changed(step.at, step.number, step.replica);
            break;
        case effect_index<SendLease>():
            claims.lease_sent(step, as<SendLease>(effect));
            rates.lease_sent(step, self, as<SendLease>(effect));
            break;
        case effect_index<Mark>():
            if (as<Mark>(effect).mark == MarkId::stepped_down_abdicated) stable.abdicated(step);
            if (as<Mark>(effect).mark == MarkId::version_went_back) bucket.alarmed(step);
            if (as<Mark>(effect).mark == MarkId::pass_completed) waits.pass_completed(step);
            status_rules.marked(step, self, as<Mark>(effect).mark);
            break;
        case effect_index<AbortBucket>():
            requests.aborted(step.replica, as<AbortBucket>(effect).request);
            break;
        case effect_index<SendBucket>():
            if (as<SendBucket>(effect).verb == BucketVerb::get)
                calls.get_sent(step, self, as<SendBucket>(effect));
            if (self.elects) claims.bucket_sent(step, as<SendBucket>(effect));
            break;
        case effect_index<WatchLease>():
            self.watch = as<WatchLease>(effect).watch;
            break;
        case effect_index<StopWatch>():
            self.watch = WatchId{};
            break;
        case effect_index<SendFile>():
            freshness.file_sent(step, self, as<SendFile>(effect));
            keeping.file_sent(step, as<SendFile>(effect));
            copies.sent(step, as<SendFile>(effect));
            contents.file_sent(step, as<SendFile>(effect));
            break;
        case effect_index<ReadDone>():
            read_done(step, self, as<ReadDone>(effect));
            break;
        case effect_index<WriteDone>():
            write_done(step, self, as<WriteDone>(effect));
            break;
        case effect_index<QueryDone>():
            query_done(step, self, as<QueryDone>(effect));
            break;
        default:
            break;
    }
}

void Checkers::Parts::write_done(const ReplicaStepped& step, ReplicaFacts& self,
                                 const WriteDone& done) {
    bucket.write_done(step, done);
    writes.done(step, self, done);
    if (done.ack == WriteAck::committed) {
        goes_on.committed(step.at, step.number);
        // Who wrote a version knows it, whatever its file holds since.
        if (const ObjectKey* key = contents.key_of(step.replica, done.call); key != nullptr)
            freshness.read_done(step, self, *key, done.etag);
    }
    lineage.write_done(step, done);
    served.write_done(step, done);
    twin.write_done(step, done);
    if (done.ack == WriteAck::skipped_follower)
        contents.never_was(step.replica, done.call);
    else
        contents.forget(step.replica, done.call);
}

void Checkers::Parts::read_done(const ReplicaStepped& step, ReplicaFacts& self,
                                const ReadDone& done) {
    const Calls::Asking asking = calls.asking(step.replica, done.call, false);
    if (asking.key != nullptr) {
        if (done.outcome == ReadOutcome::data)
            freshness.read_done(step, self, *asking.key, done.etag);
        served.read_done(step, *asking.key, asking.number, asking.gets, done);
    }
    twin.read_done(step, done);
    calls.read_done(step, self, done);
}

void Checkers::Parts::query_done(const ReplicaStepped& step, ReplicaFacts& self,
                                 const QueryDone& done) {
    const Calls::Asking asking = calls.asking(step.replica, done.call, true);
    if (asking.key != nullptr) served.query_done(step, *asking.key, asking.number, done);
    twin.query_done(step, done);
    calls.query_done(step, self, done);
}

void Checkers::Parts::after(const ReplicaStepped& step, const ReplicaFacts& self, bool sends) {
    waits.after(step, self);
    const Event& event = *step.event;
    switch (event.index()) {
        case event_index<Query>():
            if (!self.stopped)
                calls.after_query(step, self, as<Query>(event),
                                  bucket.writes_open(step.replica, as<Query>(event).key));
            break;
        case event_index<BucketAnswered>():
            calls.after_answer(step, as<BucketAnswered>(event).request);
            break;
        case event_index<FileAnswered>():
            calls.after_answer(step, as<FileAnswered>(event).request);
            break;
        case event_index<BackupWrite>():
            if (writes.accepted(step.replica, as<BackupWrite>(event).call))
                goes_on.accepted(step.at, step.number, size_of(as<BackupWrite>(event)));
            break;
        case event_index<Cancel>():
            calls.after_cancel(step, as<Cancel>(event).call);
            break;
        default:
            break;
    }
    if (!sends) return;
    // Only now it is known which request is a query's own.
    // What a step sends before it changes the role is sent in the tenure that ends.
    bool before = std::any_of(step.effects.begin(), step.effects.end(), [](const Effect& effect) {
        return effect.index() == effect_index<RoleChanged>();
    });
    for (const Effect& effect : step.effects) {
        if (effect.index() == effect_index<RoleChanged>()) before = false;
        const auto* request = std::get_if<SendBucket>(&effect);
        if (request == nullptr) continue;
        const bool own =
            request->verb == BucketVerb::get && calls.own_of_query(step.replica, request->request);
        const Tenure tenure = before ? self.tenure_before : Tenure{self.role, self.era};
        requests.sent(step, tenure, *request, own);
        if (request->verb == BucketVerb::get && !own &&
            !calls.awaited(step.replica, request->key) &&
            !bucket.writes_open(step.replica, request->key))
            keeping.unasked_get(step, request->key);
        // A pass fetches what a LIST showed it, once.
        rates.bucket_sent(step, *request, own || tenure.role == Role::follower);
        if (request->verb == BucketVerb::put) {
            writes.put_sent(step, request->request);
            contents.put_sent(step, *request);
        }
        if (!freshness.applies()) continue;
        if (request->verb != BucketVerb::get && request->verb != BucketVerb::list) continue;
        freshness.request_sent(step, request->request);
        if (tenure.role != Role::follower) continue;
        if (own)
            freshness.look_sent(step.replica);
        else
            freshness.pass_request_sent(step, *request);
    }
}

void Checkers::Parts::lease_shown(const ReplicaStepped& step, const ReplicaFacts& self) {
    if (const auto* watched = std::get_if<LeaseWatched>(step.event)) {
        if (watched->lease && watched->watch == self.watch)
            lease.shown(step, self, *watched->lease);
    } else if (const auto* answer = std::get_if<LeaseAnswered>(step.event)) {
        if (answer->reply.lease) lease.shown(step, self, *answer->reply.lease);
    }
}

void Checkers::Parts::gate_moved(const ReplicaStepped& step, ReplicaFacts& self,
                                 const GateMoved& gate) {
    const bool opens = gate.valid_until > step.now.monotonic;
    const bool open =
        self.gate.held && !self.gate.closed_known && step.now.monotonic < self.gate.valid_until;
    if (opens && !open) progress.gate_opening(step, self);
    gates.moved(step, self, gate);
    if (opens) lease.gate_open(step, gate);
}

void Checkers::Parts::role_changed(const ReplicaStepped& step, ReplicaFacts& self,
                                   const RoleChanged& role, std::size_t position) {
    self.tenure_before = Tenure{self.role, self.era};
    self.role = role.role;
    ++self.era;
    mark_rules.role_changes(step);
    calls.role_changed(step, self, role, position);
    twin.role_changed(step, role.role);
    if (role.role == Role::leader && self.elects) {
        gates.became_leader(step, role);
        stable.began(step, self);
        converge.role_changed(step.at);
        progress.became_leader(step.at, step.replica);
    }
    if (self.role != Role::leader && self.tenure_before.role == Role::leader) {
        goes_on.leadership_ended();
        if (self.elects) stable.ended(step, self);
    }
    freshness.changed(step.at, step.number, step.replica);
    writes.changed(step.at, step.number, step.replica);
}

}  // namespace leasehold::check
