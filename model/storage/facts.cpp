// Facts: what one machine learnt, told to those that have to know. And each machine's turn.
#include <algorithm>
#include <utility>
#include <variant>

#include "model/base/check.hpp"
#include "model/storage/arrows.hpp"

namespace leasehold::storage {

namespace {

/// One overload for each fact: one that nobody hears doesn't compile.
struct FactArrows {
    Step& step;

    void operator()(const Committed& fact) const {
        Desk desk = step.desk();
        step.s.catalog.committed(fact, step.s.config.ha, desk);
        // After the catalog, which is where a grave looks for the tombstone that was just
        // committed.
        leader().graves.bury(step.sight(), fact.key);
        got_on();
    }
    void operator()(const Placed& fact) const {
        step.s.catalog.placed(fact);
        // The bucket took something of ours: progress, although no call is answered by it.
        got_on();
    }
    void operator()(const TryFailed& fact) const { leader().health.failed(step.sight(), fact); }
    void operator()(const HigherEpoch& fact) const {
        Desk desk = step.desk();
        leader().claim.raise(step.sight(), fact, desk);
    }
    void operator()(const EpochClaimed&) const {
        Leading& self = leader();
        got_on();
        // A swap that was stored shows the number as surely as a GET of it would: the creations
        // that wait for such a look may leave in this step.
        self.writer.saw_epoch();
        // Up to the claim a rival may have created keys under a look that still showed its own
        // number.
        self.graves.restart();
        retag_waiting();
    }
    void operator()(const RenewalWanted&) const { step.s.life.wishes.renewal = true; }
    void operator()(const ConditionsRefused&) const {
        Desk desk = step.desk();
        leader().probe.refused(desk);
    }
    void operator()(const Contradiction&) const { leader().probe.contradicted(); }
    void operator()(const GiveUp&) const {
        step.s.life.wishes.give_up = true;
        // The next leadership bears it twice as long: if nobody can write, changing leaders helps
        // nobody.
        step.s.life.patience.gave_up();
    }
    void operator()(const NotKept& fact) const {
        Desk desk = step.desk();
        if (Following* follower = step.s.following(); follower != nullptr)
            follower->fetches.not_kept(step.sight(), fact, desk);
        else if (Leading* leads = step.s.leading(); leads != nullptr)
            leads->reconciler.again(step.sight(), fact.key);
    }
    void operator()(const Served& fact) const {
        step.s.catalog.served(fact.key, fact.stamp, step.s.config.ha);
        // A leader does not poll: without a look of its own each query would read the key through.
        Leading* leads = step.s.leading();
        if (leads != nullptr && step.s.catalog.outdone(fact.key) &&
            step.s.catalog.at(fact.key).clean())
            leads->reconciler.consider(fact.key);
    }
    void operator()(const UploadReady& fact) const {
        Desk desk = step.desk();
        // A number of its own, also for bytes that were tried before: the answer of an earlier
        // attempt, or what it left in the bucket, is told from this one's.
        const JobId job{step.s.requests.next_write()};
        leader().writer.upload(job, fact.key, fact.payload, fact.over, desk);
    }
    void operator()(const UploadNotStored& fact) const {
        // Soon, and not at the next run: what it would have stored may be the last copy.
        using Because = Reconciler::Because;
        const Because why = fact.why == NotStored::outage    ? Because::outage
                            : fact.why == NotStored::refused ? Because::refused
                                                             : Because::kept_badly;
        leader().reconciler.again(step.sight(), fact.key, why);
    }

  private:
    [[nodiscard]] Leading& leader() const {
        CHECK(step.s.leading() != nullptr);
        return *step.s.leading();
    }
    void got_on() const {
        leader().health.got_on();
        step.s.life.patience.somebody_wrote();
    }
    /// Files of writes that were accepted before the claim, or while it was raised, belong to it.
    void retag_waiting() const {
        const Epoch epoch = *leader().claim.epoch();
        Desk desk = step.desk();
        leader().writer.each_write([&](KeyId key, JobId id) {
            const Entry& known = step.s.catalog.at(key);
            // If the process dies before its PUT, the file is what is left of the write: without
            // this epoch the next reconciling would discard it for whatever was stored meanwhile.
            // Of that write alone. A file of leader 5 that is still to be uploaded, or to be
            // removed, was written over by leader 6, acknowledged; under the number that leader 7
            // claims it would go over that.
            if (!known.has_local || !known.dirty || known.local.version.write_id != id.value())
                return;
            FileTag tag = known.tag();
            tag.epoch = epoch;
            step.s.catalog.retag(key, tag, desk);
        });
    }
};

constexpr std::uint32_t kPortion = 4096;  // keys compared with a LIST by one step

/// A portion of the keys that the newest complete LIST may not have shown.
void compare(Step& step, Following& follower) {
    if (!follower.unlisted) return;
    Desk desk = step.desk();
    const auto size = static_cast<std::uint32_t>(step.s.catalog.size());
    Following::Unlisted& rest = *follower.unlisted;
    // A hundred thousand keys at once would hold up a renewal; the rest is due at this same
    // instant.
    const std::uint32_t end = std::min(size, rest.at + kPortion);
    for (; rest.at < end; ++rest.at) {
        const KeyId key{rest.at};
        // What a GET, a commit or a newer page has shown since the LIST began bears its number or a
        // larger one, so a key that was created while the LIST was under way is not taken for gone.
        if (step.s.catalog.at(key).listed < rest.number) step.s.catalog.unlisted(key, desk);
    }
    if (rest.at == size) follower.unlisted.reset();
}

void proceed(Step& step, Following& self) {
    Desk desk = step.desk();
    const auto number = [&] { return step.s.catalog.begin_list(); };
    // Of a follower it shows nothing that this step could change, but what it refers to.
    const Sight sight = step.sight();
    // Looking before fetching, and fetching by urgency: what a page brought goes in the same step.
    self.poller.proceed(sight, number, desk);
    compare(step, self);
    self.fetches.proceed(sight, desk);
}

void check(const Sight& sight, const Following& self) {
    self.poller.check(sight);
    self.fetches.check(sight);
    self.reads.check(sight);
}

/// Reconciling begins with the first claim, and not before the files are known.
bool claimed_and_loaded(const Step& step, const Leading& leader) {
    // Before the files are known, each object would look like one that this process lacks.
    return leader.claim.epoch() && step.s.catalog.loaded() && !step.s.life.stopping;
}

/// Whether uploads of reconciling had room.
bool proceed(Step& step, Leading& self) {
    Desk desk = step.desk();
    const auto busy = [&](KeyId key) { return self.writer.busy(key); };
    const auto number = [&] { return step.s.catalog.begin_list(); };
    const auto unlisted = [&](KeyId key) {
        // A key that is being written is about to exist: no LIST can say that it is gone.
        if (!self.writer.busy(key)) step.s.catalog.unlisted(key, desk);
    };
    // Readers wait for no claim. Then what must come before what: the claim, without which nothing
    // is written; pipelines' writes, which take the places first; then the probe, reconciling with
    // what room is left, purges. Health comes last, because it judges what the others have got
    // done.
    // Sending changes neither the number claimed nor the tenure; the probe may judge the store.
    const Sight before = step.sight();
    self.reads.proceed(before, desk);
    self.claim.proceed(before, desk);
    self.writer.proceed(before, desk);
    if (claimed_and_loaded(step, self)) self.reconciler.begin(before);
    self.probe.proceed(before, desk);
    const Sight judged = step.sight();
    const bool room = !self.writer.pipelines_wait() && self.writer.wants_uploads();
    self.reconciler.proceed(judged, number, unlisted, room, busy, desk);
    self.graves.proceed(judged, self.writer.pipelines_wait(), busy, desk);
    const bool claimed = judged.epoch.has_value();
    // The claim counts as work that waits: without it the next write could not leave. Not while it
    // is held back by rule, and all writes with it: with two 503s in its first second a leader by
    // proof gave the Lease up, its bucket long well, for what a dead leader may have sent.
    const bool waits = claimed ? !self.writer.idle() : !self.claim.awaits_landing(judged);
    self.health.proceed(judged, waits, claimed, step.s.life.patience, desk);
    return room;
}

void check(const Sight& sight, const Leading& self, bool room) {
    self.reads.check(sight);
    self.claim.check(sight);
    self.writer.check(sight);
    self.probe.check(sight);
    self.reconciler.check(sight, room);
    self.graves.check(sight, self.writer.pipelines_wait());
    self.health.check(sight);
}

}  // namespace

void tell(Step& step) {
    while (!step.facts.empty()) {
        // Hearing of a fact may make others, so it goes round until there are none. It ends, for
        // none of them makes itself again.
        const std::vector<Fact> facts = std::exchange(step.facts, {});
        for (const Fact& fact : facts)
            std::visit(FactArrows{step}, fact);
    }
}

void proceed(Step& step) {
    tell(step);
    step.s.catalog.load_portion();
    Desk desk = step.desk();
    if (!step.s.life.stopping) step.s.catalog.retry(step.now, desk);
    Leading* leader = step.s.leading();
    Following* follower = step.s.following();
    bool room = false;
    if (leader != nullptr)
        room = proceed(step, *leader);
    else if (follower != nullptr)
        proceed(step, *follower);
    tell(step);
    // When all is done that is due, and told: between steps each of these holds, inside one they
    // need not.
    const Sight sight = step.sight();
    if (leader != nullptr)
        check(sight, *leader, room);
    else if (follower != nullptr)
        check(sight, *follower);
    step.s.queries.check(sight);
}

}  // namespace leasehold::storage
