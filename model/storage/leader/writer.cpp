// The queue of writes: who is accepted, who starts, who waits, how each ends.
#include "model/storage/leader/writer.hpp"

#include <algorithm>
#include <utility>

#include "model/base/check.hpp"

namespace leasehold::storage {

void Writer::accept(JobId id, CallId call, KeyId key, const Blob& payload, bool tombstone,
                    Desk& desk) {
    Job job;
    job.key = key;
    job.call = call;
    job.payload = payload;
    job.tombstone = tombstone;
    enter(id, std::move(job), desk);
}

void Writer::upload(JobId id, KeyId key, const Blob& payload, const StoredETag& over, Desk& desk) {
    // Today's write wins: the file on the disk is already that write's, or will be.
    CHECK_MSG(!busy(key), "an upload of a key that is being written");
    ++upload_jobs_;
    Job job;
    job.key = key;
    job.payload = payload;
    job.over = over;
    enter(id, std::move(job), desk);
}

// An unsent write that a newer one of its key overtakes is never sent: had it been stored, the
// newer one would have replaced it at once. It is answered when that one is, with its answer. So a
// queue can't grow beyond two writes a key, however long the bucket is away.
void Writer::enter(JobId id, Job job, Desk& desk) {
    job.order = id;
    const auto [at, fresh] = lanes_.try_emplace(job.key, Lane{id, {}});
    Lane& lane = at->second;
    // At most two jobs a key: the head, which may have left, and the newest behind it. What has
    // left can't be overtaken, for it may be stored; what has not can, whether it leads or waits.
    bool leads = fresh;
    if (!fresh) {
        if (lane.next) {
            overtake(job, *lane.next, desk);
            lane.next = id;
        } else if (const Job& head = jobs_.at(lane.head); !head.tried) {
            overtake(job, lane.head, desk);
            lane.head = id;
            leads = true;
        } else {
            lane.next = id;
        }
    }
    Job& entered = jobs_.emplace(id, std::move(job)).first->second;
    if (leads) queue(id, entered);
}

void Writer::overtake(Job& by, JobId id, Desk& desk) {
    Job old = std::move(jobs_.extract(id).mapped());
    CHECK(old.state != JobState::in_flight);
    // It gives up its place in the queue, not its turn: the newer job enters with the old one's
    // order.
    unqueue(id, old);
    if (old.upload()) {
        --upload_jobs_;  // the file that it would have stored is the older one
        return;
    }
    by.order = old.order;  // or a key that is written often would never get its turn
    by.overtaken = std::move(old.overtaken);
    by.overtaken.push_back(*old.call);
    desk.note(MarkId::write_overtaken);
}

void Writer::queue(JobId id, Job& job) {
    job.state = JobState::queued;
    job.retry_at = kNever;
    // Pipelines' writes before uploads, and within each by turn. A job comes back here after each
    // answer and each back-off, at its old turn, so nobody who came later goes first for ever.
    agenda_.ready.emplace(std::pair{job.upload(), job.order}, id);
}

void Writer::unqueue(JobId id, const Job& job) {
    agenda_.ready.erase({job.upload(), job.order});
    agenda_.waiting.erase({job.retry_at, id});
}

void Writer::wait_until(JobId id, Job& job, Instant at) {
    // Without a place. Eight keys that the store refuses would otherwise hold all eight places, and
    // no write of any other key could be sent for as long as they are tried.
    job.state = JobState::backing_off;
    job.retry_at = at;
    agenda_.waiting.emplace(at, id);
}

void Writer::unblock(KeyId key) {
    const auto lane = lanes_.find(key);
    if (lane == lanes_.end()) return;
    Job& head = jobs_.at(lane->second.head);
    // Only a blocked one: a job that backs off has its own time, and one in flight its answer.
    if (head.state == JobState::blocked) queue(lane->second.head, head);
}

void Writer::proceed(const Sight& sight, Desk& desk) {
    while (!agenda_.waiting.empty() && agenda_.waiting.begin()->first <= sight.now) {
        const JobId id = agenda_.waiting.begin()->second;
        agenda_.waiting.erase(agenda_.waiting.begin());
        queue(id, jobs_.at(id));
    }
    // Looks need a place too, so nobody holds one without a request in flight; and whoever is first
    // is never one that can't move while those who could stand behind it. Near the gate's end
    // nothing starts: what can't be stored in time would end unknown.
    while (sight.epoch && !agenda_.ready.empty() && places_.free() && sight.put_timeout(0)) {
        const auto first = agenda_.ready.begin();
        // Uploads stand last: if the first is one, all are, and their own two places are taken.
        if (first->first.first && !uploads_.free()) break;
        const JobId id = first->second;
        agenda_.ready.erase(first);
        start(sight, id, desk);
    }
    // Good for the step of the answer that showed it. A creation that left later could leave after
    // the process had slept, when a successor may have claimed, written the key and purged it.
    epoch_seen_ = false;
}

/// Is the object one that came damaged to somebody else, and may be whole? An upload was decided
/// about by its header.
bool Writer::is_unread(const Entry& known, const Job& job) {
    return known.corrupt && !job.upload() && !job.unreadable.lies_damaged(known.view.etag.etag());
}

/// The job's turn: its next request leaves, or it waits for something without a place.
void Writer::start(const Sight& sight, JobId id, Desk& desk) {
    Job& job = jobs_.at(id);
    // One request that changes a key at a time: real stores let a DELETE and a PUT under If-Match
    // of one version both succeed, and of two PUTs the one that was given up may be the later.
    if (sight.requests.changing(job.key)) {
        // unblock() comes with the answer of that request, which may be a purge's or one of a write
        // that was given up; its time-out is an answer too, so this ends.
        job.state = JobState::blocked;
        return;
    }
    if (const Instant until = held_back_until(sight, job); until > sight.now) {
        if (until == sight.tenure.landing_until) desk.note(MarkId::writes_await_landing);
        wait_until(id, job, until);
        return;
    }
    // Nobody's call, and no upload of a gigabyte begins in a process that goes. (Its place may just
    // have been taken: what was in flight when the stop came was let land.)
    if (job.upload() && sight.stopping) {
        give_up(sight, id, WriteAck::failed, desk);
        return;
    }
    // It was compared with another object than its condition would name now. Leader 7 finds (4,1)
    // under k and decides that the file (5,3) goes over it; while the upload waits for a place, or
    // backs off, leader 6's PUT lands and a read shows (6,8), under which the older file would go.
    // What a look is to show first, the look decides.
    if (job.upload() && sight.config.ha && !job.look_next &&
        sight.catalog.at(job.key).view.etag != job.over) {
        outdated(sight, id, desk);
        return;
    }
    // A place and a request in flight are one: every branch below sends exactly one.
    places_.take(id);
    if (job.upload()) uploads_.take(id);
    job.state = JobState::in_flight;
    job.tried = true;
    const Entry& known = sight.catalog.at(job.key);
    // The only writer: nothing to be fenced, nothing to be recognised.
    if (!sight.config.ha) {
        send(sight, id, job, desk);
    } else if (job.look_next) {
        // The last answer left a question: was it this write that was stored, or whose is it that
        // is there?
        look(sight, id, job, false, desk);
    } else if (known.view.etag.empty()) {
        // A key that a successor purged has nothing left that would stop us: not before `.ha/epoch`
        // was seen to be still ours. Where nobody purges, a newer tombstone or object is there.
        const bool purged = sight.store.remove != Preconditions::ignored &&
                            sight.config.format == ObjectFormat::fenced;
        if (purged && !epoch_seen_)
            look(sight, id, job, true, desk);
        else
            send(sight, id, job, desk);
    } else if (!known.examined || known.view.version.epoch > *sight.epoch ||
               is_unread(known, job) ||
               (job.maybe_applied && known.tombstone == job.tombstone &&
                known.view.version == version_of(job.sent))) {
        // A version may be written over only if its epoch is known and not above ours: the ETag
        // alone, as a LIST shows it, would let a leader that was deposed unawares pass the
        // successor's condition. What a read found damaged shows no epoch either. One that is the
        // newest attempt's is this very write, and is acknowledged by the look.
        look(sight, id, job, false, desk);
    } else {
        send(sight, id, job, desk);
    }
}

/// Until when the key may not be written, for a request that nobody can call back.
Instant Writer::held_back_until(const Sight& sight, const Job& job) const {
    if (sight.config.ha && sight.store.fences()) return Instant::min();
    Instant until = Instant::min();
    // A PUT of another write that timed out may land late, over this one: W1 times out, is tried
    // again and commits; W2 commits; the first attempt of W1 lands, and the bucket holds W1 under
    // two acknowledgements. (One of this very write would store the same.)
    if (const auto found = unresolved_.find(job.key);
        found != unresolved_.end() && !job.maybe_applied)
        until = found->second;
    // An earlier leader may have sent a DELETE of this tombstone that is still on its way, and
    // where looking and deleting are two steps it takes what we write with it. One of this epoch is
    // our own, and our own DELETE of it would be in flight: the key would be blocked by that.
    const Entry& known = sight.catalog.at(job.key);
    const bool found_tombstone =
        known.examined && known.tombstone && sight.epoch && known.view.version.epoch < *sight.epoch;
    if (sight.config.ha && found_tombstone && sight.config.format == ObjectFormat::fenced &&
        sight.store.remove != Preconditions::ignored)
        until =
            std::max(until, saturating_add(sight.tenure.began, sight.config.largest_request_age));
    // A leader that was proven dead may have left a PUT on its way, which its lease would have
    // covered: A sends it at 0 s under a time-out of 5 s and dies, B leads at 1.2 s by the proof
    // and writes the key, and at 3 s A's lands over it. A proof shortens nothing there. The claim
    // has waited for that already, unless the store was believed and then contradicted itself.
    until = std::max(until, sight.tenure.landing_until);
    // Before the probe's verdict it may all turn out needless: ask again soon.
    if (sight.config.ha && sight.store.put == Preconditions::unknown)
        until = std::min(until, saturating_add(sight.now, sight.config.retry_min));
    return until;
}

void Writer::commit(JobId id, Stamp stamp, const ETag& etag, Desk& desk) {
    const Job& job = jobs_.at(id);
    // Behind it the file is already the next write's: the catalog must not tag that as this one.
    const bool newest = !lanes_.at(job.key).next.has_value();
    if (job.upload()) desk.note(MarkId::reconcile_uploaded);
    // With the stamp that was stored. The epoch of this moment may be a later one: acknowledged
    // under it, the object would look older than what was promised.
    desk.tell(Committed{job.key, stamp, etag, newest, job.upload()});
    finish(id, WriteAck::committed, stamp, etag, desk);
}

/// Answers the job's calls, and lets the next write of its key go on.
void Writer::finish(JobId id, WriteAck ack, const Stamp& stamp, const ETag& etag, Desk& desk) {
    Job job = std::move(jobs_.extract(id).mapped());
    // Both are no-ops for one that holds none.
    places_.give(id);
    uploads_.give(id);
    unqueue(id, job);
    if (job.upload()) --upload_jobs_;
    // Whichever way it ended, the next one of its key goes on: its deadline runs.
    const auto lane = lanes_.find(job.key);
    if (lane->second.head != id) {
        CHECK(lane->second.next == id);
        lane->second.next.reset();
    } else if (lane->second.next) {
        lane->second.head = *lane->second.next;
        lane->second.next.reset();
        queue(lane->second.head, jobs_.at(lane->second.head));
    } else {
        lanes_.erase(lane);
    }
    if (job.upload()) return;
    // The overtaken ones first, in the order in which they came: all of them have what they asked
    // for, or none has.
    const bool committed = ack == WriteAck::committed;
    const auto answer = [&](CallId call) {
        if (desk.calls.find(call) == nullptr) return;  // overtaken, and its deadline came first
        desk.calls.answer(WriteDone{call, ack, committed ? stamp.epoch : Epoch{}, etag}, desk.out);
    };
    for (const CallId call : job.overtaken)
        answer(call);
    answer(*job.call);
}

/// `if_not_stored` only when certainly no attempt of it was or will be applied.
void Writer::give_up(const Sight& sight, JobId id, WriteAck if_not_stored, Desk& desk) {
    Job& job = jobs_.at(id);
    if (job.state == JobState::in_flight) {
        // A look in flight leaves nothing in doubt; a PUT does, and an abort doesn't call it back.
        const bool changes = desk.requests.find(job.request)->verb != BucketVerb::get;
        job.maybe_applied |= changes;
        if (changes && !sight.store.fences())
            unresolved_[job.key] = saturating_add(sight.now, sight.config.largest_request_age);
        desk.requests.abandon(job.request, desk.out);
    }
    finish(id, job.maybe_applied ? WriteAck::unknown : if_not_stored, {}, {}, desk);
}

void Writer::expire(const Sight& sight, CallId call, JobId job, Desk& desk) {
    // Also with calls that it overtook: theirs came earlier, so their deadlines have mostly passed;
    // those that have not get the same answer.
    if (jobs_.contains(job)) {
        give_up(sight, job, WriteAck::failed, desk);
        return;
    }
    // Overtaken: its bytes never left.
    desk.calls.answer(WriteDone{call, WriteAck::failed, {}, {}}, desk.out);
}

void Writer::drop_uploads(const Sight& sight, Desk& desk) {
    // A PUT on its way is let land: an abort would leave it unknown, and the stop waiting for its
    // age.
    std::vector<JobId> unsent;
    for (const auto& [id, job] : jobs_) {
        const bool putting = job.state == JobState::in_flight &&
                             desk.requests.find(job.request)->verb == BucketVerb::put;
        if (job.upload() && !putting) unsent.push_back(id);
    }
    for (const JobId id : unsent)
        give_up(sight, id, WriteAck::failed, desk);
}

void Writer::end(const Sight& sight, Desk& desk) {
    // Fenced is certain: nothing of it was ever sent, or all that was is known not to be stored.
    while (!jobs_.empty())
        give_up(sight, jobs_.begin()->first, WriteAck::fenced, desk);
}

Instant Writer::next_deadline() const {
    return agenda_.waiting.empty() ? kNever : agenda_.waiting.begin()->first;
}

// Eight places that belong to jobs which do nothing stop all writes for as long as those live, with
// a healthy bucket: so a place is a request in flight, one for one.
void Writer::check(const Sight& sight) const {
    CHECK_MSG(places_.held() == sight.requests.count<Attempt>() +
                                    sight.requests.count<AttemptLook>() +
                                    sight.requests.count<EpochLook>(),
              "a place without a request in flight");
    CHECK(lanes_.size() <= jobs_.size());
    CHECK_MSG(agenda_.waiting.empty() || agenda_.waiting.begin()->first > sight.now,
              "a back-off has ended and its job stands still");
    if (!sight.epoch || agenda_.ready.empty() || !sight.put_timeout(0)) return;
    const bool upload = agenda_.ready.begin()->first.first;
    CHECK_MSG(!places_.free() || (upload && !uploads_.free()), "a write could start and does not");
}

}  // namespace leasehold::storage
