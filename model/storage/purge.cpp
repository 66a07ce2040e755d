// Deletion for good: tombstones go when no request of anybody can bring their key back.
//
// A missing key has no epoch, so a create (If-None-Match) of a deposed leader passes there, where
// a tombstone would have refused it. Why a purge is safe all the same: each create leaves in the
// step of an answer that showed the writer's own number in `.ha/epoch` (its claim, or a look), and
// is applied within the largest request age of that look, or never. A leader purges a tombstone
// that it has known, unchanged, for that age since its own claim. Of the creates of the key, those
// whose look came before the claim are too old by then; a later look shows the claim, and its
// writer steps down or claims anew above it; and this leader itself knows the tombstone and writes
// over it under If-Match. What is left is a process that sleeps for longer than that age between
// look and wire: the age must be set above what a machine may sleep. A late DELETE does no harm:
// its If-Match names this one tombstone, whose header makes the ETag its own. An ETag of a plain
// object covers its empty payload alone, so with that format nothing is purged. A replica that was
// away for all of a tombstone's life and still holds a dirty file of the key will upload it: it
// can't know of the removal.

#include <algorithm>
#include <optional>
#include <utility>

#include "model/base/check.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {

constexpr std::size_t kPurgesAtOnce = 2;
constexpr std::uint32_t kUploadTries = 4;  // of reconciling, which comes again

}  // namespace

/// A claim was made: whatever is known counts from now, for a rival may have written until then.
void RWStorageController::bury_known(Context& c) {
    Purge& purge = leading()->purge;
    purge.graves.clear();
    purge.queue.clear();
    for (const auto& [key, entry] : tracked_)
        if (entry.tombstone) bury(c, key);
}

/// The bucket view shows a tombstone: from now on it is known, unless it was before.
void RWStorageController::bury(Context& c, const ObjectKey& key) {
    if (!config_.ha || config_.format != ObjectFormat::fenced || !may_write()) return;
    if (conditional_delete_ == Preconditions::ignored) return;
    const Tracked& entry = tracked_.at(key);
    if (!entry.tombstone || entry.remote.empty() || entry.examined != entry.remote) return;
    Purge& purge = leading()->purge;
    Grave& grave = purge.graves[key];
    if (grave.etag == entry.remote) return;
    purge.queue.erase({grave.due, key});
    grave = Grave{entry.remote, saturating_add(c.now, config_.largest_request_age)};
    purge.queue.emplace(grave.due, key);
    arm(grave.due, TimerKind::purge_due);
}

void RWStorageController::pump_purge(Context& c) {
    if (stopping_ || !may_write()) return;
    if (preconditions_ != Preconditions::honoured) return;
    if (conditional_delete_ != Preconditions::honoured) return;
    Leading* leader = leading();
    Purge& purge = leader->purge;
    while (!purge.queue.empty() && purge.queue.begin()->first <= c.now &&
           purge.active.size() < kPurgesAtOnce) {
        // Pipelines first: nobody waits for a purge.
        if (!leader->ready.empty() && !leader->ready.begin()->first) return;
        const std::optional<Duration> timeout = attempt_timeout(c.now, 0);
        if (!timeout) return;
        const ObjectKey key = purge.queue.begin()->second;
        purge.queue.erase(purge.queue.begin());
        const Grave grave = std::move(purge.graves.extract(key).mapped());
        const auto found = tracked_.find(key);
        if (found == tracked_.end() || leader->lanes.contains(key) || purge.active.contains(key))
            continue;
        const Tracked& entry = found->second;
        if (!entry.tombstone || entry.remote != grave.etag || entry.examined != grave.etag ||
            entry.epoch > leader->claim.epoch)
            continue;
        SendBucket remove;
        remove.verb = BucketVerb::remove;
        remove.key = key;
        remove.etag = grave.etag;
        remove.timeout = *timeout;
        purge.active.emplace(key, grave.etag);
        send(c, std::move(remove), Purpose::purge, 0);
    }
}

void RWStorageController::on_purge(Context& c, const Flight& flight, BucketOutcome outcome) {
    auto active = leading()->purge.active.extract(flight.key);
    CHECK(!active.empty());
    const bool removed = outcome == BucketOutcome::removed;
    if (removed) mark(c, MarkId::tombstone_purged);
    const auto found = tracked_.find(flight.key);
    // Written over meanwhile: a DELETE that came first shows in that write's own answer.
    if (found == tracked_.end() || found->second.remote != active.mapped()) return;
    Tracked& entry = found->second;
    entry.examined = ETag{};  // not removed, or not known to be: the next reconciling GETs it
    entry.changes = ++last_change_;
    if (!removed) return;
    entry.remote = ETag{};
    entry.tombstone = false;
    entry.epoch = Epoch{};
    drop_if_empty(flight.key);
}

/// May the key, which the view shows as missing, be created now? Not before `.ha/epoch` was seen
/// to be still ours: a key that a successor purged has nothing else that would stop us. Where
/// nobody purges a newer tombstone or object is there to stop us, and no look is needed.
bool RWStorageController::may_create(Context& c, std::uint64_t id) {
    if (leading()->epoch_seen || conditional_delete_ == Preconditions::ignored ||
        config_.format != ObjectFormat::fenced)
        return true;
    Job& job = leading()->jobs.at(id);
    job.state = JobState::checking;
    job.retry_at = kNever;
    job.request =
        send_get(c, ObjectKey{".ha/epoch"}, Purpose::write_fence, id, config_.get_timeout);
    return false;
}

void RWStorageController::on_write_fence(Context& c, const Flight& flight, BucketOutcome outcome,
                                         const BucketReply& reply) {
    const std::uint64_t id = flight.owner;
    Leading* leader = leading();
    Job& job = leader->jobs.at(id);
    job.request = RequestId{};
    if (outcome != BucketOutcome::object && outcome != BucketOutcome::missing) {
        if (!job.call && job.tries >= kUploadTries)
            end_job(c, id, WriteAck::unknown);
        else
            back_off(c, id, job.maybe_applied, reply.retry_after);
        return;
    }
    std::optional<Stamp> stamp;
    if (outcome == BucketOutcome::object) stamp = stamp_of(*std::get<ObjectBodyPtr>(reply.content));
    requeue(id);
    if (stamp && stamp->epoch == leader->claim.epoch && stamp->writer == writer_)
        leader->epoch_seen = true;  // until the end of this step: the create leaves in it
    else
        // A successor's claim, or the object is gone: the renewal will show which, and a new claim
        // stands above both.
        raise_epoch(c, std::max(stamp ? stamp->epoch : Epoch{}, leader->claim.epoch));
}

}  // namespace leasehold
