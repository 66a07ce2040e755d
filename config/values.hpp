// Helm values: the five keys that mean something here, merged and validated as the chart does it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/tree.hpp"

namespace leasehold::config {

/// The most replicas of a group: the simulated platform has so many machines.
inline constexpr std::uint32_t kReplicasMax = 64;

/// Helm values in force, as far as they matter here.
struct ValuesSpec {
    std::uint32_t replicas = 1;      ///< kubecostDeployment.replicas
    bool leader_follower = false;    ///< kubecostDeployment.leaderFollower.enabled
    bool etl = true;                 ///< kubecostModel.etl
    bool file_store = true;          ///< kubecostModel.etlFileStoreEnabled
    std::string bucket_secret;       ///< kubecostModel.etlBucketConfigSecret; empty = no bucket
    std::uint32_t ignored_keys = 0;  ///< keys of a real values.yaml that mean nothing here
};

/// What a command line says of Helm values; later wins, as with Helm.
struct ValueSources {
    std::vector<std::string> files;  ///< -f, in order
    std::vector<std::string> sets;   ///< --set, after all files: "a.b=c,d=null"
};

/// One --set option as the nested map that it stands for ("a.b=c,d=null"). Throws InputError.
[[nodiscard]] Node parse_set(const std::string& option);

/// Merges inline values (null if there are none), the files and the --set options; later wins,
/// null takes a key away. Throws InputError.
[[nodiscard]] ValuesSpec read_values(const Node* inline_values, const ValueSources& sources);

}  // namespace leasehold::config
