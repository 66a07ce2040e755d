// The probe: does this store honour conditional writes and conditional deletes? Asked once per
// process, by a leader.

#include <string>
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {
constexpr std::uint32_t kProbeTries = 8;  // of one leadership; without a result: as if ignored
}

// Two creations of one key that is only ours: a store that honours If-None-Match answers 412 to
// the second. Until that is known, every put has to fit into the validity with its time-out. Then
// a DELETE of it with an ETag that it never had: 412 again, or the object is gone (MinIO).
void RWStorageController::pump_probe(Context& c) {
    Leading* leader = leading();
    if (!config_.ha || stopping_ || conditional_delete_ != Preconditions::unknown) return;
    if (!may_write() || leader->probe != ProbeState::idle) return;
    const std::optional<Duration> timeout = attempt_timeout(c.now, 0);
    if (!timeout) return;
    leader->probe = ProbeState::putting;
    if (preconditions_ != Preconditions::unknown) {
        send_probe_delete(c, ETag{"00000000000000000000000000000000"}, Purpose::probe_delete);
        return;
    }
    SendBucket put;
    put.verb = BucketVerb::put;
    put.key = ObjectKey{".ha/probe/" + config_.identity};
    put.condition = PutCondition::if_none_match;
    put.body = make_body(Blob{}, leader->claim.epoch, ++last_write_, false, true);
    put.timeout = *timeout;
    send(c, std::move(put), Purpose::probe_put, 0);
}

void RWStorageController::on_probe(Context& c, BucketOutcome outcome, const BucketReply& reply) {
    Leading* leader = leading();
    CHECK(leader->probe == ProbeState::putting);
    if (outcome == BucketOutcome::written && !probe_stored_) {
        probe_stored_ = true;
        leader->probe = ProbeState::idle;  // now the second one
        return;
    }
    if (outcome != BucketOutcome::written && outcome != BucketOutcome::precondition_failed) {
        retry_probe(c, reply.retry_after);
        return;
    }
    const bool honoured = outcome == BucketOutcome::precondition_failed;
    preconditions_ = honoured ? Preconditions::honoured : Preconditions::ignored;
    mark(c, honoured ? MarkId::preconditions_honoured : MarkId::preconditions_ignored);
    leader->probe = ProbeState::idle;  // now the DELETE
    leader->probe_tries = 0;
}

void RWStorageController::on_probe_delete(Context& c, BucketOutcome outcome,
                                          const BucketReply& reply) {
    Leading* leader = leading();
    CHECK(leader->probe == ProbeState::putting);
    const bool honoured = outcome == BucketOutcome::precondition_failed;
    if (!honoured && outcome != BucketOutcome::removed) {
        retry_probe(c, reply.retry_after);
        return;
    }
    conditional_delete_ = honoured ? Preconditions::honoured : Preconditions::ignored;
    mark(c, honoured ? MarkId::conditional_delete_honoured : MarkId::conditional_delete_ignored);
    leader->probe = ProbeState::done;
    if (honoured)
        send_probe_delete(c, ETag{}, Purpose::probe_cleanup);
    else
        leader->purge = Purge{};  // tombstones stay
}

void RWStorageController::retry_probe(Context& c, Duration retry_after) {
    Leading* leader = leading();
    if (++leader->probe_tries >= kProbeTries) {
        leader->probe = ProbeState::done;
        return;
    }
    leader->probe = ProbeState::backing_off;
    leader->probe_retry_at = saturating_add(c.now, backoff(leader->probe_tries, retry_after));
    arm(leader->probe_retry_at, TimerKind::probe_retry);
}

/// A DELETE of the probe's object, under If-Match if there is an `etag`.
void RWStorageController::send_probe_delete(Context& c, const ETag& etag, Purpose purpose) {
    const std::optional<Duration> timeout = attempt_timeout(c.now, 0);
    if (!timeout || stopping_) return;
    SendBucket remove;
    remove.verb = BucketVerb::remove;
    remove.key = ObjectKey{".ha/probe/" + config_.identity};
    remove.etag = etag;
    remove.timeout = *timeout;
    send(c, std::move(remove), purpose, 0);
}

}  // namespace leasehold
