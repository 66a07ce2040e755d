#include "sim/scenario/blocks.hpp"

#include <algorithm>
#include <set>

#include "sim/scenario/block.hpp"
#include "sim/scenario/names.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick{1};  // the shortest duration that is not zero

void read_zones(const Node& node, std::uint32_t replicas, NetworkSpec& out) {
    constexpr std::string_view kWhere = "network.zones";
    expect_map(node, kWhere);
    std::set<std::uint32_t> placed;
    out.zone_names.clear();
    out.zone_members.clear();
    for (const Node::Entry& entry : node.entries) {
        if (!is_name(entry.key.text))
            fail(entry.key, "a zone's name has lower-case letters, digits and '-', found " +
                                entry.key.describe());
        expect_list(entry.value, std::string(kWhere) + "." + entry.key.text);
        std::vector<std::string> members;
        for (const Node& item : entry.value.items) {
            expect_scalar(item, kWhere);
            const auto index = replica_index(item.text, replicas);
            if (!index)
                fail(item, "no replica " + item.describe() + ": there are replica-0 to " +
                               replica_name(replicas - 1));
            if (!placed.insert(*index).second) fail(item, item.text + " is in a zone already");
            members.push_back(item.text);
        }
        if (members.empty()) fail(entry.value, "zone " + entry.key.text + " has no replicas");
        out.zone_names.push_back(entry.key.text);
        out.zone_members.push_back(std::move(members));
    }
}

/// A list of replicas, ascending.
void read_some(const Block& block, std::string_view key, std::uint32_t replicas,
               std::vector<std::uint32_t>& out) {
    const Node* list = block.find(key);
    if (list == nullptr) return;
    expect_list(*list, block.path(key));
    for (const Node& item : list->items) {
        expect_scalar(item, block.path(key));
        const auto index = replica_index(item.text, replicas);
        if (!index)
            fail(item, "no replica " + item.describe() + ": there are replica-0 to " +
                           replica_name(replicas - 1));
        if (std::ranges::count(out, *index) > 0)
            fail(item, block.path(key) + ": " + item.text + " is named twice");
        out.push_back(*index);
    }
    if (out.empty()) fail(*list, block.path(key) + ": needs at least one replica");
    std::ranges::sort(out);
}

void read_invariants(const Block& block, std::string_view key, std::vector<std::string>& out) {
    const Node* list = block.find(key);
    if (list == nullptr) return;
    expect_list(*list, block.path(key));
    for (const Node& item : list->items) {
        const std::size_t index = choose(item, block.path(key), names::kInvariants);
        const std::string id(names::kInvariants.at(index));
        if (std::find(out.begin(), out.end(), id) != out.end())
            fail(item, block.path(key) + ": " + id + " is named twice");
        out.push_back(id);
    }
}

void read_reached(const Node& list, std::vector<MarkId>& out) {
    static constexpr auto kMarkNames = [] {
        std::array<std::string_view, kMarkCount> all{};
        for (std::size_t i = 0; i < kMarkCount; ++i)
            all[i] = kMarks[i].name;
        return all;
    }();
    expect_list(list, "expect.reached");
    for (const Node& item : list.items) {
        const auto mark = static_cast<MarkId>(choose(item, "expect.reached", kMarkNames));
        if (std::find(out.begin(), out.end(), mark) != out.end())
            fail(item, "expect.reached: " + item.text + " is named twice");
        out.push_back(mark);
    }
}

/// One rule for all three conditions, or a map of some of them.
void read_preconditions(const Node& node, BucketSpec& out) {
    constexpr std::string_view kWhere = "bucket.preconditions";
    Preconditions& rules = out.preconditions;
    if (node.kind == NodeKind::scalar) {
        rules.if_none_match = rules.if_match = rules.if_match_on_delete =
            static_cast<PreconditionRule>(choose(node, kWhere, names::kPreconditionRules));
        return;
    }
    const Block block(node, kWhere, names::kPreconditions);
    bool apart = false;
    for (const auto& [key, rule] :
         {std::pair{"ifNoneMatch", &Preconditions::if_none_match},
          std::pair{"ifMatch", &Preconditions::if_match},
          std::pair{"ifMatchOnDelete", &Preconditions::if_match_on_delete}}) {
        if (const auto chosen = block.choice(key, names::kPreconditionRules))
            rules.*rule = static_cast<PreconditionRule>(*chosen);
        apart |= rules.*rule == PreconditionRule::checked_then_stored;
    }
    if (block.duration("window", rules.window, 1ms) && !apart)
        fail(*block.find("window"),
             "bucket.preconditions.window: no condition is checked-then-stored");
}

void read_bound(const Block& block, std::string_view key, std::optional<Duration>& out) {
    Duration value{0};
    if (block.duration(key, value, kTick)) out = value;
}

}  // namespace

bool is_name(std::string_view text) {
    if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

bool upgrades(const Scenario& scenario) {
    return scenario.upgrade &&
           (!scenario.replicas.upgraded.empty() ||
            std::ranges::any_of(scenario.faults, [](const Fault& fault) { return fault.upgrade; }));
}

std::optional<std::uint32_t> replica_index(std::string_view name, std::uint32_t replicas) {
    for (std::uint32_t i = 0; i < replicas; ++i)
        if (name == replica_name(i)) return i;
    return std::nullopt;
}

void read_election(const Node& node, ElectorConfig& out) {
    const Block block(node, "election", names::kElection);
    if (const auto profile = block.choice("profile", names::kProfiles)) {
        // All three: an upgrade's profile stands over the scenario's own.
        const bool fast = names::kProfiles.at(*profile) == "fast";
        out.lease_duration = fast ? 5s : 15s;
        out.retry_period = fast ? 1s : 2s;
        out.renew_deadline.reset();
        if (names::kProfiles.at(*profile) == "client-go") out.renew_deadline = 10s;
    }
    block.duration("leaseDuration", out.lease_duration, 1s);
    if (out.lease_duration % 1s != Duration(0))
        fail(*block.find("leaseDuration"),
             "election.leaseDuration: must be whole seconds, the unit of the Lease, found " +
                 block.find("leaseDuration")->describe());
    if (const Node* renew = block.find("renewDeadline")) {
        if (renew->kind == NodeKind::scalar && renew->text == "auto") {
            out.renew_deadline.reset();
        } else {
            Duration value{0};
            block.duration("renewDeadline", value, kTick);
            out.renew_deadline = value;
        }
    }
    block.duration("retryPeriod", out.retry_period, kTick);
    if (block.read("drift", out.drift_ppm, parse_ppm) && out.drift_ppm < 0)
        fail(*block.find("drift"), "election.drift: a bound on drift can't be negative");
    block.duration("margin", out.margin, Duration(0));
    block.boolean("clientGoPeers", out.client_go_peers);
    block.duration("longestLease", out.longest_lease, 1s);
    if (block.find("maxLeaseDuration")) {
        Duration value{0};
        block.duration("maxLeaseDuration", value, 1s);
        out.max_lease_duration = value;
    }
    block.boolean("believeEndedHolder", out.believe_ended_holder);
    ElectorConfig judged = out;
    judged.identity = "set-per-process";  // not the scenario's to give
    if (const auto problems = judged.problems(); !problems.empty())
        fail(node, "election: " + problems.front());
}

void read_storage(const Node& node, StorageConfig& out) {
    const Block block(node, "storage", names::kStorage);
    if (const auto format = block.choice("format", names::kFormats))
        out.format = static_cast<ObjectFormat>(*format);
    block.duration("pollPeriod", out.poll_period, 1s);
    block.duration("getTimeout", out.get_timeout, 1ms);
    block.duration("putTimeout", out.put_timeout, 1ms);
    block.duration("timeoutPerMib", out.timeout_per_mib, 0ms);
    block.duration("listTimeout", out.list_timeout, 1ms);
    block.duration("readThroughTimeout", out.read_through_timeout, 1ms);
    block.duration("writeDeadline", out.write_deadline, 1ms);
    block.duration("retryMin", out.retry_min, 1ms);
    block.duration("retryMax", out.retry_max, 1ms);
    block.duration("largestRequestAge", out.largest_request_age, 1ms);
    block.count("leaderReads", out.leader_reads_max, 1, 1000);
    block.count("passGets", out.pass_gets_max, 1, 1000);
    block.count("puts", out.puts_max, 1, 1000);
    block.count("readThroughs", out.read_through_max, 0, 1000);
    const auto ordered = [&](std::string_view low_key, Duration low, std::string_view high_key,
                             Duration high) {
        if (low <= high) return;
        const Node* at =
            block.find(high_key) != nullptr ? block.find(high_key) : block.find(low_key);
        fail(*at, block.path(low_key) + " (" + format_duration(low) + ") must not be more than " +
                      block.path(high_key) + " (" + format_duration(high) + ")");
    };
    ordered("retryMin", out.retry_min, "retryMax", out.retry_max);
    ordered("putTimeout", out.put_timeout, "writeDeadline", out.write_deadline);
    ordered("putTimeout", out.put_timeout, "largestRequestAge", out.largest_request_age);
}

void read_replicas(const Node& node, std::uint32_t replicas, ReplicasSpec& out) {
    const Block block(node, "replicas", names::kReplicas);
    read_some(block, "absent", replicas, out.absent);
    read_some(block, "sameIdentity", replicas, out.same_identity);
    read_some(block, "secondGroup", replicas, out.second_group);
    read_some(block, "upgraded", replicas, out.upgraded);
    if (block.has("secondGroup") && out.second_group.size() == replicas)
        fail(*block.find("secondGroup"), "replicas.secondGroup: the first would have nobody");
    if (block.has("absent") && out.absent.size() == replicas)
        fail(*block.find("absent"), "replicas.absent: nobody would be left");
    if (block.has("sameIdentity") && out.same_identity.size() < 2)
        fail(*block.find("sameIdentity"), "replicas.sameIdentity: needs at least two replicas");
}

void read_files(const Node& node, FilesSpec& out) {
    const Block block(node, "files", names::kFiles);
    out.given = true;
    block.latency("latency", out.latency);
}

void read_kubelets(const Node& node, KubeletsSpec& out) {
    const Block block(node, "kubelets", names::kKubelets);
    block.latency("notice", out.notice);
}

void read_clocks(const Node& node, std::uint32_t replicas, ClockSpec& out) {
    const Block block(node, "clocks", names::kClocks);
    block.duration("offset", out.offset_max, Duration(0));
    if (block.read("drift", out.drift_ppm_max, parse_ppm) && out.drift_ppm_max < 0)
        fail(*block.find("drift"), "clocks.drift: a largest drift can't be negative");
    if (block.read("wobble", out.wobble_ppm, parse_ppm) && out.wobble_ppm < 0)
        fail(*block.find("wobble"), "clocks.wobble: an amplitude can't be negative");
    if (block.duration("wobblePeriod", out.wobble_period, 1s) && out.wobble_ppm == 0)
        fail(*block.find("wobblePeriod"), "clocks.wobblePeriod: without wobble nothing wobbles");
    const Node* list = block.find("driftOf");
    if (list == nullptr) return;
    if (block.has("drift"))
        fail(*list,
             "clocks: drift (drawn at random) and driftOf (one value each) exclude each other");
    expect_list(*list, "clocks.driftOf");
    if (list->items.size() > replicas)
        fail(list->items.at(replicas), "clocks.driftOf: " + std::to_string(list->items.size()) +
                                           " values for " + std::to_string(replicas) + " replicas");
    for (const Node& item : list->items) {
        expect_scalar(item, "clocks.driftOf");
        const auto ppm = parse_ppm(item.text);
        if (!ppm) fail(item, "clocks.driftOf: " + ppm.error());
        out.drift_ppm.push_back(*ppm);
    }
}

void read_network(const Node& node, std::uint32_t replicas, NetworkSpec& out) {
    const Block block(node, "network", names::kNetwork);
    block.latency("latency", out.latency);
    block.read("bandwidth", out.bandwidth, parse_bandwidth);
    block.read("bucketBandwidth", out.bucket_bandwidth, parse_bandwidth);
    if (const Node* zones = block.find("zones")) read_zones(*zones, replicas, out);
}

void read_api(const Node& node, ApiSpec& out) {
    const Block block(node, "api", names::kApi);
    if (const auto profile = block.choice("profile", names::kApiProfiles))
        out.profile = static_cast<ApiProfile>(*profile);
    block.latency("latency", out.latency);
    block.duration("bookmarkPeriod", out.bookmark_period, 1s);
    block.duration("watchTimeout", out.watch_timeout, 1s);
}

Preconditions preconditions_of(BucketProfile profile) {
    Preconditions rules;
    if (profile == BucketProfile::minio) rules.if_match_on_delete = PreconditionRule::ignored;
    // Of several conditional writes at once more than one is taken, now and then.
    const bool mock = profile == BucketProfile::s3mock;
    if (mock || profile == BucketProfile::s3proxy)
        rules.if_match = rules.if_match_on_delete = PreconditionRule::checked_then_stored;
    if (mock) rules.if_none_match = PreconditionRule::checked_then_stored;
    if (profile == BucketProfile::rclone)
        rules.if_match_on_delete = PreconditionRule::checked_then_stored;
    return rules;
}

void read_bucket(const Node& node, BucketSpec& out) {
    const Block block(node, "bucket", names::kBucket);
    if (const auto profile = block.choice("profile", names::kBucketProfiles)) {
        out.profile = static_cast<BucketProfile>(*profile);
        out.preconditions = preconditions_of(out.profile);
    }
    block.latency("get", out.get);
    block.latency("put", out.put);
    block.latency("list", out.list);
    if (const Node* rules = block.find("preconditions")) read_preconditions(*rules, out);
    block.count("pageSize", out.page_size, 1, 1000);
    const Node* skew = block.find("skewLimit");
    if (skew != nullptr && !(skew->kind == NodeKind::scalar && skew->text == "none"))
        read_bound(block, "skewLimit", out.skew_limit);
}

void read_workload(const Node& node, WorkloadSpec& out) {
    if (node.kind == NodeKind::scalar && node.text == "none") {
        out.enabled = false;
        return;
    }
    if (node.kind == NodeKind::scalar)
        fail(node, "workload: expected a map or none, found " + node.describe());
    const Block block(node, "workload", names::kWorkload);
    if (const Node* list = block.find("pipelines")) {
        expect_list(*list, "workload.pipelines");
        out.pipelines.clear();
        for (const Node& item : list->items) {
            expect_scalar(item, "workload.pipelines");
            if (!is_name(item.text))
                fail(item, "workload.pipelines: expected a name such as assets, found " +
                               item.describe());
            if (std::find(out.pipelines.begin(), out.pipelines.end(), item.text) !=
                out.pipelines.end())
                fail(item, "workload.pipelines: " + item.text + " is named twice");
            out.pipelines.push_back(item.text);
        }
        if (out.pipelines.empty()) fail(*list, "workload.pipelines: needs at least one");
    }
    if (const Node* list = block.find("windows")) {
        expect_list(*list, "workload.windows");
        out.windows.clear();
        for (const Node& item : list->items) {
            expect_scalar(item, "workload.windows");
            const auto window = parse_duration(item.text);
            if (!window) fail(item, "workload.windows: " + window.error());
            // The key of an object names its resolution in whole hours or days.
            if (*window < 1h || *window % 1h != Duration(0))
                fail(item, "workload.windows: must be whole hours, found " + item.describe());
            if (std::find(out.windows.begin(), out.windows.end(), *window) != out.windows.end())
                fail(item, "workload.windows: " + item.text + " is named twice");
            out.windows.push_back(*window);
        }
        if (out.windows.empty()) fail(*list, "workload.windows: needs at least one");
    }
    block.duration("exportEvery", out.export_every, 1ms);
    constexpr std::uint64_t kLargestPut = 5ULL << 30;  // S3: one PUT
    if (block.read("objectSize", out.object_size, parse_size) &&
        (out.object_size == 0 || out.object_size > kLargestPut))
        fail(*block.find("objectSize"), "workload.objectSize: must be from 1B to 5GiB, found " +
                                            block.find("objectSize")->describe());
    block.count("contents", out.contents, 0, 1'000'000);
    block.read("queries", out.queries_per_1000s, parse_rate);
    block.duration("queryDeadline", out.query_deadline, 1ms);
    block.boolean("restores", out.restores);
    block.count("pendingReads", out.pending_reads, 0, 10'000);
    block.count("preloaded", out.preloaded, 0, 100'000);
    block.count("writers", out.writers, 1, 100);
    block.count("cancelEvery", out.cancel_every, 0, 1'000'000);
    block.duration("readDeadline", out.read_deadline, Duration(0));
    if (block.duration("readEvery", out.read_every, Duration(0)) && out.read_every > Duration(0) &&
        !out.restores)
        fail(*block.find("readEvery"),
             "workload.readEvery: nobody reads a backup (set workload.restores)");
    if (block.duration("removeEvery", out.remove_every, Duration(0)) &&
        out.remove_every > Duration(0) && out.preloaded == 0)
        fail(*block.find("removeEvery"),
             "workload.removeEvery: there is no window to remove (set workload.preloaded)");
    if (block.duration("backfillEvery", out.backfill_every, Duration(0)) &&
        out.backfill_every > Duration(0) && out.remove_every == Duration(0))
        fail(*block.find("backfillEvery"),
             "workload.backfillEvery: no window is ever removed (set workload.removeEvery)");
}

void read_expect(const Node& node, ExpectSpec& out) {
    const Block block(node, "expect", names::kExpect);
    if (const Node* list = block.find("reached")) read_reached(*list, out.reached);
    if (const Node* bounds = block.find("failover")) {
        const Block failover(*bounds, "expect.failover", names::kFailover);
        if (bounds->entries.empty())
            fail(*bounds, "expect.failover: needs at least one of p50, p99, max");
        read_bound(failover, "p50", out.failover_p50);
        read_bound(failover, "p99", out.failover_p99);
        read_bound(failover, "max", out.failover_max);
    }
    read_invariants(block, "violates", out.violates);
    read_invariants(block, "mayViolate", out.may_violate);
    read_invariants(block, "notJudged", out.not_judged);
    if (const Node* bounds = block.find("commits")) {
        read_bound(Block(*bounds, "expect.commits", names::kCommits), "every", out.commits_every);
        if (!out.commits_every) fail(*bounds, "expect.commits needs \"every\", such as every: 2m");
    }
    for (const std::string& id : out.violates)
        if (std::find(out.may_violate.begin(), out.may_violate.end(), id) != out.may_violate.end())
            fail(*block.find("mayViolate"),
                 "expect: " + id + " is in both violates and mayViolate");
    for (const std::string& id : out.not_judged)
        if (std::find(out.violates.begin(), out.violates.end(), id) != out.violates.end())
            fail(*block.find("notJudged"), "expect: " + id + " is in both violates and notJudged");
}

}  // namespace leasehold::sim
