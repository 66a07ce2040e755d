#include "model/storage/follower/fetch_queue.hpp"

#include <algorithm>
#include <vector>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {
constexpr Duration kRarest = std::chrono::hours(1);
}

bool FetchQueue::shunned(const Sight& sight, KeyId key, Urgency urgency) const {
    const auto found = shunned_.find(key);
    if (found == shunned_.end() || sight.now >= found->second.until) return false;
    if (found->second.version != sight.catalog.at(key).view.etag) return false;
    // A reader can be given what the disk can't take.
    return urgency == Urgency::changed || !found->second.readable;
}

void FetchQueue::shun(const Sight& sight, KeyId key, const StoredETag& version, bool readable,
                      Desk& desk) {
    Shunned& entry = shunned_[key];
    if (entry.version != version) entry = Shunned{version, {}, {}, readable};
    entry.readable = readable;
    const BackoffLimits limits{sight.config.poll_period,
                               std::max(kRarest, sight.config.poll_period)};
    entry.until = saturating_add(sight.now, entry.failures.fail(limits));
    desk.note(MarkId::version_not_kept);
}

void FetchQueue::not_kept(const Sight& sight, const NotKept& fact, Desk& desk) {
    shun(sight, fact.key, StoredETag(fact.version), true, desk);
}

void FetchQueue::enqueue(KeyId key, Item& item) {
    item.not_before = kNever;
    item.place = ++last_place_;
    ready_.emplace(item.urgency, item.place, key);
}

void FetchQueue::want(const Sight& sight, KeyId key, Urgency urgency) {
    if (shunned(sight, key, urgency)) return;
    const auto [at, fresh] = items_.try_emplace(key);
    Item& item = at->second;
    if (fresh) {
        item.urgency = urgency;
        enqueue(key, item);
        return;
    }
    if (item.not_before != kNever && item.version != sight.catalog.at(key).view.etag) {
        // What was refused was another version: this one may be had.
        waiting_.erase({item.not_before, key});
        item.failures.succeed();
        item.urgency = std::min(item.urgency, urgency);
        enqueue(key, item);
        return;
    }
    if (urgency >= item.urgency) return;
    // Somebody waits now: from wherever it stood to the front.
    if (ready_.erase({item.urgency, item.place, key}) == 1) {
        item.urgency = urgency;
        enqueue(key, item);
    } else {
        item.urgency = urgency;
    }
}

void FetchQueue::proceed(const Sight& sight, Desk& desk) {
    if (sight.stopping) return;
    while (!waiting_.empty() && waiting_.begin()->first <= sight.now) {
        const KeyId key = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        enqueue(key, items_.at(key));
    }
    for (auto at = ready_.begin(); at != ready_.end() && places_.free();) {
        const KeyId key = std::get<KeyId>(*at);
        if (sight.requests.getting(key)) {
            overdue_.insert(key);
            ++at;  // one GET of a key at a time: a query's read-through is on its way
            continue;
        }
        const Urgency urgency = std::get<Urgency>(*at);
        at = ready_.erase(at);
        overdue_.erase(key);
        if (urgency == Urgency::changed && !sight.catalog.needs_fetch(key)) {
            items_.erase(key);
            continue;
        }
        places_.take(key);
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
            back_off(sight, owner.key, at->second, found);
            return;
        case FoundKind::corrupt:
            shun(sight, owner.key, StoredETag(found.etag), false, desk);
            break;
        case FoundKind::data:
        case FoundKind::tombstone:
            // The bucket went back: neither kept nor served, so nothing is gained by the next pass.
            if (found.stale && found.current)
                shun(sight, owner.key, StoredETag(found.etag), false, desk);
            break;
        case FoundKind::missing:
            break;  // absence wakes nobody: the LISTs confirm it
    }
    const Urgency urgency = at->second.urgency;
    items_.erase(at);
    // The key moved on while the GET was under way: what it showed was not noted.
    if (!found.current && sight.catalog.needs_fetch(owner.key)) want(sight, owner.key, urgency);
}

void FetchQueue::back_off(const Sight& sight, KeyId key, Item& item, const Found& found) {
    // A refusal (an archived object, a policy) stays for long; an outage does not.
    const Duration period = sight.config.poll_period;
    const BackoffLimits limits = found.kind == FoundKind::denied
                                     ? BackoffLimits{period, std::max(kRarest, period)}
                                     : BackoffLimits{sight.config.retry_min, period};
    item.not_before = saturating_add(sight.now, item.failures.fail(limits, found.retry_after));
    waiting_.emplace(item.not_before, key);
}

Instant FetchQueue::next_deadline(const Sight& sight) const {
    return waiting_.empty() || sight.stopping ? kNever : waiting_.begin()->first;
}

void FetchQueue::check(const Sight& sight) const {
    CHECK(items_.size() == ready_.size() + waiting_.size() + places_.held());
    CHECK_MSG(places_.held() == sight.requests.count<Fetch>(), "a place without a GET in flight");
    if (sight.stopping || ready_.empty() || !places_.free()) return;
    for (const auto& [urgency, place, key] : ready_) {
        CHECK_MSG(sight.requests.getting(key), "an object could be fetched and is not");
        return;  // the first says it: proceed() looked at all
    }
}

}  // namespace leasehold::storage
