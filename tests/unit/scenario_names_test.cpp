// Names of a scenario's kinds, and its range of seeds.
#include <gtest/gtest.h>

#include "sim/scenario/reader.hpp"

namespace leasehold::sim {
namespace {

TEST(ScenarioNames, SeedsAreStrict) {
    EXPECT_EQ(parse_seeds("7")->first, 7U);
    EXPECT_EQ(parse_seeds("7")->last, 7U);
    EXPECT_EQ(parse_seeds("3..9")->last, 9U);
    for (const char* text : {"9..3", "..3", "3..", "a..b", "1...3", "1-3", "0..10000000"})
        EXPECT_FALSE(parse_seeds(text)) << text;
}

TEST(ScenarioNames, NamesOfKindsFollowTheirEnumerations) {
    EXPECT_EQ(request_kind_name(RequestKind::get_lease), "getLease");
    EXPECT_EQ(request_kind_name(RequestKind::list_objects), "listObjects");
    EXPECT_EQ(fault_kind_name(FaultKind::crash), "crash");
    EXPECT_EQ(fault_kind_name(FaultKind::lose_answer), "loseAnswer");
    EXPECT_EQ(fault_kind_name(FaultKind::set_drift), "setDrift");
    EXPECT_EQ(replica_name(3), "replica-3");
}

}  // namespace
}  // namespace leasehold::sim
