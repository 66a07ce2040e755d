// What breaks the others breaks nothing of ours: each schedule of scenarios/client-go and of
// scenarios/electors, played with our elector in every replica.
#include <gtest/gtest.h>

#include <string>

#include "sim/scenario/reader.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

TEST(PeersSchedules, OursViolatesNothingInThem) {
    const auto files = find_scenarios({"scenarios/client-go", "scenarios/electors"});
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_GE(files->size(), 37U);
    Runner runner;
    for (const std::string& path : *files) {
        auto scenario = read_scenario(path, {});
        ASSERT_TRUE(scenario) << scenario.error().to_string();
        scenario->electors = ElectorsSpec{};
        for (std::uint64_t seed = scenario->seeds.first; seed <= scenario->seeds.last; ++seed) {
            const check::RunResult run = runner.run(*scenario, seed);
            EXPECT_EQ(run.internal_error, "") << path << " seed " << seed;
            EXPECT_GT(run.leaderships, 0U) << path << " seed " << seed;
            for (const check::Verdict& verdict : run.verdicts)
                EXPECT_NE(verdict.status, check::Status::violated)
                    << path << " seed " << seed << ": " << verdict.id << ": " << verdict.what;
            for (const check::FaultResult& fault : run.faults)
                EXPECT_GT(fault.took_effect, 0U) << path << " seed " << seed << ": " << fault.what;
        }
    }
}

}  // namespace
}  // namespace leasehold::sim
