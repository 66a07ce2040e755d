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
    std::vector<std::string> notes;  ///< what is probably not meant so, one line each
};

/// What a command line says of Helm values; later wins, and of the kinds the lower one, as with
/// Helm.
struct ValueSources {
    std::vector<std::string> files;       ///< -f, in order; "a,b" are two
    std::vector<std::string> sets;        ///< --set: "a.b=c,d=null"
    std::vector<std::string> jsons;       ///< --set-json, before --set
    std::vector<std::string> strings;     ///< --set-string
    std::vector<std::string> from_files;  ///< --set-file: "a.b=PATH"
    std::vector<std::string> literals;    ///< --set-literal

    /// `files`, each by itself.
    [[nodiscard]] std::vector<std::string> file_names() const;
    /// Did anybody say anything?
    [[nodiscard]] bool given() const {
        return !(files.empty() && sets.empty() && jsons.empty() && strings.empty() &&
                 from_files.empty() && literals.empty());
    }
};

/// What was said, a map for each file and each option, in the order in which they are merged.
/// Throws InputError.
[[nodiscard]] std::vector<Node> read_layers(const ValueSources& sources);

/// Merges inline values (null if there are none) and the layers of the command line; later wins,
/// null takes a key away. Throws InputError.
[[nodiscard]] ValuesSpec read_values(const Node* inline_values, const std::vector<Node>& layers);
[[nodiscard]] ValuesSpec read_values(const Node* inline_values, const ValueSources& sources);

}  // namespace leasehold::config
