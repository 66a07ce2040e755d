#include "model/storage/leader/reconciler.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {
constexpr Duration kHourly = std::chrono::hours(1);
constexpr std::uint32_t kPortion = 4096;  // keys compared by one step
}  // namespace

void Reconciler::begin(const Sight& sight) {
    // A raise claims again, and is no new leadership: the run after the first claim is the one that
    // looks for what the old leader left.
    if (!sight.config.file_store || runs_ > 0 || due_at_ != kNever) return;
    due_at_ = sight.now;
}

void Reconciler::stop() {
    // What is in flight stays so, and its answer starts nothing: the next leader reconciles anyway.
    listing_.reset();
    sweep_.reset();
    keys_.clear();
    later_.clear();
    due_.clear();
    due_at_ = kNever;
}

void Reconciler::consider(KeyId key) {
    // In front: an acknowledged version is missing from the bucket, and a crash of this process
    // could make that final.
    if (std::ranges::find(keys_, key) == keys_.end() && !active_.contains(key))
        keys_.push_front(key);
}

// A leader does not poll, and the next run is up to an hour away: until then it would answer
// queries for the key from the bucket alone, and could not bring back what the bucket lost. The
// back-off is that of a follower (FetchQueue): a full disk must not cost a GET of every object each
// time, nor a refusal. An outage, or a server that asks for ten minutes, says nothing of this key.
void Reconciler::again(const Sight& sight, KeyId key, Because why, Duration retry_after) {
    // A single install's files are the truth: it asks the bucket nothing, and uploads what that
    // lacks.
    if (!sight.config.ha && why == Because::kept_badly) return;
    if (!sight.config.file_store || sight.stopping) return;
    Later& later = later_[key];
    due_.erase({later.due, key});
    const StoredETag& shown = sight.catalog.at(key).view.etag;
    if (later.version != shown) later = Later{shown, {}, kNever};
    const Duration first = sight.config.poll_period / 2;
    // Not counted as a failure of its version, which would cost the next one that is.
    const BackoffLimits limits{first, std::max<Duration>(kHourly, first)};
    const Duration wait = why == Because::outage
                              ? std::clamp(retry_after, first, sight.config.poll_period)
                              : later.failures.fail(limits, retry_after);
    later.due = saturating_add(sight.now, wait);
    due_.emplace(later.due, key);
}

/// Its turn came while it may not be looked at: later, and no failure.
void Reconciler::put_off(const Sight& sight, KeyId key) {
    const auto found = later_.find(key);
    if (found == later_.end()) return;
    due_.erase({found->second.due, key});
    found->second.due = saturating_add(sight.now, sight.config.poll_period / 2);
    due_.emplace(found->second.due, key);
}

/// A key that a read found torn may be known before the disk is: what a look brings has nothing to
/// be compared with then.
bool Reconciler::has_work(const Sight& sight) const {
    return sight.epoch && sight.catalog.loaded() && active_.size() < kAtOnce && !keys_.empty();
}

void Reconciler::take_due(const Sight& sight) {
    while (!due_.empty() && due_.begin()->first <= sight.now) {
        const KeyId key = due_.begin()->second;
        due_.erase(due_.begin());
        later_.at(key).due = kNever;
        // Nothing that a GET brings is kept before the files are known.
        if (!sight.catalog.loaded())
            put_off(sight, key);
        else
            keys_.push_back(key);
    }
}

/// Are keys that a run found still to be worked on? Those that are looked at again are no run, or
/// one of them would cost the second run.
bool Reconciler::run_goes_on() const {
    const auto found = [this](KeyId key) { return !later_.contains(key); };
    return std::ranges::any_of(keys_, found) ||
           std::ranges::any_of(active_, found, &std::pair<const KeyId, StoredETag>::first);
}

/// Is a run due? One that is still under way when the next is due is not doubled.
bool Reconciler::starts(const Sight& sight) {
    if (sight.now < due_at_ || !sight.epoch || sight.stopping) return false;
    const bool first = runs_ == 0;
    // Alone it is done once, at start: from then on every write is its own, and reaches the bucket
    // or fails before the eyes of whoever asked for it.
    const bool alone = !sight.config.ha;
    due_at_ = alone ? kNever
                    : saturating_add(sight.now, first ? sight.config.largest_request_age : kHourly);
    // The second run comes when no request of the old leader can land any more. It isn't made up
    // for if the first one still runs: an hour later there is another, and what landed meanwhile is
    // met by each key's own look.
    if (listing_ || sweep_) return false;
    // A key that an object below its commit has put here is no run: it must not put the first one
    // off, for nothing else looks for what the old leader left.
    if (!first && run_goes_on()) return false;
    ++runs_;
    return !alone || sight.catalog.size() > 0;
}

void Reconciler::list_from(std::uint32_t number) {
    listing_.emplace();
    listing_->number = number;
}

void Reconciler::send_list(const Sight& sight, Desk& desk) {
    if (!listing_ || listing_->request != RequestId{} || sight.now < listing_->resume_at) return;
    SendBucket list;
    list.verb = BucketVerb::list;
    list.key = listing_->after;
    list.prefix = sight.config.prefix;
    list.timeout = sight.config.list_timeout;
    listing_->request = desk.requests.send(sight.now, std::move(list), {ReconcilePage{}}, desk.out);
}

Reconciler::Paged Reconciler::step(const Sight& sight, const ReconcilePage&, BucketOutcome outcome,
                                   const BucketReply& reply) {
    if (!listing_) return {};  // a stop dropped it
    listing_->request = RequestId{};
    // Unlike polling it goes on until it is done: nobody waits for it, and its period is an hour.
    if (outcome != BucketOutcome::page) {
        const Duration wait = listing_->failures.fail(sight.retries(), reply.retry_after);
        listing_->resume_at = saturating_add(sight.now, wait);
        return {};
    }
    Paged paged{std::get<ListPagePtr>(reply.content), listing_->number};
    const std::vector<ListEntry>& entries = paged.page->entries;
    if (!paged.page->truncated) {
        // A complete LIST alone can say that a key is not there.
        sweep_ = Sweep{listing_->number, 0};
        listing_.reset();
    } else if (entries.empty() || entries.back().key <= listing_->after) {
        listing_.reset();  // "more follows" without getting further: going on would never end
    } else {
        listing_->failures.succeed();
        listing_->after = entries.back().key;
    }
    return paged;
}

/// Compares one portion; the keys of it that the LIST did not show.
std::vector<KeyId> Reconciler::sweep(const Sight& sight) {
    std::vector<KeyId> unlisted;
    if (!sweep_) return unlisted;
    const auto size = static_cast<std::uint32_t>(sight.catalog.size());
    const std::uint32_t end = std::min(size, sweep_->at + kPortion);
    for (; sweep_->at < end; ++sweep_->at) {
        const KeyId key{sweep_->at};
        // Also true of what this leader committed since the LIST began.
        const bool listed = sight.catalog.at(key).listed >= sweep_->number;
        if (differs(sight, key, listed)) keys_.push_back(key);
        if (!listed) unlisted.push_back(key);
    }
    if (sweep_->at == size) sweep_.reset();
    return unlisted;
}

/// Does the key need a GET, an upload, or the removal of its file?
bool Reconciler::differs(const Sight& sight, KeyId key, bool listed) {
    const Entry& known = sight.catalog.at(key);
    const bool shown = listed && !known.view.etag.empty();
    // The documented retroactive backup: what the LIST shows is never compared, nor written over.
    if (!sight.config.ha) return known.has_local && !shown;
    // A dirty file may be an acknowledged write that was lost with its leader, or one that never
    // was acknowledged; the object's stamp will tell. A copy without an object may be a removal.
    if (known.has_local && (known.dirty || !shown)) return true;
    // The bucket went back to an older version than the file's.
    // needs_fetch() is no help here: by its own rule this file has nothing to learn from the
    // object.
    if (known.clean() && known.examined && older(known.view.version, known.local.version))
        return true;
    return sight.catalog.needs_fetch(key);
}

// An upload starts with a GET where the bucket has an object, and with a load of the file, so that
// the header fits the bytes even if the file is replaced meanwhile. A clean copy of what a LIST
// does not show is asked for by a GET: a LIST may leave keys out.
void Reconciler::work_on(const Sight& sight, KeyId key, Desk& desk) {
    const Entry& known = sight.catalog.at(key);
    if (sight.stopping) return;
    if (!differs(sight, key, !known.missed)) {
        // Another look has mended it meanwhile.
        if (const auto later = later_.find(key); later != later_.end()) {
            due_.erase({later->second.due, key});
            later_.erase(later);
        }
        return;
    }
    // Nothing there to compare with. With HA on the writer creates under If-None-Match: whoever
    // creates the key in between is met, and decided about anew.
    if (known.view.etag.empty() && known.has_local && (known.dirty || !known.tagged)) {
        load(sight, key, desk);
        return;
    }
    // A single install's files are the truth: it asks the bucket nothing.
    if (!sight.config.ha) return;
    // Counted until it is answered, whatever the answer: at most two keys are worked on at a time.
    active_.try_emplace(key);
    SendBucket get;
    get.verb = BucketVerb::get;
    get.key = sight.catalog.name(key);
    get.timeout = sight.get_timeout(key);
    Flight flight{ReconcileLook{key}};
    flight.key = key;
    flight.generation = known.generation;
    desk.requests.send(sight.now, std::move(get), flight, desk.out);
}

void Reconciler::load(const Sight& sight, KeyId key, Desk& desk) {
    active_[key] = sight.catalog.at(key).view.etag;
    SendFile load;
    load.verb = FileVerb::load;
    load.key = sight.catalog.name(key);
    desk.requests.send(std::move(load), ReconcileLoad{key}, desk.out);
}

Reconciler::Verdict Reconciler::step(const Sight& sight, const ReconcileLook& owner,
                                     const Found& found, bool busy, Desk& desk) {
    active_.erase(owner.key);
    if (busy || sight.stopping) return Verdict::nothing;  // the write brings its own file
    // Whatever changed the key since, a page or another's GET, knows better than this look.
    if (!found.current) {
        again(sight, owner.key);
        return Verdict::nothing;
    }
    const Entry& known = sight.catalog.at(owner.key);
    switch (found.kind) {
        case FoundKind::denied:
            again(sight, owner.key, Because::kept_badly, found.retry_after);
            return Verdict::nothing;
        case FoundKind::nothing:
            again(sight, owner.key, Because::outage, found.retry_after);
            return Verdict::nothing;
        case FoundKind::missing:
            // The file is a copy of an object that is gone, so a removal won: uploading it would
            // undo that. Dirty or untagged, it may be all that there is.
            if (known.clean()) return Verdict::drop;
            if (known.has_local) load(sight, owner.key, desk);
            return Verdict::nothing;
        case FoundKind::data:
        case FoundKind::tombstone:
        case FoundKind::corrupt:
            break;
    }
    if (known.has_local && known.tagged && known.dirty) {
        if (sight.catalog.uploaded(owner.key, found)) return Verdict::clean;
        if (sight.catalog.goes_over(owner.key, found)) {
            load(sight, owner.key, desk);
            return Verdict::nothing;
        }
    } else if ((known.clean() && found.stale) || sight.catalog.outlives(owner.key, found)) {
        // The bucket holds an older version than this process has, or a torn one: the newer bytes
        // go back.
        load(sight, owner.key, desk);
        return Verdict::nothing;
    } else if (known.has_local && !known.tagged && found.keeps_place()) {
        // Nothing came in the place yet, so this key is missing still. If its own upload is on its
        // way, that is refused, and meets these bytes.
        load(sight, owner.key, desk);
        return Verdict::nothing;
    }
    if (found.kind != FoundKind::corrupt) return Verdict::adopt;
    again(sight, owner.key);  // damaged on its way, perhaps
    return Verdict::nothing;
}

bool Reconciler::step(const Sight& sight, const ReconcileLoad& owner, const FileReply& reply,
                      bool busy, Desk& desk) {
    const StoredETag over = active_.extract(owner.key).mapped();
    // The pipeline's own write goes first, and brings its own bytes.
    if (busy || sight.stopping) return true;
    // Not readable: the entry is forgotten, and the object, if there is one, is fetched again.
    if (reply.status != FileStatus::ok || !reply.entries || reply.entries->size() != 1)
        return false;
    const FileEntry& file = reply.entries->front();
    // Written by a pipeline meanwhile: its own job has uploaded it, or failed and is still dirty.
    const Entry& known = sight.catalog.at(owner.key);
    // The header must fit the bytes that are sent, so they are compared and not assumed.
    if (known.has_local && known.local.digest == file.payload.digest)
        desk.tell(UploadReady{owner.key, file.payload, over});
    return true;
}

Instant Reconciler::next_deadline(const Sight& sight) const {
    // What stands in `keys_` has no time of its own: it waits for room, which an answer to a write
    // makes.
    if (sweep_) return sight.now;
    Instant next = due_at_ > sight.now ? due_at_ : kNever;
    if (!due_.empty()) next = std::min(next, due_.begin()->first);
    if (listing_ && listing_->request == RequestId{}) next = std::min(next, listing_->resume_at);
    return next;
}

void Reconciler::check(const Sight& sight, bool room) const {
    CHECK_MSG(active_.size() <= kAtOnce, "more keys are worked on than may be at once");
    CHECK_MSG(active_.size() ==
                  sight.requests.count<ReconcileLook>() + sight.requests.count<ReconcileLoad>(),
              "a key is worked on without a look or load in flight");
    CHECK_MSG(!room || !has_work(sight), "a key could be worked on and is not");
    CHECK_MSG(!listing_ || listing_->request != RequestId{} || listing_->resume_at > sight.now,
              "a LIST with neither a page in flight nor a time to go on");
    // After a stop a page may still be on its way that belongs to no LIST any more.
    if (!sight.stopping)
        CHECK_MSG(sight.requests.count<ReconcilePage>() ==
                      (listing_ && listing_->request != RequestId{} ? 1U : 0U),
                  "a page in flight that no LIST waits for");
    CHECK_MSG(due_.empty() || due_.begin()->first > sight.now, "a look is due and not begun");
    CHECK_MSG(due_at_ >= sight.now || !sight.epoch || sight.stopping, "a run is due and not begun");
}

}  // namespace leasehold::storage
