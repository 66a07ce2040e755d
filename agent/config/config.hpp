// AgentConfig: flags, the chart's environment variables and Helm values, read into one place.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/bucket/bucket_config.hpp"
#include "agent/http/server.hpp"
#include "agent/lease/api_access.hpp"
#include "agent/lease/lease_client.hpp"
#include "model/election/elector.hpp"
#include "model/storage/config.hpp"

namespace leasehold::agent {

enum class AgentCommand : std::uint8_t { serve, check_config, record_world };
enum class LogFormat : std::uint8_t { text, json };

struct AgentConfig {
    AgentCommand command = AgentCommand::serve;
    bool elects = false;  ///< leader/follower on and more than one replica
    bool stores = false;  ///< a bucket is configured
    std::string pod_name;
    std::optional<ApiAccess> api;  ///< set when elects, or for record-world
    LeaseName lease;
    ElectorConfig election;  ///< identity and seed are set at the start
    StorageConfig storage;   ///< identity likewise
    std::optional<BucketConfig> bucket;
    std::string store_directory;  ///< of the local files; empty = none
    ServerOptions http;
    Duration stop_deadline = std::chrono::seconds(30);
    std::string record_file;  ///< --record; empty = none
    Duration record_poll = std::chrono::milliseconds(200);  ///< record-world: of the bucket
    LogFormat log_format = LogFormat::text;
    std::string log_level = "info";
};

/// The program ends here: help and version on stdout with 0, a mistake on stderr with 64.
struct AgentExit {
    int code = 0;
    std::string out;
    std::string error;
};

/// The environment as the configuration sees it: the value, or nothing when unset.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// `arguments` without the program's name. Flags win over the environment, which wins over the
/// values file, which wins over defaults.
[[nodiscard]] std::variant<AgentConfig, AgentExit> read_config(
    const std::vector<std::string>& arguments, const Environment& environment);

/// What is in force, as YAML, secrets left out: what --check-config prints.
[[nodiscard]] std::string describe(const AgentConfig& config);

}  // namespace leasehold::agent
