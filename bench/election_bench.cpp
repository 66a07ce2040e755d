// Election latency, simulated and so exact: crash, graceful stop, partition; 1, 2 and 4 followers.
// Prints a table beside client-go's measured figures; --benchmark_out writes all of it as JSON.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/workloads.hpp"
#include "model/base/check.hpp"
#include "sim/world/run.hpp"

namespace leasehold::bench {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

/// client-go v0.34.4, 15/10/2 s, on a real kube-apiserver 1.34.4 (fault to OnStartedLeading;
/// partition: the gap without a leader). Zero: not measured.
struct Reference {
    double p50, p90, p99, max;
};
Reference client_go(Failure failure, std::int64_t followers) {
    switch (failure) {
        case Failure::crash:
            if (followers == 1) return {17.49, 19.49, 21.32, 22.47};
            if (followers == 2) return {16.61, 18.29, 19.46, 19.76};
            return {15.86, 17.32, 18.51, 19.41};
        case Failure::graceful:
            if (followers == 1) return {1.63, 3.17, 4.14, 4.18};
            if (followers == 2) return {0.93, 2.27, 3.19, 3.74};
            return {0.56, 1.48, 2.15, 2.26};
        case Failure::partition:
            if (followers == 1) return {6.43, 8.15, 10.53, 10.53};
            if (followers == 2) return {5.53, 6.66, 8.21, 8.21};
            break;
    }
    return {0, 0, 0, 0};
}

const char* name_of(Failure failure) {
    switch (failure) {
        case Failure::crash:
            return "crash";
        case Failure::graceful:
            return "graceful";
        case Failure::partition:
            break;
    }
    return "partition";
}

/// Takes the times of the one fault and of the two leaders around it, in true time.
class Stopwatch : public Observer {
  public:
    void on(const ProcessStarted& record) override { clock(record.replica) = record.clock; }
    void on(const FaultTookEffect& record) override {
        if (!record.began || fault_) return;
        fault_ = record.at;
        CHECK(record.targets.size() == 1);
        victim_ = record.targets.front();
        if (gate_) old_end_ = clock(victim_).reaches(*gate_);
    }
    void on(const ReplicaStepped& record) override {
        for (const Effect& effect : record.effects) {
            if (const auto* gate = std::get_if<GateMoved>(&effect)) {
                if (!fault_)
                    gate_ = gate->valid_until;
                else if (record.replica == victim_ && !next_)
                    old_end_ = std::min(clock(victim_).reaches(gate->valid_until), record.at);
            } else if (const auto* role = std::get_if<RoleChanged>(&effect)) {
                if (fault_ && !next_ && role->role == Role::leader && record.replica != victim_)
                    next_ = record.at;
            }
        }
    }
    [[nodiscard]] bool complete() const { return fault_ && next_; }
    [[nodiscard]] Duration from_fault() const { return *next_ - *fault_; }
    [[nodiscard]] Duration gap() const { return *next_ - old_end_; }

  private:
    ClockPiece& clock(ReplicaIndex replica) {
        if (clocks_.size() <= replica) clocks_.resize(replica + 1);
        return clocks_[replica];
    }
    std::vector<ClockPiece> clocks_;
    std::optional<TrueTime> fault_;
    std::optional<TrueTime> next_;
    std::optional<Instant> gate_;
    TrueTime old_end_{};
    ReplicaIndex victim_ = kNobody;
};

struct Row {
    Failure failure;
    std::int64_t followers;
    std::array<double, 4> seconds;  ///< P50, P90, P99, max
};
std::vector<Row>& rows() {
    static std::vector<Row> all;
    return all;
}

/// Nearest rank of sorted values, in seconds.
double percentile(const std::vector<Duration>& sorted, std::uint64_t percent) {
    const std::size_t rank = (sorted.size() * percent + 99) / 100;
    return static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1].count()) / 1e9;
}

void BM_Latency(benchmark::State& state, Failure failure) {
    static sim::Runner runner;
    const auto followers = static_cast<std::uint32_t>(state.range(0));
    std::vector<Duration> latencies;
    for (auto _ : state) {
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            Stopwatch watch;
            sim::RunOptions options;
            options.recorder = &watch;
            const sim::Scenario scenario = failover(failure, followers, seed);
            const check::RunResult result = runner.run(scenario, seed, options);
            CHECK_MSG(result.outcome == check::Outcome::pass, result.internal_error);
            CHECK(watch.complete());
            latencies.push_back(failure == Failure::partition ? watch.gap() : watch.from_fault());
        }
    }
    std::sort(latencies.begin(), latencies.end());
    Row row{failure, state.range(0), {}};
    row.seconds = {percentile(latencies, 50), percentile(latencies, 90), percentile(latencies, 99),
                   static_cast<double>(latencies.back().count()) / 1e9};
    rows().push_back(row);
    const Reference peer = client_go(failure, state.range(0));
    state.counters["p50_s"] = row.seconds[0];
    state.counters["p90_s"] = row.seconds[1];
    state.counters["p99_s"] = row.seconds[2];
    state.counters["max_s"] = row.seconds[3];
    state.counters["client_go_p50_s"] = peer.p50;
    state.counters["client_go_p99_s"] = peer.p99;
    state.counters["seeds"] = static_cast<double>(latencies.size());
}
#define LEASEHOLD_LATENCY(name, failure)         \
    BENCHMARK_CAPTURE(BM_Latency, name, failure) \
        ->Name("Election/" #name)                \
        ->ArgName("followers")                   \
        ->Arg(1)                                 \
        ->Arg(2)                                 \
        ->Arg(4)                                 \
        ->Iterations(1)                          \
        ->Unit(benchmark::kSecond)
LEASEHOLD_LATENCY(crash, Failure::crash);
LEASEHOLD_LATENCY(graceful, Failure::graceful);
LEASEHOLD_LATENCY(partition, Failure::partition);

std::string figure(double seconds) {
    if (seconds == 0) return "-";
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", seconds);
    return text.data();
}

void print_table() {
    std::printf(
        "\nElection latency in seconds: leasehold, simulated, %llu seeds, round trip 10 ms; "
        "client-go measured\n",
        static_cast<unsigned long long>(kSeeds));
    std::printf(
        "crash, graceful: fault to the next leader's role; partition: gap without a leader\n\n");
    std::printf("%-10s %9s  %8s %8s %8s %8s   %8s %8s %8s %8s\n", "", "followers", "P50", "P90",
                "P99", "max", "cg P50", "cg P90", "cg P99", "cg max");
    for (const Row& row : rows()) {
        const Reference peer = client_go(row.failure, row.followers);
        std::printf("%-10s %9lld  %8s %8s %8s %8s   %8s %8s %8s %8s\n", name_of(row.failure),
                    static_cast<long long>(row.followers), figure(row.seconds[0]).c_str(),
                    figure(row.seconds[1]).c_str(), figure(row.seconds[2]).c_str(),
                    figure(row.seconds[3]).c_str(), figure(peer.p50).c_str(),
                    figure(peer.p90).c_str(), figure(peer.p99).c_str(), figure(peer.max).c_str());
    }
}

}  // namespace
}  // namespace leasehold::bench

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    leasehold::bench::print_table();
    return 0;
}
