#include <gtest/gtest.h>

#include "reports/summary.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

using namespace std::chrono_literals;
using check::Outcome;

ScenarioSummary with_failovers(std::vector<Duration> failovers, const Bounds& bounds) {
    ScenarioSummary summary;
    summary.runs = {samples::result()};
    summary.runs[0].failovers = std::move(failovers);
    summarise(summary, bounds);
    return summary;
}

TEST(Percentiles, AreNearestRanks) {
    std::vector<Duration> values;
    for (int i = 200; i >= 1; --i)
        values.push_back(i * 1ms);
    EXPECT_EQ(percentiles(values), (Percentiles{200, 100ms, 198ms, 200ms}));
    EXPECT_EQ(percentiles({3s}), (Percentiles{1, 3s, 3s, 3s}));
    EXPECT_EQ(percentiles({2s, 1s}), (Percentiles{2, 1s, 2s, 2s}));
    EXPECT_EQ(percentiles({}), Percentiles{});
}

TEST(Summary, AMissedBoundIsLivenessAndANeverMeasuredOneInconclusive) {
    EXPECT_EQ(with_failovers({14s}, {std::nullopt, 14s, std::nullopt}).outcome, Outcome::pass);
    EXPECT_EQ(with_failovers({14s + 1ns}, {std::nullopt, 14s, std::nullopt}).outcome,
              Outcome::liveness);
    EXPECT_EQ(with_failovers({14s, 15s, 16s}, {15s, std::nullopt, std::nullopt}).outcome,
              Outcome::pass);
    EXPECT_EQ(with_failovers({14s, 15s, 16s}, {std::nullopt, std::nullopt, 15s}).outcome,
              Outcome::liveness);
    const ScenarioSummary none = with_failovers({}, {std::nullopt, std::nullopt, 15s});
    EXPECT_EQ(none.outcome, Outcome::inconclusive);
    EXPECT_EQ(none.bounds.at(0).found, "no failover was measured");
}

TEST(Summary, NothingPlayedIsNotAPass) {
    ScenarioSummary summary;
    summarise(summary, {});
    EXPECT_EQ(summary.outcome, Outcome::inconclusive);
    EXPECT_EQ(worst({}), Outcome::inconclusive);
}

TEST(Summary, TheFirstOfTheWorstRunsIsShown) {
    ScenarioSummary summary;
    summary.runs.assign(4, samples::result());
    summary.runs[1].outcome = Outcome::inconclusive;
    summary.runs[2].outcome = Outcome::safety;
    summary.runs[3].outcome = Outcome::safety;
    summarise(summary, {});
    EXPECT_EQ(summary.outcome, Outcome::safety);
    EXPECT_EQ(summary.worst_run(), &summary.runs[2]);
}

TEST(Repetition, AnotherDigestIsNondeterministicAndTheSameOneAPass) {
    check::RunResult run = samples::result();
    compare_repetition(run, samples::result());
    EXPECT_EQ(run.outcome, Outcome::pass);
    EXPECT_EQ(run.verdicts.back().status, check::Status::pass);
    check::RunResult other = samples::result();
    other.digest ^= 1;
    compare_repetition(run, other);
    EXPECT_EQ(run.outcome, Outcome::nondeterministic);
    EXPECT_EQ(run.verdicts.back().status, check::Status::violated);
}

TEST(Summary, ManySeedsOfOneDigestProveNothing) {
    ScenarioSummary summary;
    summary.runs.resize(20);
    for (check::RunResult& run : summary.runs) {
        run.outcome = check::Outcome::pass;
        run.digest = 7;
    }
    summarise(summary, {});
    EXPECT_EQ(summary.outcome, check::Outcome::inconclusive);
    ASSERT_EQ(summary.bounds.size(), 1U);
    EXPECT_EQ(summary.bounds[0].found, "20 equal digests");
    summary.runs.back().digest = 8;
    summarise(summary, {});
    EXPECT_EQ(summary.outcome, check::Outcome::pass);
}

}  // namespace
}  // namespace leasehold::reports
