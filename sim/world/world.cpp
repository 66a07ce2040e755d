#include "sim/world/world.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace leasehold::sim {
namespace {

std::vector<Host> machines(const Scenario& scenario, std::uint64_t seed) {
    std::vector<Host> hosts(scenario.values.replicas);
    Random random(mix64(seed ^ hash_text("clocks")));
    const auto within = [&](std::int64_t bound) {
        return static_cast<std::int64_t>(random.below(2 * static_cast<std::uint64_t>(bound) + 1)) -
               bound;
    };
    for (std::uint32_t i = 0; i < hosts.size(); ++i) {
        hosts[i].name = replica_name(i);
        const Duration offset(within(scenario.clocks.offset_max.count()));
        std::int64_t ppb = within(scenario.clocks.drift_ppm_max * 1000);
        if (i < scenario.clocks.drift_ppm.size()) ppb = scenario.clocks.drift_ppm[i] * 1000;
        // Machines booted at different times: nothing may compare two monotonic clocks.
        const Instant booted{std::chrono::seconds(1000) +
                             Duration(static_cast<std::int64_t>(random.below(1'000'000'000'000)))};
        hosts[i].clock = MachineClock(booted, offset, ppb);
        hosts[i].role = Role::stopped;
        hosts[i].upgraded = std::ranges::binary_search(scenario.replicas.upgraded, i);
    }
    return hosts;
}

}  // namespace

World::World(Engine& engine, const Scenario& scenario, std::uint64_t seed)
    : context_{engine, scenario, seed, Recorder{}, machines(scenario, seed), Slab<Mail>{}, {}},
      paths_(context_),
      hosts_(context_),
      faults_(context_, paths_, hosts_),
      api_(context_, paths_, faults_),
      bucket_(context_, paths_, faults_),
      workload_(context_, hosts_),
      kubelets_(context_, paths_) {
    hosts_.connect(api_, bucket_, faults_, workload_, kubelets_);
    faults_.connect(api_, bucket_, kubelets_);
    api_.connect(kubelets_);
    kubelets_.connect(api_);
}

void World::begin() {
    workload_.preload(bucket_);
    // Pods of one rollout become ready within a second of each other.
    Random random = context_.stream("starts");
    for (ReplicaIndex i = 0; i < context_.replicas(); ++i) {
        const TrueTime ready(Duration(static_cast<std::int64_t>(random.below(1'000'000'000))));
        if (!std::ranges::binary_search(context_.scenario.replicas.absent, i))
            context_.at(ready, Kind::process_starts, i, 0);
    }
    if (context_.scenario.clocks.wobble_ppm != 0)
        for (ReplicaIndex i = 0; i < context_.replicas(); ++i)
            context_.at(TrueTime{}, Kind::clock_wobbles, i, context_.stream("wobble", i).below(16));
    faults_.plan();
}

// Whoever wants its Timer now after each step, or answers each answer at once, would keep a
// campaign waiting for ever, and nobody would hear who it was.
void World::time_goes_on(ReplicaIndex replica) {
    constexpr std::uint64_t kMostAtOnce = 1'000'000;
    if (context_.now() != instant_) {
        instant_ = context_.now();
        at_once_ = 0;
        return;
    }
    if (++at_once_ < kMostAtOnce) return;
    const std::string name =
        replica < context_.replicas() ? context_.hosts[replica].name : "a server";
    CHECK_MSG(false, "time stands still after " + std::to_string(kMostAtOnce) +
                         " events of one instant, the last of " + name);
}

void World::due(const Due& event) {
    ++context_.recorder.work.events;
    const ReplicaIndex replica = event.target;
    time_goes_on(replica);
    switch (static_cast<Kind>(event.kind)) {
        case Kind::wake:
            hosts_.wake(replica, event.data);
            break;
        case Kind::mail:
            hosts_.deliver(replica, event.data);
            break;
        case Kind::lease_arrives:
            api_.request_arrives(event.data);
            break;
        case Kind::watch_opens:
            api_.watch_opens(event.data);
            break;
        case Kind::bookmark:
            api_.bookmark(event.data);
            break;
        case Kind::bucket_arrives:
            bucket_.request_arrives(event.data);
            break;
        case Kind::bucket_applies:
            bucket_.upload_applies(event.data);
            break;
        case Kind::bucket_deadline:
            bucket_.deadline(event.data);
            break;
        case Kind::fault_due:
            faults_.due(event.data);
            break;
        case Kind::fault_ends:
            faults_.ends(event.data);
            break;
        case Kind::process_starts:
            if (const Host& host = context_.hosts[replica];
                !host.running() && host.incarnation == event.data)
                hosts_.start(replica);
            break;
        case Kind::stop_due:
            hosts_.stop(replica, Duration(static_cast<std::int64_t>(event.data)));
            break;
        case Kind::resume_due:
            if (context_.hosts[replica].halts == event.data) hosts_.resume(replica);
            break;
        case Kind::query_due:
        case Kind::export_due:
        case Kind::restore_due:
        case Kind::removal_due:
        case Kind::backfill_due:
            workload_.due(static_cast<Kind>(event.kind), replica, event.data);
            break;
        case Kind::file_done:
            hosts_.file_done(replica, event.data);
            break;
        case Kind::clock_wobbles:
            hosts_.wobble(replica, event.data);
            break;
        case Kind::kubelet_writes:
            kubelets_.writes(replica, event.data);
            break;
        case Kind::container_ready:
            kubelets_.ready(replica, event.data);
            break;
        case Kind::own_pod_read:
            kubelets_.own_pod_read(replica, event.data);
            break;
        case Kind::holder_pod_read:
            kubelets_.holder_read(replica, event.data);
            break;
        case Kind::lease_deadline:
            api_.deadline(event.data);
            break;
        case Kind::slow_step_ends:
            hosts_.slow_step_ends(replica, event.data);
            break;
    }
}

std::string World::state() const {
    std::string text;
    for (const Host& host : context_.hosts) {
        text += host.name + ": ";
        if (!host.running())
            text += "no process";
        else
            text += host.replica.summary() + (host.paused ? ", paused" : "");
        text += "\n";
    }
    return text;
}

}  // namespace leasehold::sim
