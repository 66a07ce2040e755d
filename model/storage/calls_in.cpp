// What the rest of the process asks: reads, writes, queries, start and stop.
#include <utility>

#include "model/base/check.hpp"
#include "model/storage/arrows.hpp"

namespace leasehold::storage {

namespace {

/// A parked read gets what is here already, or its object to the front of the queue.
void serve_parked(Step& step, Following& follower, KeyId key) {
    const Sight sight = step.sight();
    Desk desk = step.desk();
    // What an earlier role listed may be long gone: a read of it waits for the first pass.
    if (step.s.catalog.at(key).listed < follower.poller.valid_from()) return;
    if (step.s.catalog.needs_fetch(key))
        follower.fetches.want(sight, key, Urgency::awaited, Asker::reader);
    else
        follower.reads.serve_local(sight, key, desk);
}

void accept(Step& step, CallId id, const ObjectKey& name, const Blob& payload, bool tombstone) {
    Leading* leader = step.s.leading();
    Desk desk = step.desk();
    if (leader == nullptr || step.s.life.stopping) {
        // Decided as it comes in, and answered in this step: a follower touches neither disk nor
        // bucket, and a pipeline must not hang where it can't be served. Nothing has left, so
        // either answer is certain.
        const bool skipped = leader == nullptr;
        desk.note(skipped ? MarkId::write_skipped : MarkId::write_fenced);
        step.out.emplace_back(
            WriteDone{id, skipped ? WriteAck::skipped_follower : WriteAck::fenced, {}, {}});
        return;
    }
    CHECK_MSG(step.s.life.started, "a write before Start");
    const StorageConfig& config = step.s.config;
    const KeyId key = step.s.catalog.key(name);
    // One number is job, write id of the stamp, and tag of the file: what is found later, on the
    // disk or in the bucket, names the write that made it. They grow, so within an epoch they are
    // an order.
    const JobId job{step.s.requests.next_write()};
    // An object that travels for longer than the deadline of a small one gets the time.
    const Duration within = step.sight().with_travel(config.write_deadline, payload.size);
    step.s.calls.begin(id,
                       Call{CallKind::write, key, saturating_add(step.now, within), ETag{}, job});
    // Queued whatever the bucket does: writes of a new leader wait for its claim, they are not
    // refused.
    leader->writer.accept(job, id, key, payload, tombstone, desk);
    if (tombstone || !config.file_store) return;  // the file goes when the removal is committed
    // The file comes first, as in a single install, under the version that it waits to be.
    // A crash in between leaves a dirty file, which a later reconciling uploads. The other way
    // round, a query after the commit would be answered with the version before it.
    const Epoch epoch = leader->claim.last();
    step.s.catalog.store(
        key, payload,
        FileTag{config.ha ? epoch : Epoch{}, step.s.catalog.at(key).view.etag.etag(), true,
                config.ha, job.value()},
        desk);
}

}  // namespace

void on(Step& step, const Start&) {
    CHECK_MSG(!step.s.life.started, "a second Start");
    step.s.life.started = true;
    Desk desk = step.desk();
    // Polling waits for it: without the list every object looks changed, and all would be fetched.
    if (step.s.config.file_store)
        step.s.catalog.ask_index(desk);
    else
        step.s.catalog.begin_index(nullptr);
    // Whoever leads already, as a single install does from its first instant, goes on doing so.
    if (std::holds_alternative<Idle>(step.s.role)) become_follower(step);
}

void on(Step& step, const Stop&) {
    // Readers end now, for their data would come to a process that goes. Writes go on: what was
    // accepted is worth its deadline, and the Lease is kept while they drain. Uploads don't: they
    // are nobody's call, and the next leader makes up for them.
    if (std::exchange(step.s.life.stopping, true)) return;
    for (const CallId call : step.s.calls.open(CallKind::read))
        step.s.calls.answer(ReadDone{call, ReadOutcome::shutdown, {}, {}, {}}, step.out);
    for (const CallId call : step.s.calls.open(CallKind::query))
        step.s.calls.answer(QueryDone{call, QueryOutcome::shutdown, {}, {}, {}}, step.out);
    Desk desk = step.desk();
    if (Following* follower = step.s.following(); follower != nullptr) {
        follower->reads.release(desk);
    } else if (Leading* leader = step.s.leading(); leader != nullptr) {
        for (const LeaderReads::Open& open : leader->reads.release())
            if (open.flight != RequestId{}) desk.requests.abandon(open.flight, step.out);
        leader->writer.drop_uploads(step.sight(), desk);
        leader->reconciler.stop();
    }
}

void on(Step& step, const BackupRead& event) {
    // A call that comes too late ends in its step, and costs no GET.
    if (step.s.life.stopping || event.deadline <= step.now) {
        const ReadOutcome outcome =
            step.s.life.stopping ? ReadOutcome::shutdown : ReadOutcome::deadline;
        step.out.emplace_back(ReadDone{event.call, outcome, {}, {}, {}});
        return;
    }
    const KeyId key = step.s.catalog.key(event.key);
    step.s.calls.begin(event.call, Call{CallKind::read, key, event.deadline, event.known, JobId{}});
    if (Leading* leader = step.s.leading(); leader != nullptr) {
        leader->reads.add(event.call, key);
    } else if (Following* follower = step.s.following(); follower != nullptr) {
        mark(step.out, MarkId::read_parked);
        // Parked before it is served: whatever serves it finds it among those who wait. A follower
        // has no "not found" to give, for it knows no more than its last LIST.
        follower->reads.park(event.call, key, event.known);
        serve_parked(step, *follower, key);
    }
}

void on(Step& step, const BackupWrite& event) {
    CHECK_MSG(event.payload != nullptr, "a write without a payload");
    accept(step, event.call, event.key, *event.payload, false);
}

void on(Step& step, const BackupRemove& event) {
    accept(step, event.call, event.key, Blob{}, true);
}

void on(Step& step, const Query& event) {
    if (step.s.life.stopping || event.deadline <= step.now) {
        const QueryOutcome outcome =
            step.s.life.stopping ? QueryOutcome::shutdown : QueryOutcome::deadline;
        step.out.emplace_back(QueryDone{event.call, outcome, {}, {}, {}});
        return;
    }
    // A key that nobody has heard of is not remembered for having been asked for.
    const std::optional<KeyId> found = step.s.catalog.find(event.key);
    // The table of keys never shrinks: a prober that asks for names at random would fill it.
    if (step.s.config.ha && !found) {
        mark(step.out, MarkId::query_not_available);
        step.out.emplace_back(QueryDone{event.call, QueryOutcome::not_available_yet, {}, {}, {}});
        return;
    }
    const KeyId key = found ? *found : step.s.catalog.key(event.key);
    step.s.calls.begin(event.call, Call{CallKind::query, key, event.deadline, ETag{}, JobId{}});
    const Leading* leader = step.s.leading();
    const Following* follower = step.s.following();
    const bool awaited = (leader != nullptr && leader->reads.waiting(key)) ||
                         (follower != nullptr && follower->reads.waiting(key));
    if (awaited) mark(step.out, MarkId::query_beside_pending_read);
    // A query gets the object only if nobody else does: whoever waits for it is served by that GET,
    // and the fetch that stands next in the queue must not be starved by a crowd of queries.
    const bool overdue = follower != nullptr && follower->fetches.overdue(key);
    Desk desk = step.desk();
    step.s.queries.begin(step.sight(), event.call, key, awaited || overdue, desk);
}

namespace {

/// The read is answered: whoever keeps it forgets it. The key's flight is nobody's and goes on.
void end_read(Step& step, CallId id, ReadOutcome outcome) {
    // A copy: the answer below ends the call.
    const Call call = step.s.calls.at(id);
    step.s.calls.answer(ReadDone{id, outcome, {}, {}, {}}, step.out);
    if (Leading* leader = step.s.leading(); leader != nullptr)
        leader->reads.detach(id, call.key);
    else if (Following* follower = step.s.following(); follower != nullptr)
        follower->reads.detach(id, call.key, call.known);
}

}  // namespace

void on(Step& step, const Cancel& event) {
    const Call* call = step.s.calls.find(event.call);
    if (call == nullptr) return;  // answered meanwhile
    // A write is not cancelled. Its bytes may be in the bucket, so the honest answer to a cancel
    // would be "unknown", which says less than the one that is on its way.
    if (call->kind == CallKind::read)
        end_read(step, event.call, ReadOutcome::cancelled);
    else if (call->kind == CallKind::query)
        step.s.calls.answer(QueryDone{event.call, QueryOutcome::cancelled, {}, {}, {}}, step.out);
}

// In portions: forty thousand writes that expire together would hold up all else. The rest is due
// at once, so it goes at the same instant.
void settle(Step& step) {
    constexpr int kPortion = 4096;
    Desk desk = step.desk();
    for (int i = 0; i < kPortion; ++i) {
        const std::optional<CallId> id = step.s.calls.expired(step.now);
        if (!id) return;
        const Call& call = step.s.calls.at(*id);
        if (call.kind == CallKind::read) {
            end_read(step, *id, ReadOutcome::deadline);
        } else if (call.kind == CallKind::query) {
            step.s.calls.answer(QueryDone{*id, QueryOutcome::deadline, {}, {}, {}}, step.out);
        } else {
            // Only a leader has writes: losing the leadership has answered them all.
            step.s.leading()->writer.expire(step.sight(), *id, JobId(call.job), desk);
        }
    }
}

}  // namespace leasehold::storage
