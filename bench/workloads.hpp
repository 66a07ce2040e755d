// The workloads that the benchmarks run, as scenarios made in code.
#pragma once

#include "sim/scenario/scenario.hpp"

namespace leasehold::bench {

/// Workload W: five replicas that only elect, 1 ms each way, an API that answers at once; the
/// leader is crashed every 60 s and restarted 5 s later. The peers' simulators were measured on it.
[[nodiscard]] sim::Scenario workload_w(Duration duration);

/// R5: five replicas with defaults, two pipelines exporting a 1h and a 1d window each minute at
/// 2 MiB, one query per second and replica, no faults, real flows.
[[nodiscard]] sim::Scenario workload_r5(Duration duration);

/// A short run of W, 120 s, with three crashes and three cuts of the leader at times that depend
/// on `seed`.
[[nodiscard]] sim::Scenario workload_short(std::uint64_t seed);

/// The same with a bucket and its flows, 120-600 s.
[[nodiscard]] sim::Scenario workload_short_flows(std::uint64_t seed);

/// An election with `followers` followers and a round trip of 10 ms. One fault meets the leader at
/// a time that is uniform within a renewal period.
enum class Failure : std::uint8_t { crash, graceful, partition };
[[nodiscard]] sim::Scenario failover(Failure failure, std::uint32_t followers, std::uint64_t seed);

}  // namespace leasehold::bench
