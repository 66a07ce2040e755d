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
        leader().graves.bury(step.sight(), fact.key);
        got_on();
    }
    void operator()(const Placed& fact) const {
        step.s.catalog.placed(fact);
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
        self.writer.saw_epoch();
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
        step.s.life.patience.gave_up();
    }
    void operator()(const NotKept& fact) const {
        Desk desk = step.desk();
        if (Following* follower = step.s.following(); follower != nullptr)
            follower->fetches.not_kept(step.sight(), fact, desk);
    }
    void operator()(const Served& fact) const { step.s.catalog.served(fact.key, fact.stamp); }
    void operator()(const UploadReady& fact) const {
        Desk desk = step.desk();
        const JobId job{step.s.requests.next_write()};
        leader().writer.upload(job, fact.key, fact.payload, desk);
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
    /// Files of writes that were accepted under the provisional epoch belong to this one.
    void retag_waiting() const {
        const Epoch epoch = *leader().claim.epoch();
        Desk desk = step.desk();
        leader().writer.each_key([&](KeyId key) {
            const Entry& known = step.s.catalog.at(key);
            if (!known.has_local || !known.dirty || known.local.version.epoch >= epoch) return;
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
    const std::uint32_t end = std::min(size, rest.at + kPortion);
    for (; rest.at < end; ++rest.at) {
        const KeyId key{rest.at};
        if (step.s.catalog.at(key).listed < rest.number) step.s.catalog.unlisted(key, desk);
    }
    if (rest.at == size) follower.unlisted.reset();
}

void proceed(Step& step, Following& self) {
    Desk desk = step.desk();
    const auto number = [&] { return step.s.catalog.begin_list(); };
    self.poller.proceed(step.sight(), number, desk);
    compare(step, self);
    self.fetches.proceed(step.sight(), desk);
    self.poller.check(step.sight());
    self.fetches.check(step.sight());
}

/// Reconciling begins with the first claim, and not before the files are known.
bool claimed_and_loaded(const Step& step, const Leading& leader) {
    return leader.claim.epoch() && step.s.catalog.loaded() && !step.s.life.stopping;
}

void proceed(Step& step, Leading& self) {
    Desk desk = step.desk();
    const auto busy = [&](KeyId key) { return self.writer.busy(key); };
    const auto number = [&] { return step.s.catalog.begin_list(); };
    const auto unlisted = [&](KeyId key) {
        if (!self.writer.busy(key)) step.s.catalog.unlisted(key, desk);
    };
    self.reads.proceed(step.sight(), desk);
    self.claim.proceed(step.sight(), desk);
    self.writer.proceed(step.sight(), desk);
    if (claimed_and_loaded(step, self)) self.reconciler.begin(step.sight());
    self.probe.proceed(step.sight(), desk);
    const bool room = !self.writer.pipelines_wait() && self.writer.wants_uploads();
    self.reconciler.proceed(step.sight(), number, unlisted, room, busy, desk);
    self.graves.proceed(step.sight(), self.writer.pipelines_wait(), busy, desk);
    const bool claimed = self.claim.epoch().has_value();
    const bool waits = !self.writer.idle() || !claimed;
    self.health.proceed(step.sight(), waits, claimed, step.s.life.patience, desk);
    tell(step);
    self.reads.check(step.sight());
    self.claim.check(step.sight());
    self.writer.check(step.sight());
}

}  // namespace

void tell(Step& step) {
    while (!step.facts.empty()) {
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
    if (Leading* leader = step.s.leading(); leader != nullptr)
        proceed(step, *leader);
    else if (Following* follower = step.s.following(); follower != nullptr)
        proceed(step, *follower);
    tell(step);
}

}  // namespace leasehold::storage
