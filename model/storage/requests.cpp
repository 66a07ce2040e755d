// Requests: ids, answers to their owners, what a GET showed, the bucket's health.

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {

bool needs_gate(BucketVerb verb) {
    return verb == BucketVerb::put || verb == BucketVerb::remove;
}

}  // namespace

RequestId RWStorageController::send(Context& c, SendBucket request, Purpose purpose,
                                    std::uint64_t owner) {
    last_request_ += 2;
    request.request = RequestId{last_request_};
    Flight flight{purpose, request.verb, request.key, owner, c.now, request.timeout, 0};
    if (const auto entry = tracked_.find(request.key); entry != tracked_.end())
        flight.changes = entry->second.changes;
    flights_.emplace(request.request, std::move(flight));
    if (needs_gate(request.verb)) ++gate_flights_;
    c.out.emplace_back(std::move(request));
    return RequestId{last_request_};
}

RequestId RWStorageController::send_file(Context& c, SendFile request, Purpose purpose,
                                         std::uint64_t owner) {
    last_request_ += 2;
    request.request = RequestId{last_request_};
    Flight flight;
    flight.purpose = purpose;
    flight.key = request.key;
    flight.owner = owner;
    flight.sent = c.now;
    flights_.emplace(request.request, std::move(flight));
    c.out.emplace_back(std::move(request));
    return RequestId{last_request_};
}

RequestId RWStorageController::send_get(Context& c, const ObjectKey& key, Purpose purpose,
                                        std::uint64_t owner, Duration timeout) {
    SendBucket get;
    get.verb = BucketVerb::get;
    get.key = key;
    const auto entry = tracked_.find(key);
    std::uint64_t size = 0;
    if (entry != tracked_.end()) {
        size = entry->second.remote_size;
        if (entry->second.local) size = std::max(size, entry->second.local->size);
    }
    get.timeout = purpose == Purpose::query_get ? timeout : with_travel(timeout, size);
    return send(c, std::move(get), purpose, owner);
}

RequestId RWStorageController::send_list(Context& c, const ObjectKey& after, Purpose purpose) {
    SendBucket list;
    list.verb = BucketVerb::list;
    list.key = after;
    list.prefix = config_.prefix;
    list.timeout = config_.list_timeout;
    return send(c, std::move(list), purpose, 0);
}

void RWStorageController::dispatch(Context& c, const Flight& flight, RequestId request,
                                   BucketOutcome outcome, const BucketReply& reply) {
    switch (flight.purpose) {
        case Purpose::read_get:
            on_read_get(c, flight, outcome, reply);
            break;
        case Purpose::pass_list:
            on_pass_list(c, outcome, reply);
            break;
        case Purpose::pass_get:
            on_pass_get(c, flight, request, outcome, reply);
            break;
        case Purpose::query_get:
            on_query_get(c, flight, outcome, reply);
            break;
        case Purpose::write_attempt:
            on_write_attempt(c, flight, outcome, reply);
            break;
        case Purpose::write_check:
            on_write_check(c, flight, outcome, reply);
            break;
        case Purpose::write_fence:
            on_write_fence(c, flight, outcome, reply);
            break;
        case Purpose::claim_get:
            on_claim_get(c, outcome, reply);
            break;
        case Purpose::claim_put:
            on_claim_put(c, outcome, reply);
            break;
        case Purpose::probe_put:
            on_probe(c, outcome, reply);
            break;
        case Purpose::probe_delete:
            on_probe_delete(c, outcome, reply);
            break;
        case Purpose::purge:
            on_purge(c, flight, outcome);
            break;
        case Purpose::probe_cleanup:
            break;  // left behind at worst: an empty object
        case Purpose::reconcile_list:
            on_reconcile_list(c, outcome, reply);
            break;
        case Purpose::reconcile_get:
            on_reconcile_get(c, flight, outcome, reply);
            break;
        case Purpose::abandoned_write:
            // Its call was answered when it was given up.
            mark(c, outcome == BucketOutcome::precondition_failed ? MarkId::stale_put_refused
                                                                  : MarkId::stale_answer);
            break;
        default:
            CHECK_MSG(false, "the bucket's answer to a request of the file store");
    }
}

/// What a GET of `flight.key` showed, noted in the bucket view unless the key changed meanwhile.
Found RWStorageController::examine(Context& c, const Flight& flight, BucketOutcome outcome,
                                   const BucketReply& reply) {
    Found found;
    const auto entry = tracked_.find(flight.key);
    const bool current = entry != tracked_.end() && entry->second.changes == flight.changes;
    if (outcome == BucketOutcome::missing) {
        found.kind = FoundKind::missing;
        if (current) entry->second.remote = ETag{};
        return found;
    }
    if (outcome != BucketOutcome::object) {
        if (outcome == BucketOutcome::denied) found.kind = FoundKind::denied;
        return found;
    }
    const ObjectBody& body = *std::get<ObjectBodyPtr>(reply.content);
    found.etag = reply.etag;
    const std::optional<Stamp> stamp = stamp_of(body);
    if (!stamp) {
        found.kind = FoundKind::corrupt;
        mark(c, MarkId::object_corrupt);
    } else {
        found.stamp = *stamp;
        found.kind = stamp->tombstone ? FoundKind::tombstone : FoundKind::data;
        found.payload = body.payload;
        if (stamp->tombstone) mark(c, MarkId::tombstone_seen);
    }
    if (!current && entry != tracked_.end()) return found;
    Tracked& view = entry != tracked_.end() ? entry->second : tracked_[flight.key];
    view.remote = reply.etag;
    view.examined = reply.etag;
    view.epoch = found.stamp.epoch;  // a corrupt object has none
    view.tombstone = found.stamp.tombstone;
    if (found.kind == FoundKind::tombstone) bury(c, flight.key);
    return found;
}

// The bucket is usable if any answer of it says something. What fails counts from when its request
// was sent, but one long upload whose answer was lost proves nothing: a request sent after that
// was known must fail too. An upload that is still under way says neither.
void RWStorageController::note_health(Context& c, const Flight& flight, BucketOutcome outcome) {
    Leading* leader = leading();
    if (leader == nullptr || !config_.ha || outcome == BucketOutcome::not_sent) return;
    const bool failed = outcome == BucketOutcome::unknown || outcome == BucketOutcome::throttled ||
                        outcome == BucketOutcome::denied;
    if (!failed) {
        leader->failing_since.reset();
        return;
    }
    if (!leader->failing_since) {
        leader->failing_since = flight.sent;
        leader->failing_known = c.now;
        leader->failing_confirmed = false;
    } else if (flight.sent >= leader->failing_known) {
        leader->failing_confirmed = true;
    }
    watch_usable(c);
}

/// Gives the leadership up after one lease without a usable bucket while something waits.
void RWStorageController::watch_usable(Context& c) {
    Leading* leader = leading();
    if (!config_.ha || !leader->failing_since || leader->jobs.empty() || stopping_) return;
    if (!leader->failing_confirmed) return;
    const Instant since = std::max(*leader->failing_since, leader->waiting_since);
    const Instant limit = saturating_add(since, config_.lease_duration);
    if (c.now < limit) {
        arm(limit, TimerKind::usable);
        return;
    }
    mark(c, MarkId::bucket_unusable);
    give_up_wish_ = true;
    leader->failing_since.reset();
    leader->waiting_since = c.now;
}

/// Nobody waits for the answer any more. A put stays known until it is answered: no permit.
void RWStorageController::abandon(Context& c, RequestId request) {
    const auto entry = flights_.find(request);
    CHECK(entry != flights_.end());
    c.out.emplace_back(AbortBucket{request});
    if (!needs_gate(entry->second.verb)) {
        flights_.erase(entry);
        return;
    }
    entry->second.purpose = Purpose::abandoned_write;
    mark(c, MarkId::put_aborted);
    if (preconditions_ != Preconditions::honoured)
        unresolved_until_ =
            std::max(unresolved_until_, saturating_add(c.now, config_.largest_request_age));
}

void RWStorageController::arm(Instant at, TimerKind kind, std::uint64_t owner,
                              const ObjectKey& key) {
    if (at != kNever) timers_.insert(TimerEntry{at, kind, owner, key});
}

/// How long to wait after the `tries`-th failure (from 1), doubling; at least what was asked for.
Duration RWStorageController::backoff(std::uint32_t tries, Duration retry_after) const {
    Duration wait = config_.retry_min;
    for (std::uint32_t i = 1; i < tries && wait < config_.retry_max; ++i)
        wait *= 2;
    return std::max(std::min(wait, config_.retry_max), retry_after);
}

bool RWStorageController::gate_open(Instant now) const {
    const Leading* leader = leading();
    return leader != nullptr && (!config_.ha || now < leader->valid_until);
}

/// The time-out of a put that may start now; nothing when none may. Where the store is not known
/// to honour preconditions it has to end inside validity, so what is left of it is the time-out.
std::optional<Duration> RWStorageController::attempt_timeout(Instant now,
                                                             std::uint64_t size) const {
    if (!gate_open(now)) return std::nullopt;
    const Duration whole = with_travel(config_.put_timeout, size);
    if (!config_.ha || preconditions_ == Preconditions::honoured) return whole;
    // The request leaves a little later than it is made, and is asked for its permit only then.
    const Duration left = leading()->valid_until - now - config_.retry_min;
    // With next to nothing left the attempt would only end unknown; the next renewal is near.
    if (left < config_.retry_min) return std::nullopt;
    return std::min(whole, left);
}

/// A small object is retried soon, a large one gets the time that its bytes take.
Duration RWStorageController::with_travel(Duration timeout, std::uint64_t size) const {
    constexpr std::uint64_t kMib = 1ULL << 20;
    const auto mib = static_cast<std::int64_t>(std::min<std::uint64_t>(size / kMib, 1ULL << 20));
    return timeout + mib * config_.timeout_per_mib;
}

}  // namespace leasehold
