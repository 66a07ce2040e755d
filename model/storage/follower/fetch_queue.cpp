#include "model/storage/follower/fetch_queue.hpp"

#include <algorithm>
#include <vector>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {
constexpr Duration kRarest = std::chrono::hours(1);
constexpr std::uint32_t kOnItsWay = 3;  // passes that look for it again at once
}  // namespace

bool FetchQueue::shunned(const Sight& sight, KeyId key, Urgency urgency, Asker asker) const {
    const auto found = shunned_.find(key);
    // Once the time is over it may be tried; if that fails too, the back-off goes on where it was.
    if (found == shunned_.end() || sight.now >= found->second.until) return false;
    // Another version may well be kept: the object was written again, whole this time.
    if (found->second.version != sight.catalog.at(key).view.etag) return false;
    if (asker == Asker::pass && found->second.next_pass) return false;
    // A reader can be given what the disk can't take.
    return urgency == Urgency::changed || !found->second.readable;
}

void FetchQueue::shun(const Sight& sight, KeyId key, const StoredETag& version, Why why,
                      Desk& desk) {
    Shunned& entry = shunned_[key];
    // Counted for this version alone. With 280 objects and a full disk, each pass would fetch all
    // of them again, 34,000 GETs an hour; so does a torn object of 1 GiB, by itself.
    if (entry.version != version) {
        entry = {};
        entry.version = version;
    }
    entry.readable = why == Why::not_kept;
    // Less half a period, so that the pass which is due by then does try again: an answer comes
    // after its pass began, and whole periods after that would just leave that pass out.
    const Duration period = sight.config.poll_period;
    const Duration wait = entry.failures.fail({period, std::max(kRarest, period)}) - period / 2;
    // What comes damaged may have been damaged on its way alone: the next pass gets it again, and a
    // reader half a period later. Damaged so often in a row it lies damaged.
    const bool soon = !entry.readable && entry.failures.tries() <= kOnItsWay;
    entry.next_pass = soon && why == Why::damaged;
    entry.until = saturating_add(sight.now, soon ? period / 2 : wait);
    desk.note(MarkId::version_not_kept);
}

void FetchQueue::not_kept(const Sight& sight, const NotKept& fact, Desk& desk) {
    shun(sight, fact.key, StoredETag(fact.version), Why::not_kept, desk);
}

void FetchQueue::enqueue(KeyId key, Item& item) {
    item.not_before = kNever;
    // At the end of its own urgency: whoever was there first is not overtaken for ever.
    item.place = ++last_place_;
    ready_.emplace(item.urgency, item.place, key);
}

void FetchQueue::want(const Sight& sight, KeyId key, Urgency urgency, Asker asker) {
    // Asked at each pass and by each reader, so this is where a version that can't be kept is
    // passed over; nothing else remembers it.
    if (shunned(sight, key, urgency, asker)) return;
    const auto [at, fresh] = items_.try_emplace(key);
    Item& item = at->second;
    if (fresh) {
        item.urgency = urgency;
        enqueue(key, item);
        return;
    }
    // Only of a key that backs off. One that is ready gets whatever is there when its turn comes,
    // and one in flight is asked for again by step(), if its answer turns out to be of the past.
    if (item.not_before != kNever && item.version != sight.catalog.at(key).view.etag) {
        // What was refused was another version: this one may be had.
        waiting_.erase({item.not_before, key});
        item.failures.succeed();
        item.urgency = std::min(item.urgency, urgency);
        enqueue(key, item);
        return;
    }
    // Never towards less: a reader still waits when the next pass finds the key merely changed.
    if (urgency >= item.urgency) return;
    // Somebody waits now: from wherever it stood to the front.
    // In flight or backing off, it has no place in the queue. The back-off stays: that somebody
    // waits makes a bucket that is away no better.
    if (ready_.erase({item.urgency, item.place, key}) == 1) {
        item.urgency = urgency;
        enqueue(key, item);
    } else {
        item.urgency = urgency;
    }
}

void FetchQueue::proceed(const Sight& sight, Desk& desk) {
    // What it would bring has nobody to be brought to: readers were answered by the stop.
    if (sight.stopping) return;
    while (!waiting_.empty() && waiting_.begin()->first <= sight.now) {
        const KeyId key = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        enqueue(key, items_.at(key));
    }
    for (auto at = ready_.begin(); at != ready_.end() && places_.free();) {
        const KeyId key = std::get<KeyId>(*at);
        // Passed over and not waited for, so that the keys behind it go on. Ten queries a second,
        // each with a time-out of 2 s for an object that takes 5 s, would pass it over for ever; so
        // it is noted that it is overdue, and no further query may begin a GET of it.
        if (sight.requests.getting(key)) {
            overdue_.insert(key);
            ++at;  // one GET of a key at a time: a query's read-through is on its way
            continue;
        }
        const Urgency urgency = std::get<Urgency>(*at);
        at = ready_.erase(at);
        overdue_.erase(key);
        // Whatever made it unnecessary came meanwhile: a query's GET that met a tombstone, a page
        // with the very version of the file. A reader who waits is asked for all the same: he may
        // want what the file can't give.
        if (urgency == Urgency::changed && !sight.catalog.needs_fetch(key)) {
            items_.erase(key);
            continue;
        }
        places_.take(key);
        // The version that a failure will be about: another one need not wait for its back-off.
        items_.at(key).version = sight.catalog.at(key).view.etag;
        SendBucket get;
        get.verb = BucketVerb::get;
        get.key = sight.catalog.name(key);
        get.timeout = sight.get_timeout(key);
        Flight flight{Fetch{key}};
        flight.key = key;
        flight.generation = sight.catalog.at(key).generation;
        desk.requests.send(sight.now, std::move(get), flight, desk.out);
    }
}

void FetchQueue::step(const Sight& sight, const Fetch& owner, const Found& found, Desk& desk) {
    places_.give(owner.key);
    const auto at = items_.find(owner.key);
    CHECK(at != items_.end());
    switch (found.kind) {
        case FoundKind::denied:
        case FoundKind::nothing:
            // Nothing was learnt, so it stays wanted. Its place is free: the next key's turn.
            back_off(sight, owner.key, at->second, found);
            return;
        case FoundKind::corrupt:
            // Under the ETag that came with it, which need not be the one that was listed.
            shun(sight, owner.key, StoredETag(found.etag), Why::damaged, desk);
            break;
        case FoundKind::data:
        case FoundKind::tombstone:
            // The bucket went back: neither kept nor served, so nothing is gained by the next pass.
            if (found.stale && found.current)
                shun(sight, owner.key, StoredETag(found.etag), Why::below, desk);
            break;
        case FoundKind::missing:
            break;  // absence wakes nobody: the LISTs confirm it
    }
    const Urgency urgency = at->second.urgency;
    items_.erase(at);
    // The key moved on while the GET was under way: what it showed was not noted.
    // A page said ETag 1, the GET left, a second pass says ETag 2: the answer is of the past by
    // then and was not noted. Without this the key would wait for a third pass.
    if (!found.current && sight.catalog.needs_fetch(owner.key))
        want(sight, owner.key, urgency, Asker::reader);
}

void FetchQueue::back_off(const Sight& sight, KeyId key, Item& item, const Found& found) {
    // A refusal (an archived object, a policy) stays for long; an outage does not.
    // Retry-After lengthens the wait, up to the same bound: no single answer keeps a reader for a
    // day.
    const Duration period = sight.config.poll_period;
    const BackoffLimits limits = found.kind == FoundKind::denied
                                     ? BackoffLimits{period, std::max(kRarest, period)}
                                     : BackoffLimits{sight.config.retry_min, period};
    item.not_before = saturating_add(sight.now, item.failures.fail(limits, found.retry_after));
    waiting_.emplace(item.not_before, key);
}

Instant FetchQueue::next_deadline(const Sight& sight) const {
    // What is ready and has no place needs no time: an answer will give it one.
    return waiting_.empty() || sight.stopping ? kNever : waiting_.begin()->first;
}

void FetchQueue::check(const Sight& sight) const {
    CHECK(items_.size() == ready_.size() + waiting_.size() + places_.held());
    CHECK_MSG(places_.held() == sight.requests.count<Fetch>(), "a place without a GET in flight");
    // A free place and a key that could take it: it has to be one that a query is getting right
    // now.
    if (sight.stopping || ready_.empty() || !places_.free()) return;
    for (const auto& [urgency, place, key] : ready_) {
        CHECK_MSG(sight.requests.getting(key), "an object could be fetched and is not");
        return;  // the first says it: proceed() looked at all
    }
}

}  // namespace leasehold::storage
