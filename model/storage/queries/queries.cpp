#include "model/storage/queries/queries.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

void Queries::answer(CallId call, QueryOutcome outcome, Desk& desk) {
    desk.calls.answer(QueryDone{call, outcome, {}, {}, {}}, desk.out);
}

void Queries::begin(const Sight& sight, CallId call, KeyId key, bool awaited, Desk& desk) {
    // Never parked: a user waits, and no data now is an answer that a page can show. So there are
    // three ways, tried in this order, and each ends within the call's deadline.
    if (sight.catalog.servable(key)) {
        load(sight, call, key, desk);
    } else if (may_read_through(sight, key, awaited)) {
        desk.note(MarkId::query_read_through);
        read_through(sight, call, key, desk);
    } else {
        answer(call, QueryOutcome::not_available_yet, desk);
    }
}

bool Queries::may_read_through(const Sight& sight, KeyId key, bool awaited) const {
    // Bounded, or a dashboard that asks for hundreds of windows at once would be as many GETs.
    if (through_.size() >= sight.config.read_through_max) return false;
    // One GET a key. To ride on another one's flight would be to wait for it: for minutes, if it
    // brings 1 GiB to a backup read.
    if (awaited || sight.requests.getting(key)) return false;
    // A single install has nobody who would tell it what the bucket holds; its files may be lost.
    // With HA on, what the bucket is not known to hold is not asked for: a crowd of queries for
    // windows that don't exist yet must cost it nothing.
    if (!sight.config.ha) return true;
    return !sight.catalog.at(key).absent();
}

void Queries::read_through(const Sight& sight, CallId call, KeyId key, Desk& desk) {
    const Instant deadline = desk.calls.at(call).deadline;
    SendBucket get;
    get.verb = BucketVerb::get;
    get.key = sight.catalog.name(key);
    get.timeout = sight.config.read_through_timeout;
    // It never outlives the call, so the place is free again when the call has ended.
    if (deadline != kNever) get.timeout = std::min(get.timeout, deadline - sight.now);
    Flight flight{QueryLook{call, key}};
    flight.key = key;
    flight.generation = sight.catalog.at(key).generation;
    desk.requests.send(sight.now, std::move(get), flight, desk.out);
    through_.insert(call);
}

/// Answers from the local store: at once while a payload is still being stored, else by one load.
void Queries::load(const Sight& sight, CallId call, KeyId key, Desk& desk) {
    const Entry& known = sight.catalog.at(key);
    CHECK(known.has_local);
    // The bytes are in memory still; the disk may have the file of before.
    if (const Blob* held = sight.catalog.held(key); held != nullptr) {
        // A dirty file is no version of the bucket.
        const ETag etag = known.dirty ? ETag{} : known.local.etag.etag();
        desk.calls.answer(
            QueryDone{call, QueryOutcome::data, known.local.version.epoch, etag, Blob(*held)},
            desk.out);
        return;
    }
    SendFile load;
    load.verb = FileVerb::load;
    load.key = sight.catalog.name(key);
    desk.requests.send(std::move(load), QueryLoad{call, key, known.local.digest}, desk.out);
}

void Queries::step(const Sight& sight, const QueryLook& owner, const Found& found, Desk& desk) {
    // The place is given back first: whatever follows may take one again.
    through_.erase(owner.call);
    // Its deadline or a cancel came first. What the GET shows was noted all the same.
    if (desk.calls.find(owner.call) == nullptr) {
        desk.note(MarkId::stale_answer);
        return;
    }
    // An answer is served only if it is the present, or the order shows that it is not below what
    // was served. An absence or a plain object that the key has left behind is neither: asked once
    // more.
    const bool learnt = found.kind == FoundKind::data || found.absent();
    const bool ordered = found.kind == FoundKind::data && found.stamp.epoch != Epoch{};
    if (sight.catalog.servable(owner.key)) {
        // A file came meanwhile, and is not older than this GET: going back would show.
        load(sight, owner.call, owner.key, desk);
    } else if (learnt && !found.current && !ordered && !sight.requests.getting(owner.key)) {
        read_through(sight, owner.call, owner.key, desk);  // overtaken by a change of the key
    } else if (found.kind == FoundKind::data && !found.stale && (found.current || ordered)) {
        desk.tell(Served{owner.key, found.stamp});
        desk.calls.answer(
            QueryDone{owner.call, QueryOutcome::data, found.stamp.epoch, found.etag, found.payload},
            desk.out);
    } else {
        answer(owner.call, QueryOutcome::not_available_yet, desk);
    }
}

bool Queries::step(const Sight& sight, const QueryLoad& owner, const FileReply& reply, Desk& desk) {
    const bool wanted = desk.calls.find(owner.call) != nullptr;
    if (!wanted) desk.note(MarkId::stale_answer);
    const bool read = reply.status == FileStatus::ok && reply.entries && reply.entries->size() == 1;
    // Whether the file can be read matters also when nobody waits: it is then fetched again.
    if (!wanted) return read;
    if (!read) {
        answer(owner.call, QueryOutcome::not_available_yet, desk);
        return false;
    }
    const Blob& payload = reply.entries->front().payload;
    // What is known of the file counts, and not its tag: that may wait to be written for as long as
    // the disk is full. By its content, for no number orders what was not claimed, or is of a
    // single install.
    const Entry& known = sight.catalog.at(owner.key);
    const bool changed = !known.has_local || known.local.digest != owner.file;
    const bool held = sight.catalog.held(owner.key) != nullptr;
    if (held || !known.has_local || known.local.digest != payload.digest) {
        // Read before a newer one came, which may have been served since: its bytes are on their
        // way to the disk, or have reached it. Or another load of it failed meanwhile, and it is
        // forgotten: what the bucket holds comes in its place, and has perhaps been given by now.
        if ((held || changed) && sight.catalog.servable(owner.key))
            load(sight, owner.call, owner.key, desk);
        else
            answer(owner.call, QueryOutcome::not_available_yet, desk);
        return held || changed;  // else somebody has put another file in its place
    }
    if (!sight.catalog.servable(owner.key)) {
        answer(owner.call, QueryOutcome::not_available_yet, desk);
        return true;
    }
    Stamp stamp;
    stamp.epoch = known.local.version.epoch;
    stamp.write_id = known.local.version.write_id;
    // What is not in the bucket is no promise: its write may fail, and then the object counts
    // again.
    if (!known.dirty) desk.tell(Served{owner.key, stamp});
    const ETag etag = known.dirty ? ETag{} : known.local.etag.etag();
    desk.calls.answer(QueryDone{owner.call, QueryOutcome::data, stamp.epoch, etag, payload},
                      desk.out);
    return true;
}

void Queries::check(const Sight& sight) const {
    // Stacked reads are what this bound is there to exclude; a query that is counted without a GET
    // would take its place from the others until the process ends.
    CHECK_MSG(through_.size() <= sight.config.read_through_max, "more read-throughs than may be");
    CHECK_MSG(through_.size() == sight.requests.count<QueryLook>(),
              "a read-through without its GET, or a GET that no query counts");
}

}  // namespace leasehold::storage
