#include "model/storage/leader/epoch_claim.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/body.hpp"

namespace leasehold::storage {

namespace {
/// The loser of a real race looks again at once. An answer that fits no race is believed to be late
/// as often as this; then the claim backs off like any failure.
constexpr std::uint32_t kContradictions = 2;
/// Raises in one leadership that follow each other at once.
constexpr std::uint32_t kRaises = 3;
}  // namespace

void EpochClaim::begin(const Sight& sight, Desk& desk) {
    if (!sight.config.ha) {
        // A single install has no rival and puts nothing under `.ha/`: it writes under epoch 0.
        state_ = Claimed{};
        return;
    }
    look(sight, desk);
}

void EpochClaim::look(const Sight& sight, Desk& desk) {
    // Whatever was found before is void from here on: a swap only ever follows the newest look. And
    // while this goes on no epoch is claimed, so no write leaves.
    state_ = Looking{};
    SendBucket get;
    get.verb = BucketVerb::get;
    get.key = epoch_key();
    get.timeout = sight.config.get_timeout;
    desk.requests.send(sight.now, std::move(get), {ClaimLook{}}, desk.out);
}

/// Backs off. A server's Retry-After may take what leaves room for two more tries before the
/// leadership is given up for want of progress, and no more: one 503 must not cost a day's writes.
void EpochClaim::wait(const Sight& sight, Duration retry_after) {
    // A 503 with "Retry-After: 3600" in the first second would otherwise keep the Lease for an hour
    // without a single write: giving way needs a second failure, and that would be an hour away.
    const Duration room = std::max(sight.config.retry_min, sight.config.lease_duration / 3);
    const BackoffLimits limits{sight.config.retry_min, std::min(sight.config.retry_max, room)};
    state_ = Waiting{saturating_add(sight.now, failures_.fail(limits, retry_after))};
}

/// Nothing was learnt. It counts as a try of what waits to be written, for all writes wait for it.
void EpochClaim::failed(const Sight& sight, const Flight& flight, Duration retry_after,
                        Desk& desk) {
    desk.tell(TryFailed{flight.sent});
    wait(sight, retry_after);
}

bool EpochClaim::contradicts(const ETag& shown) const {
    // Both ways: "it exists" to a create, and then "there is none"; or "not that version", and then
    // that version. A race explains one such pair, for somebody may write in between, not many.
    return history_.refused && *history_.refused == shown;
}

void EpochClaim::step(const Sight& sight, const ClaimLook&, const Flight& flight,
                      BucketOutcome outcome, const BucketReply& reply, Desk& desk) {
    CHECK(std::holds_alternative<Looking>(state_));
    Renewing found;
    if (outcome == BucketOutcome::object) {
        found.etag = reply.etag;
        const std::optional<Stamp> stamp = stamp_of(*std::get<ObjectBodyPtr>(reply.content));
        if (stamp) {
            found.stored = stamp->epoch;
            // Our own swap, its reply lost. Taken for a rival's number it would cost another
            // renewal and another swap, with the same bad luck. It has to be a write id of this
            // claim: one of an earlier leadership of this process proves nothing, for the renewal
            // behind it was that leadership's.
            if (stamp->writer == sight.writer && history_.first_write != 0 &&
                stamp->write_id >= history_.first_write) {
                claimed(stamp->epoch, desk);
                return;
            }
        } else {
            desk.note(MarkId::object_corrupt);
            // The term claimed over a higher epoch, after a restore of the cluster, would make the
            // writes of the leadership before it newer than ours.
            if (history_.unreadable.may_be_whole(sight.now, reply.etag,
                                                 sight.config.lease_duration))
                return failed(sight, flight, Duration{0}, desk);
            // Unreadable: the term, which grows, is what is left to go by.
        }
    } else if (outcome != BucketOutcome::missing) {
        return failed(sight, flight, reply.retry_after, desk);
    }
    // The swap was refused because of another version, and the object has the one that it named.
    // Look, 412, look, 412 would go on with every renewal, and never be a failure by which the
    // leader could learn that it had better give way. So after a few it is one.
    if (contradicts(found.etag) && ++history_.contradictions > kContradictions) {
        desk.note(MarkId::precondition_contradicted);
        desk.tell(Contradiction{});
        history_.refused.reset();
        return failed(sight, flight, Duration{0}, desk);
    }
    history_.refused.reset();
    // A was deposed and doesn't know; B leads and has claimed 9. A looks, finds 9, and would swap
    // in 10, above the leader. A renewal that was *sent* after this instant is what it fails at.
    // One that was sent before may have been applied while A still led.
    found.answered_at = sight.now;
    found.renewed_before = sight.tenure.renewed_sent;
    state_ = found;
    wish_renewal(sight, desk);
}

void EpochClaim::wish_renewal(const Sight& sight, Desk& desk) {
    // The bucket's answers come as fast as the network: without this a look that is repeated would
    // be one more load on the API server each time.
    const bool soon = history_.ever_wished &&
                      sight.now < saturating_add(history_.wished, sight.config.retry_period);
    if (soon) return;  // the next regular one is not further away than that
    history_.ever_wished = true;
    history_.wished = sight.now;
    desk.tell(RenewalWanted{});
}

void EpochClaim::proceed(const Sight& sight, Desk& desk) {
    // The files' index came after the claim, or a look showed an object of a higher epoch.
    if (const auto* own = std::get_if<Claimed>(&state_);
        own != nullptr && sight.config.ha && sight.catalog.highest() > own->epoch)
        raise(sight, {sight.catalog.highest(), 0}, desk);
    if (const auto* waiting = std::get_if<Waiting>(&state_);
        waiting != nullptr && sight.now >= waiting->until)
        look(sight, desk);
    const auto* found = std::get_if<Renewing>(&state_);
    if (found == nullptr) return;
    // The renewal that the answer asked for may leave in the answer's own step, so its instant may
    // be equal; one that was known then is not it, even if it was sent at that very instant.
    // Each renewal is a step in which this is asked again, so there is no deadline to be set.
    if (sight.tenure.renewed_sent < found->answered_at) return;
    if (sight.tenure.renewed_sent <= found->renewed_before) return;
    // A leader that was proven dead may have left its own claim on its way, which its lease would
    // have covered: A swaps in 1060 at 0 s under a time-out of 5 s and dies, B leads at 1.3 s by
    // the proof and claims 1066, and at 4 s A's lands over it: the next claim begins from 1060
    // again. Where conditions hold, one of the two is refused. Elsewhere, and until that is known
    // (the probe is under way, and each of its answers is a step), it is waited for, and looked at
    // anew.
    if (!sight.store.fences() && found->answered_at < sight.tenure.landing_until) {
        if (sight.now >= sight.tenure.landing_until) {
            look(sight, desk);
        } else if (sight.store.put != Preconditions::unknown) {
            desk.note(MarkId::writes_await_landing);
            state_ = Waiting{sight.tenure.landing_until};
        }
        return;
    }
    // Too near to the gate's end for a put: the next renewal makes room, or ends the leadership.
    const std::optional<Duration> timeout = sight.put_timeout(0);
    if (timeout) swap(sight, Renewing(*found), *timeout, desk);
}

void EpochClaim::swap(const Sight& sight, const Renewing& found, Duration timeout, Desk& desk) {
    // Both are at most 2^63 (a larger epoch is no stamp of ours), so the sum can't wrap.
    // Not the term alone: after a restore of the cluster it begins again, below the epochs that
    // objects carry, and every follower would take the new writes for older ones. Not the stored
    // number alone: it is the bucket that may have been set back.
    // Nor these two alone: both may have been, and what is on the disks, or was given to readers,
    // is of before.
    const Epoch known = std::max({found.stored, history_.floor, sight.catalog.highest()});
    const std::uint64_t above = known.value() + 1;
    const Epoch epoch{std::max(sight.tenure.term.value(), above)};
    const std::uint64_t write_id = desk.requests.next_write();
    // Of several swaps of one claim any may be the one that was applied.
    if (history_.first_write == 0) history_.first_write = write_id;
    SendBucket put;
    put.verb = BucketVerb::put;
    put.key = epoch_key();
    // A store that does no conditions answers each conditional swap with a refusal: without this it
    // would never be claimed. What fences there is time, by the Lease and by put_timeout().
    if (sight.store.put != Preconditions::refused) {
        put.etag = found.etag;
        put.condition = found.etag.empty() ? PutCondition::if_none_match : PutCondition::if_match;
    }
    Stamp stamp;
    stamp.epoch = epoch;
    stamp.writer = sight.writer;
    stamp.write_id = write_id;
    put.body = own_body(stamp);
    put.timeout = timeout;
    state_ = Swapping{epoch, found.etag};
    desk.requests.send(sight.now, std::move(put), {ClaimSwap{}}, desk.out);
}

void EpochClaim::step(const Sight& sight, const ClaimSwap&, const Flight& flight,
                      BucketOutcome outcome, const BucketReply& reply, Desk& desk) {
    CHECK(std::holds_alternative<Swapping>(state_));
    const Swapping swapping = std::get<Swapping>(state_);
    switch (outcome) {
        case BucketOutcome::written:
            claimed(swapping.epoch, desk);
            return;
        // Somebody claimed since the look. Nothing is known of who: look again, and renew again,
        // which shows whether we still lead.
        case BucketOutcome::precondition_failed:
            desk.note(MarkId::epoch_claim_contended);
            history_.refused = swapping.etag;
            look(sight, desk);
            return;
        case BucketOutcome::refused:
            if (flight.conditional) {
                // By name: the store does no conditions. The next swap goes without.
                desk.tell(ConditionsRefused{});
                look(sight, desk);
                return;
            }
            break;
        default:
            break;
    }
    // Unknown, denied, not sent. If it was applied all the same, the look after the back-off finds
    // a write id of this claim; and where that look comes damaged, the number is not used twice.
    history_.floor = std::max(history_.floor, swapping.epoch);
    failed(sight, flight, reply.retry_after, desk);
}

void EpochClaim::claimed(Epoch epoch, Desk& desk) {
    state_ = Claimed{epoch};
    const bool raised = history_.last != Epoch{};
    history_.last = epoch;
    // A claim ends, and with it what was held against its answers; the floor stays, for the objects
    // that carry it do.
    history_.first_write = 0;
    history_.refused.reset();
    history_.contradictions = 0;
    history_.unreadable = {};
    failures_.succeed();
    desk.note(MarkId::epoch_claimed);
    if (raised) desk.note(MarkId::epoch_raised);
    desk.tell(EpochClaimed{});
}

void EpochClaim::raise(const Sight& sight, const HigherEpoch& fact, Desk& desk) {
    desk.note(MarkId::stale_put_refused);
    // Remembered also while a claim is under way: its number would be below that object's, and the
    // write that met it would meet it again.
    history_.floor = std::max(history_.floor, fact.epoch);
    // A raise goes the whole way again, renewal included: a higher number is what a leader finds
    // that was deposed unawares, and then it must not go on.
    if (!std::holds_alternative<Claimed>(state_)) return;
    // A set-back of the numbers is met once. Again, while the Lease is ours without a break, it is
    // somebody who never asks the Lease: a second group on this bucket and prefix.
    const bool foreign = fact.writer != sight.writer && fact.writer != 0;
    if (history_.raises > 0 && foreign) desk.note(MarkId::two_groups);
    ++history_.raises;
    // Two groups that share a prefix raise above each other for ever. Each raise is a swap and a
    // renewal, so past the first few each waits as a failure does.
    if (history_.raises > kRaises)
        wait(sight, Duration{0});
    else
        look(sight, desk);
}

std::optional<Epoch> EpochClaim::epoch() const {
    const auto* claimed = std::get_if<Claimed>(&state_);
    if (claimed == nullptr) return std::nullopt;
    return claimed->epoch;
}

bool EpochClaim::awaits_landing(const Sight& sight) const {
    if (sight.store.fences() || sight.now >= sight.tenure.landing_until) return false;
    // Either it has looked, and goes no further; or it waits for that very instant, and not for a
    // back-off after a failure.
    const auto* waiting = std::get_if<Waiting>(&state_);
    return std::holds_alternative<Renewing>(state_) ||
           (waiting != nullptr && waiting->until == sight.tenure.landing_until);
}

Instant EpochClaim::next_deadline() const {
    const auto* waiting = std::get_if<Waiting>(&state_);
    return waiting == nullptr ? kNever : waiting->until;
}

void EpochClaim::check(const Sight& sight) const {
    CHECK_MSG(
        sight.requests.count<ClaimLook>() == (std::holds_alternative<Looking>(state_) ? 1U : 0U),
        "a claim that looks without a GET in flight, or the other way round");
    CHECK_MSG(
        sight.requests.count<ClaimSwap>() == (std::holds_alternative<Swapping>(state_) ? 1U : 0U),
        "a claim that swaps without a PUT in flight, or the other way round");
    const auto* waiting = std::get_if<Waiting>(&state_);
    CHECK_MSG(waiting == nullptr || waiting->until > sight.now,
              "a claim that could go on stands still");
}

}  // namespace leasehold::storage
