#include "sim/world/judge.hpp"

#include <algorithm>
#include <string>

#include "config/units.hpp"
#include "sim/world/draw.hpp"

namespace leasehold::sim {
namespace {

using check::Outcome;
using check::RunResult;
using check::Status;
using check::Verdict;

std::string times(std::uint64_t count) {
    if (count == 0) return "never";
    return count == 1 ? "once" : std::to_string(count) + " times";
}

std::string effect_of(const check::FaultResult& fault) {
    if (fault.took_effect == 0 || fault.shown()) return times(fault.took_effect);
    if (fault.contradicted > 0)
        return times(fault.took_effect) + ", and " + times(fault.contradicted) +
               " what followed was as if it had not";
    return times(fault.took_effect) + ", and nobody felt it";
}

void expect(RunResult& result, std::string what, bool met, std::string found) {
    if (!met) result.outcome = check::worse(result.outcome, Outcome::inconclusive);
    result.expectations.push_back({std::move(what), met, std::move(found)});
}

bool listed(const std::vector<std::string>& ids, std::string_view id) {
    return std::ranges::count(ids, id) > 0;
}

/// What a scenario's workload gives material for: n/a is no pass there.
std::vector<std::string_view> material(const Scenario& scenario) {
    std::vector<std::string_view> ids;
    const WorkloadSpec& work = scenario.workload;
    if (!scenario.stores() || !work.enabled) return ids;
    ids = {"bucket.acknowledged-survives", "bucket.linearizable", "write.eventually-committed",
           "requests.bounded"};
    if (scenario.elects())
        ids.insert(ids.end(),
                   {"bucket.epochs-increase", "bucket.no-stale-commit", "backup.goes-on",
                    "follower.writes-are-no-ops", "follower.freshness", "promotion.releases-all"});
    // Not replicas.converge: pipelines write to the end of most runs, so that no key is left alone
    // for as long as its copies may take.
    if (work.queries_per_1000s > 0)
        ids.insert(ids.end(), {"query.within-deadline", "follower.reads-never-stack",
                               "payload.never-regresses"});
    if (work.restores) ids.emplace_back("read.one-outcome");
    return ids;
}

void judge_material(const Scenario& scenario, RunResult& result) {
    const auto wanted = material(scenario);
    for (const Verdict& verdict : result.verdicts)
        if (verdict.status == Status::not_applicable &&
            std::ranges::count(wanted, verdict.id) > 0 &&
            !listed(scenario.expect.not_judged, verdict.id))
            expect(result, "judged " + verdict.id, false, verdict.what);
    if (!listed(scenario.expect.not_judged, "write.eventually-committed"))
        check::expect_commits(result);
    for (const check::Expectation& one : result.expectations)
        if (!one.met) result.outcome = check::worse(result.outcome, Outcome::inconclusive);
}

void judge_commits(const ExpectSpec& spec, RunResult& result) {
    if (!spec.commits_every) return;
    const bool met = result.commit_gap <= *spec.commits_every;
    if (!met) result.outcome = check::worse(result.outcome, Outcome::liveness);
    result.expectations.push_back(
        {"commits every " + config::format_duration(*spec.commits_every), met,
         "longest time without one " +
             config::format_duration(
                 std::chrono::ceil<std::chrono::milliseconds>(result.commit_gap))});
}

// A bound of every failover holds in each run, so that one seed alone can miss it. Percentiles are
// for many seeds (reports/summary.hpp).
void judge_failovers(const ExpectSpec& spec, RunResult& result) {
    if (!spec.failover_max) return;
    const Duration open = result.open_failover.value_or(Duration(0));
    const bool ended = open <= *spec.failover_max;
    if (ended && result.failovers.empty()) return;
    const Duration longest = ended ? std::ranges::max(result.failovers) : open;
    const bool met = longest <= *spec.failover_max;
    if (!met) result.outcome = check::worse(result.outcome, Outcome::liveness);
    result.expectations.push_back(
        {"every failover within " + config::format_duration(*spec.failover_max), met,
         (ended ? "longest " : "nobody led for the last ") +
             config::format_duration(std::chrono::ceil<std::chrono::milliseconds>(longest))});
}

void judge_verdicts(const ExpectSpec& spec, RunResult& result) {
    const auto kinds = check::invariants();  // own checks come after these
    for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
        const Verdict& verdict = result.verdicts[i];
        const bool wanted = listed(spec.violates, verdict.id);
        const bool violated = verdict.status == Status::violated;
        if (wanted)
            expect(result, "violates " + verdict.id, violated,
                   violated                         ? "it did"
                   : verdict.status == Status::pass ? "it held"
                                                    : "it was not judged");
        const bool allowed = violated && listed(spec.may_violate, verdict.id);
        if (allowed) expect(result, "may violate " + verdict.id, true, "it did");
        if (violated && !wanted && !allowed)
            result.outcome = check::worse(
                result.outcome, i >= kinds.size() || kinds[i].kind == check::InvariantClass::safety
                                    ? Outcome::safety
                                    : Outcome::liveness);
        if (verdict.status == Status::inconclusive && !listed(spec.not_judged, verdict.id))
            result.outcome = check::worse(result.outcome, Outcome::inconclusive);
    }
}

/// A store that refuses what it should not, or says that it knows no conditions, is trusted no more
/// than one that ignores them.
bool breaks_conditions(const Fault& fault) {
    return fault.kind == FaultKind::set_preconditions ||
           (fault.kind == FaultKind::answer_error && (fault.status == 412 || fault.status == 501) &&
            std::ranges::any_of(fault.requests, [](RequestKind kind) {
                return kind == RequestKind::put_object || kind == RequestKind::remove_object;
            }));
}

}  // namespace

check::Settings check_settings(const Scenario& scenario, Duration api_round_trip,
                               Duration latency) {
    check::Settings settings;
    settings.election = scenario.election;
    // Bounds are those of the slower of two configurations.
    if (scenario.upgrade &&
        scenario.upgrade->election.lease_duration > scenario.election.lease_duration)
        settings.election = scenario.upgrade->election;
    settings.election.identity = "any";
    settings.storage = scenario.storage;
    if (scenario.upgrade) {
        const auto [shortest, longest] =
            std::minmax(scenario.storage.poll_period, scenario.upgrade->storage.poll_period);
        settings.shortest_poll = shortest;
        settings.shortest_lease =
            std::min(scenario.election.lease_duration, scenario.upgrade->election.lease_duration);
        settings.storage.poll_period = longest;
    }
    settings.storage.ha = scenario.elects();
    settings.replicas = scenario.values.replicas;
    settings.elects = scenario.elects();
    settings.stores = scenario.stores();
    const Preconditions& conditions = scenario.bucket.preconditions;
    settings.fences = conditions.if_none_match == PreconditionRule::honoured &&
                      conditions.if_match == PreconditionRule::honoured &&
                      std::ranges::none_of(scenario.faults, breaks_conditions);
    settings.api_round_trip = api_round_trip;
    const Duration slowest = std::max({LatencyDraw::longest(scenario.bucket.get),
                                       LatencyDraw::longest(scenario.bucket.put),
                                       LatencyDraw::longest(scenario.bucket.list)});
    settings.bucket_request = slowest + 2 * latency;
    // All replicas may load the same new object at once through the bucket's link.
    const double share = std::min(
        static_cast<double>(scenario.network.bandwidth) / 8,
        static_cast<double>(scenario.network.bucket_bandwidth) / (8.0 * scenario.values.replicas));
    settings.object_size = scenario.workload.object_size;
    settings.transfer = Duration(static_cast<std::int64_t>(
                            static_cast<double>(scenario.workload.object_size) / share * 1e9)) +
                        2 * latency;
    return settings;
}

void judge(const Scenario& scenario, RunResult& result) {
    result.outcome = Outcome::pass;
    result.expectations.clear();
    judge_verdicts(scenario.expect, result);
    judge_material(scenario, result);
    judge_commits(scenario.expect, result);
    judge_failovers(scenario.expect, result);
    for (const MarkId mark : scenario.expect.reached) {
        const std::uint64_t count = result.marks[static_cast<std::size_t>(mark)];
        expect(result, "reached " + std::string(mark_name(mark)), count > 0, times(count));
    }
    for (const check::FaultResult& fault : result.faults)
        expect(result, "took effect: " + fault.what, fault.shown(), effect_of(fault));
    for (const check::Expectation& one : result.of_the_world)
        expect(result, one.what, one.met, one.found);
    if (result.leaderships == 0) expect(result, "somebody led", false, "never");
    if (scenario.stores() && scenario.workload.enabled && result.work.committed == 0)
        expect(result, "something was committed", false, "never");
}

}  // namespace leasehold::sim
