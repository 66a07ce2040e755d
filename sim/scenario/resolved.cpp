// A scenario written back with every default: what `validate --resolved` prints.
#include <algorithm>
#include <array>

#include "config/units.hpp"
#include "model/base/check.hpp"
#include "sim/scenario/names.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/scenario/resolved_text.hpp"

namespace leasehold::sim {

using config::format_duration;
using config::format_rate;
using config::format_size;

namespace {

/// The lines of one block: "name:" and its keys below it.
class Section {
  public:
    explicit Section(std::string_view name) : text_(std::string(name) + ":\n") {}
    Section& line(std::string_view key, const std::string& value) {
        text_ += "  " + std::string(key) + ": " + value + "\n";
        return *this;
    }
    Section& line(std::string_view key, Duration value) {
        return line(key, format_duration(value));
    }
    Section& line(std::string_view key, std::uint32_t value) {
        return line(key, std::to_string(value));
    }
    Section& line(std::string_view key, const LatencySpec& value) {
        return line(key, "{min: " + format_duration(value.min) +
                             ", p50: " + format_duration(value.p50) +
                             ", p99: " + format_duration(value.p99) + "}");
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

std::string values_text(const config::ValuesSpec& values) {
    std::string text = "values:\n";
    text += "  kubecostDeployment: {replicas: " + std::to_string(values.replicas) +
            ", leaderFollower: {enabled: " + flag(values.leader_follower) + "}}\n";
    text += "  kubecostModel: {etl: " + flag(values.etl) +
            ", etlFileStoreEnabled: " + flag(values.file_store) +
            ", etlBucketConfigSecret: " + quote(values.bucket_secret) + "}\n";
    return text;
}

std::string election_text(const ElectorConfig& election) {
    const std::string renew =
        election.renew_deadline ? format_duration(*election.renew_deadline)
                                : "auto  # " + format_duration(election.effective_renew_deadline());
    return Section("election")
        .line("leaseDuration", election.lease_duration)
        .line("renewDeadline", renew)
        .line("retryPeriod", election.retry_period)
        .line("drift", ppm(election.drift_ppm))
        .line("margin", election.margin)
        .line("clientGoPeers", flag(election.client_go_peers))
        .line("longestLease", election.longest_lease)
        .line("maxLeaseDuration", election.longest_of_members())
        .line("believeEndedHolder", flag(election.believe_ended_holder))
        .text();
}

std::string replicas_text(const Scenario& scenario) {
    std::string text;
    const ReplicasSpec& some = scenario.replicas;
    if (!some.absent.empty()) text += "  absent: " + list(some.absent, replica_name) + "\n";
    if (!some.same_identity.empty())
        text += "  sameIdentity: " + list(some.same_identity, replica_name) + "\n";
    if (!some.second_group.empty())
        text += "  secondGroup: " + list(some.second_group, replica_name) + "\n";
    if (!some.upgraded.empty()) text += "  upgraded: " + list(some.upgraded, replica_name) + "\n";
    text = text.empty() ? "replicas: {}\n" : "replicas:\n" + text;
    if (scenario.election.believe_ended_holder)
        text += Section("kubelets").line("notice", scenario.kubelets.notice).text();
    if (scenario.files.given)
        text += Section("files").line("latency", scenario.files.latency).text();
    return text;
}

std::string client_go_text(const ElectorsSpec& electors) {
    const ClientGoConfig& config = electors.client_go_config;
    const bool unlimited = config.request_timeout == Duration::max();
    std::string text = "  clientGo: {replicas: ";
    text += list(electors.client_go, replica_name) + ", version: ";
    text += names::kClientGoVersions.at(config.retries_release ? 1 : 0);
    text += ", leaseDuration: " + format_duration(config.lease_duration);
    text += ", renewDeadline: " + format_duration(config.renew_deadline);
    text += ", retryPeriod: " + format_duration(config.retry_period);
    text += ", requestTimeout: " +
            (unlimited ? std::string("none") : format_duration(config.request_timeout));
    text += ", releaseOnCancel: " + flag(config.release_on_cancel);
    return text + "}\n";
}

std::string electors_text(const ElectorsSpec& electors) {
    if (electors.none()) return "electors: {}\n";
    std::string text = "electors:\n";
    if (!electors.client_go.empty()) text += client_go_text(electors);
    for (std::size_t i = 0; i < kLibraries; ++i) {
        const LibrarySpec& library = electors.libraries.at(i);
        if (library.replicas.empty()) continue;
        text += "  " + std::string(kLibraryNames.at(i)) + ": {replicas: ";
        text += list(library.replicas, replica_name);
        if (static_cast<Library>(i) != Library::python)
            text += ", release: " + flag(library.release);
        text += "}\n";
    }
    return text;
}

std::string storage_text(const StorageConfig& storage) {
    return Section("storage")
        .line("format", std::string(names::kFormats.at(static_cast<std::size_t>(storage.format))))
        .line("pollPeriod", storage.poll_period)
        .line("getTimeout", storage.get_timeout)
        .line("putTimeout", storage.put_timeout)
        .line("timeoutPerMib", storage.timeout_per_mib)
        .line("listTimeout", storage.list_timeout)
        .line("readThroughTimeout", storage.read_through_timeout)
        .line("writeDeadline", storage.write_deadline)
        .line("retryMin", storage.retry_min)
        .line("retryMax", storage.retry_max)
        .line("largestRequestAge", storage.largest_request_age)
        .line("leaderReads", storage.leader_reads_max)
        .line("passGets", storage.pass_gets_max)
        .line("puts", storage.puts_max)
        .line("readThroughs", storage.read_through_max)
        .text();
}

std::string upgrade_text(const Scenario& scenario) {
    if (!scenario.upgrade) return "";
    const std::string inside =
        election_text(scenario.upgrade->election) + storage_text(scenario.upgrade->storage);
    std::string text = "upgrade:\n";
    for (std::size_t from = 0; from < inside.size();) {
        const std::size_t end = inside.find('\n', from) + 1;
        text += "  " + inside.substr(from, end - from);
        from = end;
    }
    return text;
}

std::string preconditions_text(const Preconditions& rules) {
    const auto rule = [](PreconditionRule one) {
        return std::string(names::kPreconditionRules.at(static_cast<std::size_t>(one)));
    };
    const bool apart = rules.if_none_match == PreconditionRule::checked_then_stored ||
                       rules.if_match == PreconditionRule::checked_then_stored ||
                       rules.if_match_on_delete == PreconditionRule::checked_then_stored;
    return "{ifNoneMatch: " + rule(rules.if_none_match) + ", ifMatch: " + rule(rules.if_match) +
           ", ifMatchOnDelete: " + rule(rules.if_match_on_delete) +
           (apart ? ", window: " + format_duration(rules.window) : "") + "}";
}

std::string world_text(const Scenario& scenario) {
    Section clocks("clocks");
    clocks.line("offset", scenario.clocks.offset_max)
        .line("wobble", ppm(scenario.clocks.wobble_ppm));
    if (scenario.clocks.wobble_ppm != 0) clocks.line("wobblePeriod", scenario.clocks.wobble_period);
    if (scenario.clocks.drift_ppm.empty()) {
        clocks.line("drift", ppm(scenario.clocks.drift_ppm_max));
    } else {
        clocks.line("driftOf", list(scenario.clocks.drift_ppm, ppm));
    }
    const NetworkSpec& net = scenario.network;
    std::string zones = "{";
    for (std::size_t i = 0; i < net.zone_names.size(); ++i)
        zones += (i ? ", " : "") + word(net.zone_names[i]) + ": " + list(net.zone_members[i], word);
    Section network("network");
    network.line("latency", net.latency)
        .line("bandwidth", format_size(net.bandwidth) + "/s")
        .line("bucketBandwidth", format_size(net.bucket_bandwidth) + "/s")
        .line("zones", zones + "}");
    Section api("api");
    const auto kept_in = static_cast<std::size_t>(scenario.api.profile);
    api.line("profile", std::string(names::kApiProfiles.at(kept_in)))
        .line("latency", scenario.api.latency)
        .line("bookmarkPeriod", scenario.api.bookmark_period)
        .line("watchTimeout", scenario.api.watch_timeout);
    Section bucket("bucket");
    const auto profile = static_cast<std::size_t>(scenario.bucket.profile);
    bucket.line("profile", std::string(names::kBucketProfiles.at(profile)))
        .line("get", scenario.bucket.get)
        .line("put", scenario.bucket.put)
        .line("list", scenario.bucket.list)
        .line("preconditions", preconditions_text(scenario.bucket.preconditions))
        .line("pageSize", scenario.bucket.page_size)
        .line("skewLimit",
              scenario.bucket.skew_limit ? format_duration(*scenario.bucket.skew_limit) : "none");
    return clocks.text() + network.text() + api.text() + bucket.text();
}

std::string workload_text(const WorkloadSpec& workload) {
    if (!workload.enabled) return "workload: none\n";
    return Section("workload")
        .line("pipelines", list(workload.pipelines, word))
        .line("windows", list(workload.windows, format_duration))
        .line("exportEvery", workload.export_every)
        .line("objectSize", format_size(workload.object_size))
        .line("contents", workload.contents)
        .line("queries", format_rate(workload.queries_per_1000s))
        .line("queryDeadline", workload.query_deadline)
        .line("restores", flag(workload.restores))
        .line("pendingReads", workload.pending_reads)
        .line("preloaded", workload.preloaded)
        .line("writers", workload.writers)
        .line("cancelEvery", workload.cancel_every)
        .line("readDeadline", workload.read_deadline)
        .line("readEvery", workload.read_every)
        .line("removeEvery", workload.remove_every)
        .line("backfillEvery", workload.backfill_every)
        .text();
}

std::string expect_text(const ExpectSpec& expect) {
    std::string failover;
    const auto bound = [&](std::string_view key, const std::optional<Duration>& value) {
        if (!value) return;
        failover +=
            (failover.empty() ? "" : ", ") + std::string(key) + ": " + format_duration(*value);
    };
    bound("p50", expect.failover_p50);
    bound("p99", expect.failover_p99);
    bound("max", expect.failover_max);
    Section section("expect");
    section.line("reached",
                 list(expect.reached, [](MarkId id) { return std::string(mark_name(id)); }));
    if (!failover.empty()) section.line("failover", "{" + failover + "}");
    if (expect.commits_every)
        section.line("commits", "{every: " + format_duration(*expect.commits_every) + "}");
    return section.line("violates", list(expect.violates, word))
        .line("mayViolate", list(expect.may_violate, word))
        .line("notJudged", list(expect.not_judged, word))
        .text();
}

}  // namespace

std::string resolved_yaml(const Scenario& scenario) {
    return "scenario: " + word(scenario.name) + "\nwhy: " + quote(scenario.why) +
           "\nduration: " + format_duration(scenario.duration) +
           "\nseeds: " + std::to_string(scenario.seeds.first) + ".." +
           std::to_string(scenario.seeds.last) + "\n" + values_text(scenario.values) +
           election_text(scenario.election) + replicas_text(scenario) +
           electors_text(scenario.electors) + storage_text(scenario.storage) +
           upgrade_text(scenario) + world_text(scenario) + workload_text(scenario.workload) +
           faults_text(scenario.faults) + expect_text(scenario.expect);
}

}  // namespace leasehold::sim
