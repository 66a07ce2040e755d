// BucketHealth and Patience: does what waits to be written get on?
#include "model/storage/leader/bucket_health.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class BucketHealthAlone : public testing::Test, public Alone {
  protected:
    BucketHealth health;
    Patience patience;
    bool waits = true;
    bool claimed = true;

    std::vector<SendBucket> go() {
        tenure.valid_until = now + 15s;
        Desk at = desk();
        health.proceed(sight(), waits, claimed, patience, at);
        EXPECT_GT(health.next_deadline(), now) << "a driver would spin";
        health.check(sight());
        return sent();
    }
    void fail(Duration ago = 0s) { health.failed(sight(), TryFailed{now - ago}); }
    void confirm() {
        fail();
        now += 1s;
        fail();
    }
    void answer(const SendBucket& put, const BucketReply& reply) {
        const Flight flight = land(put);
        Desk at = desk();
        health.step(sight(), HealthPut{}, flight, classify(BucketVerb::put, reply), at);
    }
    bool gave_up() { return !told<GiveUp>().empty(); }
};

TEST_F(BucketHealthAlone, WithoutTroubleThereIsNothingToDo) {
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(health.next_deadline(), kNever);
}

TEST_F(BucketHealthAlone, OneFailureProvesNothingNorDoOnesThatLeftBeforeItWasKnown) {
    go();
    fail();
    now += 1s;
    fail(1500ms);
    go();
    EXPECT_EQ(health.next_deadline(), kNever);
    fail();
    go();
    EXPECT_NE(health.next_deadline(), kNever);
}

TEST_F(BucketHealthAlone, AfterHalfThePatienceASmallPutAsksAndAfterAllOfItALeaderGivesWay) {
    go();
    confirm();
    go();
    const Instant half = health.next_deadline();
    EXPECT_EQ(half, now - 1s + 7500ms);
    now = half;
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.key, probe_key(config));
    answer(put, lost());
    EXPECT_TRUE(go().empty()) << "asked once";
    EXPECT_FALSE(gave_up());
    now = health.next_deadline();
    EXPECT_EQ(now, half + 7500ms);
    go();
    EXPECT_TRUE(gave_up());
    EXPECT_EQ(marked(MarkId::bucket_unusable), 1);
}

TEST_F(BucketHealthAlone, ABucketThatTakesTheSmallPutIsNotBroken) {
    go();
    confirm();
    go();
    now = health.next_deadline();
    answer(go().at(0), written("e"));
    EXPECT_EQ(marked(MarkId::key_refused), 1);
    go();
    EXPECT_EQ(health.next_deadline(), kNever);
    EXPECT_FALSE(gave_up());
}

TEST_F(BucketHealthAlone, AnythingThatIsStoredEndsTheTrouble) {
    go();
    confirm();
    health.got_on();
    now += 1h;
    go();
    EXPECT_FALSE(gave_up());
}

TEST_F(BucketHealthAlone, TimeWithoutWorkDoesNotCount) {
    confirm();
    waits = false;
    go();
    now += 1h;
    waits = true;
    go();
    EXPECT_FALSE(gave_up());
    now += 14s;
    go();
    EXPECT_FALSE(gave_up());
    now += 1s;
    go();
    EXPECT_TRUE(gave_up());
}

TEST_F(BucketHealthAlone, WhatWritesThatEndedUnstoredHadWaitedCountsTogether) {
    const auto go_on = [&] {
        if (const auto asked = go(); !asked.empty()) answer(asked.at(0), lost());
        go();
    };
    for (const Duration quiet : {Duration(1ms), Duration(1h)}) {
        health = {};
        told<GiveUp>();
        for (int write = 0; write < 2; ++write) {
            waits = true;
            go_on();
            confirm();
            go_on();
            now += 6s;
            go_on();
            waits = false;
            go();
            EXPECT_FALSE(gave_up());
            now += quiet;
        }
        waits = true;
        go_on();
        EXPECT_FALSE(gave_up());
        now += 1s;
        go_on();
        EXPECT_TRUE(gave_up()) << "7 s, 7 s, and the last of 15";
    }
}

TEST_F(BucketHealthAlone, WhatIsStoredEndsWhatEarlierWritesHadWaited) {
    go();
    confirm();
    now += 10s;
    waits = false;
    go();
    health.got_on();
    waits = true;
    go();
    confirm();
    now += 12s;
    go();
    EXPECT_FALSE(gave_up());
}

TEST_F(BucketHealthAlone, WhatWasAskedYesterdayIsAskedAnewBeforeTheLeaderGivesWay) {
    go();
    confirm();
    go();
    now = health.next_deadline();
    answer(go().at(0), lost());
    now += 7s;
    waits = false;
    go();
    now += 24h;
    waits = true;
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.key, probe_key(config));
    now += 2s;
    EXPECT_TRUE(go().empty());
    EXPECT_FALSE(gave_up()) << "the question is open";
    answer(put, written("e"));
    fail();
    go();
    EXPECT_FALSE(gave_up()) << "one bad key, in a bucket that is well again";
}

TEST_F(BucketHealthAlone, BeforeTheClaimNothingIsAsked) {
    claimed = false;
    epoch.reset();
    go();
    confirm();
    now += 10s;
    EXPECT_TRUE(go().empty());
    now += 5s;
    go();
    EXPECT_TRUE(gave_up());
}

TEST_F(BucketHealthAlone, ASmallPutThatMayNotLeaveIsAskedForLater) {
    go();
    confirm();
    go();
    now = health.next_deadline();
    tenure.valid_until = now;
    Desk at = desk();
    health.proceed(sight(), true, true, patience, at);
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(health.next_deadline(), now + config.retry_min);
}

TEST_F(BucketHealthAlone, WhoStopsOrIsAloneDoesNotGiveWay) {
    confirm();
    stopping = true;
    go();
    now += 1h;
    go();
    EXPECT_FALSE(gave_up());
    stopping = false;
    config.ha = false;
    go();
    now += 1h;
    go();
    EXPECT_FALSE(gave_up());
}

TEST_F(BucketHealthAlone, ItsCheckFallsForTroubleThatNothingEnds) {
    go();
    confirm();
    EXPECT_THROW(health.check(sight()), CheckFailure);
    go();
    EXPECT_NO_THROW(health.check(sight()));
    now = health.next_deadline();
    EXPECT_THROW(health.check(sight()), CheckFailure) << "due, and not done";
    stopping = true;
    EXPECT_NO_THROW(health.check(sight())) << "one that stops gives way anyhow";
}

TEST_F(BucketHealthAlone, ItsCheckFallsForASmallPutWhoseFlightIsGone) {
    go();
    confirm();
    go();
    now = health.next_deadline();
    land(go().at(0));
    EXPECT_THROW(health.check(sight()), CheckFailure);
}

TEST(PatienceAlone, DoublesWithEachLeadershipGivenUpToTenMinutesUntilSomebodyWrites) {
    const StorageConfig config;
    Patience patience;
    for (const Duration span : {Duration(15s), Duration(30s), Duration(60s), Duration(120s),
                                Duration(240s), Duration(480s), Duration(600s), Duration(600s)}) {
        EXPECT_EQ(patience.span(config), span);
        patience.gave_up();
    }
    patience.somebody_wrote();
    EXPECT_EQ(patience.span(config), 15s);
}

TEST(PatienceAlone, IsNeverShorterThanALease) {
    StorageConfig config;
    config.lease_duration = 20min;
    Patience patience;
    patience.gave_up();
    EXPECT_EQ(patience.span(config), 20min);
}

}  // namespace
}  // namespace leasehold::storage
