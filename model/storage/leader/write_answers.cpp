// One write: what leaves, and what is known after each answer.
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/body.hpp"
#include "model/storage/leader/writer.hpp"

namespace leasehold::storage {

namespace {

constexpr std::uint32_t kUploadTries = 4;  // of reconciling, which comes again
/// Answers that contradict each other are believed to be late this often, then backed off from.
constexpr std::uint32_t kContradictions = 2;
/// So many writers may have come in between, one after the other.
constexpr std::uint32_t kRefusals = 8;

/// Is it what the job wrote, in whichever attempt?
bool is_own(const Sight& sight, const Stamp& stamp, JobId id, const Job& job) {
    // Not by epoch: an attempt from before a raise carries the earlier one. And by content too: a
    // write id alone would take the tombstone that holds a large creation's place for the write
    // itself.
    return stamp.writer == sight.writer && stamp.write_id == id.value() &&
           stamp.tombstone == job.tombstone && stamp.length == job.payload.size &&
           (job.payload.size == 0 || stamp.digest == job.payload.digest);
}

}  // namespace

// If-Match with the version last seen, If-None-Match for a key never seen: whoever wrote since, of
// whatever epoch, turns the attempt into a 412. A removal is a tombstone under the same condition,
// because some stores ignore conditions on DELETE and a late create would undo it.
//
// A creation has only the look at `.ha/epoch` to vouch for it, and that is good for the largest
// request age. An object that travels longer is created in two steps: a tombstone of its own, which
// lands in time, and then the object under If-Match of that.
void Writer::send(const Sight& sight, JobId id, Job& job, Desk& desk) {
    const Entry& known = sight.catalog.at(job.key);
    const bool creates = sight.config.ha && known.view.etag.empty();
    const Duration travel = sight.with_travel(sight.config.put_timeout, job.payload.size);
    // Where nobody can purge, a key that a rival wrote holds an object or a tombstone, and refuses
    // the creation however late it comes: no need to hold its place.
    job.placing = creates && !job.tombstone && travel > sight.config.largest_request_age &&
                  sight.config.format == ObjectFormat::fenced &&
                  sight.store.remove != Preconditions::ignored;
    job.sent = Stamp{sight.epoch.value(), sight.writer,       id.value(),
                     job.payload.size,    job.payload.digest, job.tombstone};
    // It names what is to come: without that, a file of the very bytes would look removed to
    // whoever meets the place before the object is there, this process and the next one too.
    if (job.placing)
        job.sent =
            Stamp{sight.epoch.value(), sight.writer, id.value(), 0, job.payload.digest, true};
    SendBucket put;
    put.key = sight.catalog.name(job.key);
    // There is one: proceed() starts nothing near the gate's end, and looks at the same instant.
    put.timeout = sight.put_timeout(job.placing ? 0 : job.payload.size).value();
    if (!sight.config.ha && job.tombstone) {
        // A single install removes as it always did; there is nobody whom a tombstone would stop.
        put.verb = BucketVerb::remove;
    } else {
        put.verb = BucketVerb::put;
        put.body = data_body(sight.config, job.placing ? Blob{} : job.payload, job.sent);
    }
    if (sight.config.ha && sight.store.put != Preconditions::refused) {
        // The view and not the tag of the file: it is what the bucket was last seen to hold.
        put.etag = known.view.etag.etag();
        job.condition = put.etag;
        put.condition = creates ? PutCondition::if_none_match : PutCondition::if_match;
    }
    if (job.maybe_applied) desk.note(MarkId::write_retried);
    Flight flight{Attempt{id}};
    flight.key = job.key;
    flight.generation = known.generation;
    job.request = desk.requests.send(sight.now, std::move(put), flight, desk.out);
}

/// GET of the key, or of `.ha/epoch`.
void Writer::look(const Sight& sight, JobId id, Job& job, bool at_epoch, Desk& desk) {
    SendBucket get;
    get.verb = BucketVerb::get;
    if (at_epoch) {
        get.key = epoch_key();
        get.timeout = sight.config.get_timeout;
        job.request = desk.requests.send(sight.now, std::move(get), {EpochLook{id}}, desk.out);
        return;
    }
    get.key = sight.catalog.name(job.key);
    // By size: the object that is looked at may be the large one that is to be replaced, or that
    // which this job has put there: no file tells its size where the disk is full.
    get.timeout = sight.get_timeout(job.key, job.payload.size);
    Flight flight{AttemptLook{id}};
    flight.key = job.key;
    flight.generation = sight.catalog.at(job.key).generation;
    job.request = desk.requests.send(sight.now, std::move(get), flight, desk.out);
}

/// The job's request was answered: its place is free.
Job& Writer::landed(JobId id) {
    Job& job = jobs_.at(id);
    CHECK(job.state == JobState::in_flight);
    // Before anything is decided, so no path can keep it: whoever goes on takes a place again, in
    // turn.
    places_.give(id);
    uploads_.give(id);
    job.request = RequestId{};
    job.state = JobState::queued;
    return job;
}

/// Tries again after a back-off, until the deadline: credentials, permissions and buckets come
/// back. An upload is nobody's call and gives up; it is decided about again soon.
void Writer::fail(const Sight& sight, JobId id, Job& job, NotStored why, Duration retry_after,
                  Desk& desk) {
    const Duration wait = job.failures.fail(sight.retries(), retry_after);
    // It would hold one of two places for uploads at each try, before files that can be stored.
    if (job.upload() && (job.failures.tries() > kUploadTries || sight.stopping)) {
        desk.tell(UploadNotStored{job.key, why});
        finish(id, job.maybe_applied ? WriteAck::unknown : WriteAck::failed, {}, {}, desk);
        return;
    }
    wait_until(id, job, saturating_add(sight.now, wait));
}

void Writer::step(const Sight& sight, const Attempt& owner, const Flight& flight,
                  BucketOutcome outcome, const BucketReply& reply, Desk& desk) {
    Job& job = landed(owner.job);
    const bool placed = std::exchange(job.placing, false);
    // Another attempt, another condition: what was refused before proves nothing against this
    // answer.
    job.refused.reset();
    switch (outcome) {
        case BucketOutcome::written:
            if (!placed) {
                commit(owner.job, job.sent, reply.etag, desk);
                return;
            }
            // Not an end: the next attempt names this ETag, so however late it lands, it is refused
            // if anybody wrote since.
            desk.tell(Placed{job.key, job.sent, reply.etag});
            job.over = StoredETag(reply.etag);
            queue(owner.job, job);
            return;
        case BucketOutcome::removed:
            commit(owner.job, job.sent, ETag{}, desk);
            return;
        case BucketOutcome::precondition_failed:
            // Somebody wrote since: a successor, a human, or this very job with its reply lost.
            if (!sight.config.ha) break;
            job.refused = job.condition;
            // Own write id there: committed. A lower epoch or a foreign object: again, over that. A
            // higher epoch: the claim is raised above it, if the renewal shows that we still lead.
            // A mere retry under the new ETag would let a deposed leader write over its successor.
            job.look_next = true;
            queue(owner.job, job);
            return;
        case BucketOutcome::refused:
            if (!flight.conditional) break;
            // Certainly not stored, and no failure of the bucket: tried again at once, without a
            // condition.
            desk.tell(ConditionsRefused{});
            queue(owner.job, job);
            return;
        case BucketOutcome::not_sent:
        case BucketOutcome::denied:
            // Certainly not applied; and a try all the same: a name that doesn't resolve lets
            // nothing leave, and another replica may reach the bucket.
            desk.tell(TryFailed{flight.sent});
            // This try is certainly not stored; an earlier one may be, and then it is found, not
            // stored again.
            job.look_next = job.maybe_applied;
            fail(sight, owner.job, job,
                 outcome == BucketOutcome::denied ? NotStored::refused : NotStored::outage,
                 reply.retry_after, desk);
            return;
        default:
            break;
    }
    // 409, 5xx, a time-out, a broken connection: stored, or not, or yet to be.
    desk.tell(TryFailed{flight.sent});
    // From here on only a look can tell, and only "it is there" is an answer: that it is not there
    // says that it was not applied *yet*.
    job.maybe_applied = true;
    if (!sight.config.ha || !sight.store.fences())
        unresolved_[job.key] = saturating_add(sight.now, sight.config.largest_request_age);
    job.look_next = true;
    fail(sight, owner.job, job, NotStored::outage, reply.retry_after, desk);
}

void Writer::step(const Sight& sight, const AttemptLook& owner, const Flight& flight,
                  const Found& found, Desk& desk) {
    Job& job = landed(owner.job);
    // Nothing was learnt, so the question stays.
    const bool learnt =
        found.kind != FoundKind::nothing && found.kind != FoundKind::denied &&
        !(found.kind == FoundKind::corrupt &&
          job.unreadable.may_be_whole(sight.now, found.etag, sight.config.lease_duration));
    if (!learnt) {
        desk.tell(TryFailed{flight.sent});
        fail(sight, owner.job, job,
             found.kind == FoundKind::nothing ? NotStored::outage : NotStored::refused,
             found.retry_after, desk);
        return;
    }
    job.look_next = false;
    // What lies damaged has no stamp: it is nobody's, and is written over under its ETag.
    const bool stamped = found.kind == FoundKind::data || found.kind == FoundKind::tombstone;
    if (stamped && is_own(sight, found.stamp, owner.job, job)) {
        desk.note(MarkId::write_resolved);
        // With what the look found: of two attempts it may be the earlier one that is there.
        commit(owner.job, found.stamp, found.etag, desk);
        return;
    }
    // The job is queued all the same: it starts when there is an epoch again, above that one. What
    // lies damaged was whole, and a header that can be read says whose: its readers know that
    // epoch.
    const Epoch named = stamped ? found.stamp.epoch : found.torn.epoch;
    if (named > sight.epoch.value_or(Epoch{}))
        desk.tell(HigherEpoch{named, stamped ? found.stamp.writer : 0});
    // The store refuses to create the key because it exists, and says that it does not; or it
    // refuses the very version that it shows.
    const auto refused = std::exchange(job.refused, std::nullopt);
    const bool contradicts = refused && *refused == found.etag;
    if (contradicts && ++job.contradictions > kContradictions) {
        contradicted(sight, flight, owner.job, job, desk);
        return;
    }
    // Its own place, although the answer to that was lost.
    if (found.keeps_place() && found.stamp.writer == sight.writer &&
        found.stamp.write_id == owner.job.value())
        job.over = StoredETag(found.etag);
    // It was decided by what the object was. Is that something else now? Then decide again. A try
    // that failed and changed nothing is no reason to: the next run may be an hour away.
    if (job.upload() && job.over != StoredETag(found.etag)) {
        outdated(sight, owner.job, desk);
        return;
    }
    // Two backends that disagree, asked in turn, refuse each version that the other one shows: no
    // answer contradicts the one before it, and with 10 ms for each that is 50 PUTs a second.
    if (refused && ++job.refusals > kRefusals) {
        desk.tell(TryFailed{flight.sent});
        wait_until(owner.job, job, saturating_add(sight.now, job.failures.fail(sight.retries())));
        return;
    }
    queue(owner.job, job);
}

/// The upload was decided over another object than there is: it is decided about again.
void Writer::outdated(const Sight& sight, JobId id, Desk& desk) {
    desk.tell(UploadNotStored{jobs_.at(id).key, NotStored::outdated});
    give_up(sight, id, WriteAck::failed, desk);
}

/// Not tried again soon: none of the answers is late any more.
void Writer::contradicted(const Sight& sight, const Flight& flight, JobId id, Job& job,
                          Desk& desk) {
    desk.note(MarkId::precondition_contradicted);
    desk.tell(Contradiction{});
    desk.tell(TryFailed{flight.sent});
    // From the longest wait of an ordinary failure on: a store that denies what it shows does not
    // get better within seconds, and each try costs it a PUT and a GET.
    const BackoffLimits limits{sight.config.retry_max,
                               std::max(sight.config.retry_max, sight.config.poll_period)};
    wait_until(id, job, saturating_add(sight.now, job.failures.fail(limits)));
}

void Writer::step(const Sight& sight, const EpochLook& owner, const Flight& flight,
                  BucketOutcome outcome, const BucketReply& reply, Desk& desk) {
    Job& job = landed(owner.job);
    if (outcome != BucketOutcome::object && outcome != BucketOutcome::missing) {
        desk.tell(TryFailed{flight.sent});
        fail(sight, owner.job, job, NotStored::outage, reply.retry_after, desk);
        return;
    }
    std::optional<Stamp> stamp;
    // Unreadable is as good as gone: nothing there is ours.
    if (outcome == BucketOutcome::object) stamp = stamp_of(*std::get<ObjectBodyPtr>(reply.content));
    queue(owner.job, job);
    const Epoch ours = sight.epoch.value_or(Epoch{});
    if (stamp && stamp->epoch == ours && stamp->writer == sight.writer)
        epoch_seen_ = true;  // until the end of this step: the creation leaves in it
    else
        // A successor's claim, or the object is gone: the renewal will show which, and a new claim
        // stands above both.
        desk.tell(
            HigherEpoch{std::max(stamp ? stamp->epoch : Epoch{}, ours), stamp ? stamp->writer : 0});
}

}  // namespace leasehold::storage
