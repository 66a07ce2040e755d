// The bucket's side of the catalog, and what is read from both.
#include "model/storage/catalog/catalog.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "model/base/check.hpp"

namespace leasehold::storage {

std::optional<KeyId> Catalog::find(const ObjectKey& key) const {
    return keys_.find(key.view());
}

KeyId Catalog::key(const ObjectKey& name) {
    const KeyId key = keys_.intern(name);
    // Never removed: a number that meant another key once would let a late answer change this one.
    if (index_of(key) == entries_.size()) entries_.push_back(Entry{});
    return key;
}

/// The newest version that file and view show.
VersionId Catalog::shown(KeyId key) const {
    const Entry& known = at(key);
    VersionId top;
    // A dirty file is no version of the bucket: its write may yet fail.
    if (known.clean()) top = known.local.version;
    // A version that was only listed has no place in the order: its ETag says that it is another
    // one, not whether it is newer. A corrupt one has none.
    if (known.examined && (top.epoch == Epoch{} || newer(known.view.version, top)))
        top = known.view.version;
    return top;
}

std::uint32_t Catalog::begin_list() {
    constexpr std::uint32_t kMost = 0xffffffffU;  // one each second for 136 years
    // A number that wrapped round would make every key look unlisted, and drop its file.
    CHECK_MSG(lists_ < kMost, "more LISTs than a process makes");
    return ++lists_;
}

VersionId Catalog::newest(KeyId key) const {
    const VersionId top = shown(key);
    // What a caller was given is a promise. The copy may be lost to a full disk, the bucket set
    // back: neither makes an older version the newest one again.
    const auto floor = floors_.find(key);
    if (floor == floors_.end()) return top;
    return top.epoch == Epoch{} || newer(floor->second, top) ? floor->second : top;
}

/// To be called after a file or view changed: what neither shows any more is remembered here.
void Catalog::keep_floor(KeyId key, const VersionId& before) {
    const VersionId now = shown(key);
    highest_ = std::max({highest_, now.epoch, at(key).local.version.epoch});
    // Kept only while nothing shows as much: the table holds the few keys that are in trouble.
    if (before.epoch != Epoch{} && (now.epoch == Epoch{} || newer(before, now)))
        floors_[key] = before;
    else if (!floors_.empty())
        floors_.erase(key);
}

bool Catalog::servable(KeyId key) const {
    const Entry& known = at(key);
    // A dirty file is what this process accepted last: a single install would serve it, so this
    // does, until a read was given what others wrote over it. A clean one is a copy, and a copy
    // below what was served would show an older version after a newer one.
    return known.has_local && !outdone(key) &&
           (known.dirty || !older(known.local.version, newest(key)));
}

bool Catalog::outlives(KeyId key, const Found& found) const {
    const Entry& known = at(key);
    return found.kind == FoundKind::corrupt && known.clean() &&
           std::is_lteq(order(found.torn, known.local.version));
}

bool Catalog::needs_fetch(KeyId key) const {
    const Entry& known = at(key);
    if (known.view.etag.empty()) return false;
    // A torn object may be whole the next time; how often it is asked for is FetchQueue's business.
    if (known.examined && known.corrupt) return true;
    // A removed key has nothing to bring; whether it is removed, only a GET of this version tells.
    // A tombstone that a query's GET showed is got once more: what lies on the disk has to go.
    if (!known.has_local) return known.left_behind || !(known.examined && known.tombstone);
    if (!known.tagged) return true;  // of before HA: the bucket's object is the truth
    // Which of the two is newer is decided by the object's stamp. Once that is known, adopt() has
    // decided; but not where a read of a leader showed it while the file's own write was under way,
    // and was fenced then.
    // One of a leadership that had claimed no epoch has no place in the order: it goes over nothing
    // but the object that it was derived from.
    const bool unclaimed = known.local.version.epoch == Epoch{};
    if (known.dirty)
        return !known.examined || (unclaimed ? known.local.etag != known.view.etag
                                             : older(known.local.version, known.view.version));
    // Unless another version was given since: then a GET has to show that the bucket holds its
    // object (again), or those who know the other one would wait for ever.
    if (known.local.etag == known.view.etag) return outdone(key);
    // A copy that is newer than what the bucket holds has nothing to learn from it.
    return !(known.examined && older(known.view.version, known.local.version));
}

std::uint64_t Catalog::size_of(KeyId key) const {
    const Entry& known = at(key);
    // The larger, because a time-out that is too short never gets the object, and one that is too
    // long costs a place.
    return std::max(known.view.size, known.has_local ? known.local.size : 0);
}

std::vector<IndexEntry> Catalog::index(std::string_view prefix) const {
    std::vector<IndexEntry> found;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        const Entry& known = entries_[i];
        if (!keys_.name(KeyId{i}).view().starts_with(prefix)) continue;
        const bool in_bucket = !known.absent() && !known.buried();
        if (!known.has_local && !in_bucket) continue;
        IndexEntry entry;
        entry.key = keys_.name(KeyId{i});
        if (in_bucket) entry.etag = known.view.etag.etag();
        // The stamp of a version that was only listed is not known: neither is its epoch.
        const VersionId seen = known.examined ? known.view.version : VersionId{};
        entry.epoch = known.has_local ? known.local.version.epoch : seen.epoch;
        entry.size = known.has_local ? known.local.size : known.view.size;
        entry.local = known.has_local;
        entry.dirty = known.has_local && known.dirty;
        found.push_back(std::move(entry));
    }
    std::ranges::sort(found, {}, &IndexEntry::key);
    return found;
}

// ---- the bucket ---------------------------------------------------------------------------------

bool Catalog::listed(KeyId key, const ListEntry& shown, std::uint32_t number, bool named) {
    Entry& known = entry(key);
    // Committed, or shown by a GET, since this LIST began: newer than its page.
    // LIST 7 begins, the server makes its page; a write of k is committed (listed = 7); the page
    // comes with the ETag from before. Taken in, it would set the view back, and the next write of
    // k would fail its condition. `number` is the LIST's own, given as it began.
    if (known.listed >= number) return false;
    known.listed = number;
    known.missed = false;
    known.view.size = shown.size;
    if (known.view.etag == StoredETag(shown.etag)) return false;
    const VersionId before = newest(key);
    known.view.etag = StoredETag(shown.etag);
    // With the fenced format an ETag covers the stamp, so the ETag of our own copy is its version.
    // A plain object's covers the payload alone: equal bytes may be another write's.
    known.examined = named && known.clean() && known.local.etag == known.view.etag;
    known.view.version = known.examined ? known.local.version : VersionId{};
    known.tombstone = false;
    known.corrupt = false;
    // A GET that left before shows an older version, or this one; it can't be told which.
    ++known.generation;
    keep_floor(key, before);
    return true;
}

// A store that is late, or lists from another replica, leaves keys out. One such LIST says nothing;
// two complete ones in a row say that the key is gone, and its clean copy goes with it. Files that
// the bucket may not hold (dirty, untagged) stay.
bool Catalog::unlisted(KeyId key, Desk& desk) {
    Entry& known = entry(key);
    // Absence from one page is no proof, so it is only noted; a GET or the next LIST may contradict
    // it.
    if (!known.missed) {
        known.missed = true;
        return false;
    }
    if (!known.view.etag.empty()) {
        const VersionId before = newest(key);
        known.view = View{};
        known.examined = false;
        ++known.generation;
        keep_floor(key, before);
    }
    // Gone with it is what a failed store may have left on the disk: the next process would list it
    // as a clean copy and serve a removed key.
    if (known.clean() || (known.left_behind && !known.has_local)) {
        drop(key, desk);
        ++known.generation;  // a GET that left before would bring the removed key back
    }
    return true;
}

Found Catalog::show(KeyId key, std::uint32_t generation, BucketOutcome outcome,
                    const BucketReply& reply, bool binding, Desk& desk) {
    Found found;
    found.retry_after = reply.retry_after;
    // Any change of the key since the GET left makes its answer one of the past. Generations are
    // never set back, also when a key vanishes and comes again, so no answer passes for a later
    // one.
    found.current = at(key).generation == generation;
    if (outcome == BucketOutcome::denied) found.kind = FoundKind::denied;
    if (outcome == BucketOutcome::missing) found.kind = FoundKind::missing;
    if (outcome == BucketOutcome::object) {
        const ObjectBody& body = *std::get<ObjectBodyPtr>(reply.content);
        found.etag = reply.etag;
        const std::optional<Stamp> stamp = stamp_of(body);
        found.kind = !stamp             ? FoundKind::corrupt
                     : stamp->tombstone ? FoundKind::tombstone
                                        : FoundKind::data;
        if (stamp) {
            found.stamp = *stamp;
            found.payload = body.payload;
            // Before it is noted, or it would be measured by itself. Newest includes what was
            // served: a reader rejects a lower token, whichever way it comes.
            found.stale = older(version_of(*stamp), newest(key));
            // Unless it shows the very version that is known by now: queries that read one key
            // through, several times a second, made each look at it come too late.
            const Entry& known = at(key);
            if (known.examined && known.view.etag == StoredETag(found.etag) &&
                known.view.version == version_of(*stamp))
                found.current = true;
        }
        if (!stamp) {
            found.torn = version_of(written_stamp(body).value_or(Stamp{}));
            desk.note(MarkId::object_corrupt);
        }
        if (found.kind == FoundKind::tombstone) desk.note(MarkId::tombstone_seen);
    }
    // Neither says anything of the object. A 403 is no absence: an archived object exists.
    if (found.kind == FoundKind::denied || found.kind == FoundKind::nothing) return found;
    if (found.current || binding) {
        // Nothing of ours explains it: a store that is not atomic, a restore, another group.
        if (found.stale && found.current) desk.note(MarkId::version_went_back);
        see(key, found);
    }
    return found;
}

void Catalog::see(KeyId key, const Found& found) {
    Entry& known = entry(key);
    const VersionId before = newest(key);
    if (found.kind == FoundKind::missing) {
        known.view = View{};
        known.examined = false;
    } else {
        const StoredETag etag(found.etag);
        if (etag != known.view.etag) known.view.size = found.payload.size;
        known.view.etag = etag;
        // What is noted is the stamp that was got. A clean tag is only ever made from such a stamp,
        // or from the one that a write of ours carried as it was sent.
        known.view.version = version_of(found.stamp);  // a corrupt object has none
        known.examined = true;
        known.tombstone = found.kind == FoundKind::tombstone;
        known.corrupt = found.kind == FoundKind::corrupt;
        known.listed = lists_;  // a page of a LIST under way may show the state before
        known.missed = false;
    }
    if (!loaded_ && found.keeps_place())
        places_.insert(key);
    else if (!loaded_)
        places_.erase(key);
    // What left before this answer and comes after it may be older.
    ++known.generation;
    keep_floor(key, before);
    // A foreign object has no place in the order: whoever wrote it, wrote it after what we knew.
    if (found.kind == FoundKind::data && found.stamp.epoch == Epoch{}) {
        give_in(key);
        if (known.local.etag == known.view.etag) outdone_.erase(key);  // its copy is here
    }
}

void Catalog::committed(const Committed& fact, bool ha, Desk& desk) {
    Entry& known = entry(fact.key);
    Found shown;
    shown.kind = fact.etag.empty()      ? FoundKind::missing
                 : fact.stamp.tombstone ? FoundKind::tombstone
                                        : FoundKind::data;
    shown.stamp = fact.stamp;
    shown.etag = fact.etag;
    shown.payload.size = fact.stamp.length;
    // The stamp as it was sent: the epoch of the moment may be another, and not even claimed.
    see(fact.key, shown);
    known.listed = lists_;
    known.missed = false;
    // A later write of the key waits, and the file is already its: this commit must not lend it a
    // clean tag. If that write then failed and the process died, a restart would take bytes that
    // were never stored for a copy of the object.
    if (!fact.newest) return;
    if (fact.stamp.tombstone) {
        // The removal is in the bucket, so the file may go: had it gone first, a failed removal
        // would have left a key that queries no longer find and the bucket still has.
        drop(fact.key, desk);
        return;
    }
    if (!known.has_local) {
        // Its own file could not be stored, and an older one may lie there, waiting for the bucket.
        // With HA off no number would tell the next process that it is older: it would be served
        // for ever.
        drop(fact.key, desk);
        return;
    }
    // The file of this very write, or the one that was uploaded. Equal bytes of an older write
    // would lend this version's name to what is not its file.
    const bool same = fact.upload ? known.local.size == fact.stamp.length &&
                                        known.local.digest == fact.stamp.digest
                                  : known.local.version.write_id == fact.stamp.write_id;
    const FileTag tag{fact.stamp.epoch, fact.etag, false, ha, fact.stamp.write_id};
    if (same) retag(fact.key, tag, desk);
}

void Catalog::placed(const Placed& fact) {
    Found shown;
    shown.kind = FoundKind::tombstone;
    shown.stamp = fact.stamp;
    shown.etag = fact.etag;
    // The view has an ETag from now on, so the job's next attempt is a write under If-Match, not a
    // creation.
    see(fact.key, shown);
}

void Catalog::served(KeyId key, const Stamp& stamp, bool ha) {
    const VersionId version = version_of(stamp);
    const VersionId top = newest(key);
    Entry& known = entry(key);
    // All that is served passes here: a delivered version is never below one delivered before. No
    // server can make it fall: whoever answers has asked `stale` or newest() in the same step.
    CHECK_MSG(!older(version, top), "an older version was served after a newer one");
    // Also where nothing else is known of the key: a late answer was served after an absence.
    const bool first = top.epoch == Epoch{} && version.epoch != Epoch{};
    if (first || newer(version, top)) {
        floors_[key] = version;
        // A GET that left before may show what was there before: that is no object which went back.
        // And what the view shows was there before: until it is seen again it proves nothing.
        ++known.generation;
        if (older(known.view.version, version)) known.examined = false;
    }
    // A backup read is answered from the bucket, whatever waits to be written. Not so by what was
    // known as the write was accepted: that it goes over.
    const auto over = accepted_over_.find(key);
    const bool goes_over = over != accepted_over_.end() && !newer(version, over->second);
    if (known.dirty && !goes_over && older(known.local.version, version)) outdone_.insert(key);
    // A copy of what has no place in the order (a foreign object) is below no number, and yet not
    // what was given: the next GET tells which of the two the bucket holds. With HA off each file
    // of its own is such a one, and nobody else writes.
    const bool unordered = ha && known.has_local && known.local.version.epoch == Epoch{};
    if (unordered && !known.dirty && version.epoch != Epoch{}) outdone_.insert(key);
}

void Catalog::purged(KeyId key, bool removed) {
    Entry& known = entry(key);
    const VersionId before = newest(key);
    // Not removed, or not known to be: the next reconciling GETs it.
    known.examined = false;
    // After an unknown end the key may be gone, and its ETag with it: a write must look first.
    if (removed) known.view = View{};
    ++known.generation;
    keep_floor(key, before);
}

bool operator==(const Catalog& a, const Catalog& b) {
    return a.keys_ == b.keys_ && a.entries_ == b.entries_ && a.files_ == b.files_ &&
           a.floors_ == b.floors_ && a.accepted_over_ == b.accepted_over_ &&
           a.outdone_ == b.outdone_ && a.highest_ == b.highest_ && a.index_ == b.index_ &&
           a.index_at_ == b.index_at_ && a.loaded_ == b.loaded_ && a.places_ == b.places_ &&
           a.dropped_ == b.dropped_ && a.index_failures_ == b.index_failures_ &&
           a.index_retry_at_ == b.index_retry_at_ && a.lists_ == b.lists_;
}

}  // namespace leasehold::storage
