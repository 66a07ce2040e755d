#include "model/storage/leader/leader_reads.hpp"

#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

namespace {
constexpr std::uint32_t kTries = 4;  // GETs for one call that taught nothing; then it has failed
}

void LeaderReads::add(CallId call, KeyId key) {
    Reads& reads = keys_[key];
    reads.calls.emplace(call, Waiter{});
    enqueue(key, reads);
}

void LeaderReads::enqueue(KeyId key, Reads& reads) {
    // A key stands in one place: in flight, in the queue, or backing off. A reader that comes while
    // it is in flight is not lost: the answer enqueues the key again if anybody is left.
    const bool busy = reads.flight != RequestId{} || reads.turn != 0 || reads.retry_at != kNever;
    if (busy || reads.calls.empty()) return;
    reads.turn = ++last_turn_;
    queue_.emplace(reads.turn, key);
}

void LeaderReads::detach(CallId call, KeyId key) {
    const auto at = keys_.find(key);
    if (at == keys_.end()) return;
    // The GET goes on: it is the key's. Its answer is noted in the catalog all the same.
    at->second.calls.erase(call);
    tidy(key);
}

void LeaderReads::proceed(const Sight& sight, Desk& desk) {
    while (!retries_.empty() && retries_.begin()->first <= sight.now) {
        const KeyId key = retries_.begin()->second;
        retries_.erase(retries_.begin());
        Reads& reads = keys_.at(key);
        // At the end of the queue, behind the keys that have not been tried yet.
        reads.retry_at = kNever;
        enqueue(key, reads);
    }
    while (!queue_.empty() && places_.free()) {
        const KeyId key = queue_.begin()->second;
        queue_.erase(queue_.begin());
        send(sight, key, keys_.at(key), desk);
    }
}

void LeaderReads::send(const Sight& sight, KeyId key, Reads& reads, Desk& desk) {
    reads.turn = 0;
    for (auto& [call, waiter] : reads.calls) {
        // Whoever is here now came before the GET leaves, so what it shows is not older than their
        // call. Those who come from now on don't ride: a write may be committed after the store has
        // answered and before they call.
        waiter.rides = true;
        ++waiter.tries;
    }
    places_.take(key);
    SendBucket get;
    get.verb = BucketVerb::get;
    get.key = sight.catalog.name(key);
    get.timeout = sight.get_timeout_unlisted(key, reads.failures.tries());
    Flight flight{LeaderRead{key}};
    flight.key = key;
    flight.generation = sight.catalog.at(key).generation;
    reads.flight = desk.requests.send(sight.now, std::move(get), flight, desk.out);
}

void LeaderReads::step(const Sight& sight, const LeaderRead& owner, const Found& found,
                       Desk& desk) {
    // Before the answer is looked at: a key that backs off holds no place, like any other work.
    places_.give(owner.key);
    const auto at = keys_.find(owner.key);
    CHECK(at != keys_.end());
    Reads& reads = at->second;
    reads.flight = RequestId{};
    // Nothing learnt, or something that may not be served: after a back-off. Else at once, for
    // those who came too late for this one.
    const bool again = settle(owner.key, found, reads, desk);
    if (reads.calls.empty()) {
        keys_.erase(at);
    } else if (again) {
        reads.retry_at =
            saturating_add(sight.now, reads.failures.fail(sight.retries(), found.retry_after));
        retries_.emplace(reads.retry_at, owner.key);
    } else {
        reads.failures.succeed();
        enqueue(owner.key, reads);
    }
}

/// Answers the riders; true if some are to be tried again after a back-off.
bool LeaderReads::settle(KeyId key, const Found& found, Reads& reads, Desk& desk) {
    // An answer below what was served already is none: it would show an older version after a newer
    // one. Where the order can't tell (absence, a plain object) and the key changed meanwhile, the
    // GET is sent again, a few times: a key that is written all the time must be readable too.
    const bool ordered = found.kind == FoundKind::data && found.stamp.epoch != Epoch{};
    // A GET of k leaves and finds it missing; a write of k is committed and acknowledged; the
    // answer "missing" comes. To a rider whose call began before the write either answer would be
    // right, but the same pipeline may have heard of its write since: so it is asked again.
    const bool learnt = found.kind == FoundKind::data || found.absent();
    const bool overtaken = learnt && !found.current && !ordered;
    bool given = false;
    bool again = false;
    for (auto at = reads.calls.begin(); at != reads.calls.end();) {
        const CallId call = at->first;
        Waiter& waiter = at->second;
        ReadDone done{call, ReadOutcome::failed, {}, {}, {}};
        bool answered = std::exchange(waiter.rides, false);
        // After the last try it is given as it is: the caller was there when its GET left, and a
        // key that is written all the time must be readable.
        if (overtaken && waiter.tries < kTries) {
            answered = false;  // at once
        } else if (found.stale || found.kind == FoundKind::nothing) {
            if (answered && waiter.tries < kTries) {
                again = true;
                answered = false;
            }
        } else if (found.kind == FoundKind::data) {
            // From the answer and not from the file: a leader says what the bucket holds.
            done = {call, ReadOutcome::data, found.stamp.epoch, found.etag, found.payload};
        } else if (found.absent()) {
            // The one place where a read ends so: a leader's own GET, sent after the call came.
            done.outcome = ReadOutcome::not_found;
        } else if (found.kind == FoundKind::corrupt) {
            done.outcome = ReadOutcome::corrupt;
        }
        if (!answered) {
            ++at;
            continue;
        }
        at = reads.calls.erase(at);
        given = given || done.outcome == ReadOutcome::data;
        desk.calls.answer(done, desk.out);
    }
    if (given && ordered) desk.tell(Served{key, found.stamp});
    return again;
}

std::vector<LeaderReads::Open> LeaderReads::release() {
    std::vector<Open> open;
    for (const auto& [key, reads] : keys_) {
        Open one{key, {}, reads.flight, {}};
        for (const auto& [call, waiter] : reads.calls) {
            one.calls.insert(call);
            // Told apart, because after a demotion the answer may go to those alone who came before
            // it left.
            if (waiter.rides) one.riders.insert(call);
        }
        open.push_back(std::move(one));
    }
    keys_.clear();
    queue_.clear();
    retries_.clear();
    // The flights are somebody else's now: handed over, or given up by whoever calls this.
    places_.clear();
    return open;
}

/// The last caller that leaves takes the key with it, unless its flight is still to land.
void LeaderReads::tidy(KeyId key) {
    const auto at = keys_.find(key);
    if (at == keys_.end() || !at->second.calls.empty()) return;
    Reads& reads = at->second;
    queue_.erase(reads.turn);
    retries_.erase({reads.retry_at, key});
    reads.turn = 0;
    reads.retry_at = kNever;
    if (reads.flight == RequestId{}) keys_.erase(at);
}

Instant LeaderReads::next_deadline() const {
    return retries_.empty() ? kNever : retries_.begin()->first;
}

void LeaderReads::check(const Sight& sight) const {
    CHECK_MSG(queue_.empty() || !places_.free(), "a read could be sent and is not");
    CHECK_MSG(retries_.empty() || retries_.begin()->first > sight.now,
              "a read's back-off has ended and it stands still");
    CHECK_MSG(places_.held() == sight.requests.count<LeaderRead>(),
              "a place without a GET in flight");
}

}  // namespace leasehold::storage
