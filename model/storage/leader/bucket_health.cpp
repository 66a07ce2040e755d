#include "model/storage/leader/bucket_health.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/body.hpp"

namespace leasehold::storage {

namespace {
constexpr Duration kLongestPatience = std::chrono::minutes(10);
}

Duration Patience::span(const StorageConfig& config) const {
    // With every replica cut off from the bucket, the Lease would change hands every half minute
    // for as long as that lasts, and each time what is queued would be fenced. Doubling keeps the
    // first change quick, which is the one that may help.
    Duration span = config.lease_duration;
    const Duration longest = std::max(kLongestPatience, config.lease_duration);
    for (std::uint32_t i = 0; i < given_up_ && span < longest; ++i)
        span *= 2;
    return std::min(span, longest);
}

void BucketHealth::failed(const Sight& sight, const TryFailed& fact) {
    // A PUT of 1 GiB leaves at 0 s; at 128 s its answer is lost. `since` is 0 s, and by it alone
    // patience would be long over. So a try that *left* after the failure was known must fail too:
    // it had a bucket to meet that was known to be bad.
    if (!trouble_)
        trouble_ = Trouble{fact.sent, sight.now, kNever};
    else if (fact.sent >= trouble_->known)
        trouble_->confirmed = std::min(trouble_->confirmed, sight.now);
}

void BucketHealth::got_on() {
    trouble_.reset();
    // A new trouble gets its own question.
    asked_ = false;
    // What still waits, waits for its own turn from now on.
    waiting_since_.reset();
    borne_ = Duration{0};
}

void BucketHealth::rest(Instant now) {
    // A quiet leader is no bad one: without a write there is nothing that another could do better.
    // But with a writeDeadline below the lease each write fails, the queue is empty for a moment,
    // and the next one meets the same bucket: begun anew each time, patience would never end.
    if (waiting_since_ && trouble_) borne_ += now - std::max(trouble_->since, *waiting_since_);
    waiting_since_.reset();
}

void BucketHealth::wait(Instant now, Duration patience) {
    if (waiting_since_) return;
    waiting_since_ = now;
    // A bucket that was asked yesterday may be well today, and the key that waits now a bad one.
    if (now >= saturating_add(asked_at_, patience)) asked_ = false;
}

void BucketHealth::proceed(const Sight& sight, bool waits, bool claimed, const Patience& patience,
                           Desk& desk) {
    // Set anew each time, from what is so now: a deadline of a trouble that has passed would wake a
    // leader for nothing, or have it give way for nothing.
    due_ = kNever;
    // Alone there is nobody to give way to; one that stops gives way as soon as its work is done.
    if (!sight.config.ha || sight.stopping) return;
    if (!waits) return rest(sight.now);
    const Duration span = patience.span(sight.config);
    wait(sight.now, span);
    if (!trouble_ || trouble_->confirmed == kNever) return;
    // An outage over night while nobody writes is borne by nobody: the time counts from when
    // something waited, or from the first try that failed, whichever came later.
    const Instant since = std::max(trouble_->since, *waiting_since_) - borne_;
    const Instant half = saturating_add(since, span / 2);
    const Instant limit = saturating_add(since, span);
    // A creation is refused, its look finds nothing, and the next try backs off for longer than the
    // lease: as it failed patience was over, and a leader gave way over one bad key that the
    // question would have named. So it is asked first, and has half the patience for its answer.
    const bool open = claimed && (!asked_ || asking_);
    const Instant asks = std::max(trouble_->confirmed, *waiting_since_);
    const Instant ends = open ? std::max(limit, saturating_add(asks, span / 2)) : limit;
    if (sight.now >= ends) {
        desk.note(MarkId::bucket_unusable);
        // Said once: the elector closes the gate within this step, and if it can't, patience begins
        // anew.
        desk.tell(GiveUp{});
        got_on();
        return;
    }
    // Before the claim the claim itself is the question: it is a small PUT under `.ha/`, too.
    if (claimed && !asked_ && !asking_ && sight.now >= half) ask(sight, desk);
    const bool unasked = claimed && !asked_ && !asking_;
    due_ = ends;
    if (unasked) due_ = std::min(due_, std::max(half, sight.now + sight.config.retry_min));
}

void BucketHealth::ask(const Sight& sight, Desk& desk) {
    // Unconditional, so nothing but time fences it: it must fit wholly. If it doesn't now, it is
    // asked after the next renewal.
    const std::optional<Duration> timeout = sight.put_timeout(0, true);
    if (!timeout) return;
    asking_ = true;
    asked_ = true;
    asked_at_ = sight.now;
    Stamp stamp;
    stamp.epoch = *sight.epoch;
    stamp.writer = sight.writer;
    stamp.write_id = desk.requests.next_write();
    SendBucket put;
    put.verb = BucketVerb::put;
    put.key = probe_key(sight.config);
    put.body = own_body(stamp);
    put.timeout = *timeout;
    desk.requests.send(sight.now, std::move(put), {HealthPut{}}, desk.out);
}

void BucketHealth::step(const Sight& sight, const HealthPut&, const Flight& flight,
                        BucketOutcome outcome, Desk& desk) {
    // At most one is in flight, so the answer is to the question of this trouble or an earlier one;
    // a success says the same in both cases.
    asking_ = false;
    if (outcome == BucketOutcome::written) {
        // The bucket takes writes: it is the keys that it doesn't take. They fail alone.
        desk.note(MarkId::key_refused);
        got_on();
    } else {
        // A write like any other, and the surest witness: it left when the trouble was known.
        failed(sight, TryFailed{flight.sent});
    }
}

void BucketHealth::check(const Sight& sight) const {
    CHECK_MSG(sight.requests.count<HealthPut>() == (asking_ ? 1U : 0U),
              "the small PUT and its flight disagree");
    CHECK_MSG(!trouble_ || (trouble_->since <= trouble_->known && trouble_->known <= sight.now),
              "a failure that was known before its try was sent");
    if (!sight.config.ha || sight.stopping) return;
    // A leader that nothing else wakes would otherwise hold the Lease over a dead bucket for ever.
    CHECK_MSG(!trouble_ || trouble_->confirmed == kNever || !waiting_since_ || due_ != kNever,
              "work waits in confirmed trouble, and nothing ends the waiting");
    CHECK_MSG(due_ > sight.now, "patience has ended and nothing is done about it");
}

}  // namespace leasehold::storage
