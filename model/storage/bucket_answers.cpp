// The bucket's answers, each to the machine that asked.
#include <algorithm>
#include <utility>
#include <variant>

#include "model/base/check.hpp"
#include "model/storage/arrows.hpp"
#include "model/storage/body.hpp"

namespace leasehold::storage {

namespace {

/// One overload for each owner of a request: one that is missing doesn't compile.
struct BucketArrows {
    Step& step;
    const Flight& flight;
    BucketOutcome outcome;
    const BucketReply& reply;

    void operator()(const PollPage& owner) const;
    void operator()(const Fetch& owner) const;
    void operator()(const LateRead& owner) const;
    void operator()(const LeaderRead& owner) const;
    void operator()(const ClaimLook& owner) const {
        Desk desk = step.desk();
        leader().claim.step(step.sight(), owner, flight, outcome, reply, desk);
    }
    void operator()(const ClaimSwap& owner) const {
        Desk desk = step.desk();
        leader().claim.step(step.sight(), owner, flight, outcome, reply, desk);
    }
    void operator()(const Attempt& owner) const {
        Desk desk = step.desk();
        leader().writer.step(step.sight(), owner, flight, outcome, reply, desk);
    }
    void operator()(const AttemptLook& owner) const {
        // The writer acts upon what it found, whoever changed the view meanwhile.
        const Found found = show(true);
        Desk desk = step.desk();
        leader().writer.step(step.sight(), owner, flight, found, desk);
    }
    void operator()(const EpochLook& owner) const {
        Desk desk = step.desk();
        leader().writer.step(step.sight(), owner, flight, outcome, reply, desk);
    }
    void operator()(const ProbeRequest& owner) const {
        Desk desk = step.desk();
        leader().probe.step(step.sight(), owner, flight, outcome, reply, desk);
    }
    void operator()(const HealthPut& owner) const {
        Desk desk = step.desk();
        leader().health.step(step.sight(), owner, flight, outcome, desk);
    }
    void operator()(const Purge& owner) const;
    void operator()(const ReconcilePage& owner) const;
    void operator()(const ReconcileLook& owner) const;
    void operator()(const QueryLook& owner) const {
        const Found found = show(false);
        Desk desk = step.desk();
        step.s.queries.step(step.sight(), owner, found, desk);
    }
    void operator()(const GivenUp&) const {
        // Its call was answered when it was given up.
        mark(step.out, outcome == BucketOutcome::precondition_failed ? MarkId::stale_put_refused
                                                                     : MarkId::stale_answer);
    }

  private:
    /// Requests of a role end with it, so the role is still the owner's.
    [[nodiscard]] Leading& leader() const {
        CHECK(step.s.leading() != nullptr);
        return *step.s.leading();
    }
    [[nodiscard]] Following& follower() const {
        CHECK(step.s.following() != nullptr);
        return *step.s.following();
    }
    [[nodiscard]] Found show(bool binding) const;
};

/// Notes what a GET shows. At a leader, an object that went back is an alarm, and the end of trust
/// in the store's conditions; the newer bytes go back if the process has them. So do those of a
/// torn object.
Found BucketArrows::show(bool binding) const {
    Desk desk = step.desk();
    const KeyId key = *flight.key;
    const Found found = step.s.catalog.show(key, flight.generation, outcome, reply, binding, desk);
    Leading* leads = step.s.leading();
    if (leads != nullptr && found.kind == FoundKind::tombstone)
        // Whoever looked, for whatever reason: from now on its age counts.
        leads->graves.bury(step.sight(), key);
    if (leads == nullptr || !found.current) return found;
    if (step.s.catalog.outlives(key, found)) leads->reconciler.consider(key);
    // An answer that a change of ours overtook is older by right, and no alarm. A follower can't
    // mend it: it keeps the newer version, and serves that.
    if (!found.stale) return found;
    // Under conditions that hold, each write named the version that it replaced, so none can go
    // back.
    leads->probe.contradicted();
    const Entry& known = step.s.catalog.at(key);
    if (known.clean() && older(known.view.version, known.local.version))
        // The acknowledged bytes are on this disk: "what was answered Committed stays readable".
        leads->reconciler.consider(key);
    else if (!leads->writer.busy(key))
        step.s.catalog.give_in(key);  // nobody has the newer bytes any more
    return found;
}

void BucketArrows::operator()(const PollPage& owner) const {
    // A page is news of keys, and a GET of each key is a decision of its own: one that fails, or
    // takes an hour, must not stop the looking.
    Following& self = follower();
    Desk desk = step.desk();
    const Poller::Paged paged = self.poller.step(step.sight(), owner, outcome, reply, desk);
    if (paged.page == nullptr) return;
    const bool named = step.s.config.format == ObjectFormat::fenced;
    for (const ListEntry& shown : paged.page->entries) {
        // The epoch changes with each claim; as data, every follower would fetch it each time.
        if (shown.key.view().starts_with(kOwnKeys)) continue;
        const KeyId key = step.s.catalog.key(shown.key);
        step.s.catalog.listed(key, shown, paged.number, named);
        const Entry& known = step.s.catalog.at(key);
        // A dirty file is no version of the bucket. A reader who waits gets the object's, even
        // though the file may be the newer of the two: it may never be uploaded.
        const bool wanted = self.reads.waiting(key) && self.reads.wait_for_other(key, shown.etag);
        if (step.s.catalog.needs_fetch(key) || (wanted && known.has_local && known.dirty))
            self.fetches.want(step.sight(), key, wanted ? Urgency::awaited : Urgency::changed,
                              Asker::pass);
        else if (wanted)
            self.reads.serve_local(step.sight(), key, desk);
    }
    // Only a LIST that came to its end says anything of what it did not show.
    if (paged.complete) self.unlisted = Following::Unlisted{paged.number, 0};
}

void BucketArrows::operator()(const Fetch& owner) const {
    Following& self = follower();
    const Found found = show(false);
    Desk desk = step.desk();
    const ETag copy = step.s.catalog.at(owner.key).local.etag.etag();
    // Another's version means that somebody can write, so giving way is worth trying soon again.
    // A page does not say whose a version is: that of another program, or a PUT of our own that
    // landed late, would make two that cannot write hand the Lease to and fro.
    if (found.current && found.stamp.epoch != Epoch{} && found.stamp.writer != step.s.life.writer)
        step.s.life.patience.somebody_wrote();
    if (found.kind == FoundKind::data || (found.current && found.kind == FoundKind::tombstone))
        // Absence is not adopted from one GET: two complete LISTs decide (Catalog::unlisted).
        step.s.catalog.adopt(owner.key, found, step.s.config.ha, desk);
    // From memory: a reader doesn't wait for the disk, nor fails with it. And never below what
    // this process served: the order decides, not which answer came last.
    if (found.current && found.kind == FoundKind::data && !found.stale)
        self.reads.deliver(owner.key, found.stamp, found.etag, found.payload, desk);
    else if (const Entry& known = step.s.catalog.at(owner.key);
             !found.current && known.clean() && known.local.etag != StoredETag(copy))
        // Overtaken by a pass, and newer than the copy of before, as adopt() found. Who names
        // another version than that one may have it from elsewhere, and from later.
        self.reads.deliver(owner.key, found.stamp, found.etag, found.payload, desk, &copy);
    // Last, for what is still to be got depends on what has just been kept.
    self.fetches.step(step.sight(), owner, found, desk);
}

void BucketArrows::operator()(const LateRead& owner) const {
    const Found found = show(false);
    Desk desk = step.desk();
    // Its riders came before it left, so it is an answer to them whatever happened since. To all
    // who came later it may be older than what they name, so they go on waiting.
    follower().reads.step(owner, found, desk);
    if (found.kind == FoundKind::data && step.s.catalog.loaded())
        step.s.catalog.adopt(owner.key, found, true, desk);
}

void BucketArrows::operator()(const LeaderRead& owner) const {
    const Found found = show(false);
    Desk desk = step.desk();
    Leading& self = leader();
    self.reads.step(step.sight(), owner, found, desk);
    // What is being written is newer than what is there; so may a file be that is not known yet.
    if (found.kind == FoundKind::data && step.s.config.file_store && step.s.catalog.loaded() &&
        !self.writer.busy(owner.key))
        step.s.catalog.adopt(owner.key, found, step.s.config.ha, desk);
}

void BucketArrows::operator()(const Purge& owner) const {
    Desk desk = step.desk();
    // A DELETE that was not answered may have been applied, so nothing is known of the key then.
    const bool removed = leader().graves.step(owner, outcome, desk);
    // Another look at the key came in between: it knows better.
    if (step.s.catalog.at(owner.key).generation == flight.generation)
        // If it is gone, the view empties, and a write of the key is a creation from now on: after
        // a look at the epoch.
        step.s.catalog.purged(owner.key, removed);
}

void BucketArrows::operator()(const ReconcilePage& owner) const {
    // Unlike a follower's page, this one is no sign that *others* write: it shows our own writes.
    const Reconciler::Paged paged = leader().reconciler.step(step.sight(), owner, outcome, reply);
    if (paged.page == nullptr) return;
    const bool named = step.s.config.format == ObjectFormat::fenced;
    for (const ListEntry& shown : paged.page->entries) {
        if (shown.key.view().starts_with(kOwnKeys)) continue;
        step.s.catalog.listed(step.s.catalog.key(shown.key), shown, paged.number, named);
    }
}

void BucketArrows::operator()(const ReconcileLook& owner) const {
    const Found found = show(false);
    Leading& self = leader();
    Desk desk = step.desk();
    const bool busy = self.writer.busy(owner.key);
    // The reconciler says what is right, and the catalog does it: it alone writes what is known, so
    // the order of versions is asked once more by adopt().
    switch (self.reconciler.step(step.sight(), owner, found, busy, desk)) {
        case Reconciler::Verdict::nothing:
            return;
        case Reconciler::Verdict::adopt:
            step.s.catalog.adopt(owner.key, found, step.s.config.ha, desk);
            return;
        case Reconciler::Verdict::drop:
            step.s.catalog.drop(owner.key, desk);
            return;
        case Reconciler::Verdict::clean:
            step.s.catalog.is_object(owner.key, found, desk);
            return;
    }
}

bool changes_bucket(const Flight& flight) {
    return flight.verb == BucketVerb::put || flight.verb == BucketVerb::remove;
}

/// What may yet land where nothing but time fences: the Lease is not handed over before it is old.
void note_unresolved(Step& step, const Flight& flight, BucketOutcome outcome) {
    // A PUT times out at 10 s, is tried again and stored at 11 s; all work is done, the Lease is
    // released, and the successor writes at 12 s. At 40 s the first attempt lands over it, on a
    // store without working conditions. So what timed out counts even though its write was
    // answered.
    const bool unknown = outcome == BucketOutcome::unknown || outcome == BucketOutcome::throttled;
    const Leading* leader = step.s.leading();
    // What a leadership left behind was counted at its end, when its store was known still.
    if (leader == nullptr || leader->probe.verdict().fences()) return;
    if (!changes_bucket(flight) || !unknown) return;
    step.s.life.unresolved_until = std::max(
        step.s.life.unresolved_until, saturating_add(step.now, step.s.config.largest_request_age));
}

}  // namespace

void on(Step& step, const BucketAnswered& event) {
    const std::optional<Flight> flight = step.s.requests.take(event.request);
    if (!flight) {
        mark(step.out, MarkId::stale_answer);
        return;
    }
    // What is known of an answer is decided once, here: no machine looks at a status for itself.
    CHECK(event.reply != nullptr);
    BucketOutcome outcome = classify(flight->verb, *event.reply);
    // A 412 to a request without a condition says nothing of any version. Taken for one it was
    // looked into at once and sent again, as often a second as the store answered.
    if (outcome == BucketOutcome::precondition_failed && !flight->conditional)
        outcome = BucketOutcome::unknown;
    if (changes_bucket(*flight) && outcome == BucketOutcome::not_sent)
        mark(step.out, MarkId::put_not_permitted);
    note_unresolved(step, *flight, outcome);
    std::visit(BucketArrows{step, *flight, outcome, *event.reply}, flight->owner);
    // After the owner, so that whoever waited for this change goes on with what it taught.
    if (changes_bucket(*flight) && flight->key) {
        if (Leading* leader = step.s.leading(); leader != nullptr)
            leader->writer.unblock(*flight->key);
    }
    tell(step);
}

}  // namespace leasehold::storage
