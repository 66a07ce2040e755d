// The epoch claim: one compare-and-swap on `.ha/epoch` between a leadership and its first write.
//
// GET the object, complete a Lease renewal sent after that GET, then swap. The renewal proves that
// no later leader had claimed when the GET was answered: a later one acquires after the Lease ran
// out, so it GETs after our renewal was applied, and finds our number or makes our swap fail.

#include <algorithm>
#include <optional>
#include <utility>

#include "model/base/check.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {

ObjectKey epoch_key() {
    return ObjectKey{".ha/epoch"};
}

}  // namespace

void RWStorageController::start_claim(Context& c) {
    Claim& claim = leading()->claim;
    claim.retry_at = kNever;
    if (stopping_ && leading()->jobs.empty()) {
        claim.state = ClaimState::idle;
        return;
    }
    claim.state = ClaimState::getting;
    send_get(c, epoch_key(), Purpose::claim_get, 0, config_.get_timeout);
}

void RWStorageController::on_claim_get(Context& c, BucketOutcome outcome,
                                       const BucketReply& reply) {
    Claim& claim = leading()->claim;
    CHECK(claim.state == ClaimState::getting);
    claim.stored = Epoch{};
    claim.etag = ETag{};
    if (outcome == BucketOutcome::object) {
        claim.etag = reply.etag;
        const std::optional<Stamp> stamp = stamp_of(*std::get<ObjectBodyPtr>(reply.content));
        if (stamp) {
            claim.stored = stamp->epoch;
            // Our own swap, its reply lost: a write id of this claim, so not a late one of an
            // earlier leadership of this process.
            if (stamp->writer == writer_ && claim.first_write != 0 &&
                stamp->write_id >= claim.first_write) {
                claim.epoch = stamp->epoch;
                claimed(c);
                return;
            }
        } else {
            // Unreadable: the term, which grows, is what is left to go by.
            mark(c, MarkId::object_corrupt);
        }
    } else if (outcome != BucketOutcome::missing) {
        retry_claim(c, reply.retry_after);
        return;
    }
    claim.state = ClaimState::renewing;
    claim.answered_at = c.now;
    claim.renewed_before = leading()->renewed_sent;
    renewal_wish_ = true;
}

void RWStorageController::pump_claim(Context& c) {
    Leading* leader = leading();
    Claim& claim = leader->claim;
    if (!config_.ha || claim.state != ClaimState::renewing) return;
    // The renewal that the answer asked for may leave in the answer's own step, so its instant may
    // be equal; one that was known then is not it, even if it was sent at that very instant.
    if (leader->renewed_sent < claim.answered_at) return;
    if (leader->renewed_sent <= claim.renewed_before) return;
    const std::optional<Duration> timeout = attempt_timeout(c.now, 0);
    if (!timeout) return;
    const std::uint64_t above = std::max(claim.stored.value(), claim.floor.value()) + 1;
    claim.epoch = Epoch{std::max(leader->term.value(), above)};
    const std::uint64_t write_id = ++last_write_;
    if (claim.first_write == 0) claim.first_write = write_id;
    SendBucket put;
    put.verb = BucketVerb::put;
    put.key = epoch_key();
    put.etag = claim.etag;
    put.condition = claim.etag.empty() ? PutCondition::if_none_match : PutCondition::if_match;
    put.body = make_body(Blob{}, claim.epoch, write_id, false, true);
    put.timeout = *timeout;
    claim.state = ClaimState::putting;
    send(c, std::move(put), Purpose::claim_put, write_id);
}

void RWStorageController::on_claim_put(Context& c, BucketOutcome outcome,
                                       const BucketReply& reply) {
    Claim& claim = leading()->claim;
    CHECK(claim.state == ClaimState::putting);
    if (outcome == BucketOutcome::written) {
        claimed(c);
    } else if (outcome == BucketOutcome::precondition_failed) {
        mark(c, MarkId::epoch_claim_contended);
        claim.tries = 0;
        start_claim(c);
    } else {
        retry_claim(c, reply.retry_after);
    }
}

void RWStorageController::retry_claim(Context& c, Duration retry_after) {
    Claim& claim = leading()->claim;
    claim.state = ClaimState::backing_off;
    claim.retry_at = saturating_add(c.now, backoff(++claim.tries, retry_after));
    arm(claim.retry_at, TimerKind::claim_retry);
}

void RWStorageController::claimed(Context& c) {
    Leading* leader = leading();
    Claim& claim = leader->claim;
    claim.state = ClaimState::claimed;
    claim.tries = 0;
    claim.first_write = 0;
    mark(c, MarkId::epoch_claimed);
    const bool raised = std::exchange(claim.raising, false);
    if (raised) mark(c, MarkId::epoch_raised);
    // Files of writes that were accepted under the provisional epoch belong to this one.
    for (const auto& [key, lane] : leader->lanes) {
        const auto entry = tracked_.find(key);
        if (entry == tracked_.end() || !entry->second.local) continue;
        FileTag tag = entry->second.local->tag;
        if (!tag.dirty || tag.epoch >= claim.epoch) continue;
        tag.epoch = claim.epoch;
        retag_local(c, key, tag);
    }
    leader->epoch_seen = true;
    bury_known(c);
    if (!raised && loaded_ && !stopping_) start_reconcile(c);
}

/// An object carries a higher epoch than ours: either we no longer lead, which the renewal will
/// show, or the numbers were set back (a restore), and ours is raised above it.
void RWStorageController::raise_epoch(Context& c, Epoch above) {
    Claim& claim = leading()->claim;
    mark(c, MarkId::stale_put_refused);
    claim.floor = std::max(claim.floor, above);
    renewal_wish_ = true;
    if (claim.state != ClaimState::claimed) return;
    claim.raising = true;
    start_claim(c);
}

}  // namespace leasehold
