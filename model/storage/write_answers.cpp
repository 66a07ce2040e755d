// Answers to writes: what is known after each, and what to do about what isn't.

#include <utility>

#include "model/base/check.hpp"
#include "model/storage/controller.hpp"

namespace leasehold {

using namespace storage;

namespace {
constexpr std::uint32_t kUploadTries = 4;  // of reconciling, which comes again
}

void RWStorageController::on_write_attempt(Context& c, const Flight& flight, BucketOutcome outcome,
                                           const BucketReply& reply) {
    const std::uint64_t id = flight.owner;
    Job& job = leading()->jobs.at(id);
    job.request = RequestId{};
    switch (outcome) {
        case BucketOutcome::written:
            commit(c, id, reply.etag);
            return;
        case BucketOutcome::removed:
            commit(c, id, ETag{});
            return;
        case BucketOutcome::precondition_failed:
            // Somebody wrote since: a successor, a human, or this very job with its reply lost.
            check_write(c, id);
            return;
        case BucketOutcome::not_sent:
        case BucketOutcome::denied:
            // Certainly not applied. Credentials and permissions come back: until the deadline.
            if (!job.call && job.tries >= kUploadTries)
                end_job(c, id, WriteAck::failed);
            else
                back_off(c, id, job.maybe_applied, reply.retry_after);
            return;
        default:
            break;
    }
    // 409, 5xx, a time-out, a broken connection: stored, or not, or yet to be.
    job.maybe_applied = true;
    if (stopping_ && !job.call) {
        end_job(c, id, WriteAck::unknown);
        return;
    }
    // Without a stamp there is nothing to recognise: the only writer just writes again.
    back_off(c, id, config_.ha, reply.retry_after);
}

void RWStorageController::check_write(Context& c, std::uint64_t id) {
    if (!config_.ha) {
        back_off(c, id, false, Duration{0});
        return;
    }
    Job& job = leading()->jobs.at(id);
    job.state = JobState::checking;
    job.retry_at = kNever;
    job.request = send_get(c, job.key, Purpose::write_check, id, config_.get_timeout);
}

bool RWStorageController::is_own(const Stamp& stamp, std::uint64_t write_id,
                                 const Blob& payload) const {
    return stamp.writer == writer_ && stamp.write_id == write_id && stamp.length == payload.size &&
           (payload.size == 0 || stamp.digest == payload.digest);
}

void RWStorageController::on_write_check(Context& c, const Flight& flight, BucketOutcome outcome,
                                         const BucketReply& reply) {
    const std::uint64_t id = flight.owner;
    Leading* leader = leading();
    Job& job = leader->jobs.at(id);
    job.request = RequestId{};
    const Found found = examine(c, flight, outcome, reply);
    if (found.kind == FoundKind::nothing || found.kind == FoundKind::denied) {
        if (!job.call && job.tries >= kUploadTries)
            end_job(c, id, WriteAck::unknown);
        else
            back_off(c, id, true, reply.retry_after);
        return;
    }
    const bool stamped = found.kind == FoundKind::data || found.kind == FoundKind::tombstone;
    if (stamped && found.stamp.tombstone == job.tombstone && is_own(found.stamp, id, job.payload)) {
        mark(c, MarkId::write_resolved);
        commit(c, id, found.etag);
        return;
    }
    // What was found is the version to write over, whoever changed the view meanwhile; a corrupt
    // object has no epoch that could be above ours.
    Tracked& view = tracked_[job.key];
    view.remote = found.etag;
    view.examined = found.etag;
    view.epoch = stamped ? found.stamp.epoch : Epoch{};
    view.tombstone = found.kind == FoundKind::tombstone;
    const bool newer = stamped && found.stamp.epoch > leader->claim.epoch;
    if (newer) raise_epoch(c, found.stamp.epoch);
    if (!job.call) {
        // An upload was decided by what the object was; it is something else now.
        end_job(c, id, WriteAck::failed);
        return;
    }
    ++job.tries;
    requeue(id);
}

}  // namespace leasehold
