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
    Duration span = config.lease_duration;
    const Duration longest = std::max(kLongestPatience, config.lease_duration);
    for (std::uint32_t i = 0; i < given_up_ && span < longest; ++i)
        span *= 2;
    return std::min(span, longest);
}

void BucketHealth::failed(const Sight& sight, const TryFailed& fact) {
    if (!trouble_)
        trouble_ = Trouble{fact.sent, sight.now, false};
    else if (fact.sent >= trouble_->known)
        trouble_->confirmed = true;
}

void BucketHealth::got_on() {
    trouble_.reset();
    asked_ = false;
    // What still waits, waits for its own turn from now on.
    waiting_since_.reset();
}

void BucketHealth::proceed(const Sight& sight, bool waits, bool claimed, const Patience& patience,
                           Desk& desk) {
    due_ = kNever;
    if (!sight.config.ha || sight.stopping) return;
    if (!waits) {
        waiting_since_.reset();
        return;
    }
    if (!waiting_since_) waiting_since_ = sight.now;
    if (!trouble_ || !trouble_->confirmed) return;
    const Instant since = std::max(trouble_->since, *waiting_since_);
    const Duration span = patience.span(sight.config);
    const Instant half = saturating_add(since, span / 2);
    const Instant limit = saturating_add(since, span);
    if (sight.now >= limit) {
        desk.note(MarkId::bucket_unusable);
        desk.tell(GiveUp{});
        got_on();
        return;
    }
    if (claimed && !asked_ && !asking_ && sight.now >= half) ask(sight, desk);
    due_ =
        claimed && !asked_ && !asking_ ? std::max(half, sight.now + sight.config.retry_min) : limit;
}

void BucketHealth::ask(const Sight& sight, Desk& desk) {
    const std::optional<Duration> timeout = sight.put_timeout(0, true);
    if (!timeout) return;
    asking_ = true;
    asked_ = true;
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
    asking_ = false;
    if (outcome == BucketOutcome::written) {
        // The bucket takes writes: it is the keys that it doesn't take. They fail alone.
        desk.note(MarkId::key_refused);
        got_on();
    } else {
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
    CHECK_MSG(!trouble_ || !trouble_->confirmed || !waiting_since_ || due_ != kNever,
              "work waits in confirmed trouble, and nothing ends the waiting");
    CHECK_MSG(due_ > sight.now, "patience has ended and nothing is done about it");
}

}  // namespace leasehold::storage
