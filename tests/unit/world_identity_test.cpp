// Identities: each process of a run has its own, however often its replica starts anew.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sim/scenario/reader.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

constexpr const char* kManyStarts = R"(
scenario: many-starts
why: more processes than four digits tell apart by chance
duration: 20m
values:
  kubecostDeployment: {replicas: 2, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
workload: none
faults:
  - {every: 1s, crash: replica-0, for: 100ms}
)";

struct Identities final : Observer {
    void on(const ProcessStarted& record) override {
        ++starts;
        different.insert(std::string(record.identity));
    }
    std::size_t starts = 0;
    std::set<std::string> different;
};

// Found by a campaign: two processes of one run were one writer to the checkers, and a write of the
// second passed for one of the first.
TEST(WorldIdentity, NoTwoProcessesShareOne) {
    const auto scenario = parse_scenario(kManyStarts, "many-starts.yaml", {});
    ASSERT_TRUE(scenario) << scenario.error().to_string();
    Identities identities;
    RunOptions options;
    options.recorder = &identities;
    EXPECT_EQ(Runner().run(*scenario, 1, options).internal_error, "");
    EXPECT_GE(identities.starts, 1'000U);
    EXPECT_EQ(identities.different.size(), identities.starts);
}

}  // namespace
}  // namespace leasehold::sim
