// The file index: what the local store holds, one change per file at a time.

#include <utility>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

void RWStorageController::on_index(Context& c, const FileReply& reply) {
    CHECK(!loaded_);
    loaded_ = true;
    if (reply.status == FileStatus::ok && reply.entries) {
        for (const FileEntry& file : *reply.entries) {
            Tracked& entry = tracked_[file.key];
            // What was stored since Start is newer than the list.
            if (entry.local || entry.file_request != RequestId{}) continue;
            entry.local = LocalFile{file.tag, file.payload.size, file.payload.digest};
            if (file.tag.dirty || !file.tag.tagged || !entry.examined.empty()) continue;
            entry.examined = file.tag.etag;
            entry.epoch = file.tag.epoch;
        }
    }
    if (Following* follower = following(); follower != nullptr && follower->starts_with_index) {
        follower->starts_with_index = false;
        start_pass(c);
    } else if (leading() != nullptr && may_write() && !stopping_) {
        start_reconcile(c);
    }
}

void RWStorageController::store_local(Context& c, const ObjectKey& key, const Blob& payload,
                                      const FileTag& tag) {
    if (!config_.file_store) return;
    Tracked& entry = tracked_[key];
    entry.local = LocalFile{tag, payload.size, payload.digest};
    entry.held = payload;
    entry.file_next = FileChange::store;
    entry.changes = ++last_change_;
    pump_file(c, key, entry);
}

void RWStorageController::retag_local(Context& c, const ObjectKey& key, const FileTag& tag) {
    Tracked& entry = tracked_[key];
    CHECK(entry.local.has_value());
    entry.local->tag = tag;
    entry.changes = ++last_change_;
    if (entry.file_next == FileChange::none) entry.file_next = FileChange::retag;
    pump_file(c, key, entry);
}

void RWStorageController::remove_local(Context& c, const ObjectKey& key) {
    const auto found = tracked_.find(key);
    if (found == tracked_.end() || !found->second.local) return;
    Tracked& entry = found->second;
    entry.local.reset();
    entry.held.reset();
    entry.file_next = FileChange::remove;
    entry.changes = ++last_change_;
    pump_file(c, key, entry);
}

// One change per file in flight: the store may finish two in either order.
void RWStorageController::pump_file(Context& c, const ObjectKey& key, Tracked& entry) {
    if (entry.file_request != RequestId{} || entry.file_next == FileChange::none) return;
    SendFile request;
    request.key = key;
    switch (std::exchange(entry.file_next, FileChange::none)) {
        case FileChange::store:
            request.verb = FileVerb::store;
            request.tag = entry.local->tag;
            request.payload = *entry.held;
            break;
        case FileChange::retag:
            request.verb = FileVerb::retag;
            request.tag = entry.local->tag;
            break;
        case FileChange::remove:
            request.verb = FileVerb::remove;
            break;
        case FileChange::none:
            CHECK(false);
    }
    const std::uint64_t verb = static_cast<std::uint64_t>(request.verb);
    entry.file_request = send_file(c, std::move(request), Purpose::file_change, verb);
}

void RWStorageController::on_file_change(Context& c, const Flight& flight, FileStatus status) {
    const auto found = tracked_.find(flight.key);
    CHECK(found != tracked_.end());
    Tracked& entry = found->second;
    entry.file_request = RequestId{};
    if (entry.file_next == FileChange::retag && status != FileStatus::ok) {
        // The tag of a file that isn't there: what is held can still be stored whole.
        entry.file_next = entry.held ? FileChange::store : FileChange::none;
        if (!entry.held) entry.local.reset();
    }
    if (entry.file_next != FileChange::none) {
        pump_file(c, flight.key, entry);
        return;
    }
    entry.held.reset();
    // A file that could not be written is not relied upon: it is fetched, or written, again.
    const bool removal = flight.owner == static_cast<std::uint64_t>(FileVerb::remove);
    if (status != FileStatus::ok && !removal) lose_local(flight.key);
    drop_if_empty(flight.key);
}

/// The file is unusable: forget it, so that a pass or a read-through gets its object again.
void RWStorageController::lose_local(const ObjectKey& key) {
    const auto found = tracked_.find(key);
    if (found == tracked_.end()) return;
    found->second.local.reset();
    found->second.examined = ETag{};
    found->second.changes = ++last_change_;
}

void RWStorageController::drop_if_empty(const ObjectKey& key) {
    const auto found = tracked_.find(key);
    if (found == tracked_.end()) return;
    const Tracked& entry = found->second;
    if (!entry.local && entry.remote.empty() && entry.file_request == RequestId{})
        tracked_.erase(found);
}

std::vector<IndexEntry> RWStorageController::index(std::string_view prefix) const {
    std::vector<IndexEntry> found;
    for (auto at = tracked_.lower_bound(ObjectKey(std::string(prefix))); at != tracked_.end();
         ++at) {
        const auto& [key, tracked] = *at;
        if (!key.view().starts_with(prefix)) break;
        const bool absent = tracked.remote.empty() || tracked.tombstone;
        if (!tracked.local && absent) continue;
        IndexEntry entry;
        entry.key = key;
        if (!absent) entry.etag = tracked.remote;
        entry.epoch = tracked.local ? tracked.local->tag.epoch : tracked.epoch;
        entry.size = tracked.local ? tracked.local->size : tracked.remote_size;
        entry.local = tracked.local.has_value();
        entry.dirty = tracked.local && tracked.local->tag.dirty;
        found.push_back(std::move(entry));
    }
    return found;
}

/// Makes the local file follow an object that a GET brought, unless either changed meanwhile, or
/// the file holds something of our own that is not older.
void RWStorageController::adopt(Context& c, const Flight& flight, const Found& found) {
    if (!config_.file_store) return;
    const ObjectKey key = flight.key;
    const auto entry = tracked_.find(key);
    // A key first seen by this GET has no changes yet: 0 on both sides.
    if (entry == tracked_.end() || entry->second.changes != flight.changes) return;
    if (Leading* leader = leading(); leader != nullptr && leader->lanes.contains(key)) return;
    const std::optional<LocalFile>& local = entry->second.local;
    if (local && local->tag.dirty && local->tag.tagged) {
        if (found.stamp.epoch <= local->tag.epoch) return;
        mark(c, MarkId::reconcile_discarded);
    }
    if (found.kind == FoundKind::tombstone) {
        remove_local(c, key);
    } else if (found.kind == FoundKind::data) {
        if (local && !local->tag.dirty && local->tag.tagged && local->tag.etag == found.etag)
            return;
        store_local(c, key, found.payload,
                    FileTag{found.stamp.epoch, found.etag, false, config_.ha});
    }
}

}  // namespace leasehold
