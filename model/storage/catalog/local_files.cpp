// The local side of the catalog: what the file store holds, and what may replace it.

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/catalog/catalog.hpp"

namespace leasehold::storage {

namespace {
/// Files of the index taken in by one step: a step over a hundred thousand would hold up every
/// query and renewal of the process.
constexpr std::size_t kPortion = 1024;

bool holds(const Local& file, const Blob& payload) {
    return file.size == payload.size && file.digest == payload.digest;
}

/// Does a file of the list give way to what this process has served, got or committed meanwhile?
bool overtaken(const Entry& known, const FileTag& tag, const VersionId& newest) {
    const VersionId version = version_of(tag);
    // As what waits for its upload it would be served, though a later write was given since.
    if (tag.dirty) return older(version, newest);
    // A copy of something that has no place in the order, beside what was given meanwhile.
    if (version.epoch == Epoch{} && newest.epoch != Epoch{}) return true;
    // A copy of something that has no place in the order, such as an object of before HA: it is one
    // of the object that was seen, or of none that is there. What lies torn in the bucket says
    // nothing against a copy: it may be all that is left of it.
    return known.examined && !known.corrupt && known.view.etag != StoredETag(tag.etag) &&
           order(version, known.view.version) == std::partial_ordering::unordered;
}
}  // namespace

void Catalog::ask_index(Desk& desk) {
    index_retry_at_ = kNever;
    SendFile list;
    list.verb = FileVerb::list;
    desk.requests.send(std::move(list), FileIndex{}, desk.out);
}

// Taken for an empty disk, files that only this disk holds would never be uploaded, and what the
// bucket holds would be stored over newer ones.
void Catalog::index_failed(const Retries& retries) {
    index_retry_at_ = saturating_add(retries.now, index_failures_.fail(retries.limits));
}

void Catalog::begin_index(std::shared_ptr<const FileList> list) {
    // One list a process, for a second would bring files back that were changed since.
    CHECK(!loaded_ && index_ == nullptr);
    index_ = std::move(list);
    loaded_ = index_ == nullptr;
}

void Catalog::load_portion() {
    if (index_ == nullptr) return;
    const std::size_t size = index_->size();
    const std::size_t end = std::min(size, index_at_ + kPortion);
    for (; index_at_ < end; ++index_at_) {
        const FileEntry& file = (*index_)[index_at_];
        // Nothing is believed of a tag but what it says: a file of before HA has none, and counts
        // as one that the bucket may not have.
        const KeyId id = key(file.key);
        Entry& known = entry(id);
        // What was stored since Start is newer than the list. Where that failed, the list shows the
        // file that it was to replace: without HA no order would tell, and it would be served after
        // the newer one was committed.
        if (known.has_local || known.left_behind || files_.busy(id)) continue;
        if (dropped_.contains(id)) continue;
        // The place of what is to come is no version that the file could lie below: a look decides.
        if (!places_.contains(id) && overtaken(known, file.tag, newest(id))) {
            known.left_behind = true;
            continue;
        }
        known.local = Local{version_of(file.tag), StoredETag(file.tag.etag), file.payload.size,
                            file.payload.digest};
        known.has_local = true;
        known.dirty = file.tag.dirty;
        known.tagged = file.tag.tagged;
        highest_ = std::max(highest_, file.tag.epoch);
    }
    if (index_at_ < size) return;
    index_ = nullptr;
    loaded_ = true;
    places_.clear();
    dropped_.clear();
}

/// Another file, or another number for it: what was given is measured against it anew.
void Catalog::changes(KeyId key) {
    outdone_.erase(key);
    accepted_over_.erase(key);
}

void Catalog::store(KeyId key, const Blob& payload, const FileTag& tag, Desk& desk) {
    Entry& known = entry(key);
    const VersionId before = newest(key);
    known.local = Local{version_of(tag), StoredETag(tag.etag), payload.size, payload.digest};
    known.has_local = true;
    known.dirty = tag.dirty;
    known.tagged = tag.tagged;
    // This store replaces whatever lies there; if it fails, file_changed() notes it again.
    known.left_behind = false;
    changes(key);
    // Under a number that is too low, until it is raised: the write goes over what is known.
    if (tag.dirty && older(version_of(tag), before)) accepted_over_.emplace(key, before);
    ++known.generation;
    keep_floor(key, before);
    files_.store(key, name(key), payload, tag, desk);
}

void Catalog::retag(KeyId key, const FileTag& tag, Desk& desk) {
    Entry& known = entry(key);
    // Only the record beside the file changes. A GET under way is outdated all the same: it may
    // have been sent to learn what this tag now says.
    CHECK_MSG(known.has_local, "the tag of a file that isn't there");
    // Where an epoch is claimed anew after the one that said it was lost, or a single install
    // brought back what a LIST left out, the file has that tag already.
    if (known.tag() == tag) return;
    const VersionId before = newest(key);
    known.local.version = version_of(tag);
    known.local.etag = StoredETag(tag.etag);
    known.dirty = tag.dirty;
    known.tagged = tag.tagged;
    changes(key);
    ++known.generation;
    keep_floor(key, before);
    files_.retag(key, name(key), tag, desk);
}

void Catalog::drop(KeyId key, Desk& desk) {
    // Before the list is here nobody knows what lies there. With HA off a removal was acknowledged
    // while the disk was being listed, the list named the file, and since the bucket had none it
    // was uploaded: the key came back.
    if (!loaded_)
        dropped_.insert(key);
    else if (!at(key).has_local && !at(key).left_behind)
        return;
    if (at(key).has_local) lose(key);
    // Or the next process would find the older file and serve it.
    entry(key).left_behind = false;
    files_.remove(key, name(key), desk);
}

void Catalog::lose(KeyId key) {
    Entry& known = entry(key);
    const VersionId before = newest(key);
    // A copy that could not be read once may be readable to the next process. What the bucket is
    // not known to hold is left to it; a copy goes with its object.
    known.left_behind |= known.clean();
    // A copy that is lost stays a promise: its version becomes the floor.
    known.local = Local{};
    known.has_local = false;
    known.dirty = false;
    changes(key);
    // A GET under way shows the bucket, as before: taken for one of the past, it would be sent
    // again as often as the disk fails.
    keep_floor(key, before);
}

bool Catalog::uploaded(KeyId key, const Found& found) const {
    const Entry& known = at(key);
    // By content and not by number: the file's epoch may not have been claimed yet.
    return known.has_local && known.tagged && known.dirty && found.kind == FoundKind::data &&
           holds(known.local, found.payload);
}

void Catalog::is_object(KeyId key, const Found& found, Desk& desk) {
    // The tag becomes the stamp that the GET showed, whatever number the file was waiting under.
    retag(key, FileTag{found.stamp.epoch, found.etag, false, true, found.stamp.write_id}, desk);
}

bool Catalog::goes_over(KeyId key, const Found& found) const {
    const Local& file = at(key).local;
    // The place of this very content, which an upload of it keeps. Its number is that of the
    // upload, and newer than the file's: reconciling of leader 7 creates k from the file (5,3), the
    // place (7,9) lands, the object does not. Taken for a removal it would take the last copy with
    // it.
    if (found.keeps_place() && found.stamp.digest == file.digest) return true;
    // Its leadership had claimed no epoch: no number says that it is newer than what others wrote.
    // The term stood in for one (7), the API server was set back, another leader claimed 4 and
    // committed; the first, leading again, uploaded its file over that. So it goes over the very
    // object that it was derived from, and over nothing else.
    if (file.version.epoch == Epoch{}) return file.etag == StoredETag(found.etag);
    // Of what came torn or damaged, perhaps on its way, the header alone says what it was: a newer
    // write, acknowledged and whole in the bucket, that this file must not replace. Nothing was
    // read of it as a version: such a stamp lies below every file.
    if (found.kind == FoundKind::corrupt) return std::is_lteq(order(found.torn, file.version));
    // Ours unless the object is newer: equal epochs alone decide nothing. Two writes of one epoch,
    // the first one's file on the disk, the second one's object in the bucket, both acknowledged,
    // and a crash: by the epoch alone the first would be uploaded over the second.
    // An unordered object (foreign) was there before the write that this file waits to be, or will
    // meet it.
    return !older(file.version, version_of(found.stamp));
}

void Catalog::adopt(KeyId key, const Found& found, bool ha, Desk& desk) {
    const Entry& known = at(key);
    const VersionId shown = version_of(found.stamp);
    // An answer that came too late proves nothing, unless the order does: it lies above the file,
    // the copy of an object or the write that others went over, and below nothing that was served.
    // Nor may a slow GET wait for a pass that shows no change: with a key that is written between
    // any two passes, every answer would come too late, and the first copy stay for ever. Where
    // nothing lies on the disk, a key that is gone stays gone. And a copy that has no place in the
    // order gives way to what was given in its place, or to something newer.
    const bool newer_than_file =
        known.has_local
            ? known.tagged && (newer(shown, known.local.version) || (!known.dirty && outdone(key)))
            : ha && !known.absent();
    const bool proven = found.kind == FoundKind::data && found.stamp.epoch != Epoch{} &&
                        !found.stale && newer_than_file;
    // A GET of k leaves (version 1), a write of k commits version 2, its file is clean; the answer
    // of the GET comes last. It is not current, and only the order could make it count.
    if (!found.current && !proven) return;
    // A foreign object (of another tool or an operator, or of before HA: epoch 0) has no place in
    // the order. A GET that shows it shows the present, so it replaces a clean copy of whatever
    // epoch, by a leader too: that is how an operator restores a key. A file that waits to be
    // written goes over it, as any write of a pipeline does; a leader that has none waiting leaves
    // it alone. What an epoch proves counts again from the next version of ours on.
    // A reader rejects a lower token: once epoch 12 was served, epoch 11 is a stale commit. That
    // the copy of epoch 12 was lost since makes it no younger.
    if (older(shown, newest(key))) {
        desk.note(MarkId::older_version_refused);
        return;
    }
    // With HA off nobody else writes: what the bucket has not got yet is newer than what it has.
    if (!ha && known.has_local && known.dirty) return;
    if (known.has_local && known.tagged) {
        // A follower too: left dirty until the process leads, the file that was answered Committed
        // would not count as backed up, whatever else was committed since. The very write, though:
        // equal bytes of an older one would lend that one's name to what this process gave later.
        if (known.local.version == shown && uploaded(key, found))
            return is_object(key, found, desk);
        if (known.dirty && goes_over(key, found)) return;
        if (known.dirty) desk.note(MarkId::reconcile_discarded);
    }
    if (found.kind == FoundKind::tombstone) {
        // A removal is a version like any other: a follower that kept the file would serve it for
        // ever. The place of an object that is to come removes nothing: a file of before HA gives
        // way to that object, which may yet never come.
        const bool waits = known.has_local && !known.tagged && found.keeps_place();
        if (!waits) drop(key, desk);
    } else if (found.kind == FoundKind::data) {
        // With HA off the tag still names the object that the file was got from.
        // The ETag alone does not show that the bytes are: a store that looks it up before it opens
        // the file gives that of the object before (Versity), and the older bytes would be kept
        // under the newer version.
        const bool same = known.has_local && !known.dirty && !found.etag.empty() &&
                          known.local.etag == StoredETag(found.etag) && known.tagged == ha &&
                          holds(known.local, found.payload);
        const FileTag tag{found.stamp.epoch, found.etag, false, ha, found.stamp.write_id};
        // A plain object's ETag covers its payload alone: equal bytes that a later write stored
        // are that write's version, or the file would look older than what it is.
        if (!same)
            store(key, found.payload, tag, desk);
        else if (older(known.local.version, shown))
            retag(key, tag, desk);
    }
}

void Catalog::file_changed(const FileChange& change, FileStatus status, const Retries& retries,
                           Desk& desk) {
    // Of several changes only the last counts, and it may be on its way still.
    const FileChanges::End end =
        files_.answered(change.key, name(change.key), change.verb, status, retries, desk);
    if (end != FileChanges::End::lost) return;
    // A file that could not be written is not relied upon: it is fetched, or written, again.
    const Entry& known = at(change.key);
    const bool single_copy = known.has_local && !known.dirty && !known.tagged;
    if (known.has_local) {
        desk.tell(NotKept{change.key, known.local.etag.etag()});
        lose(change.key);
    }
    if (change.verb != FileVerb::store) return;
    entry(change.key).left_behind = true;
    // With HA off its object may be in the bucket already, and no number would tell the next
    // process that what lies there is older: see committed(), which comes too early where the disk
    // is slow.
    if (single_copy) drop(change.key, desk);
}

void Catalog::retry(Instant now, Desk& desk) {
    if (index_retry_at_ <= now) ask_index(desk);
    while (const auto key = files_.due(now))
        files_.retry(*key, name(*key), desk);
}

}  // namespace leasehold::storage
