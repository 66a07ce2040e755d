// The simulated client-go takes as long to fail over as the real one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "model/base/random.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

/// Seconds, measured: client-go v0.34.4, kube-apiserver v1.34.4 and etcd 3.6.4 behind a proxy on
/// one machine, 15s/10s/2s, HTTP time-out 5s, round trip 3 to 10 ms, the fault at a random time of
/// the renewal period; nearest-rank percentiles of `runs` samples.
struct Measured {
    FaultKind fault;
    std::uint32_t followers;
    std::uint32_t runs;
    double mean, p50, p90, p99;
};
constexpr std::array kMeasured{
    // crash: to the next OnStartedLeading
    Measured{FaultKind::crash, 1, 320, 17.515, 17.491, 19.490, 21.316},
    Measured{FaultKind::crash, 2, 320, 16.659, 16.615, 18.287, 19.456},
    Measured{FaultKind::crash, 4, 320, 15.910, 15.863, 17.319, 18.510},
    // graceful: from the cancel to the next OnStartedLeading, ReleaseOnCancel on
    Measured{FaultKind::stop, 1, 234, 1.784, 1.626, 3.174, 4.142},
    Measured{FaultKind::stop, 2, 234, 1.129, 0.931, 2.272, 3.195},
    Measured{FaultKind::stop, 4, 234, 0.677, 0.561, 1.477, 2.148},
    // partition: the time in which nobody led
    Measured{FaultKind::cut, 1, 96, 6.466, 6.427, 8.151, 10.530},
    Measured{FaultKind::cut, 2, 96, 5.544, 5.535, 6.655, 8.213},
};
constexpr std::uint64_t kSeeds = 2000;

Scenario schedule(const Measured& measured) {
    Scenario scenario;
    scenario.name = "failover";
    scenario.duration = 110s;
    scenario.values.replicas = measured.followers + 1;
    scenario.values.leader_follower = true;
    scenario.values.bucket_secret = "secret";
    scenario.workload.enabled = false;
    scenario.network.latency = LatencySpec{0ns, 1ms, 1ms};
    scenario.api.latency = LatencySpec{0ns, 4ms, 10ms};
    for (std::uint32_t i = 0; i <= measured.followers; ++i)
        scenario.electors.client_go.push_back(i);
    scenario.electors.client_go_config.release_on_cancel = measured.fault == FaultKind::stop;
    Fault fault;
    fault.kind = measured.fault;
    fault.target.kind = TargetKind::leader;
    fault.bucket = false;
    scenario.faults.push_back(fault);
    return scenario;
}

/// Sorted seconds, one for each seed.
std::vector<double> simulated(Runner& runner, const Measured& measured) {
    Scenario scenario = schedule(measured);
    std::vector<double> spans;
    Random random(1);
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        scenario.faults[0].trigger.at =
            60s + Duration(static_cast<std::int64_t>(random.below(2'000'000'000)));
        const check::RunResult run = runner.run(scenario, seed);
        EXPECT_EQ(run.internal_error, "");
        const auto& found = measured.fault == FaultKind::cut ? run.leaderless : run.failovers;
        EXPECT_EQ(found.size(), 1U) << "seed " << seed;
        if (!found.empty()) spans.push_back(static_cast<double>(found[0].count()) / 1e9);
    }
    std::sort(spans.begin(), spans.end());
    return spans;
}

double percentile(const std::vector<double>& sorted, double share) {
    return sorted.at(
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()))) - 1);
}

/// Share of the samples that are not above `value`.
double share_up_to(const std::vector<double>& sorted, double value) {
    const auto end = std::upper_bound(sorted.begin(), sorted.end(), value);
    return static_cast<double>(end - sorted.begin()) / static_cast<double>(sorted.size());
}

/// Percentiles of the measurement that its few samples leave more uncertain than 5 %: there, the
/// simulated share up to the measured value is one that so many samples may well show.
class Comparison {
  public:
    Comparison(const Measured& measured, std::vector<double> spans)
        : measured_(measured), spans_(std::move(spans)) {}

    void percentile_near(double share, double value) {
        const double simulated = percentile(spans_, share);
        if (std::abs(simulated / value - 1) <= 0.05) return;
        ++uncertain;
        const double deviation = std::sqrt(share * (1 - share) / measured_.runs);
        // 32 figures are compared: one of them lies 3.2 deviations off in 4 of 100 such tests.
        EXPECT_NEAR(share_up_to(spans_, value), share, 3.2 * deviation)
            << where() << ", P" << share * 100 << ": simulated " << simulated << ", measured "
            << value;
    }
    void mean_near(double value) const {
        double mean = 0;
        for (const double span : spans_)
            mean += span / static_cast<double>(spans_.size());
        EXPECT_NEAR(mean, value, 0.05 * value) << where() << ", mean";
    }
    int uncertain = 0;

  private:
    [[nodiscard]] std::string where() const {
        return std::string(fault_kind_name(measured_.fault)) + ", " +
               std::to_string(measured_.followers) + " followers";
    }
    const Measured& measured_;
    std::vector<double> spans_;
};

TEST(PeersFailover, PercentilesAreThoseOfTheRealClientGo) {
    Runner runner;
    int uncertain = 0;
    for (const Measured& measured : kMeasured) {
        Comparison compare(measured, simulated(runner, measured));
        compare.mean_near(measured.mean);
        compare.percentile_near(0.5, measured.p50);
        compare.percentile_near(0.9, measured.p90);
        compare.percentile_near(0.99, measured.p99);
        uncertain += compare.uncertain;
    }
    // Of 32 figures: P99 of a graceful stop with 2 followers; P99 (the maximum of 96 samples) of a
    // partition with 1, and P90 with 2.
    EXPECT_LE(uncertain, 3);
}

}  // namespace
}  // namespace leasehold::sim
