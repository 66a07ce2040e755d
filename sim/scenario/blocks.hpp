// One reader for each block of a scenario. Internal to sim/scenario; they throw InputError.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/scenario/block.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

/// The longest run: the engine's clock keeps its precision for 2^20 s.
inline constexpr Duration kLongestRun = std::chrono::seconds(1 << 20);

void read_election(const Node& node, ElectorConfig& out);
void read_electors(const Node& node, std::uint32_t replicas, ElectorsSpec& out);
void read_storage(const Node& node, StorageConfig& out);
void read_replicas(const Node& node, std::uint32_t replicas, ReplicasSpec& out);
void read_files(const Node& node, FilesSpec& out);
void read_kubelets(const Node& node, KubeletsSpec& out);
void read_clocks(const Node& node, std::uint32_t replicas, ClockSpec& out);
void read_network(const Node& node, std::uint32_t replicas, NetworkSpec& out);
void read_api(const Node& node, ApiSpec& out);
void read_bucket(const Node& node, BucketSpec& out);
void read_workload(const Node& node, WorkloadSpec& out);
void read_expect(const Node& node, ExpectSpec& out);
/// The faults; `scenario` has its values, network and duration already.
void read_faults(const Node& node, Scenario& scenario);

/// Somebody runs the configuration of `upgrade`, from the start or from a start of its own.
[[nodiscard]] bool upgrades(const Scenario& scenario);
/// The index of "replica-N" if there is such a replica.
[[nodiscard]] std::optional<std::uint32_t> replica_index(std::string_view name,
                                                         std::uint32_t replicas);
/// Lower-case letters, digits and '-', not starting or ending with '-': the form of all names.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace leasehold::sim
