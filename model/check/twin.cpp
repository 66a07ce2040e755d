#include "model/check/twin.hpp"

#include <algorithm>
#include <utility>

namespace leasehold::check {

namespace {

std::string words(const Blob* payload) {
    return payload == nullptr ? "nothing"
                              : std::to_string(payload->size) + " B #" +
                                    std::to_string(payload->digest.low % 10'000);
}

}  // namespace

void Twin::committed(const ObjectCommitted& record) {
    if (install_ && record.writer != leader_ && contents_.tracked(record.key)) over_ = true;
}

// What only a disk holds is not in the install's bucket, and whose it is depends on epochs.
void Twin::files_listed(const FileReply& reply) {
    if (install_) return;
    over_ = over_ ||
            std::any_of(reply.entries->begin(), reply.entries->end(), [](const FileEntry& entry) {
                return entry.tag.dirty || !entry.tag.tagged;
            });
}

void Twin::role_changed(const ReplicaStepped& step, Role role) {
    if (over_) return;
    const bool leads = role == Role::leader;
    if (!install_ && leads)
        begin(step);
    else if (install_ && (leads || step.replica == leader_))
        over_ = true;
}

void Twin::begin(const ReplicaStepped& step) {
    const Settings& settings = facts_.settings;
    if (!settings.elects || !settings.stores || !settings.storage.ha) {
        over_ = true;
        return;
    }
    leader_ = step.replica;
    install_.emplace(settings.storage, step.now);
    for (const auto& [name, key] : contents_.all()) {
        const Committed* before = contents_.tracked(name) ? held(name) : nullptr;
        // What was there before is known if its stamp could be read.
        if (before == nullptr || (!before->absent && before->payload.digest == ContentDigest{}))
            continue;
        keys_[name].known = true;
        if (!before->absent) install_->preload(name, before->etag, before->payload);
    }
}

const Committed* Twin::held(const ObjectKey& name) const {
    const auto found = contents_.all().find(name);
    return found == contents_.all().end() || found->second.commits.empty()
               ? nullptr
               : &found->second.commits.back();
}

void Twin::disturbed(ReplicaIndex index) {
    over_ = over_ || index == kNobody || index == leader_;
}

bool Twin::may_say_not_yet(const ObjectKey& name) const {
    const Requests::Gets gets = requests_.gets(leader_, name);
    return gets.of_key || gets.all >= facts_.settings.storage.read_through_max;
}

void Twin::ask(const ReplicaStepped& step, CallId call, const ObjectKey& name, const ETag& known) {
    const auto key = keys_.find(name);
    if (key == keys_.end() || !key->second.known || key->second.writing > 0) return;
    Call asked{name, known, key->second.changes, step.number};
    if (!known.empty()) {
        // Versions have other names there.
        const Committed* now = held(name);
        asked.known =
            now != nullptr && known == now->etag ? install_->version(name) : ETag("another");
    }
    open_.emplace(call, std::move(asked));
}

void Twin::read(const ReplicaStepped& step, const BackupRead& read) {
    if (beside(step)) ask(step, read.call, read.key, read.known);
}
void Twin::query(const ReplicaStepped& step, const Query& query) {
    if (beside(step)) ask(step, query.call, query.key, ETag{});
}
void Twin::write(const ReplicaStepped& step, const BackupWrite& write) {
    if (!beside(step)) return;
    if (!write.payload) return disturbed(leader_);  // a recording that lacks it
    const CallId own(++calls_);
    change(step, write.call, write.key, BackupWrite{own, write.key, write.payload});
}
void Twin::remove(const ReplicaStepped& step, const BackupRemove& remove) {
    if (!beside(step)) return;
    const CallId own(++calls_);
    change(step, remove.call, remove.key, BackupRemove{own, remove.key});
}

void Twin::change(const ReplicaStepped& step, CallId call, const ObjectKey& name,
                  const Event& event) {
    Key& key = keys_[name];
    key.known = true;
    ++key.writing;
    ++key.changes;
    install_->step(step.now, event);
    const WriteDone* done = install_->write_done();
    open_.emplace(call, Call{name, ETag{}, key.changes, step.number,
                             done == nullptr ? WriteAck::unknown : done->ack});
}

std::optional<Twin::Call> Twin::answered(const ReplicaStepped& step, CallId call) {
    if (!beside(step)) return std::nullopt;
    const auto found = open_.find(call);
    if (found == open_.end()) return std::nullopt;
    Call asked = std::move(found->second);
    open_.erase(found);
    return asked;
}

void Twin::read_done(const ReplicaStepped& step, const ReadDone& done) {
    const std::optional<Call> call = answered(step, done.call);
    if (!call || keys_[call->key].changes != call->changes) return;
    const bool data = done.outcome == ReadOutcome::data;
    if (!data && done.outcome != ReadOutcome::not_found && done.outcome != ReadOutcome::corrupt)
        return;
    const CallId own(++calls_);
    install_->step(step.now, BackupRead{own, call->key, call->known, kNever});
    const ReadDone* theirs = install_->read_done();
    if (theirs == nullptr) {  // it waits for a newer one
        install_->step(step.now, Cancel{own});
        if (data) differ(step, *call, "read", words(&done.payload), "nothing newer");
        return;
    }
    facts_.checked(Id::equals_install);
    if (theirs->outcome == done.outcome && (!data || theirs->payload == done.payload)) return;
    differ(step, *call, "read", words(data ? &done.payload : nullptr),
           words(theirs->outcome == ReadOutcome::data ? &theirs->payload : nullptr));
}

// A single install is the only writer of its bucket and its disk. So between two writes of a key
// all of its queries have one answer, and the machines need not run for each: most calls are
// queries.
const Blob* Twin::queried(const ReplicaStepped& step, const ObjectKey& name, Key& key) {
    if (key.queried_at != key.changes) {
        install_->step(step.now, Query{CallId(++calls_), name, kNever});
        const QueryDone* answer = install_->query_done();
        key.queried_at = key.changes;
        key.queried.reset();
        if (answer != nullptr && answer->outcome == QueryOutcome::data)
            key.queried = answer->payload;
    }
    return key.queried ? &*key.queried : nullptr;
}

void Twin::query_done(const ReplicaStepped& step, const QueryDone& done) {
    const std::optional<Call> call = answered(step, done.call);
    if (!call) return;
    Key& key = keys_[call->key];
    if (key.changes != call->changes) return;
    const bool data = done.outcome == QueryOutcome::data;
    if (!data && (done.outcome != QueryOutcome::not_available_yet || may_say_not_yet(call->key)))
        return;
    const Blob* there = queried(step, call->key, key);
    facts_.checked(Id::equals_install);
    if ((there != nullptr) == data && (!data || *there == done.payload)) return;
    differ(step, *call, "query", words(data ? &done.payload : nullptr), words(there));
}

void Twin::write_done(const ReplicaStepped& step, const WriteDone& done) {
    const std::optional<Call> call = answered(step, done.call);
    if (!call) return;
    Key& key = keys_[call->key];
    --key.writing;
    const bool denied = done.ack == WriteAck::skipped_follower || done.ack == WriteAck::fenced;
    if (!denied && done.ack != WriteAck::committed) {
        key.known = false;
        return;
    }
    // A gate that time has closed makes it no leader any more, though it was not told yet.
    if (denied && !facts_.replicas[leader_].gate_open(step.at)) return disturbed(leader_);
    facts_.checked(Id::equals_install);
    if (denied || call->ack != WriteAck::committed)
        differ(step, *call, "write", denied ? "a refusal for want of leadership" : "Committed",
               call->ack == WriteAck::committed ? "Committed" : "something else");
}

void Twin::finish(TrueTime end) {
    if (!install_ || over_) return;
    for (const auto& [name, key] : keys_) {
        if (!key.known || key.writing > 0 || key.changes == 0) continue;
        facts_.checked(Id::equals_install);
        const Blob* there = install_->stored(name);
        const Committed* last = held(name);
        const Blob* here = last == nullptr || last->absent ? nullptr : &last->payload;
        const bool same = here == nullptr || there == nullptr ? here == there : *here == *there;
        if (same || !facts_.fresh(Id::equals_install)) continue;
        facts_.violate(Id::equals_install, end,
                       "at the end the bucket holds " + words(here) + " under " +
                           check::words(name) + ", that of a single install " + words(there),
                       {last == nullptr ? 0 : last->number});
    }
}

void Twin::differ(const ReplicaStepped& step, const Call& call, const std::string& what,
                  const std::string& leader, const std::string& install) {
    if (!facts_.fresh(Id::equals_install)) return;
    facts_.violate(Id::equals_install, step.at,
                   facts_.name(step.replica) + ", which leads, answered a " + what + " of " +
                       check::words(call.key) + " at " + check::words(step.at) + " with " + leader +
                       ", a single install with " + install,
                   {call.number, step.number});
}

}  // namespace leasehold::check
