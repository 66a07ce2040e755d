// Writes: accepted by a leader, queued per key, sent with a per-key precondition and an epoch.

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

void RWStorageController::on(Context& c, const BackupWrite& event) {
    CHECK_MSG(event.payload != nullptr, "a write without a payload");
    accept(c, event.call, event.key, *event.payload, false);
}

void RWStorageController::on(Context& c, const BackupRemove& event) {
    accept(c, event.call, event.key, Blob{}, true);
}

void RWStorageController::accept(Context& c, CallId id, const ObjectKey& key, const Blob& payload,
                                 bool tombstone) {
    Leading* leader = leading();
    if (leader == nullptr || stopping_) {
        const bool skipped = leader == nullptr;
        mark(c, skipped ? MarkId::write_skipped : MarkId::write_fenced);
        c.out.emplace_back(
            WriteDone{id, skipped ? WriteAck::skipped_follower : WriteAck::fenced, {}, {}});
        return;
    }
    Call call;
    call.kind = CallKind::write;
    call.key = key;
    call.deadline = saturating_add(c.now, config_.write_deadline);
    call.job = ++last_write_;
    const std::uint64_t job_id = call.job;
    begin_call(id, std::move(call));
    drop_unsent_upload(key);
    Job job;
    job.key = key;
    job.call = id;
    job.payload = payload;
    job.tombstone = tombstone;
    add_job(c, job_id, std::move(job));
    if (tombstone) return;  // the file goes when the removal is committed
    // The file comes first, as in a single install. Until the epoch is claimed the term stands
    // in for it: no claim of this leadership will be lower.
    const Epoch epoch = may_write() ? leading()->claim.epoch : Epoch{leading()->term.value()};
    const auto entry = tracked_.find(key);
    const ETag base = entry == tracked_.end() ? ETag{} : entry->second.remote;
    store_local(c, key, payload, FileTag{config_.ha ? epoch : Epoch{}, base, true, config_.ha});
}

void RWStorageController::add_job(Context& c, std::uint64_t id, Job job) {
    Leading* leader = leading();
    if (leader->jobs.empty()) {
        leader->waiting_since = c.now;
        if (leader->failing_since)
            arm(saturating_add(c.now, config_.lease_duration), TimerKind::usable);
    }
    std::deque<std::uint64_t>& lane = leader->lanes[job.key];
    lane.push_back(id);
    if (lane.size() == 1) leader->ready.emplace(!job.call.has_value(), id);
    leader->jobs.emplace(id, std::move(job));
}

/// A pipeline's write makes an upload of the older local file pointless, if it wasn't sent yet.
void RWStorageController::drop_unsent_upload(const ObjectKey& key) {
    Leading* leader = leading();
    const auto lane = leader->lanes.find(key);
    if (lane == leader->lanes.end()) return;
    const std::uint64_t id = lane->second.front();
    const Job& job = leader->jobs.at(id);
    if (job.call || job.active) return;
    leader->ready.erase({true, id});
    leader->jobs.erase(id);
    leader->lanes.erase(lane);
}

bool RWStorageController::may_write() const {
    const Leading* leader = leading();
    return leader != nullptr && (!config_.ha || leader->claim.state == ClaimState::claimed);
}

void RWStorageController::pump_writes(Context& c) {
    Leading* leader = leading();
    while (may_write() && !leader->ready.empty()) {
        const std::uint64_t id = leader->ready.begin()->second;
        Job& job = leader->jobs.at(id);
        if (!job.active && leader->active >= config_.puts_max) return;
        const std::optional<Duration> timeout = attempt_timeout(c.now, job.payload.size);
        if (!timeout) return;
        leader->ready.erase(leader->ready.begin());
        if (!std::exchange(job.active, true)) ++leader->active;
        if (knows_what_it_replaces(c, id)) send_attempt(c, id, *timeout);
    }
}

/// A version may be written over only if its epoch is known and not above ours: the ETag alone, as
/// a LIST shows it, would let a leader that was deposed unawares pass the successor's condition.
bool RWStorageController::knows_what_it_replaces(Context& c, std::uint64_t id) {
    if (!config_.ha) return true;
    const Leading* leader = leading();
    const auto entry = tracked_.find(leader->jobs.at(id).key);
    if (entry == tracked_.end() || entry->second.remote.empty()) return may_create(c, id);
    const Tracked& view = entry->second;
    if (view.examined != view.remote) {
        check_write(c, id);
        return false;
    }
    if (view.epoch <= leader->claim.epoch) return true;
    const Epoch above = view.epoch;
    requeue(id);
    raise_epoch(c, above);
    return false;
}

// If-Match with the version last seen, If-None-Match for a key never seen: whoever wrote since,
// of whatever epoch, turns the attempt into a 412. A removal is a tombstone under the same
// condition, because some stores ignore conditions on DELETE and a late create would undo it.
void RWStorageController::send_attempt(Context& c, std::uint64_t id, Duration timeout) {
    Leading* leader = leading();
    Job& job = leader->jobs.at(id);
    SendBucket put;
    put.key = job.key;
    put.timeout = timeout;
    if (!config_.ha && job.tombstone) {
        put.verb = BucketVerb::remove;
    } else {
        put.verb = BucketVerb::put;
        put.body = make_body(job.payload, leader->claim.epoch, id, job.tombstone, false);
    }
    if (config_.ha) {
        put.etag = tracked_[job.key].remote;
        put.condition = put.etag.empty() ? PutCondition::if_none_match : PutCondition::if_match;
    }
    if (job.tries > 0 && job.maybe_applied) mark(c, MarkId::write_retried);
    job.state = JobState::putting;
    job.request = send(c, std::move(put), Purpose::write_attempt, id);
}

/// `header`: our own objects under .ha/ have one in either format, nobody else reads them.
ObjectBodyPtr RWStorageController::make_body(const Blob& payload, Epoch epoch,
                                             std::uint64_t write_id, bool tombstone,
                                             bool header) const {
    auto body = std::make_shared<ObjectBody>();
    body->payload = payload;
    if (!config_.ha) return body;
    const Stamp stamp{epoch, writer_, write_id, payload.size, payload.digest, tombstone};
    if (header || config_.format == ObjectFormat::fenced)
        body->head = encode_header(stamp);
    else
        body->metadata = encode_metadata(stamp);
    return body;
}

/// The job's next attempt starts as soon as there is room.
void RWStorageController::requeue(std::uint64_t id) {
    Leading* leader = leading();
    Job& job = leader->jobs.at(id);
    job.state = JobState::queued;
    job.retry_at = kNever;
    leader->ready.emplace(!job.call.has_value(), id);
}

void RWStorageController::back_off(Context& c, std::uint64_t id, bool check_next,
                                   Duration retry_after) {
    Job& job = leading()->jobs.at(id);
    job.state = JobState::backing_off;
    job.check_next = check_next;
    job.retry_at = saturating_add(c.now, backoff(++job.tries, retry_after));
    arm(job.retry_at, TimerKind::job_retry, id);
}

/// The bucket holds the job's content under `etag` (empty: the key was deleted).
void RWStorageController::commit(Context& c, std::uint64_t id, const ETag& etag) {
    Leading* leader = leading();
    const Job job = leader->jobs.at(id);
    Tracked& entry = tracked_[job.key];
    entry.remote = etag;
    entry.examined = etag;
    entry.epoch = leader->claim.epoch;
    entry.tombstone = job.tombstone;
    entry.missed = false;
    entry.changes = ++last_change_;
    // A LIST that is under way may show the state before this write.
    if (leader->reconcile.listing) entry.listed = leader->reconcile.number;
    if (!job.call) mark(c, MarkId::reconcile_uploaded);
    const bool newest = leader->lanes.at(job.key).size() == 1;
    if (job.tombstone) bury(c, job.key);
    if (newest && job.tombstone) {
        remove_local(c, job.key);
    } else if (newest && entry.local && entry.local->size == job.payload.size &&
               entry.local->digest == job.payload.digest) {
        retag_local(c, job.key, FileTag{leader->claim.epoch, etag, false, config_.ha});
    }
    end_job(c, id, WriteAck::committed, etag);
    drop_if_empty(job.key);
}

/// Answers the job's call, if it has one, and lets the next one of its key go on.
void RWStorageController::end_job(Context& c, std::uint64_t id, WriteAck ack, const ETag& etag) {
    Leading* leader = leading();
    const auto node = leader->jobs.extract(id);
    CHECK(!node.empty());
    const Job& job = node.mapped();
    leader->ready.erase({!job.call.has_value(), id});
    if (job.active) --leader->active;
    const auto lane = leader->lanes.find(job.key);
    CHECK(lane != leader->lanes.end());
    const bool was_head = lane->second.front() == id;
    std::erase(lane->second, id);
    if (lane->second.empty()) {
        leader->lanes.erase(lane);
    } else if (was_head) {
        const std::uint64_t next = lane->second.front();
        leader->ready.emplace(!leader->jobs.at(next).call.has_value(), next);
    }
    if (!job.call) return;
    const Call call = end_call(*job.call);
    CHECK(call.kind == CallKind::write);
    if (ack == WriteAck::fenced) mark(c, MarkId::write_fenced);
    const Epoch epoch = ack == WriteAck::committed ? leader->claim.epoch : Epoch{};
    c.out.emplace_back(WriteDone{*job.call, ack, epoch, etag});
}

/// Gives a job up, at its deadline or at the end of the leadership: `if_not_stored` only when
/// certainly no attempt of it was or will be applied.
void RWStorageController::abandon_job(Context& c, std::uint64_t id, WriteAck if_not_stored) {
    const Job& job = leading()->jobs.at(id);
    bool may_be_stored = job.maybe_applied;
    if (job.state == JobState::putting || job.state == JobState::checking) {
        may_be_stored |= job.state == JobState::putting;
        abandon(c, job.request);
    }
    end_job(c, id, may_be_stored ? WriteAck::unknown : if_not_stored);
}

}  // namespace leasehold
