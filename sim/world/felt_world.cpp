// What a run must show of the world besides its faults.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "sim/world/felt.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMeasure = 5s;  // shorter, and a nanosecond's rounding would show
constexpr Duration kNearly = 100ms;
constexpr std::uint64_t kCrowd = 100;  // answers beside another open request
constexpr std::uint64_t kEnough = 20;  // operations, of which none took its median

bool varies(const LatencySpec& spec) {
    return spec.p50 != spec.p99;
}

}  // namespace

void Felt::measure(Machine& machine, const ReplicaStepped& record) {
    if (!machine.measured) {
        machine.measured = record.now;
        machine.measured_at = record.at;
        machine.rate.reset();
        return;
    }
    const Duration passed = record.at - machine.measured_at;
    const auto& clocks = scenario_.clocks;
    if (passed < (clocks.wobble_ppm == 0 ? kMeasure : std::max(kMeasure, clocks.wobble_period)))
        return;
    const Duration shown = record.now.monotonic - machine.measured->monotonic;
    machine.rate = std::llround(static_cast<double>((shown - passed).count()) * 1e9 /
                                static_cast<double>(passed.count()));
    if (machine.rate_is_first && !machine.first_rate) machine.first_rate = machine.rate;
}

// Where latencies vary, a later request is sometimes answered first.
void Felt::crowd(const Machine& machine, const Request& request) {
    bool others = false;
    bool older = false;
    for (const Request& one : machine.open) {
        // Of one kind and sent at nearly one time: only then either may be the first.
        if (one.kind != request.kind || server_of(one.kind) != Server::bucket) continue;
        const Duration apart =
            one.sent < request.sent ? request.sent - one.sent : one.sent - request.sent;
        if (apart == Duration(0) || apart > kNearly) continue;
        others = true;
        older |= one.sent < request.sent;
    }
    world_.crowded += others ? 1 : 0;
    world_.overtakings += older ? 1 : 0;
}

std::vector<check::Expectation> Felt::of_the_world() const {
    std::vector<check::Expectation> unmet;
    const auto expect = [&unmet](bool met, std::string what, std::string found) {
        if (!met) unmet.push_back({std::move(what), false, std::move(found)});
    };
    const auto& clocks = scenario_.clocks;
    const std::int64_t grace = kRateGrace + clocks.wobble_ppm * 1000;
    bool wrong = false;
    bool measured = false;
    bool drifts = false;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
        if (!machines_[i].first_rate) continue;
        measured = true;
        const std::int64_t rate = *machines_[i].first_rate;
        drifts |= std::abs(rate) > kRateGrace;
        if (i < clocks.drift_ppm.size())
            wrong |= std::abs(rate - clocks.drift_ppm[i] * 1000) > grace;
    }
    wrong |= measured && !drifts && clocks.drift_ppm_max > 0;
    expect(!wrong, "clocks run as they were told", "another rate was measured");
    expect(clocks.wobble_ppm == 0 || world_.clock_changes > 0, "clocks wobble", "never");
    expect(world_.too_fast == 0, "transfers take their time",
           std::to_string(world_.too_fast) + " were faster than their bandwidth");
    const bool mixed = varies(scenario_.bucket.get) && varies(scenario_.bucket.put);
    expect(!mixed || world_.crowded < kCrowd || world_.overtakings > 0,
           "answers overtake each other where latencies vary",
           "never among " + std::to_string(world_.crowded));
    expect(world_.other_lease == 0, "replicas run the configuration that they were given",
           std::to_string(world_.other_lease) + " records have another lease duration");
    expect(world_.not_refused == 0, "requests of a wrong wall clock are refused",
           std::to_string(world_.not_refused) + " were not");
    expect(!scenario_.files.given || world_.files < kEnough || world_.files_waited > 0,
           "local files take their time",
           "none of " + std::to_string(world_.files) + " operations took the median");
    const WorkloadSpec& work = scenario_.workload;
    expect(work.contents == 0 || world_.payloads_again > 0 ||
               world_.payloads <= work.contents * work.pipelines.size() * work.windows.size(),
           "payloads repeat", "never among " + std::to_string(world_.payloads));
    return unmet;
}

}  // namespace leasehold::sim
