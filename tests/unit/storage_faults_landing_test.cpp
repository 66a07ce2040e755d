// What a leader that was proven dead had sent may land until its lease is over, whoever leads then.
#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageLanding : public testing::Test {
  protected:
    FakeBucket store;
    Rig leader{store};
    Instant landed{};  ///< what the dead leader had sent

    /// Leads a store that ignores conditions, by the proof that its leader has ended.
    void lead_by_proof() {
        store.ignores_conditions = true;
        leader.start();
        landed = leader.now() + 14s;
        leader.lead(7, 14s);
        leader.advance(1s);
    }
};

TEST_F(StorageLanding, AStopHoldsTheLeaseUntilWhatADeadLeaderHadSentCanLandNoMore) {
    lead_by_proof();
    leader.step(Stop{leader.now() + 5min});
    EXPECT_FALSE(leader.machine.drained()) << "whoever takes a released Lease waits for nothing";
    EXPECT_LE(leader.machine.next_deadline(), landed) << "no answer will wake it";
    leader.advance(12900ms);
    EXPECT_FALSE(leader.machine.drained());
    leader.advance(100ms);
    EXPECT_TRUE(leader.machine.drained());
}

TEST_F(StorageLanding, SoDoesADeposedLeaderThatStopsAfterIt) {
    lead_by_proof();
    leader.follow();
    EXPECT_EQ(leader.machine.landing_until(Now{leader.now(), {}}), landed);
}

// Two errors in its first second, and nothing that could get on for a minute: by rule.
TEST_F(StorageLanding, WhatWaitsForALandingIsNoBadBucket) {
    store.ignores_conditions = true;
    leader.start();
    leader.error = [left = 2](const SendBucket& r) mutable {
        const bool errs = r.key == ObjectKey{".ha/epoch"} && left > 0;
        if (errs) --left;
        return errs ? std::optional{FakeBucket::failure(503)} : std::nullopt;
    };
    leader.lead(7, 59s);
    leader.write(key("a"), blob(1));
    leader.advance(58s);
    EXPECT_EQ(leader.marked(MarkId::epoch_claimed), 0);
    leader.advance(3s);
    EXPECT_EQ(leader.give_ups, 0);
    EXPECT_EQ(leader.marked(MarkId::epoch_claimed), 1);
}

// A bucket that nobody can write when the wait is over is given its patience, and no more.
TEST_F(StorageLanding, AClaimThatFailsAfterItsWaitMakesTheLeaderGiveWay) {
    store.ignores_conditions = true;
    leader.start();
    leader.lead(7, 59s);
    leader.advance(50s);
    leader.error = [](const SendBucket&) { return std::optional{FakeBucket::failure(503)}; };
    leader.advance(23s);
    EXPECT_EQ(leader.give_ups, 0);
    leader.advance(3s);
    EXPECT_EQ(leader.give_ups, 1);
}

// Found by a campaign: an operator emptied the Lease, its leader took it back at once, and its
// first claim landed over the second.
TEST_F(StorageLanding, AClaimWaitsForWhatTheLastLeadershipOfItsProcessHadInFlight) {
    for (const bool ignores : {true, false}) {
        FakeBucket kind;
        kind.ignores_conditions = ignores;
        Rig again{kind};
        again.start();
        again.fate = [](const SendBucket& r) {
            return r.verb == BucketVerb::put && r.key == ObjectKey{".ha/epoch"} ? Fate::hold
                                                                                : Fate::answer;
        };
        again.lead(7);
        const Instant valid = again.now() + again.validity;
        again.advance(1s);
        ASSERT_EQ(again.count(BucketVerb::put, ObjectKey{".ha/epoch"}), 1);
        again.fate = [](const SendBucket&) { return Fate::answer; };
        again.follow();
        again.lead(9);
        again.advance(5s);
        EXPECT_EQ(again.count(BucketVerb::put, ObjectKey{".ha/epoch"}), ignores ? 1 : 2);
        again.advance(valid - again.now());
        again.advance(1s);
        EXPECT_EQ(again.count(BucketVerb::put, ObjectKey{".ha/epoch"}), 2);
        EXPECT_EQ(again.marked(MarkId::epoch_claimed), 1);
    }
}

// Else each of a row of them would wait for the one before it, and none write.
TEST_F(StorageLanding, AClaimWaitsForNothingThatAnEarlierLeadershipLeft) {
    store.ignores_conditions = true;
    leader.start();
    leader.fate = [seen = false](const SendBucket& r) mutable {
        const bool claim = r.verb == BucketVerb::put && r.key == ObjectKey{".ha/epoch"};
        return claim && !std::exchange(seen, true) ? Fate::late : Fate::answer;
    };
    leader.lead(7);
    leader.follow();
    leader.advance(10ms);
    leader.lead(9);
    leader.advance(16s);
    ASSERT_EQ(leader.marked(MarkId::epoch_claimed), 1) << "once the first one's cannot land";
    leader.follow();
    leader.lead(11);
    leader.advance(4s);
    EXPECT_EQ(leader.marked(MarkId::epoch_claimed), 2);
}

TEST_F(StorageLanding, AStopWaitsForNothingThatAnAtomicStoreFences) {
    leader.start();
    leader.lead(7, 14s);
    leader.advance(5s);
    leader.step(Stop{leader.now() + 5min});
    EXPECT_TRUE(leader.machine.drained());
}

}  // namespace
}  // namespace leasehold::rig
