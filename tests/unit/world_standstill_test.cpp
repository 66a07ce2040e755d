// A machine that wants its Timer now, whatever it was given: time would stand still for ever.
#include <gtest/gtest.h>

#include <string>

#include "sim/scenario/reader.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

struct Hasty {
    Instant wants = kNever;
    void step(Now now, const Event&, Effects&) { wants = now.monotonic; }
    [[nodiscard]] Instant next_deadline() const { return wants; }
};

TEST(WorldStandstill, AMachineThatNeverWaitsEndsTheRun) {
    const auto scenario = parse_scenario(
        "scenario: hasty\nwhy: a test\nduration: 1m\n"
        "values:\n  kubecostDeployment: {replicas: 2, leaderFollower: {enabled: true}}\n"
        "  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}\nworkload: none\n",
        "hasty.yaml", {});
    ASSERT_TRUE(scenario) << scenario.error().to_string();
    RunOptions options;
    options.make_peer = [](const PeerStart& start) {
        return start.replica == 1 ? Peer(Hasty{}) : Peer{};
    };
    const check::RunResult result = Runner().run(*scenario, 1, options);
    EXPECT_EQ(result.outcome, check::Outcome::internal);
    EXPECT_NE(result.internal_error.find("time stands still"), std::string::npos)
        << result.internal_error;
    EXPECT_NE(result.internal_error.find("replica-1"), std::string::npos) << result.internal_error;
}

}  // namespace
}  // namespace leasehold::sim
