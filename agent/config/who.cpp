// Who runs, and whether they elect: the question with the most dangerous wrong answer (several
// writers on one bucket), so that contradictions are refused and never resolved by guessing.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/config/parts.hpp"
#include "config/units.hpp"
#include "config/values.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kLongestName = 253;
/// Flags that mean nothing where nobody elects.
constexpr std::array<std::string_view, 20> kElectionFlags{
    "profile",       "lease-duration", "renew-deadline",  "retry-period",   "drift",
    "namespace",     "lease-name",     "kubeconfig",      "context",        "api-server",
    "api-ca-file",   "api-token-file", "client-go-peers", "longest-lease",  "max-lease-duration",
    "leader-events", "pod-uid",        "pod-namespace",   "container-name", "believe-ended-holder"};

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0')
        refuse("the host has no name: set --pod-name or POD_NAME");
    return name.data();
}

void read_replicas(const Inputs& inputs, AgentConfig& config) {
    std::uint64_t count = 0;
    if (!inputs.parsed("replicas", count, config::parse_count)) return;
    if (count < 1 || count > config::kReplicasMax)
        refuse(inputs.find("replicas")->origin + ": expected 1 to " +
               std::to_string(config::kReplicasMax) + ", found " + std::to_string(count));
    config.replicas = static_cast<std::uint32_t>(count);
}

void check_standalone(const Inputs& inputs) {
    bool standalone = false;
    if (!inputs.toggle("standalone", standalone) || !standalone) return;
    if (!inputs.typed("bucket-dir"))
        refuse("--standalone: expected --bucket-dir DIR too, the directory that is the bucket");
    const auto exclude = [](const std::string& other) {
        refuse("--standalone excludes " + other + ": it runs alone, without a cluster");
    };
    bool leader_follower = false;
    if (inputs.toggle("leader-follower", leader_follower) && leader_follower)
        exclude(inputs.find("leader-follower")->words());
    if (const Given* count = inputs.find("replicas"); count != nullptr && count->text != "1")
        exclude(count->words());
    if (inputs.typed("bucket-config")) exclude("--bucket-config");
    for (const std::string_view flag : kElectionFlags)
        if (inputs.typed(flag)) exclude("--" + std::string(flag));
}

/// With one replica nobody elects, and with several everybody must.
void check_replicas(const Inputs& inputs, const AgentConfig& config) {
    if (!config.replicas) return;
    const Given& count = *inputs.find("replicas");
    const Given* feature = inputs.find("leader-follower");
    if (!config.leader_follower && *config.replicas > 1) {
        const std::string off = feature == nullptr ? "leader/follower off" : feature->words();
        refuse(count.words() + " contradicts " + off + ": " + count.text +
               " writers would share a bucket (set --leader-follower or "
               "LEADER_FOLLOWER_ENABLED=true, or one replica)");
    }
    // The chart refuses it too; here the two words come from different places.
    if (config.leader_follower && *config.replicas == 1 && count.layer == Layer::values)
        refuse(feature->words() + " contradicts " + count.words() +
               " of the Helm values: each replica would write without an election");
}

void check_read_only(const Inputs& inputs, const AgentConfig& config) {
    for (const std::string_view name : {"ETL_READ_ONLY", "ETL_STORE_READ_ONLY"}) {
        const std::string* text = inputs.variable(name);
        if (text == nullptr || !strict_bool(std::string(name), *text)) continue;
        std::string message = std::string(name) + "=true: the agent has no read-only mode";
        if (config.leader_follower && name == "ETL_READ_ONLY")
            message +=
                "; with leader/follower the chart's kubecostModel.etlReadOnlyMode also "
                "leaves out the ClusterRole, so that every election is answered 403";
        refuse(message + "; a follower is read-only by itself (unset " + std::string(name) + ")");
    }
}

void warn_without_election(const Inputs& inputs, AgentConfig& config) {
    for (const std::string_view flag : kElectionFlags)
        if (inputs.typed(flag))
            config.warnings.push_back("--" + std::string(flag) +
                                      " has no effect: nobody elects (leader/follower is off, or "
                                      "there is one replica)");
}

}  // namespace

void read_who(const Inputs& inputs, AgentConfig& config) {
    if (config.command == AgentCommand::record_world) return;
    check_standalone(inputs);
    inputs.toggle("leader-follower", config.leader_follower);
    read_replicas(inputs, config);
    check_replicas(inputs, config);
    check_read_only(inputs, config);
    config.elects = config.leader_follower && config.replicas.value_or(2) > 1;
    if (!config.elects) warn_without_election(inputs, config);

    if (!inputs.text("pod-name", config.pod_name)) config.pod_name = host_name();
    const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
    if (config.pod_name.size() > kLongestName ||
        !std::all_of(config.pod_name.begin(), config.pod_name.end(), printable))
        refuse((inputs.find("pod-name") == nullptr ? "the host's name"
                                                   : inputs.find("pod-name")->origin) +
               ": expected a pod's name of at most 253 characters without blanks");
    for (const std::string& note : inputs.values().spec.notes)
        config.warnings.push_back(note);
    config.ignored_values = inputs.values().spec.ignored_keys;
    if (inputs.values().given && !inputs.values().spec.etl)
        config.warnings.push_back("kubecostModel.etl is false: no pipeline will write backups");
}

}  // namespace leasehold::agent
