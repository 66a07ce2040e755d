// Reconciling: what the local files and the bucket each lack, after a promotion and from time to
// time. The old leader may have stored files whose PUT was lost; a late PUT may have landed.

#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {

constexpr std::size_t kKeysAtOnce = 2;
constexpr Duration kHourly = std::chrono::hours(1);
constexpr std::string_view kOwnKeys = ".ha/";

}  // namespace

// A single install (HA off) does only the documented retroactive backup: once, at start, files
// that the bucket lacks are uploaded.
void RWStorageController::start_reconcile(Context& c) {
    Reconcile& run = leading()->reconcile;
    if (!config_.file_store || stopping_) return;
    run.retry_at = kNever;
    if (!run.listing) {
        if (!config_.ha && (run.runs > 0 || tracked_.empty())) return;
        if (run.runs == 0 && config_.ha) {
            run.due_at = saturating_add(c.now, config_.largest_request_age);
            arm(run.due_at, TimerKind::reconcile_due);
        }
        ++run.runs;
        run.listing = true;
        run.number = ++last_list_;
        run.after = ObjectKey{};
        run.tries = 0;
    }
    send_list(c, run.after, Purpose::reconcile_list);
}

void RWStorageController::on_reconcile_due(Context& c) {
    Reconcile& run = leading()->reconcile;
    run.due_at = saturating_add(c.now, kHourly);
    arm(run.due_at, TimerKind::reconcile_due);
    const bool busy = run.listing || !run.keys.empty() || !run.active.empty();
    if (!busy) start_reconcile(c);
}

void RWStorageController::on_reconcile_list(Context& c, BucketOutcome outcome,
                                            const BucketReply& reply) {
    Reconcile& run = leading()->reconcile;
    if (!run.listing) return;  // a stop dropped it
    if (outcome != BucketOutcome::page) {
        run.retry_at = saturating_add(c.now, backoff(++run.tries, reply.retry_after));
        arm(run.retry_at, TimerKind::reconcile_retry);
        return;
    }
    const ListPage& page = *std::get<ListPagePtr>(reply.content);
    for (const ListEntry& listed : page.entries) {
        if (listed.key.view().starts_with(kOwnKeys)) continue;
        Tracked& entry = tracked_[listed.key];
        if (entry.listed == run.number) continue;  // committed since: newer than this page
        entry.listed = run.number;
        entry.missed = false;
        entry.remote = listed.etag;
    }
    if (page.truncated && !page.entries.empty() && page.entries.back().key > run.after) {
        run.after = page.entries.back().key;
        send_list(c, run.after, Purpose::reconcile_list);
        return;
    }
    run.listing = false;
    if (!page.truncated) collect_differences(c);
}

/// Does the key need a GET, an upload, or the removal of its file?
bool RWStorageController::differs(const Tracked& entry) const {
    if (!config_.ha) return entry.local && entry.remote.empty();
    if (!entry.remote.empty() && fetched(entry, entry.remote))
        return entry.local && entry.local->tag.dirty;
    return entry.local || !entry.remote.empty();
}

void RWStorageController::collect_differences(Context& c) {
    Leading* leader = leading();
    std::vector<ObjectKey> gone;
    for (auto& [key, entry] : tracked_) {
        if (leader->lanes.contains(key)) continue;  // a write is under way: it will say
        if (entry.listed != leader->reconcile.number) entry.remote = ETag{};
        if (differs(entry))
            leader->reconcile.keys.push_back(key);
        else if (!entry.local && entry.remote.empty())
            gone.push_back(key);
    }
    for (const ObjectKey& key : gone)
        drop_if_empty(key);
    pump_reconcile(c);
}

void RWStorageController::pump_reconcile(Context& c) {
    Leading* leader = leading();
    Reconcile& run = leader->reconcile;
    while (!run.keys.empty() && run.active.size() < kKeysAtOnce && !stopping_ && may_write()) {
        // Pipelines first: their writes are today's data.
        if (!leader->ready.empty() && !leader->ready.begin()->first) return;
        const ObjectKey key = std::move(run.keys.front());
        run.keys.pop_front();
        reconcile_key(c, key);
    }
}

// An upload starts with a GET where the bucket has an object (its epoch decides), and with a load
// of the file, so that the header fits the bytes even if the file is replaced meanwhile.
void RWStorageController::reconcile_key(Context& c, const ObjectKey& key) {
    Leading* leader = leading();
    const auto found = tracked_.find(key);
    if (found == tracked_.end() || leader->lanes.contains(key)) return;
    const Tracked& entry = found->second;
    if (!differs(entry)) return;
    if (!entry.remote.empty()) {
        leader->reconcile.active.insert(key);
        send_get(c, key, Purpose::reconcile_get, 0, config_.get_timeout);
        return;
    }
    if (!entry.local->tag.dirty && entry.local->tag.tagged) {
        remove_local(c, key);  // a clean copy of what is gone: it was deleted
        drop_if_empty(key);
        return;
    }
    leader->reconcile.active.insert(key);
    SendFile load;
    load.verb = FileVerb::load;
    load.key = key;
    send_file(c, std::move(load), Purpose::reconcile_load, 0);
}

void RWStorageController::on_reconcile_get(Context& c, const Flight& flight, BucketOutcome outcome,
                                           const BucketReply& reply) {
    Leading* leader = leading();
    leader->reconcile.active.erase(flight.key);
    const Found found = examine(c, flight, outcome, reply);
    const auto entry = tracked_.find(flight.key);
    if (entry == tracked_.end() || entry->second.changes != flight.changes) return;
    if (leader->lanes.contains(flight.key) || stopping_) return;
    switch (found.kind) {
        case FoundKind::denied:
        case FoundKind::nothing:
            return;  // the next run comes
        case FoundKind::missing:
            reconcile_key(c, flight.key);
            return;
        case FoundKind::data:
        case FoundKind::tombstone:
        case FoundKind::corrupt:
            break;
    }
    const std::optional<LocalFile>& local = entry->second.local;
    const bool dirty = local && local->tag.tagged && local->tag.dirty;
    if (dirty && found.kind == FoundKind::data && found.stamp.length == local->size &&
        found.stamp.digest == local->digest) {
        // The lost reply of a PUT that was stored.
        retag_local(c, flight.key, FileTag{found.stamp.epoch, found.etag, false, true});
    } else if (dirty && local->tag.epoch >= found.stamp.epoch) {
        leader->reconcile.active.insert(flight.key);
        SendFile load;
        load.verb = FileVerb::load;
        load.key = flight.key;
        send_file(c, std::move(load), Purpose::reconcile_load, 0);
    } else if (found.kind != FoundKind::corrupt) {
        adopt(c, flight, found);
    }
}

void RWStorageController::on_reconcile_load(Context& c, const Flight& flight,
                                            const FileReply& reply) {
    Leading* leader = leading();
    leader->reconcile.active.erase(flight.key);
    const auto entry = tracked_.find(flight.key);
    if (entry == tracked_.end() || leader->lanes.contains(flight.key) || stopping_) return;
    if (reply.status != FileStatus::ok || !reply.entries || reply.entries->size() != 1) {
        if (entry->second.file_request == RequestId{}) lose_local(flight.key);
        return;
    }
    const FileEntry& file = reply.entries->front();
    // Written by a pipeline meanwhile: its own job has uploaded it, or failed and is still dirty.
    if (!entry->second.local || entry->second.local->digest != file.payload.digest) return;
    Job job;
    job.key = flight.key;
    job.payload = file.payload;
    add_job(c, ++last_write_, std::move(job));
}

}  // namespace leasehold
