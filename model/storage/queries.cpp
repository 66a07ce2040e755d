// Queries: never parked. Each is answered in its step or by one request of its own.

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {

/// A dirty file is no version of the bucket.
ETag version_of(const FileTag& tag) {
    return tag.dirty ? ETag{} : tag.etag;
}

}  // namespace

void RWStorageController::on(Context& c, const Query& event) {
    if (stopping_ || event.deadline <= c.now) {
        const QueryOutcome outcome = stopping_ ? QueryOutcome::shutdown : QueryOutcome::deadline;
        c.out.emplace_back(QueryDone{event.call, outcome, {}, {}, {}});
        return;
    }
    if (reads_.contains(event.key)) mark(c, MarkId::query_beside_pending_read);
    const auto entry = tracked_.find(event.key);
    const bool local = entry != tracked_.end() && entry->second.local.has_value();
    Call call;
    call.kind = CallKind::query;
    call.key = event.key;
    call.deadline = event.deadline;
    begin_call(event.call, std::move(call));
    if (local) {
        start_query_load(c, event.call, event.key);
    } else if (may_read_through(event.key)) {
        mark(c, MarkId::query_read_through);
        const Duration left =
            event.deadline == kNever ? config_.read_through_timeout : event.deadline - c.now;
        calls_.at(event.call).request =
            send_get(c, event.key, Purpose::query_get, event.call.value(),
                     std::min(config_.read_through_timeout, left));
        read_throughs_.insert(event.key);
    } else {
        finish_query(c, event.call, QueryOutcome::not_available_yet);
    }
}

/// Answers from the local store: at once while a payload is still being stored, else by one load.
void RWStorageController::start_query_load(Context& c, CallId id, const ObjectKey& key) {
    const Tracked& entry = tracked_.at(key);
    CHECK(entry.local.has_value());
    if (entry.held) {
        const FileTag tag = entry.local->tag;
        finish_query(c, id, QueryOutcome::data, tag.epoch, version_of(tag), *entry.held);
        return;
    }
    SendFile load;
    load.verb = FileVerb::load;
    load.key = key;
    calls_.at(id).request = send_file(c, std::move(load), Purpose::query_load, id.value());
}

/// One GET per key, for a key that is known to be there and that nobody waits for; so a crowd of
/// queries costs the bucket no more than one each, and none ever waits behind a backup read.
bool RWStorageController::may_read_through(const ObjectKey& key) const {
    if (read_throughs_.size() >= config_.read_through_max) return false;
    if (reads_.contains(key) || key_in_flight(key)) return false;
    if (!config_.file_store) return true;  // a single install without files has only the bucket
    const auto entry = tracked_.find(key);
    if (entry == tracked_.end() || entry->second.remote.empty()) return false;
    return !(entry->second.tombstone && entry->second.examined == entry->second.remote);
}

/// Is a GET of this key on its way, for whomever?
bool RWStorageController::key_in_flight(const ObjectKey& key) const {
    if (read_throughs_.contains(key)) return true;
    if (const auto reads = reads_.find(key);
        reads != reads_.end() && reads->second.flight != RequestId{})
        return true;
    if (const auto* follower = std::get_if<Following>(&role_);
        follower != nullptr && follower->pass) {
        for (const RequestId get : follower->pass->gets)
            if (flights_.at(get).key == key) return true;
    }
    const Leading* leader = leading();
    return leader != nullptr && leader->reconcile.active.contains(key);
}

void RWStorageController::on_query_get(Context& c, const Flight& flight, BucketOutcome outcome,
                                       const BucketReply& reply) {
    read_throughs_.erase(flight.key);
    const Found found = examine(c, flight, outcome, reply);
    const CallId id{flight.owner};
    if (!calls_.contains(id)) {
        mark(c, MarkId::stale_answer);
        return;
    }
    const auto entry = tracked_.find(flight.key);
    if (entry != tracked_.end() && entry->second.local) {
        // A file came meanwhile, and is not older than this GET: going back would show.
        start_query_load(c, id, flight.key);
    } else if (found.kind == FoundKind::data) {
        finish_query(c, id, QueryOutcome::data, found.stamp.epoch, found.etag, found.payload);
    } else {
        finish_query(c, id, QueryOutcome::not_available_yet);
    }
}

void RWStorageController::on_query_load(Context& c, const Flight& flight, const FileReply& reply) {
    const CallId id{flight.owner};
    const bool wanted = calls_.contains(id);
    if (!wanted) mark(c, MarkId::stale_answer);
    if (reply.status == FileStatus::ok && reply.entries && reply.entries->size() == 1) {
        const FileEntry& file = reply.entries->front();
        if (wanted)
            finish_query(c, id, QueryOutcome::data, file.tag.epoch, version_of(file.tag),
                         file.payload);
        return;
    }
    if (const auto entry = tracked_.find(flight.key);
        entry != tracked_.end() && entry->second.file_request == RequestId{})
        lose_local(flight.key);
    if (wanted) finish_query(c, id, QueryOutcome::not_available_yet);
}

}  // namespace leasehold
