// Ten thousand short runs with bucket flows on all cores: what a campaign costs in wall time.
#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

#include "bench/workloads.hpp"
#include "model/base/check.hpp"
#include "sim/world/run.hpp"

namespace leasehold::bench {
namespace {

constexpr std::uint64_t kRuns = 10'000;
constexpr std::uint64_t kBatch = 1'000;  ///< runs of one process: well within one engine's time
constexpr int kProcesses = 2;

/// Plays one batch in this (forked) process; the exit code says whether all passed their checks.
int play(std::uint64_t first) {
    sim::Runner runner;
    for (std::uint64_t seed = first; seed < first + kBatch; ++seed) {
        const check::RunResult result = runner.run(workload_short_flows(seed), seed);
        if (!result.internal_error.empty() || result.outcome == check::Outcome::safety) return 1;
    }
    return 0;
}

// Processes are forked before any of them has an engine, and replaced batch by batch.
void BM_Swarm(benchmark::State& state) {
    double simulated = 0;
    for (auto _ : state) {
        int running = 0;
        const auto collect = [&running] {
            int status = 0;
            CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
            --running;
        };
        for (std::uint64_t first = 1; first <= kRuns; first += kBatch) {
            if (running == kProcesses) collect();
            const pid_t child = fork();
            CHECK(child >= 0);
            if (child == 0) _exit(play(first));
            ++running;
        }
        while (running > 0)
            collect();
        for (std::uint64_t seed = 1; seed <= kRuns; ++seed)
            simulated += static_cast<double>(workload_short_flows(seed).duration.count()) / 1e9;
    }
    state.counters["runs"] = static_cast<double>(kRuns);
    state.counters["simulated_s"] = simulated;
}
BENCHMARK(BM_Swarm)
    ->Name("Simulator/TenThousandRuns")
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);

}  // namespace
}  // namespace leasehold::bench

BENCHMARK_MAIN();
