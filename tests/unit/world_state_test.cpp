// The state of the replicas that a run tells: that of the instant in which the invariant broke
// whose chain is told.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/scenario/reader.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

/// Two lead at once at 50 s, in which clocks that stand still are to blame; at 240 s a creation
/// lands that was sent under the first leader's epoch.
constexpr const char* kTwoBreak = R"(
scenario: two-break
why: the first is expected
duration: 6m
values:
  kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
workload: {pipelines: [assets], windows: [1h], queries: 0/s, restores: false}
faults:
  - {at: 30s, suspend: leader, for: 20s, clock: frozen}
  - {at: 80s, applyLate: [putObject], of: leader, by: 2m, times: 4}
  - {every: 30s, damageObject: newest, how: removed}
)";

TEST(State, IsThatOfWhatIsToldThoughSomethingExpectedBrokeBefore) {
    auto read = parse_scenario(kTwoBreak, "two-break.yaml", {});
    ASSERT_TRUE(read) << read.error().to_string();
    Scenario scenario = *read;
    Runner runner;
    RunOptions options;
    options.timeline = true;
    const check::RunResult early = runner.run(scenario, 1, options);
    EXPECT_NE(early.state.find("term 1005"), std::string::npos) << early.state;

    scenario.expect.may_violate = {"leader.at-most-one", "lease.taken-only-when-free",
                                   "leader.term-increases"};
    const check::RunResult late = runner.run(scenario, 1, options);
    EXPECT_EQ(late.digest, early.digest);
    EXPECT_NE(late.state.find("term 1151"), std::string::npos) << late.state;
}

}  // namespace
}  // namespace leasehold::sim
