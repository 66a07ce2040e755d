// The simulator's speed, memory and distance to a bare loop. Times are CPU times of this process.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>

#include "bench/bare_heap.hpp"
#include "bench/measured.hpp"
#include "bench/process.hpp"
#include "bench/workloads.hpp"
#include "model/base/check.hpp"
#include "sim/world/run.hpp"

namespace leasehold::bench {
namespace {

using namespace std::chrono_literals;

// Fixed numbers of iterations: all of a process's runs share 2^20 simulated seconds (one
// binade of the engine's clock); these benchmarks use about 0.9 million of them.
sim::Runner& runner() {
    static sim::Runner one;  // one engine per process
    return one;
}

double seconds(Duration span) {
    return static_cast<double>(span.count()) / 1e9;
}

check::RunResult run(const sim::Scenario& scenario, std::uint64_t seed,
                     const sim::RunOptions& options = {}) {
    CHECK_MSG(runner().fits(scenario), "the engine's binade is used up: run fewer iterations");
    check::RunResult result;
    measured([&] { result = runner().run(scenario, seed, options); });
    CHECK_MSG(result.internal_error.empty(), result.internal_error);
    return result;
}

// First of all, while the process is small: 24 h after 1 h, of the same workload: the checkers' and
// the world's memory is bounded.
void BM_Memory(benchmark::State& state) {
    double short_mib = 0;
    double long_mib = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(run(workload_r5(1h), 1));
        short_mib = peak_mib();
        benchmark::DoNotOptimize(run(workload_r5(24h), 1));
        long_mib = peak_mib();
    }
    state.counters["peak_mib_1h"] = short_mib;
    state.counters["peak_mib_24h"] = long_mib;
    state.counters["growth_mib"] = long_mib - short_mib;
}
BENCHMARK(BM_Memory)->Name("Simulator/Memory24h")->Unit(benchmark::kMillisecond)->Iterations(1);

// The simulator and the bare loop take turns in one run, so that a slow moment hits both.
void BM_W(benchmark::State& state) {
    constexpr Duration kSpan = 4h;
    const sim::Scenario scenario = workload_w(kSpan);
    double simulator = 0;
    double bare = 0;
    double simulated = 0;
    std::uint64_t events = 0;
    std::uint64_t bare_events = 0;
    std::uint64_t seed = 1;
    for (auto _ : state) {
        const double began = cpu_seconds();
        const check::RunResult result = run(scenario, seed);
        simulator += cpu_seconds() - began;
        CHECK(result.leaderships > 100);
        events += result.work.events;
        simulated += seconds(kSpan);
        state.PauseTiming();
        const double bare_began = cpu_seconds();
        const BareRun floor = run_bare_w(kSpan, seed);
        bare += cpu_seconds() - bare_began;
        bare_events += floor.events;
        CHECK(floor.leaderships > 100);
        ++seed;
        state.ResumeTiming();
    }
    state.counters["sim_s_per_cpu_s"] = simulated / simulator;
    state.counters["bare_sim_s_per_cpu_s"] = simulated / bare;
    state.counters["ratio_to_bare_heap"] = simulator / bare;
    state.counters["events_per_sim_s"] = static_cast<double>(events) / simulated;
    state.counters["bare_events_per_sim_s"] = static_cast<double>(bare_events) / simulated;
}
BENCHMARK(BM_W)->Name("Simulator/W")->Unit(benchmark::kMillisecond)->Iterations(20);

// The same without observers: what the checkers cost.
void BM_WUnobserved(benchmark::State& state) {
    constexpr Duration kSpan = 4h;
    const sim::Scenario scenario = workload_w(kSpan);
    sim::RunOptions options;
    options.checkers = false;
    const double began = cpu_seconds();
    std::uint64_t seed = 1;
    for (auto _ : state)
        benchmark::DoNotOptimize(run(scenario, seed++, options));
    state.counters["sim_s_per_cpu_s"] =
        static_cast<double>(state.iterations()) * seconds(kSpan) / (cpu_seconds() - began);
}
BENCHMARK(BM_WUnobserved)
    ->Name("Simulator/WithoutObservers")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(10);

void BM_R5(benchmark::State& state) {
    constexpr Duration kSpan = 4h;
    const sim::Scenario scenario = workload_r5(kSpan);
    std::uint64_t events = 0;
    std::uint64_t flows = 0;
    std::uint64_t seed = 1;
    const double began = cpu_seconds();
    for (auto _ : state) {
        const check::RunResult result = run(scenario, seed++);
        CHECK(result.work.committed > 900);
        events += result.work.events;
        flows += result.work.flows;
    }
    const double simulated = static_cast<double>(state.iterations()) * seconds(kSpan);
    state.counters["sim_s_per_cpu_s"] = simulated / (cpu_seconds() - began);
    state.counters["events_per_sim_s"] = static_cast<double>(events) / simulated;
    state.counters["flows_per_sim_s"] = static_cast<double>(flows) / simulated;
}
BENCHMARK(BM_R5)->Name("Simulator/R5")->Unit(benchmark::kMillisecond)->Iterations(10);

void BM_ShortRuns(benchmark::State& state) {
    std::uint64_t seed = 1;
    double first_mib = 0;
    const double began = cpu_seconds();
    std::uint64_t runs = 0;
    for (auto _ : state) {
        for (int n = 0; n < 100; ++n, ++seed) {
            const sim::Scenario scenario = workload_short(seed);
            benchmark::DoNotOptimize(run(scenario, seed));
        }
        runs += 100;
        if (first_mib == 0) first_mib = resident_mib();
    }
    state.counters["runs_per_cpu_s"] = static_cast<double>(runs) / (cpu_seconds() - began);
    state.counters["growth_mib"] = resident_mib() - first_mib;
}
BENCHMARK(BM_ShortRuns)->Name("Simulator/ShortRuns")->Unit(benchmark::kMillisecond)->Iterations(20);

}  // namespace
}  // namespace leasehold::bench

BENCHMARK_MAIN();
