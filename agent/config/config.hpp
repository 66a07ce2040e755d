// AgentConfig: flags, the chart's environment variables and Helm values, read into one place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/bucket/bucket_config.hpp"
#include "agent/http/server.hpp"
#include "agent/lease/api_access.hpp"
#include "agent/lease/lease_client.hpp"
#include "agent/lease/own_pod.hpp"
#include "model/election/elector.hpp"
#include "model/storage/config.hpp"

namespace leasehold::agent {

inline constexpr int kExitUsage = 64;  ///< a mistake in flags, variables or files
/// Where a pod finds its service account.
inline constexpr const char* kServiceAccountDirectory =
    "/var/run/secrets/kubernetes.io/serviceaccount";

enum class AgentCommand : std::uint8_t {
    serve,
    check_config,
    check_bucket,
    remove_tombstones,
    record_world
};
enum class LogFormat : std::uint8_t { text, json };

struct AgentConfig {
    AgentCommand command = AgentCommand::serve;
    bool leader_follower = false;
    std::optional<std::uint32_t> replicas;  ///< none: nobody said how many
    bool elects = false;                    ///< leader/follower on, and not exactly one replica
    bool stores = false;                    ///< a bucket is configured
    std::string pod_name;
    std::optional<ApiAccess> api;  ///< set when elects, or for record-world
    LeaseName lease;               ///< likewise
    bool leader_events = true;     ///< Kubernetes Events on the Lease
    OwnPlace place;                ///< among the Pods, where an ended holder is believed
    ElectorConfig election;        ///< identity and seed are set at the start
    StorageConfig storage;         ///< identity likewise
    std::optional<BucketConfig> bucket;
    std::string store_url;        ///< where Google's store is asked; empty: it is another
    std::string credentials;      ///< where the bucket's come from, for people; no secret
    std::string store_directory;  ///< of the local files; empty = none
    ServerOptions http;
    /// By default 5 s less than the grace period that Kubernetes gives a pod.
    Duration stop_deadline = std::chrono::seconds(25);
    std::string record_file;                                ///< --record; empty = none
    Duration record_poll = std::chrono::milliseconds(200);  ///< record-world: of the bucket
    LogFormat log_format = LogFormat::text;
    std::string log_level = "info";

    std::uint32_t ignored_values = 0;   ///< keys of Helm values that mean nothing here
    std::vector<std::string> warnings;  ///< legal but risky, one line each, for stderr
    /// Of each setting that is no default, by its flag without dashes: the flag, the variable or
    /// the values that said it.
    std::map<std::string, std::string, std::less<>> origins;
};

/// The program ends here: help and version on stdout with 0, a mistake on stderr with 64.
struct AgentExit {
    int code = 0;
    std::string out;
    std::string error;
};

using Environment = std::map<std::string, std::string, std::less<>>;
/// The variables of this process.
[[nodiscard]] Environment process_environment();

/// `arguments` without the program's name. Flags win over the environment, which wins over the
/// values file, which wins over defaults. A mistake is one line that names the file, flag or
/// variable, the place, what was expected, and the nearest valid name.
[[nodiscard]] std::variant<AgentConfig, AgentExit> read_config(
    const std::vector<std::string>& arguments, const Environment& environment,
    const std::string& service_account = kServiceAccountDirectory);

/// What is in force, as YAML, secrets left out: what --check-config prints.
[[nodiscard]] std::string describe(const AgentConfig& config);

}  // namespace leasehold::agent
