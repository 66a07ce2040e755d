#include "model/storage/leader/store_probe.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/body.hpp"

namespace leasehold::storage {

namespace {
constexpr std::uint32_t kTries = 8;   // of one leadership; without a verdict: as if ignored
constexpr std::uint32_t kRounds = 3;  // of the race
/// A store that locks the key while half of a body lies there answers the other PUT only then.
constexpr Duration kStall = std::chrono::seconds(1);
const char* const kOther = "00000000000000000000000000000000";  // an ETag that it never had

/// After the claim, without which nothing is written; its own key needs none, though. A claim that
/// may be undone by what a dead leader had sent waits for the verdict (EpochClaim::proceed).
bool has_turn(const Sight& sight) {
    const bool claim_waits = sight.now < sight.tenure.landing_until;
    return sight.config.ha && !sight.stopping && (sight.epoch || claim_waits);
}
}  // namespace

void StoreProbe::proceed(const Sight& sight, Desk& desk) {
    // A stop waits for every request that changes a key: it must not wait for one that we hold
    // back.
    const bool held = pair_ && pair_->resume_at != kNever;
    if (held && (sight.stopping || sight.now >= pair_->resume_at)) resume(desk);
    if (stage_ == Stage::done || !has_turn(sight)) return;
    if (sight.now < next_ || !sight.put_timeout(0, true)) return;
    if (sight.config.store_not_atomic && verdict_.put == Preconditions::unknown)
        conclude(Preconditions::not_atomic, desk);
    next_ = kNever;
    switch (stage_) {
        case Stage::plant:
            static_cast<void>(put(sight, PutCondition::none, {}, false, 0, desk));
            return;
        case Stage::create:
            static_cast<void>(put(sight, PutCondition::if_none_match, {}, false, 0, desk));
            return;
        case Stage::match:
            // A store may refuse a create over an object and still ignore If-Match, on which nearly
            // every write depends: each is asked by itself.
            static_cast<void>(put(sight, PutCondition::if_match, ETag(kOther), false, 0, desk));
            return;
        case Stage::remove:
            remove(sight, ETag(kOther), desk);
            return;
        case Stage::race:
            send_pair(sight, false, desk);
            return;
        case Stage::stall:
            send_pair(sight, true, desk);
            return;
        case Stage::clean:
            remove(sight, ETag{}, desk);
            return;
        case Stage::done:
            return;
    }
}

RequestId StoreProbe::put(const Sight& sight, PutCondition condition, const ETag& etag,
                          bool stalled, std::uint32_t number, Desk& desk) {
    Stamp stamp;
    stamp.epoch = sight.epoch.value_or(Epoch{sight.tenure.term.value()});
    stamp.writer = sight.writer;
    stamp.write_id = desk.requests.next_write();
    SendBucket request;
    request.verb = BucketVerb::put;
    request.key = probe_key(sight.config);
    request.condition = condition;
    request.etag = etag;
    request.body = own_body(stamp);
    request.stalled = stalled;
    // Until the verdict nothing fences, these requests included: each must fit wholly inside
    // validity.
    request.timeout = *sight.put_timeout(0, true);
    return desk.requests.send(sight.now, std::move(request), {ProbeRequest{number}}, desk.out);
}

void StoreProbe::remove(const Sight& sight, const ETag& etag, Desk& desk) {
    SendBucket request;
    request.verb = BucketVerb::remove;
    request.key = probe_key(sight.config);
    request.etag = etag;
    request.timeout = *sight.put_timeout(0, true);
    desk.requests.send(sight.now, std::move(request), {ProbeRequest{}}, desk.out);
}

void StoreProbe::send_pair(const Sight& sight, bool stalled, Desk& desk) {
    Pair pair;
    for (std::uint32_t i = 0; i < 2; ++i) {
        const bool half = stalled && i == 0;
        pair.requests[i] = put(sight, PutCondition::if_match, etag_, half, i + 1, desk);
    }
    pair.open = 2;
    // Its rest leaves then at the latest, or a store that locks the key would keep both waiting
    // until their time-outs.
    if (stalled) pair.resume_at = saturating_add(sight.now, kStall);
    pair_ = pair;
}

void StoreProbe::resume(Desk& desk) {
    pair_->resume_at = kNever;
    desk.out.emplace_back(ResumeBucket{pair_->requests[0]});
}

void StoreProbe::step(const Sight& sight, const ProbeRequest& owner, const Flight& flight,
                      BucketOutcome outcome, const BucketReply& reply, Desk& desk) {
    if (pair_) {
        on_pair(sight, owner, outcome, reply, desk);
    } else if (outcome == BucketOutcome::refused && flight.conditional) {
        if (stage_ == Stage::remove)
            // It says so by name, which is as good as being seen to ignore it: nothing is purged.
            conclude_remove(Preconditions::ignored, desk);
        else
            refused(desk);
        next_ = sight.now;
    } else {
        on_single(sight, outcome, reply, desk);
    }
}

void StoreProbe::on_single(const Sight& sight, BucketOutcome outcome, const BucketReply& reply,
                           Desk& desk) {
    const bool written = outcome == BucketOutcome::written;
    const bool failed = outcome == BucketOutcome::precondition_failed;
    next_ = sight.now;
    switch (stage_) {
        case Stage::plant:
            if (!written) return fail(sight, reply.retry_after);
            etag_ = reply.etag;
            if (verdict_.remove != Preconditions::unknown || remove_denied_)
                stage_ = Stage::race;  // the first three were answered
            else
                stage_ = verdict_.put == Preconditions::unknown ? Stage::create : Stage::remove;
            // That answers no question: a pair of which nothing comes out plants anew each time,
            // and with the tries forgotten it would be played for as long as the process leads.
            return;
        case Stage::create:
        case Stage::match:
            if (written)
                conclude(Preconditions::ignored, desk);
            else if (failed)
                stage_ = stage_ == Stage::create ? Stage::match : Stage::remove;
            else
                return fail(sight, reply.retry_after);
            break;
        case Stage::remove:
            if (failed) {
                conclude_remove(Preconditions::honoured, desk);
            } else if (outcome == BucketOutcome::removed) {
                conclude_remove(Preconditions::ignored, desk);
                if (stage_ == Stage::race) stage_ = Stage::plant;  // it is gone: another one
            } else if (outcome == BucketOutcome::denied) {
                // Who may not delete learns nothing of conditions on DELETE, and still all that
                // writes depend on. Unknown, not ignored: another replica may have the right, and
                // purge, so a creation goes on to look at the epoch first.
                remove_denied_ = true;
                stage_ = verdict_.put == Preconditions::unknown ? Stage::race : Stage::done;
            } else {
                return fail(sight, reply.retry_after);
            }
            break;
        case Stage::clean:
            stage_ = Stage::done;  // left behind at worst: an empty object
            break;
        case Stage::race:
        case Stage::stall:
        case Stage::done:
            CHECK_MSG(false, "a single answer to a pair");
    }
    failures_.succeed();
}

void StoreProbe::on_pair(const Sight& sight, const ProbeRequest& owner, BucketOutcome outcome,
                         const BucketReply& reply, Desk& desk) {
    Pair& pair = *pair_;
    --pair.open;
    if (outcome == BucketOutcome::written) {
        ++pair.stored;
        etag_ = reply.etag;
    } else if (outcome != BucketOutcome::precondition_failed &&
               reply.code != BucketCode::conditional_request_conflict) {
        // That code is S3's for one of two at once: it stored the other.
        pair.unclear = true;
    }
    if (pair.open > 0) {
        // The other one was judged while half of a body lay there: that is the moment it was for.
        if (pair.resume_at != kNever && owner.number == 2) resume(desk);
        return;
    }
    const bool both = pair.stored == 2;
    const bool unclear = pair.unclear || pair.stored == 0;
    const bool stalled = stage_ == Stage::stall;
    pair_.reset();
    next_ = sight.now;
    // A write met a refusal by name meanwhile: there is nothing left to be found out, and a pair
    // of which one was stored must not end in "honoured".
    if (verdict_.put == Preconditions::refused) return;
    if (both) {
        conclude(Preconditions::not_atomic, desk);
    } else if (unclear) {
        // Which version is there now? Plant another one, and ask again.
        fail(sight, reply.retry_after);
    } else if (stalled) {
        conclude(Preconditions::honoured, desk);
    } else if (++round_ >= kRounds) {
        stage_ = Stage::stall;
    }
}

void StoreProbe::fail(const Sight& sight, Duration retry_after) {
    if (stage_ == Stage::race || stage_ == Stage::stall) stage_ = Stage::plant;
    const Duration wait = failures_.fail(sight.retries(), retry_after);
    next_ = saturating_add(sight.now, wait);
    if (failures_.tries() < kTries) return;
    if (stage_ == Stage::remove && verdict_.put == Preconditions::unknown) {
        // What is never answered about DELETE says nothing of PUT (see on_single).
        remove_denied_ = true;
        failures_.succeed();
        stage_ = Stage::race;
        return;
    }
    // Without a verdict: nothing fences for the rest of this leadership. Slower, and safe.
    stage_ = Stage::done;
    next_ = kNever;
}

void StoreProbe::conclude(Preconditions verdict, Desk& desk) {
    // A race is shown by luck: that none was seen here does not explain what was seen elsewhere.
    if (verdict == Preconditions::honoured && contradicted_) verdict = Preconditions::not_atomic;
    if (verdict == Preconditions::honoured) desk.note(MarkId::preconditions_honoured);
    if (verdict == Preconditions::ignored) desk.note(MarkId::preconditions_ignored);
    if (verdict == Preconditions::refused) desk.note(MarkId::preconditions_refused);
    if (verdict == Preconditions::not_atomic) desk.note(MarkId::preconditions_not_atomic);
    verdict_.put = verdict;
    // A gateway that knows no conditions on PUT is not believed about those on DELETE.
    if (verdict == Preconditions::refused) verdict_.remove = Preconditions::ignored;
    if (remove_denied_)
        stage_ = Stage::done;
    else
        stage_ = verdict_.remove == Preconditions::unknown ? Stage::plant : Stage::clean;
}

void StoreProbe::conclude_remove(Preconditions verdict, Desk& desk) {
    desk.note(verdict == Preconditions::honoured ? MarkId::conditional_delete_honoured
                                                 : MarkId::conditional_delete_ignored);
    verdict_.remove = verdict;
    // Without a verdict on PUT the races are still to be run.
    stage_ = verdict_.put == Preconditions::unknown ? Stage::race : Stage::clean;
}

void StoreProbe::contradicted() {
    // One-way: an answer that can't be under honoured conditions outweighs any number that can,
    // also those that are still to come.
    contradicted_ = true;
    if (verdict_.put == Preconditions::honoured) verdict_.put = Preconditions::not_atomic;
}

void StoreProbe::refused(Desk& desk) {
    if (verdict_.put == Preconditions::refused) return;
    // Out of tries nothing would wake the probe for its last DELETE.
    const bool over = stage_ == Stage::done;
    conclude(Preconditions::refused, desk);
    if (over) stage_ = Stage::done;
}

Instant StoreProbe::next_deadline(const Sight& sight) const {
    Instant next = pair_ ? pair_->resume_at : kNever;
    if (stage_ != Stage::done && has_turn(sight) && next_ > sight.now) next = std::min(next, next_);
    return next;
}

void StoreProbe::check(const Sight& sight) const {
    const std::size_t asked = sight.requests.count<ProbeRequest>();
    CHECK_MSG(pair_ ? asked == pair_->open : asked <= 1,
              "the probe's requests in flight are not those that it waits for");
    CHECK_MSG(!pair_ || (pair_->open > 0 && pair_->stored + pair_->open <= 2),
              "a pair with more or fewer answers than requests");
    // Half of a body that nobody follows up would hold the key until its time-out.
    CHECK_MSG(!pair_ || pair_->resume_at > sight.now, "the rest of a stalled body is not sent");
    if (stage_ == Stage::done || !has_turn(sight)) return;
    CHECK_MSG(next_ > sight.now || !sight.put_timeout(0, true),
              "a question could be asked and is not");
    CHECK_MSG(asked > 0 || next_ != kNever,
              "a question is open, and neither an answer nor a time will bring the next");
}

}  // namespace leasehold::storage
