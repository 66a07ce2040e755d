// What a scenario's text becomes: every block lands in its fields, defaults included.
#include <gtest/gtest.h>

#include "sim/scenario/reader.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHead =
    "scenario: x\nwhy: a test\nvalues:\n"
    "  kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}\n"
    "  kubecostModel: {etlBucketConfigSecret: bucket}\n";

Scenario read(const std::string& body) {
    const auto result = parse_scenario(kHead + body, "some/folder/x.yaml", {});
    EXPECT_TRUE(result) << result.error().to_string();
    return result ? *result : Scenario{};
}

Fault fault(const std::string& text) {
    const Scenario scenario =
        read("network: {zones: {a: [replica-1]}}\nfaults:\n  - " + text + "\n");
    EXPECT_EQ(scenario.faults.size(), 1U);
    return scenario.faults.empty() ? Fault{} : scenario.faults.front();
}

TEST(ScenarioReader, DefaultsAreThoseOfTheDeclarations) {
    const Scenario scenario = read("");
    EXPECT_EQ(scenario.name, "x");
    EXPECT_EQ(scenario.why, "a test");
    EXPECT_EQ(scenario.file, "some/folder/x.yaml");
    EXPECT_EQ(scenario.duration, 5min);
    EXPECT_EQ(scenario.seeds.first, 1U);
    EXPECT_EQ(scenario.seeds.last, 20U);
    EXPECT_TRUE(scenario.elects());
    EXPECT_TRUE(scenario.storage.ha);
    EXPECT_EQ(scenario.election.effective_renew_deadline(), 14'890ms);
    EXPECT_TRUE(scenario.workload.enabled);
    EXPECT_TRUE(scenario.faults.empty());
}

TEST(ScenarioReader, ASingleInstallHasNoElection) {
    const auto result = parse_scenario(
        "scenario: x\nwhy: a test\nvalues: {kubecostModel: {etlBucketConfigSecret: s}}\n", "x.yaml",
        {});
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_FALSE(result->elects());
    EXPECT_TRUE(result->stores());
    EXPECT_FALSE(result->storage.ha);
}

TEST(ScenarioReader, ElectionProfilesGiveWayToKeys) {
    EXPECT_EQ(read("election: {profile: client-go}\n").election.renew_deadline, Duration(10s));
    const Scenario fast = read("election: {profile: fast, retryPeriod: 500ms}\n");
    EXPECT_EQ(fast.election.lease_duration, 5s);
    EXPECT_EQ(fast.election.retry_period, 500ms);
    EXPECT_FALSE(fast.election.renew_deadline);
    EXPECT_EQ(fast.storage.lease_duration, 5s) << "the controller counts in the same lease";
    EXPECT_FALSE(
        read("election: {profile: client-go, renewDeadline: auto}\n").election.renew_deadline);
    const Scenario drift = read("election: {drift: 0.1%, margin: 10ms, clientGoPeers: true}\n");
    EXPECT_EQ(drift.election.drift_ppm, 1000);
    EXPECT_EQ(drift.election.margin, 10ms);
    EXPECT_TRUE(drift.election.client_go_peers);
    const Scenario longest = read("election: {longestLease: 20m, maxLeaseDuration: 1m}\n");
    EXPECT_EQ(longest.election.longest_lease, 20min);
    EXPECT_EQ(longest.election.max_lease_duration, Duration(1min));
}

TEST(ScenarioReader, ElectorsTakeEveryKey) {
    EXPECT_TRUE(read("").electors.client_go.empty());
    EXPECT_TRUE(read("electors: {}\n").electors.client_go.empty());
    const ElectorsSpec all =
        read("electors: {clientGo: {replicas: all}}\nworkload: none\n").electors;
    EXPECT_EQ(all.client_go, (std::vector<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(all.client_go_config.lease_duration, 15s);
    EXPECT_EQ(all.client_go_config.renew_deadline, 10s);
    EXPECT_EQ(all.client_go_config.retry_period, 2s);
    EXPECT_EQ(all.client_go_config.request_timeout, 5s);
    EXPECT_FALSE(all.client_go_config.release_on_cancel);
    EXPECT_FALSE(all.client_go_config.retries_release);
    const ElectorsSpec some =
        read(
            "electors: {clientGo: {replicas: [replica-2, replica-0], version: v0.37,\n"
            "  leaseDuration: 20s, renewDeadline: 12s, retryPeriod: 3s, requestTimeout: none,\n"
            "  releaseOnCancel: true}}\nworkload: none\n")
            .electors;
    EXPECT_EQ(some.client_go, (std::vector<std::uint32_t>{0, 2})) << "in their order";
    EXPECT_EQ(some.client_go_config.lease_duration, 20s);
    EXPECT_EQ(some.client_go_config.renew_deadline, 12s);
    EXPECT_EQ(some.client_go_config.retry_period, 3s);
    EXPECT_EQ(some.client_go_config.request_timeout, Duration::max());
    EXPECT_TRUE(some.client_go_config.release_on_cancel);
    EXPECT_TRUE(some.client_go_config.retries_release);
}

TEST(ScenarioReader, StorageTakesEveryKey) {
    const StorageConfig storage =
        read(
            "storage: {format: plain, pollPeriod: 7s, getTimeout: 8s, putTimeout: 9s, listTimeout: "
            "11s, timeoutPerMib: 2s,\n"
            "  readThroughTimeout: 3s, writeDeadline: 70s, retryMin: 100ms, retryMax: 6s,\n"
            "  largestRequestAge: 50s, leaderReads: 1, passGets: 2, puts: 3, readThroughs: 0}\n")
            .storage;
    EXPECT_EQ(storage.format, ObjectFormat::plain);
    EXPECT_EQ(storage.poll_period, 7s);
    EXPECT_EQ(storage.get_timeout, 8s);
    EXPECT_EQ(storage.put_timeout, 9s);
    EXPECT_EQ(storage.timeout_per_mib, 2s);
    EXPECT_EQ(storage.list_timeout, 11s);
    EXPECT_EQ(storage.read_through_timeout, 3s);
    EXPECT_EQ(storage.write_deadline, 70s);
    EXPECT_EQ(storage.retry_min, 100ms);
    EXPECT_EQ(storage.retry_max, 6s);
    EXPECT_EQ(storage.largest_request_age, 50s);
    EXPECT_EQ(storage.leader_reads_max, 1U);
    EXPECT_EQ(storage.pass_gets_max, 2U);
    EXPECT_EQ(storage.puts_max, 3U);
    EXPECT_EQ(storage.read_through_max, 0U);
}

TEST(ScenarioReader, TheWorldTakesEveryKey) {
    const Scenario scenario = read(
        "clocks: {offset: 10s, driftOf: [200ppm, -50ppm]}\n"
        "network: {latency: {min: 1ms, p50: 2ms, p99: 3ms}, bandwidth: 1MiB/s,\n"
        "  bucketBandwidth: 2MiB/s, zones: {a: [replica-0, replica-2], b: [replica-1]}}\n"
        "api: {profile: kine, latency: 4ms, bookmarkPeriod: 5s, watchTimeout: 6m}\n"
        "bucket: {get: 1ms, put: 2ms, list: 3ms, pageSize: 10, skewLimit: 15m,\n"
        "  preconditions: {ifNoneMatch: ignored, ifMatch: checked-then-stored, window: 7ms,\n"
        "    ifMatchOnDelete: refused}}\n");
    EXPECT_EQ(scenario.clocks.offset_max, 10s);
    EXPECT_EQ(scenario.clocks.drift_ppm, (std::vector<std::int64_t>{200, -50}));
    EXPECT_EQ(scenario.network.latency, (LatencySpec{1ms, 2ms, 3ms}));
    EXPECT_EQ(scenario.network.bandwidth, 1ULL << 20);
    EXPECT_EQ(scenario.network.bucket_bandwidth, 2ULL << 20);
    EXPECT_EQ(scenario.network.zone_names, (std::vector<std::string>{"a", "b"}));
    ASSERT_EQ(scenario.network.zone_members.size(), 2U);
    EXPECT_EQ(scenario.network.zone_members[0],
              (std::vector<std::string>{"replica-0", "replica-2"}));
    EXPECT_EQ(scenario.api.profile, ApiProfile::kine);
    EXPECT_EQ(scenario.api.latency, (LatencySpec{Duration(0), 4ms, 4ms}));
    EXPECT_EQ(scenario.api.bookmark_period, 5s);
    EXPECT_EQ(scenario.api.watch_timeout, 6min);
    EXPECT_EQ(scenario.bucket.get.p50, 1ms);
    EXPECT_EQ(scenario.bucket.put.p99, 2ms);
    EXPECT_EQ(scenario.bucket.list.p50, 3ms);
    using enum PreconditionRule;
    EXPECT_EQ(scenario.bucket.preconditions,
              (Preconditions{ignored, checked_then_stored, refused, 7ms}));
    EXPECT_EQ(read("bucket: {preconditions: refused}\n").bucket.preconditions,
              (Preconditions{refused, refused, refused, 50ms}));
    EXPECT_EQ(scenario.bucket.skew_limit, Duration(15min));
    EXPECT_FALSE(read("bucket: {skewLimit: none}\n").bucket.skew_limit);
    EXPECT_EQ(scenario.bucket.page_size, 10U);
    EXPECT_EQ(read("clocks: {drift: 100ppm}\n").clocks.drift_ppm_max, 100);
}

TEST(ScenarioReader, DisksReplicasAndRepeatingPayloadsAreRead) {
    const Scenario scenario = read(
        "replicas: {absent: [replica-2, replica-1], sameIdentity: [replica-1, replica-0]}\n"
        "files: {latency: 3ms}\nclocks: {wobble: 100ppm, wobblePeriod: 9s}\n"
        "workload: {contents: 3}\n");
    EXPECT_EQ(scenario.replicas.absent, (std::vector<std::uint32_t>{1, 2}));
    EXPECT_EQ(scenario.replicas.same_identity, (std::vector<std::uint32_t>{0, 1}));
    EXPECT_TRUE(scenario.files.given);
    EXPECT_EQ(scenario.files.latency.p50, 3ms);
    EXPECT_EQ(scenario.clocks.wobble_ppm, 100);
    EXPECT_EQ(scenario.clocks.wobble_period, 9s);
    EXPECT_EQ(scenario.workload.contents, 3U);
    EXPECT_FALSE(read("").files.given) << "on disk the instant that it is sent";
}

TEST(ScenarioReader, AnUpgradeBeginsWithTheScenariosOwn) {
    const Scenario scenario = read(
        "election: {retryPeriod: 1s}\nstorage: {puts: 3}\nreplicas: {upgraded: [replica-1]}\n"
        "upgrade: {election: {leaseDuration: 20s}, storage: {pollPeriod: 9s}}\n");
    ASSERT_TRUE(scenario.upgrade);
    EXPECT_EQ(scenario.election.lease_duration, 15s);
    EXPECT_EQ(scenario.upgrade->election.lease_duration, 20s);
    EXPECT_EQ(scenario.upgrade->election.retry_period, 1s);
    EXPECT_EQ(scenario.upgrade->storage.lease_duration, 20s);
    EXPECT_EQ(scenario.upgrade->storage.poll_period, 9s);
    EXPECT_EQ(scenario.upgrade->storage.puts_max, 3U);
    EXPECT_FALSE(read("").upgrade);
}

TEST(ScenarioReader, ABucketsProfileIsAStartThatOtherKeysWinOver) {
    EXPECT_EQ(read("").bucket.profile, BucketProfile::aws);
    using enum PreconditionRule;
    EXPECT_EQ(read("bucket: {profile: aws}\n").bucket.preconditions, Preconditions{});
    const BucketSpec minio = read("bucket: {profile: minio}\n").bucket;
    EXPECT_EQ(minio.profile, BucketProfile::minio);
    EXPECT_EQ(minio.preconditions, (Preconditions{honoured, honoured, ignored, 50ms}));
    EXPECT_EQ(read("bucket: {preconditions: {ifMatchOnDelete: honoured}, profile: minio}\n")
                  .bucket.preconditions,
              Preconditions{})
        << "whichever comes first";
    const BucketSpec versity = read("bucket: {profile: versity, pageSize: 7}\n").bucket;
    EXPECT_EQ(versity.profile, BucketProfile::versity);
    EXPECT_EQ(versity.preconditions, Preconditions{});
    EXPECT_EQ(versity.page_size, 7U);
}

TEST(ScenarioReader, TheWorkloadTakesEveryKey) {
    const WorkloadSpec work =
        read(
            "workload: {pipelines: [cloud], windows: [2h], exportEvery: 30s, objectSize: 1KiB,\n"
            "  queries: 0.5/s, queryDeadline: 1s, restores: false, pendingReads: 4, preloaded: 5,\n"
            "  removeEvery: 30s, backfillEvery: 40s, writers: 3, cancelEvery: 7,\n"
            "  readDeadline: 20s}\n")
            .workload;
    EXPECT_TRUE(work.enabled);
    EXPECT_EQ(work.pipelines, std::vector<std::string>{"cloud"});
    EXPECT_EQ(work.windows, std::vector<Duration>{2h});
    EXPECT_EQ(work.export_every, 30s);
    EXPECT_EQ(work.object_size, 1024U);
    EXPECT_EQ(work.queries_per_1000s, 500U);
    EXPECT_EQ(work.query_deadline, 1s);
    EXPECT_FALSE(work.restores);
    EXPECT_TRUE(work.pending_reads == 4U && work.preloaded == 5U);
    EXPECT_TRUE(work.remove_every == 30s && work.backfill_every == 40s);
    EXPECT_TRUE(work.writers == 3U && work.cancel_every == 7U && work.read_deadline == 20s);
    EXPECT_FALSE(read("workload: none\n").workload.enabled);
}

TEST(ScenarioReader, ALeadersLoadersReadAgain) {
    EXPECT_EQ(read("workload: {readEvery: 7s}\n").workload.read_every, 7s);
    EXPECT_EQ(read("workload: {pipelines: [cloud]}\n").workload.read_every, 0s);
}

TEST(ScenarioReader, TriggersAreReadWithTheirDefaults) {
    const Fault once = fault("{at: 30s..1m, crash: leader}");
    EXPECT_EQ(once.line, 8U);
    EXPECT_EQ(once.trigger.kind, TriggerKind::at);
    EXPECT_TRUE(once.trigger.at == 30s && once.trigger.at_most == 1min);
    const Fault often = fault("{every: 1m, crash: leader}");
    EXPECT_TRUE(often.trigger.kind == TriggerKind::every && often.trigger.every == 1min);
    EXPECT_EQ(often.trigger.at, 1min) << "the first time is one period after the start";
    EXPECT_EQ(often.trigger.until, Duration::max());
    const Fault bounded = fault("{every: 1m, first: 10s, until: 3m, crash: leader}");
    EXPECT_EQ(bounded.trigger.at, 10s);
    EXPECT_EQ(bounded.trigger.until, 3min);
    const Fault sends =
        fault("{when: {replica: leader, sends: putObject, nth: 3, after: 1m}, crash: leader}");
    EXPECT_EQ(sends.trigger.kind, TriggerKind::sends);
    EXPECT_EQ(sends.trigger.replica.kind, TargetKind::leader);
    EXPECT_EQ(sends.trigger.sends, RequestKind::put_object);
    EXPECT_EQ(sends.trigger.nth, 3U);
    EXPECT_EQ(sends.trigger.after, 1min);
    const Fault reaches = fault("{when: {replica: zone a, reaches: gate-expired}, crash: all}");
    EXPECT_EQ(reaches.trigger.kind, TriggerKind::reaches);
    EXPECT_EQ(reaches.trigger.replica.kind, TargetKind::zone);
    EXPECT_EQ(reaches.trigger.replica.name, "a");
    EXPECT_EQ(reaches.trigger.reaches, MarkId::gate_expired);
    EXPECT_EQ(reaches.trigger.nth, 1U);
}

TEST(ScenarioReader, TargetsAreReadByKind) {
    EXPECT_EQ(fault("{at: 1s, crash: follower}").target.kind, TargetKind::follower);
    EXPECT_EQ(fault("{at: 1s, crash: followers}").target.kind, TargetKind::followers);
    EXPECT_EQ(fault("{at: 1s, crash: all}").target.kind, TargetKind::all);
    const Target replica = fault("{at: 1s, crash: replica-2}").target;
    EXPECT_EQ(replica.kind, TargetKind::replica);
    EXPECT_EQ(replica.replica, 2U);
    const Scenario bound = read(
        "faults:\n  - {at: 1s, cut: leader, as: x}\n"
        "  - {at: 2s, pause: x}\n  - {at: 3s, heal: x}\n  - {at: 4s, heal: all}\n");
    ASSERT_EQ(bound.faults.size(), 4U);
    EXPECT_EQ(bound.faults[0].as, "x");
    EXPECT_EQ(bound.faults[1].target.kind, TargetKind::bound);
    EXPECT_EQ(bound.faults[1].target.name, "x");
    EXPECT_EQ(bound.faults[2].target.kind, TargetKind::bound);
    EXPECT_EQ(bound.faults[3].target.kind, TargetKind::all);
}

TEST(ScenarioReader, ModifiersOfProcessFaultsAreRead) {
    const Fault crash = fault("{at: 1s, crash: leader, for: 5s, disk: lose}");
    EXPECT_EQ(crash.kind, FaultKind::crash);
    EXPECT_EQ(crash.lasts, Duration(5s));
    EXPECT_EQ(crash.disk, Disk::lose);
    EXPECT_EQ(fault("{at: 1s, crash: leader}").disk, Disk::keep);
    EXPECT_FALSE(fault("{at: 1s, crash: leader}").lasts);
    EXPECT_EQ(fault("{at: 1s, stop: leader}").within, 30s);
    EXPECT_EQ(fault("{at: 1s, stop: leader, within: 3s}").within, 3s);
    EXPECT_TRUE(fault("{at: 1s, suspend: leader, for: 9s, clock: frozen}").frozen);
    EXPECT_FALSE(fault("{at: 1s, suspend: leader, for: 9s}").frozen);
    EXPECT_EQ(fault("{at: 1s, stepWallClock: leader, by: -2h}").by, -2h);
    EXPECT_EQ(fault("{at: 1s, setDrift: leader, drift: -80ppm}").drift_ppm, -80);
}

TEST(ScenarioReader, ModifiersOfNetworkFaultsAreRead) {
    const Fault cut = fault("{at: 1s, cut: leader}");
    EXPECT_TRUE(cut.api && cut.bucket && !cut.replicas);
    EXPECT_EQ(cut.direction, Direction::both);
    const Fault blocked =
        fault("{at: 1s, cut: leader, from: [bucket, replicas], direction: receive}");
    EXPECT_TRUE(!blocked.api && blocked.bucket && blocked.replicas);
    EXPECT_EQ(blocked.direction, Direction::receive);
    EXPECT_EQ(fault("{at: 1s, delay: leader, by: 40ms}").by, 40ms);
    const Fault outage = fault("{at: 1s, outage: bucket}");
    EXPECT_TRUE(!outage.api && outage.bucket && !outage.replicas);
    EXPECT_TRUE(fault("{at: 1s, outage: api}").api);
}

TEST(ScenarioReader, FaultsOfRequestsAndOfTheOperatorAreRead) {
    const Fault late = fault("{at: 1s, applyLate: updateLease, of: leader, by: 5s, times: 2}");
    EXPECT_EQ(late.kind, FaultKind::apply_late);
    EXPECT_EQ(late.requests, std::vector<RequestKind>{RequestKind::update_lease});
    EXPECT_EQ(late.target.kind, TargetKind::leader);
    EXPECT_EQ(late.by, 5s);
    EXPECT_EQ(late.times, 2U);
    const Fault error =
        fault("{at: 1s, answerError: updateLease, of: all, status: 429, retryAfter: 2s}");
    EXPECT_EQ(error.status, 429);
    EXPECT_EQ(error.retry_after, 2s);
    EXPECT_EQ(fault("{at: 1s, answerError: getLease, of: all}").status, 503);
    EXPECT_EQ(fault("{at: 1s, deleteLease: lease}").kind, FaultKind::delete_lease);
    EXPECT_EQ(fault("{at: 1s, editLease: stealHolder}").edit, LeaseEdit::steal_holder);
    EXPECT_EQ(fault("{at: 1s, editLease: shortenDuration}").edit, LeaseEdit::shorten_duration);
    EXPECT_EQ(fault("{at: 1s, editLease: replayRelease}").edit, LeaseEdit::replay_release);
}

TEST(ScenarioReader, ExpectationsAreRead) {
    const ExpectSpec expect = read(
                                  "expect:\n  reached: [gate-expired, takeover-after-expiry]\n"
                                  "  failover: {p50: 15s, p99: 16s, max: 17s}\n"
                                  "  violates: [leader.at-most-one]\n  mayViolate: [stop.bounded]\n"
                                  "  notJudged: [follower.freshness]\n  commits: {every: 2m}\n")
                                  .expect;
    EXPECT_EQ(expect.reached,
              (std::vector<MarkId>{MarkId::gate_expired, MarkId::takeover_after_expiry}));
    EXPECT_EQ(expect.failover_p50, Duration(15s));
    EXPECT_EQ(expect.failover_p99, Duration(16s));
    EXPECT_EQ(expect.failover_max, Duration(17s));
    EXPECT_EQ(expect.violates, std::vector<std::string>{"leader.at-most-one"});
    EXPECT_EQ(expect.may_violate, std::vector<std::string>{"stop.bounded"});
    EXPECT_EQ(expect.not_judged, std::vector<std::string>{"follower.freshness"});
    EXPECT_EQ(expect.commits_every, Duration(2min));
}

/// What is written with every default is read back as the same faults.
void expect_resolved_alike(const Scenario& scenario) {
    const std::string resolved = resolved_yaml(scenario);
    const auto again = parse_scenario(resolved, "x.yaml", {});
    ASSERT_TRUE(again) << again.error().to_string() << "\n" << resolved;
    EXPECT_EQ(resolved_yaml(*again), resolved);
    ASSERT_EQ(again->faults.size(), scenario.faults.size());
    for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
        const Fault& a = scenario.faults[i];
        const Fault& b = again->faults[i];
        EXPECT_EQ(a.kind, b.kind);
        EXPECT_EQ(a.trigger.kind, b.trigger.kind);
        EXPECT_EQ(a.trigger.at, b.trigger.at);
        EXPECT_EQ(a.trigger.nth, b.trigger.nth);
        EXPECT_EQ(a.trigger.nth_most, b.trigger.nth_most);
        EXPECT_EQ(a.target.kind, b.target.kind);
        EXPECT_EQ(a.target.name, b.target.name);
        EXPECT_EQ(a.as, b.as);
        EXPECT_EQ(a.lasts, b.lasts);
        EXPECT_EQ(a.disk, b.disk);
        EXPECT_EQ(a.upgrade, b.upgrade);
        EXPECT_EQ(a.frozen, b.frozen);
        EXPECT_EQ(a.direction, b.direction);
        EXPECT_EQ(a.by, b.by);
        EXPECT_EQ(a.requests, b.requests);
        EXPECT_EQ(a.applied, b.applied);
        EXPECT_EQ(a.plain_text, b.plain_text);
        EXPECT_EQ(a.watch_break, b.watch_break);
        EXPECT_EQ(a.age, b.age);
        EXPECT_EQ(a.bump, b.bump);
        EXPECT_EQ(a.rule, b.rule);
        EXPECT_EQ(a.conditions, b.conditions);
        EXPECT_EQ(a.window, b.window);
        EXPECT_EQ(a.share_ppm, b.share_ppm);
        EXPECT_EQ(a.answer_damage, b.answer_damage);
        EXPECT_EQ(a.objects, b.objects);
        EXPECT_EQ(a.object_damage, b.object_damage);
        EXPECT_EQ(a.file_verbs, b.file_verbs);
        EXPECT_EQ(a.file_status, b.file_status);
        EXPECT_EQ(a.times, b.times);
        EXPECT_EQ(a.status, b.status);
        EXPECT_EQ(a.edit, b.edit);
        EXPECT_EQ(a.drift_ppm, b.drift_ppm);
        EXPECT_EQ((std::tuple{a.api, a.bucket, a.replicas}),
                  (std::tuple{b.api, b.bucket, b.replicas}));
    }
}

TEST(ScenarioReader, VerbsOfServersAndDisksSurviveResolvingToo) {
    expect_resolved_alike(read(
        "replicas: {absent: [replica-2], sameIdentity: [replica-1, replica-0],\n"
        "  secondGroup: [replica-1], upgraded: [replica-0]}\n"
        "upgrade: {election: {leaseDuration: 20s}, storage: {pollPeriod: 9s}}\n"
        "files: {latency: 2ms}\nclocks: {wobble: 100ppm, wobblePeriod: 9s}\n"
        "workload: {contents: 3}\nfaults:\n"
        "  - {at: 14s, answerError: [putObject, removeObject], of: all, status: 504, applied: "
        "true}\n"
        "  - {at: 14s, answerError: [getLease, watchLease], of: all, status: 429, plainText: true}"
        "\n"
        "  - {at: 14s, freeze: bucket, for: 5s}\n"
        "  - {at: 14s, breakWatch: followers, how: expired}\n"
        "  - {at: 14s, restoreLease: lease, age: 9s, bump: true}\n"
        "  - {at: 14s, setPreconditions: checked-then-stored, on: [ifMatch], window: 9ms, for: 1s, "
        "as: p}\n"
        "  - {at: 14s, setPreconditions: ignored}\n"
        "  - {at: 14s, heal: p}\n"
        "  - {at: 14s, omitKeys: bucket, share: 20%, for: 9s}\n"
        "  - {at: 14s, damageAnswer: getObject, of: all, how: truncated, times: 2}\n"
        "  - {at: 14s, damageObject: epoch, how: archived, for: 9s}\n"
        "  - {at: 14s, failFiles: all, on: [load], with: corrupt, times: 3}\n"
        "  - {at: 14s, failFiles: all, on: [store, retag, remove, list], for: 3s}\n"
        "  - {at: 14s, slow: leader, by: 100ms, for: 9s}\n"
        "  - {at: 14s, stop: leader, upgrade: true, for: 5s}\n"
        "  - {at: 14s, crash: leader, disk: rollBack, age: 20s}\n"
        "  - {when: {replica: leader, performs: effect, nth: 2..9}, crash: leader}\n"));
}

TEST(ScenarioReader, EveryVerbSurvivesResolving) {
    const Scenario scenario = read(
        "network: {zones: {a: [replica-1], \"0\": [replica-2]}}\nfaults:\n"
        "  - {at: 1s, crash: zone a, for: 5s, disk: lose, as: \"null\"}\n"
        "  - {at: 2s..2500ms, restart: \"null\"}\n"
        "  - {at: 3s, stop: follower, within: 4s, for: 5s}\n"
        "  - {at: 4s, pause: followers}\n"
        "  - {at: 5s, resume: all}\n"
        "  - {at: 6s, suspend: replica-2, for: 1s, clock: frozen}\n"
        "  - {every: 7s, first: 1s, until: 9s, cut: zone 0, from: [api], direction: send, as: "
        "c}\n"
        "  - {at: 8s, heal: c}\n"
        "  - {at: 9s, delay: leader, by: 15ms, from: [api], for: 3s}\n"
        "  - {at: 10s, outage: bucket, for: 3s}\n"
        "  - {at: 11s, dropRequest: getObject, of: c, times: 3}\n"
        "  - {at: 12s, loseAnswer: putObject, of: leader}\n"
        "  - {at: 13s, applyLate: removeObject, of: leader, by: 1s}\n"
        "  - {at: 14s, answerError: listObjects, of: followers, for: 1s, status: 500, retryAfter: "
        "3s}\n"
        "  - {at: 15s, deleteLease: lease}\n"
        "  - {at: 16s, editLease: clearHolder}\n"
        "  - {when: {replica: c, reaches: gate-expired, nth: 2, after: 3s}, stepWallClock: all, "
        "by: -1h}\n"
        "  - {when: {replica: leader, sends: watchLease}, setDrift: all, drift: 20ppm}\n");
    expect_resolved_alike(scenario);
}

}  // namespace
}  // namespace leasehold::sim
