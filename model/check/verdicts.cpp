// The list of invariants, and the verdict on each.
#include <array>
#include <string_view>

#include "model/check/parts.hpp"

namespace leasehold::check {

namespace {

constexpr std::array<InvariantInfo, kInvariantCount> kInvariants{{
    {"leader.at-most-one", InvariantClass::safety,
     "at no true instant do two replicas hold an open write gate"},
    {"leader.eventually-one", InvariantClass::liveness,
     "a leader within the configured bound while a running replica reaches a healthy API"},
    {"leader.term-increases", InvariantClass::safety,
     "each new leadership has a larger term, except across a restore"},
    {"lease.taken-only-when-free", InvariantClass::safety,
     "a takeover happens only after a release or the end of the predecessor's validity"},
    {"lease.changed-only-by-holder", InvariantClass::safety,
     "no renewal or release alters a record that its writer doesn't own"},
    {"bucket.epochs-increase", InvariantClass::safety,
     "epoch claims grow in the order of their swaps, each number once"},
    {"bucket.no-stale-commit", InvariantClass::safety,
     "per key, the committed epoch never decreases, foreign writes apart"},
    {"bucket.acknowledged-survives", InvariantClass::safety,
     "what was answered Committed stays until a write or removal by an epoch not older"},
    {"bucket.linearizable", InvariantClass::safety,
     "what reads and writes of a key are told fits one order of all that happened to it"},
    {"write.eventually-committed", InvariantClass::liveness,
     "a write that a leader accepted is committed within its bound if the leader's paths are "
     "healthy, and answered by its deadline"},
    {"backup.goes-on", InvariantClass::liveness,
     "something is committed while a replica reaches the API and a store that takes its writes"},
    {"follower.writes-are-no-ops", InvariantClass::safety,
     "no PUT or DELETE is permitted at a replica whose gate is closed"},
    {"follower.reads-never-stack", InvariantClass::safety,
     "a query is answered in its step or has one request of its own; flights and passes don't "
     "pile up"},
    {"query.within-deadline", InvariantClass::liveness, "every query ends by its deadline"},
    {"follower.freshness", InvariantClass::liveness,
     "a follower with a healthy bucket path sees a commit within a poll period, a pass and a "
     "transfer"},
    {"payload.never-regresses", InvariantClass::safety,
     "no replica gives an older version of a key after a newer one, nor nothing while it has a "
     "copy"},
    {"read.one-outcome", InvariantClass::safety,
     "each backup read ends exactly once, NotFound only at a leader, or with its process"},
    {"promotion.releases-all", InvariantClass::safety,
     "write privilege first, then every pending read ends with the outcome of its own GET"},
    {"stop.bounded", InvariantClass::liveness, "a stopping replica ends by its deadline"},
    {"run.deterministic", InvariantClass::determinism, "same scenario and seed, same digest"},
}};

}  // namespace

std::span<const InvariantInfo> invariants() {
    return kInvariants;
}

bool Checkers::Parts::applies(Id id) const {
    const Settings& settings = facts.settings;
    switch (id) {
        case Id::at_most_one:
        case Id::eventually_one:
        case Id::term_increases:
        case Id::taken_only_when_free:
        case Id::changed_only_by_holder:
            return settings.elects;
        case Id::epochs_increase:
        case Id::no_stale_commit:
            return settings.elects && settings.stores && settings.storage.ha;
        case Id::writes_are_no_ops:
        case Id::releases_all:
        case Id::goes_on:
            return settings.elects && settings.stores;
        case Id::freshness:
            return freshness.applies();
        case Id::acknowledged_survives:
        case Id::linearizable:
        case Id::never_regresses:
        case Id::eventually_committed:
        case Id::reads_never_stack:
        case Id::query_within_deadline:
        case Id::one_outcome:
            return settings.stores;
        case Id::stop_bounded:
        case Id::deterministic:
            return true;
    }
    return true;
}

/// Why nothing was looked at, and whether that says that the run was too small or that the
/// invariant had no occasion.
std::string_view Checkers::Parts::absent(Id id, Status& status) const {
    status = Status::not_applicable;
    switch (id) {
        case Id::at_most_one:
            status = Status::inconclusive;
            return "no write gate was ever opened";
        case Id::eventually_one:
            status = Status::inconclusive;
            return "no replica ran and reached a healthy API for as long as the bound";
        case Id::term_increases:
            status = Status::inconclusive;
            return "no replica ever led";
        case Id::taken_only_when_free:
            return "the Lease was never taken over";
        case Id::changed_only_by_holder:
            status = Status::inconclusive;
            return "the Lease was never renewed or released";
        case Id::epochs_increase:
            return "no epoch was claimed";
        case Id::no_stale_commit:
            return "nothing was stored";
        case Id::acknowledged_survives:
            return "no write was acknowledged as committed";
        case Id::linearizable:
            return "no write or read was answered";
        case Id::never_regresses:
            return "no payload was given";
        case Id::eventually_committed:
            if (writes.accepted_count() > 0) {
                status = Status::inconclusive;
                return "no leader that accepted a write had healthy paths until it was answered";
            }
            return "no leader accepted a write";
        case Id::goes_on:
            if (writes.accepted_count() > 0) {
                status = Status::inconclusive;
                return "nothing was committed, and no replica had healthy paths for long enough";
            }
            return "no leader accepted a write";
        case Id::writes_are_no_ops:
            return "no write was about to leave";
        case Id::reads_never_stack:
            return "no query came and no bucket request was sent";
        case Id::query_within_deadline:
            return "no query was asked";
        case Id::freshness:
            if (freshness.owed() > 0) {
                status = Status::inconclusive;
                return "no follower had a healthy path to the bucket for long enough";
            }
            return "nothing was stored that a follower had to see";
        case Id::one_outcome:
            return "no backup read was asked";
        case Id::releases_all:
            return "no replica was promoted";
        case Id::stop_bounded:
            return "no replica was told to stop";
        case Id::deterministic:
            status = Status::not_checked;
            return "the run was not repeated";
    }
    return "";
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

bool Checkers::violated() const {
    return parts_->facts.safety_violated;
}

std::vector<Verdict> Checkers::finish(TrueTime end) {
    parts_->progress.finish(end);
    parts_->calls.finish(end);
    parts_->freshness.finish(end);
    parts_->writes.finish(end);
    parts_->goes_on.finish(end);
    std::vector<Verdict> verdicts;
    for (std::size_t i = 0; i < kInvariantCount; ++i)
        verdicts.push_back(parts_->verdict(static_cast<Id>(i)));
    return verdicts;
}

const std::vector<Duration>& Checkers::leaderless() const {
    return parts_->progress.leaderless();
}
const std::vector<Duration>& Checkers::failovers() const {
    return parts_->progress.failovers();
}

}  // namespace leasehold::check
