// A scenario written back with every default: what `validate --resolved` prints.
#include <algorithm>
#include <array>

#include "config/units.hpp"
#include "model/base/check.hpp"
#include "sim/scenario/names.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::sim {

using config::format_duration;
using config::format_rate;
using config::format_size;

namespace {

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += c;
        }
    }
    return out + '"';
}

/// A name as YAML reads it back: quoted where it would be taken for something else.
std::string word(std::string_view text) {
    constexpr std::array<std::string_view, 10> kTaken{"null", "true", "false", "yes", "no",
                                                      "on",   "off",  "y",     "n",   "none"};
    const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
    const bool taken = std::find(kTaken.begin(), kTaken.end(), text) != kTaken.end();
    return digit || taken ? quote(text) : std::string(text);
}

std::string flag(bool value) {
    return value ? "true" : "false";
}
std::string ppm(std::int64_t value) {
    return std::to_string(value) + "ppm";
}

template <class T, class F>
std::string list(const std::vector<T>& items, F&& text) {
    std::string out = "[";
    for (std::size_t i = 0; i < items.size(); ++i)
        out += (i ? ", " : "") + text(items[i]);
    return out + "]";
}

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
        .text();
}

std::string electors_text(const ElectorsSpec& electors) {
    if (electors.client_go.empty()) return "electors: {}\n";
    const ClientGoConfig& config = electors.client_go_config;
    const bool unlimited = config.request_timeout == Duration::max();
    std::string text = "electors:\n  clientGo: {replicas: ";
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

std::string world_text(const Scenario& scenario) {
    Section clocks("clocks");
    clocks.line("offset", scenario.clocks.offset_max);
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
    api.line("latency", scenario.api.latency)
        .line("bookmarkPeriod", scenario.api.bookmark_period)
        .line("watchTimeout", scenario.api.watch_timeout);
    Section bucket("bucket");
    const auto profile = static_cast<std::size_t>(scenario.bucket.profile);
    bucket.line("profile", std::string(names::kBucketProfiles.at(profile)))
        .line("get", scenario.bucket.get)
        .line("put", scenario.bucket.put)
        .line("list", scenario.bucket.list)
        .line("honoursPreconditions", flag(scenario.bucket.honours_preconditions))
        .line("honoursConditionalDelete", flag(scenario.bucket.honours_conditional_delete))
        .line("pageSize", scenario.bucket.page_size);
    return clocks.text() + network.text() + api.text() + bucket.text();
}

std::string workload_text(const WorkloadSpec& workload) {
    if (!workload.enabled) return "workload: none\n";
    return Section("workload")
        .line("pipelines", list(workload.pipelines, word))
        .line("windows", list(workload.windows, format_duration))
        .line("exportEvery", workload.export_every)
        .line("objectSize", format_size(workload.object_size))
        .line("queries", format_rate(workload.queries_per_1000s))
        .line("queryDeadline", workload.query_deadline)
        .line("restores", flag(workload.restores))
        .line("pendingReads", workload.pending_reads)
        .line("preloaded", workload.preloaded)
        .line("writers", workload.writers)
        .line("cancelEvery", workload.cancel_every)
        .line("readDeadline", workload.read_deadline)
        .line("removeEvery", workload.remove_every)
        .text();
}

std::string target_text(const Target& target) {
    return target.kind == TargetKind::bound ? word(target.name) : target_name(target);
}

std::string trigger_text(const Trigger& trigger) {
    if (trigger.kind == TriggerKind::at) return "at: " + format_duration(trigger.at);
    if (trigger.kind == TriggerKind::every) {
        std::string text =
            "every: " + format_duration(trigger.every) + ", first: " + format_duration(trigger.at);
        if (trigger.until != Duration::max()) text += ", until: " + format_duration(trigger.until);
        return text;
    }
    const std::string what = trigger.kind == TriggerKind::sends
                                 ? "sends: " + std::string(request_kind_name(trigger.sends))
                                 : "reaches: " + std::string(mark_name(trigger.reaches));
    return "when: {replica: " + target_text(trigger.replica) + ", " + what +
           ", nth: " + std::to_string(trigger.nth) + ", after: " + format_duration(trigger.after) +
           "}";
}

std::string fault_value(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::heal:
            return fault.target.kind == TargetKind::all ? "all" : word(fault.target.name);
        case FaultKind::outage:
            return fault.api ? "api" : "bucket";
        case FaultKind::delete_lease:
            return "lease";
        case FaultKind::edit_lease:
            return std::string(names::kEdits.at(static_cast<std::size_t>(fault.edit)));
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
            return std::string(request_kind_name(fault.request));
        default:
            return target_text(fault.target);
    }
}

std::string peers_text(const Fault& fault) {
    std::vector<std::string> peers;
    if (fault.api) peers.emplace_back("api");
    if (fault.bucket) peers.emplace_back("bucket");
    if (fault.replicas) peers.emplace_back("replicas");
    return ", from: " + list(peers, word);
}

/// The modifiers that belong to the verb, defaults included.
std::string modifiers_text(const Fault& fault) {
    std::string text;
    const auto add = [&](std::string_view key, const std::string& value) {
        text += ", " + std::string(key) + ": " + value;
    };
    switch (fault.kind) {
        case FaultKind::crash:
            add("disk", fault.keep_disk ? "keep" : "lose");
            break;
        case FaultKind::stop:
            add("within", format_duration(fault.within));
            break;
        case FaultKind::suspend:
            add("clock", fault.frozen ? "frozen" : "running");
            break;
        case FaultKind::cut:
            text += peers_text(fault);
            add("direction",
                std::string(names::kDirections.at(static_cast<std::size_t>(fault.direction))));
            break;
        case FaultKind::delay:
            text += peers_text(fault);
            add("by", format_duration(fault.by));
            break;
        case FaultKind::drop_request:
        case FaultKind::lose_answer:
        case FaultKind::apply_late:
        case FaultKind::answer_error:
            add("of", target_text(fault.target));
            if (!fault.lasts) add("times", std::to_string(fault.times));
            if (fault.kind == FaultKind::apply_late) add("by", format_duration(fault.by));
            if (fault.kind == FaultKind::answer_error) {
                add("status", std::to_string(fault.status));
                add("retryAfter", format_duration(fault.retry_after));
            }
            break;
        case FaultKind::step_wall_clock:
            add("by", format_duration(fault.by));
            break;
        case FaultKind::set_drift:
            add("drift", ppm(fault.drift_ppm));
            break;
        default:
            break;
    }
    if (fault.lasts) add("for", format_duration(*fault.lasts));
    if (!fault.as.empty()) add("as", word(fault.as));
    return text;
}

std::string faults_text(const std::vector<Fault>& faults) {
    if (faults.empty()) return "faults: []\n";
    std::string text = "faults:\n";
    for (const Fault& fault : faults)
        text += "  - {" + trigger_text(fault.trigger) + ", " +
                std::string(fault_kind_name(fault.kind)) + ": " + fault_value(fault) +
                modifiers_text(fault) + "}\n";
    return text;
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
           election_text(scenario.election) + electors_text(scenario.electors) +
           storage_text(scenario.storage) + world_text(scenario) +
           workload_text(scenario.workload) + faults_text(scenario.faults) +
           expect_text(scenario.expect);
}

}  // namespace leasehold::sim
