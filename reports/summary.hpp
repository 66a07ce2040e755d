// All runs of a scenario, and all scenarios of a check: statistics, bounds, the worst verdict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/base/time.hpp"
#include "model/check/result.hpp"

namespace leasehold::reports {

/// Nearest rank: the smallest value that at least p percent of all values don't exceed.
struct Percentiles {
    std::uint64_t count = 0;
    Duration p50{0};
    Duration p99{0};
    Duration max{0};
    friend bool operator==(const Percentiles&, const Percentiles&) = default;
};
[[nodiscard]] Percentiles percentiles(std::vector<Duration> values);

/// What a scenario expects of the failovers of all its seeds together.
struct Bounds {
    std::optional<Duration> p50;
    std::optional<Duration> p99;
    std::optional<Duration> max;
};

/// One scenario with all its seeds, in their order.
struct ScenarioSummary {
    std::string name;
    std::string file;
    std::string why;
    std::vector<check::RunResult> runs;
    std::vector<check::Expectation> bounds;  ///< over all seeds
    Percentiles failover;
    Percentiles leaderless;
    check::Outcome outcome = check::Outcome::inconclusive;

    /// The first run whose outcome is the worst of all runs; null when every run passed.
    [[nodiscard]] const check::RunResult* worst_run() const;
};

/// Computes statistics, bounds and outcome of `summary.runs`. A missed bound is liveness; a bound
/// without any failover, and a scenario without runs, are inconclusive.
void summarise(ScenarioSummary& summary, const Bounds& bounds);

/// The worst of all; inconclusive when there is none.
[[nodiscard]] check::Outcome worst(const std::vector<ScenarioSummary>& scenarios);

/// Enters the comparison of a run with its repetition in a fresh process: the verdict of
/// run.deterministic and, where the digests differ, the outcome.
void compare_repetition(check::RunResult& run, const check::RunResult& again);

}  // namespace leasehold::reports
