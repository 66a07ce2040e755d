// The list of invariants, and the verdict on each.
#include <array>
#include <string_view>

#include "model/check/parts.hpp"

namespace leasehold::check {

namespace {

/// What a run must have for an invariant to mean something in it.
enum class Needs : std::uint8_t { nothing, election, storage, both, fencing, followers };

struct Row {
    InvariantInfo info;
    Needs needs;
    Status absent;         ///< when nothing was looked at: not applicable, or too small a run
    std::string_view why;  ///< ... and why that is
};

constexpr std::array<Row, kInvariantCount> kRows{{
    {{"leader.at-most-one", InvariantClass::safety,
      "at no true instant do two replicas hold an open write gate"},
     Needs::election,
     Status::inconclusive,
     "no write gate was ever opened"},
    {{"leader.eventually-one", InvariantClass::liveness,
      "a leader within the configured bound while a running replica reaches a healthy API"},
     Needs::election,
     Status::inconclusive,
     "no replica ran and reached a healthy API for as long as the bound"},
    {{"leader.stable", InvariantClass::liveness,
      "no change of leader without a cause, and who gave the Lease up sits out one lease"},
     Needs::election,
     Status::inconclusive,
     "no replica ever led"},
    {{"leader.term-increases", InvariantClass::safety,
      "each new leadership has a larger term, except across a restore"},
     Needs::election,
     Status::inconclusive,
     "no replica ever led"},
    {{"lease.taken-only-when-free", InvariantClass::safety,
      "a takeover happens only after a release or the end of the predecessor's validity"},
     Needs::election,
     Status::not_applicable,
     "the Lease was never taken over"},
    {{"lease.changed-only-by-holder", InvariantClass::safety,
      "no renewal or release alters a record that its writer doesn't own, or what others put "
      "there"},
     Needs::election,
     Status::inconclusive,
     "the Lease was never renewed or released"},
    {{"bucket.epochs-increase", InvariantClass::safety,
      "epoch claims grow in the order of their swaps, each number once, by holders of the newest "
      "term"},
     Needs::fencing,
     Status::not_applicable,
     "no epoch was claimed"},
    {{"bucket.no-stale-commit", InvariantClass::safety,
      "per key, the committed epoch never decreases, foreign writes apart"},
     Needs::fencing,
     Status::not_applicable,
     "nothing was stored"},
    {{"bucket.acknowledged-survives", InvariantClass::safety,
      "what was answered Committed stays until a write or removal that was asked for later"},
     Needs::storage,
     Status::not_applicable,
     "no write was acknowledged as committed"},
    {{"bucket.linearizable", InvariantClass::safety,
      "what reads and writes of a key are told fits one order of all that happened to it"},
     Needs::storage,
     Status::not_applicable,
     "no write or read was answered"},
    {{"write.eventually-committed", InvariantClass::liveness,
      "a write that a leader accepted is committed within its bound if the leader's paths are "
      "healthy, and answered by its deadline"},
     Needs::storage,
     Status::not_applicable,
     "no leader accepted a write"},
    {{"backup.goes-on", InvariantClass::liveness,
      "something is committed while a replica reaches the API and a store that takes its writes"},
     Needs::both,
     Status::not_applicable,
     "no leader accepted a write"},
    {{"leader.equals-single-install", InvariantClass::safety,
      "until the first fault a leader answers, and its bucket holds, what a single install would"},
     Needs::fencing,
     Status::not_applicable,
     "no leader was asked anything before the first fault"},
    {{"follower.writes-are-no-ops", InvariantClass::safety,
      "no PUT or DELETE is permitted at a replica whose gate is closed"},
     Needs::both,
     Status::not_applicable,
     "no write was about to leave"},
    {{"follower.reads-never-stack", InvariantClass::safety,
      "a query is answered in its step or has one request of its own; flights and passes don't "
      "pile up"},
     Needs::storage,
     Status::not_applicable,
     "no query came and no bucket request was sent"},
    {{"requests.bounded", InvariantClass::safety,
      "no process sends requests without measure or writes files in vain, and a Retry-After is "
      "waited out"},
     Needs::nothing,
     Status::not_applicable,
     "no request was sent"},
    {{"query.within-deadline", InvariantClass::liveness, "every query ends by its deadline"},
     Needs::storage,
     Status::not_applicable,
     "no query was asked"},
    {{"follower.freshness", InvariantClass::liveness,
      "a follower with a healthy bucket path sees a commit within a poll period, a pass and a "
      "transfer"},
     Needs::followers,
     Status::not_applicable,
     "nothing was stored that a follower had to see"},
    {{"payload.never-regresses", InvariantClass::safety,
      "no replica gives an older version of a key after a newer one, nor nothing while it has a "
      "copy"},
     Needs::storage,
     Status::not_applicable,
     "no payload was given"},
    {{"replicas.converge", InvariantClass::liveness,
      "after healing, all replicas hold the live keys as the bucket does, and no removed ones"},
     Needs::followers,
     Status::not_applicable,
     "at the end nobody led, or no replica had healthy paths for long enough, or the bucket had "
     "held nothing for so long"},
    {{"index.complete", InvariantClass::safety,
      "the index that a replica tells has all keys that it holds or knows of, in order, and no "
      "others"},
     Needs::storage,
     Status::not_applicable,
     "nobody asked a replica for its index"},
    {{"status.truthful", InvariantClass::safety,
      "what a replica tells of its role, its gate and its queues, and each mark that it counts, is "
      "what the history shows"},
     Needs::nothing,
     Status::not_applicable,
     "nobody asked a replica for its status"},
    {{"read.one-outcome", InvariantClass::safety,
      "each backup read ends exactly once, NotFound and Failed only at a leader and not after one "
      "GET "
      "in vain, or with its process"},
     Needs::storage,
     Status::not_applicable,
     "no backup read was asked"},
    {{"promotion.releases-all", InvariantClass::safety,
      "write privilege first, then every pending read ends with the outcome of its own GET"},
     Needs::both,
     Status::not_applicable,
     "no replica was promoted"},
    {{"stop.bounded", InvariantClass::liveness, "a stopping replica ends by its deadline"},
     Needs::nothing,
     Status::not_applicable,
     "no replica was told to stop"},
    {{"run.deterministic", InvariantClass::determinism, "same scenario and seed, same digest"},
     Needs::nothing,
     Status::not_checked,
     "the run was not repeated"},
}};

constexpr std::array<InvariantInfo, kInvariantCount> kInvariants = [] {
    std::array<InvariantInfo, kInvariantCount> infos{};
    for (std::size_t i = 0; i < kInvariantCount; ++i)
        infos[i] = kRows[i].info;
    return infos;
}();

const Row& row(Id id) {
    return kRows[static_cast<std::size_t>(id)];
}

}  // namespace

std::span<const InvariantInfo> invariants() {
    return kInvariants;
}

bool Checkers::Parts::applies(Id id) const {
    const Settings& settings = facts.settings;
    switch (row(id).needs) {
        case Needs::nothing:
            return true;
        case Needs::election:
            return settings.elects;
        case Needs::storage:
            return settings.stores;
        case Needs::both:
            return settings.elects && settings.stores;
        case Needs::fencing:
            return settings.elects && settings.stores && settings.storage.ha;
        case Needs::followers:
            return freshness.applies();
    }
    return true;
}

/// Why nothing was looked at, and whether that says that the run was too small or that the
/// invariant had no occasion.
std::string_view Checkers::Parts::absent(Id id, Status& status) const {
    const bool accepted = writes.accepted_count() > 0;
    const auto too_small = [&status](std::string_view why) {
        status = Status::inconclusive;
        return why;
    };
    if (id == Id::eventually_committed && accepted)
        return too_small("no leader that accepted a write had healthy paths until it was answered");
    if (id == Id::goes_on && accepted)
        return too_small("nothing was committed, and no replica had healthy paths for long enough");
    if (id == Id::freshness && freshness.owed() > 0)
        return too_small("no follower had a healthy path to the bucket for long enough");
    status = row(id).absent;
    return row(id).why;
}

Verdict Checkers::Parts::verdict(Id id) const {
    const Finding& finding = facts.findings[static_cast<std::size_t>(id)];
    Verdict verdict;
    verdict.id = kInvariants[static_cast<std::size_t>(id)].id;
    verdict.checked = finding.checked;
    if (!applies(id)) {
        verdict.status = Status::not_applicable;
        verdict.what = facts.settings.elects || !facts.settings.stores ? "no such part in this run"
                                                                       : "high availability is off";
    } else if (finding.violated) {
        verdict.status = Status::violated;
        verdict.what = finding.what;
        verdict.at = finding.at;
        verdict.evidence = finding.evidence;
    } else if (finding.checked > 0) {
        verdict.status = Status::pass;
    } else {
        verdict.what = absent(id, verdict.status);
    }
    return verdict;
}

std::span<const std::string_view> Checkers::broken() const {
    return parts_->facts.broken;
}

std::vector<Verdict> Checkers::finish(TrueTime end) {
    parts_->progress.finish(end);
    parts_->calls.finish(end);
    parts_->freshness.finish(end);
    parts_->writes.finish(end);
    parts_->goes_on.finish(end);
    parts_->converge.finish(end);
    parts_->twin.finish(end);
    std::vector<Verdict> verdicts;
    verdicts.reserve(kInvariantCount);
    for (std::size_t i = 0; i < kInvariantCount; ++i)
        verdicts.push_back(parts_->verdict(static_cast<Id>(i)));
    return verdicts;
}

const std::vector<Duration>& Checkers::leaderless() const {
    return parts_->progress.leaderless();
}
Duration Checkers::longest_without_commit() const {
    return parts_->goes_on.longest_gap();
}
std::optional<Duration> Checkers::open_failover() const {
    return parts_->progress.open_failover();
}

const std::vector<Duration>& Checkers::failovers() const {
    return parts_->progress.failovers();
}

}  // namespace leasehold::check
