#include "bench/workloads.hpp"

#include "model/base/random.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;
using sim::Fault;
using sim::FaultKind;
using sim::LatencySpec;
using sim::Scenario;
using sim::TargetKind;
using sim::TriggerKind;

Scenario election_only(std::string name, std::uint32_t replicas, Duration duration,
                       Duration one_way) {
    Scenario scenario;
    scenario.name = std::move(name);
    scenario.duration = duration;
    scenario.values.replicas = replicas;
    scenario.values.leader_follower = true;
    scenario.network.latency = LatencySpec{0ns, one_way, one_way};
    scenario.api.latency = LatencySpec{0ns, 0ns, 0ns};
    scenario.workload.enabled = false;
    return scenario;
}

Fault on_leader(FaultKind kind, Duration at, std::optional<Duration> lasts) {
    Fault fault;
    fault.kind = kind;
    fault.trigger.kind = TriggerKind::at;
    fault.trigger.at = at;
    fault.target.kind = TargetKind::leader;
    fault.lasts = lasts;
    return fault;
}

Duration within(Random& random, Duration span) {
    return Duration(
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(span.count()))));
}

void add_crashes_and_cuts(Scenario& scenario, Random& random) {
    for (int n = 0; n < 3; ++n) {
        const Duration latest = scenario.duration - 15s;
        scenario.faults.push_back(on_leader(FaultKind::crash, 2s + within(random, latest), 5s));
        scenario.faults.push_back(on_leader(FaultKind::cut, 2s + within(random, latest), 10s));
    }
}

void add_storage(Scenario& scenario) {
    scenario.values.bucket_secret = "kubecost-bucket-secret";
    scenario.storage.prefix = ObjectKey("etl/");
    scenario.workload.enabled = true;
}

}  // namespace

Scenario workload_w(Duration duration) {
    Scenario scenario = election_only("W", 5, duration, 1ms);
    Fault crash = on_leader(FaultKind::crash, 60s, 5s);
    crash.trigger.kind = TriggerKind::every;
    crash.trigger.every = 60s;
    scenario.faults.push_back(crash);
    return scenario;
}

Scenario workload_r5(Duration duration) {
    Scenario scenario = election_only("R5", 5, duration, 5ms);
    scenario.api.latency = sim::ApiSpec{}.latency;
    add_storage(scenario);
    return scenario;
}

Scenario workload_short(std::uint64_t seed) {
    Scenario scenario = election_only("short", 5, 120s, 1ms);
    Random random(mix64(seed));
    add_crashes_and_cuts(scenario, random);
    return scenario;
}

Scenario workload_short_flows(std::uint64_t seed) {
    Random random(mix64(seed + 77));
    Scenario scenario = election_only("short-flows", 5, 120s + within(random, 480s), 5ms);
    add_storage(scenario);
    add_crashes_and_cuts(scenario, random);
    return scenario;
}

Scenario failover(Failure failure, std::uint32_t followers, std::uint64_t seed) {
    Scenario scenario = election_only("failover", followers + 1, 60s, 5ms);
    Random random(mix64(seed ^ 0xfa11));
    const Duration at = 20s + within(random, 2s);
    switch (failure) {
        case Failure::crash:
            scenario.faults.push_back(on_leader(FaultKind::crash, at, {}));
            break;
        case Failure::graceful:
            scenario.faults.push_back(on_leader(FaultKind::stop, at, {}));
            break;
        case Failure::partition:
            scenario.faults.push_back(on_leader(FaultKind::cut, at, 30s));
            break;
    }
    return scenario;
}

}  // namespace leasehold::bench
