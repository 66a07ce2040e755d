// Backup reads: parked on a follower until there is data, plain GETs on a leader.

#include <utility>
#include <vector>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {
constexpr std::uint32_t kLeaderReadTries = 4;
}

void RWStorageController::on(Context& c, const BackupRead& event) {
    if (stopping_ || event.deadline <= c.now) {
        const ReadOutcome outcome = stopping_ ? ReadOutcome::shutdown : ReadOutcome::deadline;
        c.out.emplace_back(ReadDone{event.call, outcome, {}, {}, {}});
        return;
    }
    Call call;
    call.key = event.key;
    call.known = event.known;
    call.deadline = event.deadline;
    begin_call(event.call, std::move(call));
    reads_[event.key].calls.insert(event.call);
    if (leading() != nullptr) {
        enqueue_reads(event.key);
        return;
    }
    mark(c, MarkId::read_parked);
    const auto entry = tracked_.find(event.key);
    if (entry != tracked_.end() && of_newest_pass(entry->second))
        serve_waiting_from_file(c, event.key);
}

/// Every pending read becomes a plain leader read: its outcome will be that of its own GET, sent
/// from now on, at most leader_reads_max at once; deadlines run on.
void RWStorageController::release_reads(Context& c) {
    Leading* leader = leading();
    bool any = false;
    for (auto& [id, call] : calls_) {
        if (call.kind != CallKind::read) continue;
        call.riding = false;
        call.tries = 0;
        if (!std::exchange(any, true)) mark(c, MarkId::promoted_with_pending_reads);
        mark(c, MarkId::read_released);
    }
    std::vector<ObjectKey> keys;
    for (auto& [key, reads] : reads_) {
        reads.retry_at = kNever;
        reads.queued = 0;
        if (reads.flight != RequestId{}) {
            if (flights_.at(reads.flight).purpose == Purpose::read_load) {
                forget(reads.flight);  // a local copy is not the outcome of a leader's GET
                reads.flight = RequestId{};
            } else {
                ++leader->reads_in_flight;  // of an earlier leadership; nobody rides on it now
            }
        }
        keys.push_back(key);
    }
    for (const ObjectKey& key : keys) {
        enqueue_reads(key);
        tidy_reads(key);
    }
}

/// The read gate closes: what has no GET in flight waits for data from now on.
void RWStorageController::park_reads() {
    for (auto& [key, reads] : reads_) {
        reads.queued = 0;
        reads.retry_at = kNever;
        if (reads.flight != RequestId{}) continue;
        for (const CallId id : reads.calls)
            calls_.at(id).riding = false;
    }
}

void RWStorageController::enqueue_reads(const ObjectKey& key) {
    Leading* leader = leading();
    KeyReads& reads = reads_.at(key);
    const bool busy = reads.flight != RequestId{} || reads.queued != 0 || reads.retry_at != kNever;
    if (busy || reads.calls.empty()) return;
    reads.queued = ++last_queued_;
    leader->read_queue.emplace(reads.queued, key);
}

void RWStorageController::pump_reads(Context& c) {
    Leading* leader = leading();
    while (!leader->read_queue.empty() && leader->reads_in_flight < config_.leader_reads_max) {
        const ObjectKey key = leader->read_queue.begin()->second;
        leader->read_queue.erase(leader->read_queue.begin());
        send_read(c, key);
    }
}

// Whoever waits now may ride: the GET leaves after they came, so what it sees is not older than
// their call. Those who come later wait for the next one (linearizability).
void RWStorageController::send_read(Context& c, const ObjectKey& key) {
    KeyReads& reads = reads_.at(key);
    reads.queued = 0;
    for (const CallId id : reads.calls) {
        Call& call = calls_.at(id);
        call.riding = true;
        ++call.tries;
    }
    reads.flight = send_get(c, key, Purpose::read_get, 0, config_.get_timeout);
    ++leading()->reads_in_flight;
}

void RWStorageController::on_read_get(Context& c, const Flight& flight, BucketOutcome outcome,
                                      const BucketReply& reply) {
    KeyReads& reads = reads_.at(flight.key);
    reads.flight = RequestId{};
    const Found found = examine(c, flight, outcome, reply);
    if (Leading* leader = leading(); leader != nullptr) {
        CHECK(leader->reads_in_flight > 0);
        --leader->reads_in_flight;
        end_leader_reads(c, flight.key, found, reply.retry_after);
        if (found.kind == FoundKind::data) adopt(c, flight, found);
        return;
    }
    // A GET of the leadership that ended: data is data, but absence is no longer an answer.
    const std::set<CallId> calls = reads.calls;
    for (const CallId id : calls) {
        Call& call = calls_.at(id);
        const bool rode = std::exchange(call.riding, false);
        const bool absent = found.kind == FoundKind::missing || found.kind == FoundKind::tombstone;
        if (rode && absent) mark(c, MarkId::read_reparked);
    }
    if (found.kind == FoundKind::data) {
        adopt(c, flight, found);
        deliver(c, flight.key, found.stamp.epoch, found.etag, found.payload, false);
    }
    tidy_reads(flight.key);
}

/// The riders' outcome; those that may be tried again ride on the next GET, with who came since.
void RWStorageController::end_leader_reads(Context& c, const ObjectKey& key, const Found& found,
                                           Duration retry_after) {
    const std::set<CallId> calls = reads_.at(key).calls;
    std::uint32_t tried = 0;
    for (const CallId id : calls) {
        Call& call = calls_.at(id);
        if (!std::exchange(call.riding, false)) continue;
        switch (found.kind) {
            case FoundKind::data:
                finish_read(c, id, ReadOutcome::data, found.stamp.epoch, found.etag, found.payload);
                break;
            case FoundKind::missing:
            case FoundKind::tombstone:
                finish_read(c, id, ReadOutcome::not_found);
                break;
            case FoundKind::corrupt:
                finish_read(c, id, ReadOutcome::corrupt);
                break;
            case FoundKind::denied:
                finish_read(c, id, ReadOutcome::failed);
                break;
            case FoundKind::nothing:
                if (call.tries >= kLeaderReadTries)
                    finish_read(c, id, ReadOutcome::failed);
                else if (call.tries > tried)
                    tried = call.tries;
                break;
        }
    }
    const auto entry = reads_.find(key);
    if (entry == reads_.end()) return;
    if (entry->second.calls.empty()) {
        tidy_reads(key);
    } else if (tried > 0) {
        entry->second.retry_at = saturating_add(c.now, backoff(tried, retry_after));
        arm(entry->second.retry_at, TimerKind::read_retry, 0, key);
    } else {
        enqueue_reads(key);
    }
}

bool RWStorageController::waits_for_other(const ObjectKey& key, const ETag& etag) const {
    const auto entry = reads_.find(key);
    if (entry == reads_.end()) return false;
    for (const CallId id : entry->second.calls)
        if (calls_.at(id).known != etag) return true;
    return false;
}

/// Data of the version `etag` is here: all who wait for another one than they know have it.
void RWStorageController::deliver(Context& c, const ObjectKey& key, Epoch epoch, const ETag& etag,
                                  const Blob& payload, bool from_pass) {
    const auto entry = reads_.find(key);
    if (entry == reads_.end()) return;
    const std::set<CallId> calls = entry->second.calls;
    for (const CallId id : calls) {
        if (calls_.at(id).known == etag) continue;
        if (from_pass) mark(c, MarkId::read_delivered);
        finish_read(c, id, ReadOutcome::data, epoch, etag, payload);
    }
}

/// A parked read whose version is already in the local store (fetched by an earlier pass, and
/// found unchanged by the newest one) gets it from there.
void RWStorageController::serve_waiting_from_file(Context& c, const ObjectKey& key) {
    const Tracked& entry = tracked_.at(key);
    if (!entry.local || entry.local->tag.dirty || !fetched(entry, entry.remote)) return;
    const FileTag tag = entry.local->tag;
    if (!waits_for_other(key, tag.etag)) return;
    if (entry.held) {
        deliver(c, key, tag.epoch, tag.etag, Blob(*entry.held), true);
        return;
    }
    KeyReads& reads = reads_.at(key);
    if (reads.flight != RequestId{}) return;
    SendFile load;
    load.verb = FileVerb::load;
    load.key = key;
    reads.flight = send_file(c, std::move(load), Purpose::read_load, 0);
}

void RWStorageController::on_read_load(Context& c, const Flight& flight, const FileReply& reply) {
    reads_.at(flight.key).flight = RequestId{};
    if (reply.status == FileStatus::ok && reply.entries && reply.entries->size() == 1) {
        const FileEntry& file = reply.entries->front();
        if (!file.tag.dirty && file.tag.tagged)
            deliver(c, flight.key, file.tag.epoch, file.tag.etag, file.payload, true);
    } else if (const auto entry = tracked_.find(flight.key);
               entry != tracked_.end() && entry->second.file_request == RequestId{}) {
        lose_local(flight.key);
    }
    tidy_reads(flight.key);
}

void RWStorageController::detach_read(CallId id, const ObjectKey& key) {
    reads_.at(key).calls.erase(id);
    tidy_reads(key);
}

/// The last caller that leaves takes the entry with it, unless its flight is still to land.
void RWStorageController::tidy_reads(const ObjectKey& key) {
    const auto entry = reads_.find(key);
    if (entry == reads_.end() || !entry->second.calls.empty()) return;
    KeyReads& reads = entry->second;
    if (Leading* leader = leading(); leader != nullptr && reads.queued != 0)
        leader->read_queue.erase({reads.queued, key});
    reads.queued = 0;
    reads.retry_at = kNever;
    if (reads.flight == RequestId{}) reads_.erase(entry);
}

}  // namespace leasehold
