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
        state_ = Claimed{};
        return;
    }
    look(sight, desk);
}

void EpochClaim::look(const Sight& sight, Desk& desk) {
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
    const Duration room = std::max(sight.config.retry_min, sight.config.lease_duration / 3);
    const BackoffLimits limits{sight.config.retry_min, std::min(sight.config.retry_max, room)};
    state_ = Waiting{saturating_add(sight.now, failures_.fail(limits, retry_after))};
}

bool EpochClaim::contradicts(const ETag& shown) const {
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
            // Our own swap, its reply lost: a write id of this claim, so not a late one of an
            // earlier leadership of this process.
            if (stamp->writer == sight.writer && history_.first_write != 0 &&
                stamp->write_id >= history_.first_write) {
                claimed(stamp->epoch, desk);
                return;
            }
        } else {
            // Unreadable: the term, which grows, is what is left to go by.
            desk.note(MarkId::object_corrupt);
        }
    } else if (outcome != BucketOutcome::missing) {
        desk.tell(TryFailed{flight.sent});
        wait(sight, reply.retry_after);
        return;
    }
    // The swap was refused because of another version, and the object has the one that it named.
    if (contradicts(found.etag) && ++history_.contradictions > kContradictions) {
        desk.note(MarkId::precondition_contradicted);
        desk.tell(Contradiction{});
        desk.tell(TryFailed{flight.sent});
        history_.refused.reset();
        wait(sight, Duration{0});
        return;
    }
    history_.refused.reset();
    found.answered_at = sight.now;
    found.renewed_before = sight.tenure.renewed_sent;
    state_ = found;
    wish_renewal(sight, desk);
}

void EpochClaim::wish_renewal(const Sight& sight, Desk& desk) {
    const bool soon = history_.ever_wished &&
                      sight.now < saturating_add(history_.wished, sight.config.retry_period);
    if (soon) return;  // the next regular one is not further away than that
    history_.ever_wished = true;
    history_.wished = sight.now;
    desk.tell(RenewalWanted{});
}

void EpochClaim::proceed(const Sight& sight, Desk& desk) {
    if (const auto* waiting = std::get_if<Waiting>(&state_);
        waiting != nullptr && sight.now >= waiting->until)
        look(sight, desk);
    const auto* found = std::get_if<Renewing>(&state_);
    if (found == nullptr) return;
    // The renewal that the answer asked for may leave in the answer's own step, so its instant may
    // be equal; one that was known then is not it, even if it was sent at that very instant.
    if (sight.tenure.renewed_sent < found->answered_at) return;
    if (sight.tenure.renewed_sent <= found->renewed_before) return;
    const std::optional<Duration> timeout = sight.put_timeout(0);
    if (timeout) swap(sight, Renewing(*found), *timeout, desk);
}

void EpochClaim::swap(const Sight& sight, const Renewing& found, Duration timeout, Desk& desk) {
    // Both are at most 2^63 (a larger epoch is no stamp of ours), so the sum can't wrap.
    const std::uint64_t above = std::max(found.stored.value(), history_.floor.value()) + 1;
    const Epoch epoch{std::max(sight.tenure.term.value(), above)};
    const std::uint64_t write_id = desk.requests.next_write();
    if (history_.first_write == 0) history_.first_write = write_id;
    SendBucket put;
    put.verb = BucketVerb::put;
    put.key = epoch_key();
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
        case BucketOutcome::precondition_failed:
            desk.note(MarkId::epoch_claim_contended);
            history_.refused = swapping.etag;
            look(sight, desk);
            return;
        case BucketOutcome::refused:
            if (flight.conditional) {
                desk.tell(ConditionsRefused{});
                look(sight, desk);
                return;
            }
            break;
        default:
            break;
    }
    desk.tell(TryFailed{flight.sent});
    wait(sight, reply.retry_after);
}

void EpochClaim::claimed(Epoch epoch, Desk& desk) {
    state_ = Claimed{epoch};
    const bool raised = history_.last != Epoch{};
    history_.last = epoch;
    history_.first_write = 0;
    history_.refused.reset();
    history_.contradictions = 0;
    failures_.succeed();
    desk.note(MarkId::epoch_claimed);
    if (raised) desk.note(MarkId::epoch_raised);
    desk.tell(EpochClaimed{});
}

void EpochClaim::raise(const Sight& sight, const HigherEpoch& fact, Desk& desk) {
    desk.note(MarkId::stale_put_refused);
    history_.floor = std::max(history_.floor, fact.epoch);
    if (!std::holds_alternative<Claimed>(state_)) return;
    // A set-back of the numbers is met once. Again, while the Lease is ours without a break, it is
    // somebody who never asks the Lease: a second group on this bucket and prefix.
    const bool foreign = fact.writer != sight.writer && fact.writer != 0;
    if (history_.raises > 0 && foreign) desk.note(MarkId::two_groups);
    ++history_.raises;
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

Epoch EpochClaim::provisional(const Tenure& tenure) const {
    if (const auto claimed = epoch()) return *claimed;
    return Epoch{std::max(tenure.term.value(), history_.last.value())};
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
