#include "model/check/progress.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace leasehold::check {

namespace {

/// `span` as measured by a clock that may be wrong by `drift_ppm`, in true time at most.
Duration stretched(Duration span, std::int64_t drift_ppm) {
    return span + Duration(span.count() / 1'000'000 * (3 * drift_ppm));
}

bool starts_with_word(std::string_view what, std::string_view word) {
    return what.starts_with(word) && (what.size() == word.size() || what[word.size()] == ' ');
}

/// Faults that take a leader's place away from it (the others are met by retrying).
bool topples(std::string_view what) {
    constexpr std::array kinds{std::string_view("crash"), std::string_view("killNode"),
                               std::string_view("stop"),  std::string_view("cut"),
                               std::string_view("pause"), std::string_view("suspend"),
                               std::string_view("outage")};
    return std::any_of(kinds.begin(), kinds.end(),
                       [what](std::string_view kind) { return starts_with_word(what, kind); });
}

}  // namespace

bool is_stall(std::string_view what) {
    return starts_with_word(what, "pause") || starts_with_word(what, "suspend");
}

bool is_slowness(std::string_view what) {
    return starts_with_word(what, "slow");
}

Duration election_bound(const Settings& settings) {
    // What a replica with a healthy path may need, each part at its longest, one after the other:
    // - to learn the Lease's state: an attempt that was under way when the path healed times
    //   out, the watch is given up after 3 retryPeriods of silence, and the next poll starts
    //   within another;
    // - to know that it is free: the wait for expiry counts from the first sight of the present
    //   record, on a clock that may be slow by the drift bound, over a wait that has the bound
    //   added already, hence 3 of it. A missing Lease costs 2 retryPeriods of absence
    //   (looked at each retryPeriod) before the create, and the same wait after it, for the longest
    //   lease that any member may hold (clause 4);
    // - to win: a lost race or an answer that didn't come costs a time-out, a GET and a try.
    const ElectorConfig& election = settings.election;
    const Duration learn = election.attempt_timeout() + 4 * election.retry_period;
    const Duration wait =
        stretched(election.longest_of_members(), election.drift_ppm) + 3 * election.retry_period;
    const Duration win = 2 * (election.attempt_timeout() + election.retry_period);
    return learn + wait + win + 6 * settings.api_round_trip;
}

// Whether a creation had to be waited out, and how long, its record says: that of a Lease which was
// there is not.
Progress::Progress(Facts& facts, const Gates& gates, const LeaseRules& lease)
    : facts_(facts), gates_(gates), lease_(lease) {
    Settings there = facts.settings;
    there.election.max_lease_duration.reset();
    bound_ = election_bound(there);
}

Duration Progress::bound() const {
    // A record with a longer duration than ours makes everybody wait longer.
    const Duration longest = std::chrono::seconds(lease_.longest_duration());
    const Duration more = longest - facts_.settings.election.lease_duration;
    if (more <= Duration(0)) return bound_;
    return bound_ + stretched(more, facts_.settings.election.drift_ppm);
}

bool Progress::able(const ReplicaFacts& replica) const {
    const std::int64_t limit = facts_.settings.election.drift_ppm * 1000;
    return replica.running && replica.elects && !replica.paused && !replica.stopping &&
           replica.api_healthy && replica.clock.rate_ppb <= limit &&
           replica.clock.rate_ppb >= -limit;
}

void Progress::window_ends(TrueTime at, const Candidate& candidate) {
    if (candidate.able && at - candidate.since >= bound()) facts_.checked(Id::eventually_one);
}

void Progress::judge(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    const Candidate& candidate = candidates_[index];
    if (!candidate.able || !facts_.fresh(Id::eventually_one)) return;
    TrueTime begin = std::max(candidate.since, disturbed_at_);
    if (at - begin <= bound() || gates_.any_open(at)) return;
    begin = std::max(begin, gates_.last_end(at));
    if (at - begin <= bound()) return;
    facts_.violate(Id::eventually_one, begin + bound(),
                   "no replica led from " + words(begin) + " to " + words(at) + " although " +
                       facts_.name(index) +
                       " ran and reached a healthy API throughout; the bound is " + words(bound()),
                   {number});
}

void Progress::judge_all(TrueTime at, std::uint64_t number) {
    for (std::size_t i = 0; i < candidates_.size(); ++i)
        judge(at, number, static_cast<ReplicaIndex>(i));
}

void Progress::changed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    const bool now_able = able(facts_.replicas[index]);
    Candidate& own = candidate(index);
    if (own.able == now_able) return;
    if (own.able) {
        judge(at, number, index);
        window_ends(at, own);
        if (lease_.writer() == index) {
            judge_all(at, number);
            disturbed_at_ = at;
        }
    }
    own.able = now_able;
    own.since = at;
}

void Progress::disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index) {
    Candidate& own = candidate(index);
    if (!own.able) return;
    judge(at, number, index);
    window_ends(at, own);
    if (lease_.writer() == index) {
        judge_all(at, number);
        disturbed_at_ = at;
    }
    own.since = at;
}

void Progress::gate_opening(const ReplicaStepped& step, const ReplicaFacts& self) {
    if (gates_.other_open(step.at, self)) return;
    judge_all(step.at, step.number);
    if (had_leader_) leaderless_.push_back(step.at - gates_.last_end(step.at));
    had_leader_ = true;
}

void Progress::lease_committed(const LeaseCommitted& record) {
    // A label or an annotation of others makes nobody wait anew; a store that is set back does,
    // also where the record is the same: nobody knows what led since.
    const bool same =
        record.before && record.after && record.before->record == record.after->record;
    if (same && !record.restored) return;
    const bool goes_on = record.writer != kNobody && record.writer < candidates_.size() &&
                         candidates_[record.writer].able;
    if (goes_on && !record.restored) return;
    judge_all(record.at, record.number);
    disturbed_at_ = record.at;
}

bool Progress::leads_or_led(TrueTime at, ReplicaIndex index) const {
    if (index >= facts_.replicas.size()) return false;
    const ReplicaFacts& replica = facts_.replicas[index];
    if (replica.running) return replica.role == Role::leader;
    return replica.ended_as_leader && replica.ended == at;  // this fault ended it
}

void Progress::fault(const FaultTookEffect& record) {
    // Paths that are cut, processes that end and changes of the Lease are told in records of their
    // own; this one also tells of faults that hit single requests.
    for (const ReplicaIndex target : record.targets)
        if (target < candidates_.size()) disturbed(record.at, record.number, target);
    if (record.began && topples(record.what)) {
        for (const ReplicaIndex target : record.targets) {
            // A leader that an earlier fault left leading is toppled by this one, if at all.
            if (!leads_or_led(record.at, target)) continue;
            hit_ = Hit{record.at, record.fault, target, candidate(target).process};
        }
    } else if (!record.began && hit_ && hit_->fault == record.fault) {
        // It ended and the leader still leads: nothing failed over.
        if (still_leads(*hit_)) hit_.reset();
    }
}

bool Progress::still_leads(const Hit& hit) const {
    const ReplicaFacts& leader = facts_.replicas[hit.leader];
    return leader.running && leader.role == Role::leader &&
           candidates_[hit.leader].process == hit.process;
}

void Progress::became_leader(TrueTime at, ReplicaIndex index) {
    if (!hit_) return;
    const bool same = hit_->leader == index && candidate(index).process == hit_->process;
    // The same process in a new term: the fault was overcome without a failover.
    if (!same) failovers_.push_back(at - hit_->at);
    hit_.reset();
}

void Progress::finish(TrueTime end) {
    judge_all(end, 0);
    if (had_leader_ && !gates_.any_open(end)) leaderless_.push_back(end - gates_.last_end(end));
    if (hit_ && !still_leads(*hit_)) open_failover_ = end - hit_->at;
    for (const Candidate& candidate : candidates_)
        window_ends(end, candidate);
}

}  // namespace leasehold::check
