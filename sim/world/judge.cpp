#include "sim/world/judge.hpp"

#include <algorithm>
#include <string>

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

void expect(RunResult& result, std::string what, bool met, std::string found) {
    if (!met) result.outcome = check::worse(result.outcome, Outcome::inconclusive);
    result.expectations.push_back({std::move(what), met, std::move(found)});
}

void judge_verdicts(const ExpectSpec& spec, RunResult& result) {
    const auto listed = [](const std::vector<std::string>& ids, const std::string& id) {
        return std::ranges::count(ids, id) > 0;
    };
    const auto kinds = check::invariants();
    for (std::size_t i = 0; i < result.verdicts.size(); ++i) {
        const Verdict& verdict = result.verdicts[i];
        const bool wanted = listed(spec.violates, verdict.id);
        const bool violated = verdict.status == Status::violated;
        if (wanted)
            expect(result, "violates " + verdict.id, violated, violated ? "it did" : "it held");
        if (violated && !wanted && !listed(spec.may_violate, verdict.id))
            result.outcome = check::worse(
                result.outcome, kinds[i].kind == check::InvariantClass::safety ? Outcome::safety
                                                                               : Outcome::liveness);
        if (verdict.status == Status::inconclusive)
            result.outcome = check::worse(result.outcome, Outcome::inconclusive);
    }
}

}  // namespace

check::Settings check_settings(const Scenario& scenario, Duration api_round_trip,
                               Duration latency) {
    check::Settings settings;
    settings.election = scenario.election;
    settings.election.identity = "any";
    settings.storage = scenario.storage;
    settings.storage.ha = scenario.elects();
    settings.replicas = scenario.values.replicas;
    settings.elects = scenario.elects();
    settings.stores = scenario.stores();
    settings.api_round_trip = api_round_trip;
    const Duration slowest = std::max({LatencyDraw(scenario.bucket.get).longest(),
                                       LatencyDraw(scenario.bucket.put).longest(),
                                       LatencyDraw(scenario.bucket.list).longest()});
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
    for (const MarkId mark : scenario.expect.reached) {
        const std::uint64_t count = result.marks[static_cast<std::size_t>(mark)];
        expect(result, "reached " + std::string(mark_name(mark)), count > 0, times(count));
    }
    for (const check::FaultResult& fault : result.faults)
        expect(result, "took effect: " + fault.what, fault.took_effect > 0,
               times(fault.took_effect));
    if (result.leaderships == 0) expect(result, "somebody led", false, "never");
    if (scenario.stores() && scenario.workload.enabled && result.work.committed == 0)
        expect(result, "something was committed", false, "never");
}

}  // namespace leasehold::sim
