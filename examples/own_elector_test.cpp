// An elector of one's own through faults: what it survives, and what it does not.
#include "own_elector.hpp"

#include <gtest/gtest.h>

#include "sim/testing/world_test.hpp"

namespace examples {
namespace {

using namespace leasehold::testing;

class OwnElector : public WorldTest {
  protected:
    OwnElector() {
        world.host([](const PeerStart& start) { return PatientElector(start.identity); });
        world.seeds(1, 20).clocks(20s, 1000);
    }
};

TEST_F(OwnElector, ReplacesALeaderThatCrashes) {
    world.fault(at(60s).crash("leader").lasting(40s));
    const Played played = play();
    EXPECT_EQ(played.summary.failover.count, 20U);
    EXPECT_LT(played.summary.failover.max, 20s);
}

TEST_F(OwnElector, NeverLeadsTwiceThroughAPauseAndAPartition) {
    world.fault(between(50s, 70s).pause("leader").lasting(30s));
    world.fault(at(120s).cut("leader").from({"api"}).lasting(30s));
    world.fault(every(13s, 20s).lose_answer({"updateLease"}).of("leader"));
    play();
}

TEST_F(OwnElector, IsDescribedByAScenariosTextToo) {
    world.scenario_text(R"(
scenario: late-answers
why: a renewal that is applied late must not extend what its sender believes
duration: 3m
seeds: 1..10
values:
  kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}
  kubecostModel: {etlBucketConfigSecret: kubecost-bucket-secret}
workload: none
faults:
  - {every: 20s, first: 50s, applyLate: [updateLease], of: leader, by: 9s}
)");
    play();
}

// A limit of this elector, found by the invariants: whoever finds no Lease makes one and leads at
// once, while the old leader still believes in the one that was deleted.
TEST_F(OwnElector, LeadsTwiceWhereAnOperatorDeletesTheLease) {
    world.fault(between(60s, 62s).delete_lease());
    const Played played = world.play();  // and not play(): it is expected to fail
    EXPECT_EQ(played.summary.outcome, Outcome::safety);
    EXPECT_NE(played.failure.find("leader.at-most-one"), std::string::npos) << played.failure;
    EXPECT_GE(played.files.size(), 3U);  // the run, its least scenario, that one's run; pages
}

}  // namespace
}  // namespace examples
