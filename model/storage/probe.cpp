// The probe: does this store honour conditional writes? Asked once per process, by a leader.

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
// the second. Until that is known, every put has to fit into the validity with its time-out.
void RWStorageController::pump_probe(Context& c) {
    Leading* leader = leading();
    if (!config_.ha || stopping_ || preconditions_ != Preconditions::unknown) return;
    if (!may_write() || leader->probe != ProbeState::idle) return;
    const std::optional<Duration> timeout = attempt_timeout(c.now, 0);
    if (!timeout) return;
    SendBucket put;
    put.verb = BucketVerb::put;
    put.key = ObjectKey{".ha/probe/" + config_.identity};
    put.condition = PutCondition::if_none_match;
    put.body = make_body(Blob{}, leader->claim.epoch, ++last_write_, false, true);
    put.timeout = *timeout;
    leader->probe = ProbeState::putting;
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
        if (++leader->probe_tries >= kProbeTries) {
            leader->probe = ProbeState::done;
            return;
        }
        leader->probe = ProbeState::backing_off;
        leader->probe_retry_at =
            saturating_add(c.now, backoff(leader->probe_tries, reply.retry_after));
        arm(leader->probe_retry_at, TimerKind::probe_retry);
        return;
    }
    const bool honoured = outcome == BucketOutcome::precondition_failed;
    preconditions_ = honoured ? Preconditions::honoured : Preconditions::ignored;
    mark(c, honoured ? MarkId::preconditions_honoured : MarkId::preconditions_ignored);
    leader->probe = ProbeState::done;
    const std::optional<Duration> timeout = attempt_timeout(c.now, 0);
    if (!timeout || stopping_) return;
    SendBucket remove;
    remove.verb = BucketVerb::remove;
    remove.key = ObjectKey{".ha/probe/" + config_.identity};
    remove.timeout = *timeout;
    send(c, std::move(remove), Purpose::probe_cleanup, 0);
}

}  // namespace leasehold
