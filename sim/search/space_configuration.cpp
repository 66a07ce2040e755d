// Random configurations within the relations that the readers enforce.
#include <algorithm>
#include <string>

#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

using namespace std::chrono_literals;
using sim::LatencySpec;
using sim::Scenario;

LatencySpec constant(Duration latency) {
    return {Duration(0), latency, latency};
}
LatencySpec lognormal(Duration p50, Duration p99) {
    return {Duration(0), p50, p99};
}

bool legal(ElectorConfig election) {
    election.identity = "set-per-process";
    return election.problems().empty();
}

void draw_election(ElectorConfig& election, Dice& dice) {
    const ElectorConfig usual = election;
    switch (dice.number(0, 7)) {
        case 0:
            election.lease_duration = 5s;
            election.retry_period = 1s;
            break;
        case 1:
            election.renew_deadline = 10s;
            break;
        case 2:
        case 3:
            election.lease_duration = dice.span(3s, 30s, 1s);
            election.retry_period = dice.span(500ms, 4s, 500ms);
            break;
        case 4:
            // What clocks disagree about grows with it.
            if (dice.chance(1, 2)) break;
            election.lease_duration = 60s;
            election.retry_period = 5s;
            break;
        default:
            break;
    }
    static constexpr std::int64_t kDrifts[]{0, 200, 2'000, 2'000, 2'000, 10'000};
    election.drift_ppm = dice.pick(kDrifts);
    // An edit says a minute: longer than this, it is damage.
    if (dice.chance(1, 2))
        election.longest_lease = std::max(election.lease_duration, Duration(30s));
    if (!legal(election)) election = usual;
}

void draw_storage(StorageConfig& storage, Dice& dice) {
    if (dice.chance(1, 6)) storage.format = ObjectFormat::plain;
    static constexpr Duration kPolls[]{5s, 10s, 30s, 30s};
    storage.poll_period = dice.pick(kPolls);
    if (dice.chance(1, 3)) {
        static constexpr Duration kTimeouts[]{2s, 5s, 10s};
        storage.put_timeout = dice.pick(kTimeouts);
        storage.get_timeout = dice.pick(kTimeouts);
        static constexpr Duration kAges[]{20s, 30s, 60s};
        storage.largest_request_age = dice.pick(kAges);
        static constexpr Duration kDeadlines[]{30s, 60s, 120s};
        storage.write_deadline = dice.pick(kDeadlines);
    }
    if (dice.chance(1, 4)) {
        static constexpr std::uint32_t kFew[]{1, 2, 4};
        storage.puts_max = dice.pick(kFew);
        storage.pass_gets_max = dice.pick(kFew);
        storage.leader_reads_max = dice.pick(kFew);
    }
}

void draw_world(Scenario& scenario, Dice& dice) {
    switch (dice.number(0, 5)) {
        case 0:
            scenario.network.latency = constant(1ms);
            break;
        case 1:
            scenario.network.latency = lognormal(10ms, 200ms);
            break;
        case 2:
            scenario.network.latency = constant(60ms);
            break;
        default:
            break;
    }
    if (dice.chance(1, 4)) scenario.api.profile = sim::ApiProfile::kine;
    using sim::BucketProfile;
    static constexpr BucketProfile kStores[]{
        BucketProfile::aws,     BucketProfile::aws,    BucketProfile::aws,  BucketProfile::minio,
        BucketProfile::minio,   BucketProfile::gcs,    BucketProfile::gcs,  BucketProfile::azure,
        BucketProfile::versity, BucketProfile::rclone, BucketProfile::moto, BucketProfile::s3proxy,
        BucketProfile::s3mock};
    scenario.bucket.profile = dice.pick(kStores);
    scenario.bucket.preconditions = sim::preconditions_of(scenario.bucket.profile);
    if (dice.chance(1, 8)) {
        const auto rule =
            dice.chance(1, 2) ? sim::PreconditionRule::ignored : sim::PreconditionRule::refused;
        sim::Preconditions& all = scenario.bucket.preconditions;
        all.if_none_match = all.if_match = all.if_match_on_delete = rule;
    }
    // Each request takes long, and every one lands in its time.
    if (dice.chance(1, 10)) scenario.bucket.put = constant(dice.span(500ms, 1500ms, 100ms));
    if (dice.chance(1, 8))
        scenario.bucket.get =
            dice.chance(1, 2)
                ? lognormal(400ms, 900ms)
                : constant(std::min<Duration>(scenario.storage.get_timeout / 2, 2500ms));
    static constexpr std::uint32_t kPages[]{2, 10, 1000, 1000};
    scenario.bucket.page_size = dice.pick(kPages);
    if (dice.chance(1, 4)) {
        scenario.files.given = true;
        scenario.files.latency =
            dice.chance(1, 3) ? constant(dice.span(200ms, 1s, 100ms)) : lognormal(2ms, 40ms);
    }
    if (dice.chance(1, 2)) scenario.clocks.offset_max = dice.span(1s, 20s, 1s);
    // Right up to what the election is built for.
    const std::int64_t drift = scenario.election.drift_ppm;
    if (drift > 0 && dice.chance(1, 2)) {
        if (dice.chance(1, 2))
            scenario.clocks.drift_ppm_max = drift;
        else
            for (std::uint32_t i = 0; i < scenario.values.replicas; ++i)
                scenario.clocks.drift_ppm.push_back(dice.chance(1, 2) ? drift : -drift);
    }
}

void draw_workload(sim::WorkloadSpec& work, Dice& dice) {
    if (dice.chance(1, 3)) work.pipelines = {"assets"};
    if (dice.chance(1, 3)) work.windows = {1h};
    // The last is once for the whole run: what the next export would mend stays to be seen.
    static constexpr Duration kExports[]{2s, 5s, 10s, 20s, 60s, 20min};
    work.export_every = dice.pick(kExports);
    static constexpr std::uint64_t kSizes[]{1ULL << 10, 20ULL << 10, 300ULL << 10, 2ULL << 20};
    work.object_size = dice.pick(kSizes);
    static constexpr std::uint64_t kRates[]{0, 200, 1'000, 3'000};
    work.queries_per_1000s = dice.pick(kRates);
    if (dice.chance(1, 5)) work.contents = static_cast<std::uint32_t>(dice.number(1, 3));
    if (dice.chance(1, 4)) work.writers = static_cast<std::uint32_t>(dice.number(2, 4));
    if (dice.chance(1, 2))
        work.preloaded = static_cast<std::uint32_t>(dice.number(1, dice.chance(1, 3) ? 60 : 12));
    if (work.preloaded > 0 && dice.chance(1, 2)) work.remove_every = dice.span(3s, 30s, 3s);
    if (work.remove_every > Duration(0) && dice.chance(1, 2))
        work.backfill_every = dice.span(2s, 20s, 2s);
    if (dice.chance(1, 2)) work.pending_reads = static_cast<std::uint32_t>(dice.number(1, 12));
    if (dice.chance(1, 5)) work.read_deadline = dice.span(5s, 30s, 5s);
    if (dice.chance(1, 5)) work.cancel_every = static_cast<std::uint32_t>(dice.number(2, 5));
    work.restores = !dice.chance(1, 6);
    if (work.restores && dice.chance(1, 3)) work.read_every = dice.span(500ms, 20s, 500ms);
}

/// Now and then what travels for longer than the write deadline of something small.
void draw_large_objects(Scenario& scenario, Dice& dice) {
    if (!dice.chance(1, 24)) return;
    scenario.workload.pipelines = {"assets"};
    scenario.workload.windows = {24h};
    scenario.workload.restores = false;
    scenario.workload.read_every = Duration(0);
    scenario.workload.preloaded = 0;
    scenario.workload.remove_every = scenario.workload.backfill_every = Duration(0);
    scenario.workload.object_size = 256ULL << 20;
    scenario.workload.export_every = 60s;
    scenario.storage.write_deadline = 30s;
    scenario.network.bandwidth = 6ULL << 20;
    scenario.duration = 6min;
}

/// In a third of the groups all is small; see is_small().
void draw_small(Scenario& scenario, Dice& dice) {
    scenario.duration = dice.span(150s, 300s, 10s);
    scenario.values.replicas = dice.chance(2, 3) ? 2 : 3;
    scenario.values.leader_follower = true;
    sim::WorkloadSpec& work = scenario.workload;
    work.pipelines = {"assets"};
    work.windows = {1h};
    if (work.remove_every == Duration(0)) work.preloaded = std::min(work.preloaded, 2U);
    // Where time alone keeps writers apart, each moment counts.
    if (dice.chance(1, 6)) {
        sim::Preconditions& all = scenario.bucket.preconditions;
        all.if_none_match = all.if_match = all.if_match_on_delete =
            dice.chance(2, 3) ? sim::PreconditionRule::ignored : sim::PreconditionRule::refused;
    }
    // What waits for that age comes within the run.
    if (dice.chance(1, 2)) scenario.storage.largest_request_age = 20s;
    scenario.storage.write_deadline = std::min<Duration>(scenario.storage.write_deadline, 30s);
    if (work.preloaded == 0) work.remove_every = work.backfill_every = Duration(0);
}

/// Now and then a backup that a process has not fetched by the first queries for it.
void draw_large_backup(Scenario& scenario, Dice& dice) {
    if (!scenario.workload.enabled || !dice.chance(1, 20)) return;
    scenario.workload.preloaded = static_cast<std::uint32_t>(dice.number(100, 400));
    scenario.workload.queries_per_1000s = dice.number(3, 10) * 1'000;
    scenario.bucket.page_size = 1000;
    scenario.files = {};
}

/// Some are not there at first: who leads then is known, and who comes begins beside a leader.
void draw_absent(Scenario& scenario, Dice& dice) {
    if (!scenario.elects() || !dice.chance(1, 5)) return;
    for (std::uint32_t i = 1; i < scenario.values.replicas; ++i) {
        if (dice.chance(1, 4)) continue;
        scenario.replicas.absent.push_back(i);
        sim::Fault comes;
        comes.kind = sim::FaultKind::restart;
        comes.trigger.at = comes.trigger.at_most =
            dice.span(1s, dice.chance(1, 2) ? Duration(30s) : scenario.duration * 7 / 10, 100ms);
        comes.target.kind = sim::TargetKind::replica;
        comes.target.replica = i;
        comes.target.name = sim::replica_name(i);
        scenario.faults.push_back(comes);
    }
}

/// Whether the end of a holder's container is believed, by all or by some, and how late kubelets
/// tell: at once, as they do, or after the lease that their word is to spare.
void draw_pods(Scenario& scenario, Dice& dice) {
    if (!scenario.elects() || dice.chance(1, 2)) return;
    scenario.election.believe_ended_holder = true;
    switch (dice.number(0, 5)) {
        case 0:
            scenario.kubelets.notice = constant(50ms);
            break;
        case 1:
            scenario.kubelets.notice = lognormal(300ms, 5s);
            break;
        case 2:
            scenario.kubelets.notice = lognormal(4s, 40s);
            break;
        case 3:
            scenario.kubelets.notice = constant(20s);
            break;
        default:
            break;
    }
    if (!dice.chance(1, 6)) return;
    // In the midst of a rollout: some believe it, and name the container that they run in, and some
    // do neither.
    scenario.upgrade = sim::UpgradeSpec{scenario.election, scenario.storage};
    scenario.upgrade->election.believe_ended_holder = false;
    for (std::uint32_t i = 0; i < scenario.values.replicas; ++i)
        if (dice.chance(1, 2)) scenario.replicas.upgraded.push_back(i);
}

/// In the midst of a rollout that changes how long a lease is: all know the longest in use.
void draw_other_durations(Scenario& scenario, Dice& dice) {
    if (!scenario.elects() || scenario.upgrade || !dice.chance(1, 5)) return;
    ElectorConfig other = scenario.election;
    other.lease_duration = dice.span(3s, 30s, 1s);
    const Duration longest = std::max(other.lease_duration, scenario.election.lease_duration);
    ElectorConfig now = scenario.election;
    for (ElectorConfig* config : {&now, &other}) {
        config->max_lease_duration = longest;
        config->longest_lease = std::max(config->longest_lease, longest);
    }
    if (!legal(now) || !legal(other)) return;
    scenario.election = now;
    scenario.upgrade = sim::UpgradeSpec{other, scenario.storage};
    scenario.upgrade->storage.lease_duration = other.lease_duration;
    for (std::uint32_t i = 0; i < scenario.values.replicas; ++i)
        if (dice.chance(1, 3)) scenario.replicas.upgraded.push_back(i);
}

}  // namespace

bool is_small(const Scenario& scenario) {
    return scenario.elects() && scenario.values.replicas <= 3 && scenario.duration <= 300s &&
           scenario.workload.windows.size() == 1;
}

Scenario draw_configuration(Random& random) {
    Dice dice(random);
    Scenario scenario;
    scenario.name = "campaign";
    scenario.why = "drawn";
    scenario.file = "campaign.yaml";
    scenario.duration = dice.span(5min, 12min, 30s);
    static constexpr std::uint32_t kReplicas[]{1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 5, 6, 7};
    scenario.values.replicas = dice.pick(kReplicas);
    scenario.values.leader_follower = scenario.values.replicas > 1;
    scenario.values.bucket_secret = "kubecost-bucket-secret";
    draw_election(scenario.election, dice);
    draw_storage(scenario.storage, dice);
    draw_world(scenario, dice);
    if (dice.chance(1, 8))
        scenario.workload.enabled = false;
    else
        draw_workload(scenario.workload, dice);
    // A disk that is asked for more than it can do shows nothing but that.
    if (scenario.files.latency.p50 >= 200ms)
        scenario.workload.queries_per_1000s =
            std::min<std::uint64_t>(scenario.workload.queries_per_1000s, 200);
    if (dice.chance(2, 5)) draw_small(scenario, dice);
    // It may have fewer replicas by now.
    if (scenario.clocks.drift_ppm.size() > scenario.values.replicas)
        scenario.clocks.drift_ppm.resize(scenario.values.replicas);
    scenario.storage.ha = scenario.elects();
    scenario.storage.file_store = scenario.values.file_store;
    scenario.storage.lease_duration = scenario.election.lease_duration;
    draw_large_backup(scenario, dice);
    if (scenario.workload.enabled) draw_large_objects(scenario, dice);
    draw_pods(scenario, dice);
    draw_other_durations(scenario, dice);
    draw_absent(scenario, dice);
    return scenario;
}

}  // namespace leasehold::search
