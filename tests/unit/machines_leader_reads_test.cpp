// LeaderReads: each answered by a GET that left after it came.
#include "model/storage/leader/leader_reads.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class LeaderReadsAlone : public testing::Test, public Alone {
  protected:
    LeaderReads leads{config};
    KeyId a = key("a");

    CallId add(KeyId of) {
        const CallId id = call(CallKind::read, of);
        leads.add(id, of);
        return id;
    }
    std::vector<SendBucket> go() {
        Desk at = desk();
        leads.proceed(sight(), at);
        leads.check(sight());
        return sent();
    }
    void answer(const SendBucket& get, const BucketReply& reply) {
        const auto [flight, found] = got(get, reply);
        Desk at = desk();
        leads.step(sight(), std::get<LeaderRead>(flight.owner), found, at);
    }
};

TEST_F(LeaderReadsAlone, ThoseWhoWaitWhenTheGetLeavesRideOnItAndLaterOnesDoNot) {
    const CallId first = add(a);
    const CallId second = add(a);
    const auto gets = go();
    ASSERT_EQ(gets.size(), 1U);
    const CallId later = add(a);
    EXPECT_TRUE(go().empty()) << "one GET of a key at a time";
    answer(gets[0], version(7, 1));
    auto done = reads();
    ASSERT_EQ(done.size(), 2U);
    EXPECT_EQ(done[0].call, first);
    EXPECT_EQ(done[1].call, second);
    answer(go().at(0), version(7, 2));
    done = reads();
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].call, later);
    EXPECT_EQ(done[0].payload, blob(2));
}

TEST_F(LeaderReadsAlone, KeysAreGotInTheOrderInWhichTheyWereAskedForAFewAtATime) {
    config.leader_reads_max = 2;
    leads = LeaderReads(config);
    for (const char* name : {"c", "b", "a"})
        add(key(name));
    const auto gets = go();
    ASSERT_EQ(gets.size(), 2U);
    EXPECT_EQ(gets[0].key.view(), "etl/c");
    EXPECT_EQ(gets[1].key.view(), "etl/b");
    answer(gets[1], missing());
    EXPECT_EQ(go().at(0).key.view(), "etl/a");
}

TEST_F(LeaderReadsAlone, EachAnswerHasItsOutcome) {
    BucketReply torn = version(7, 1);
    torn.content = std::make_shared<const ObjectBody>(
        ObjectBody{std::get<ObjectBodyPtr>(torn.content)->head, {}, blob(9)});
    const std::pair<BucketReply, ReadOutcome> rows[] = {
        {version(7, 1), ReadOutcome::data},
        {missing(), ReadOutcome::not_found},
        {object(tombstone(7, 2)), ReadOutcome::not_found},
        {torn, ReadOutcome::corrupt},
        {failure(403), ReadOutcome::failed},
    };
    for (const auto& [reply, outcome] : rows) {
        add(a);
        answer(go().at(0), reply);
        const auto done = reads();
        ASSERT_EQ(done.size(), 1U);
        EXPECT_EQ(done[0].outcome, outcome);
    }
    EXPECT_EQ(leads.next_deadline(), kNever);
}

TEST_F(LeaderReadsAlone, WhatTaughtNothingIsTriedAgainAFewTimesAndThenFails) {
    add(a);
    int gets = 0;
    for (; gets < 10; ++gets) {
        const auto get = go();
        if (get.empty()) break;
        answer(get.at(0), lost());
        if (leads.next_deadline() != kNever) now = leads.next_deadline();
    }
    EXPECT_EQ(gets, 4);
    EXPECT_EQ(reads().at(0).outcome, ReadOutcome::failed);
    EXPECT_FALSE(leads.waiting(a));
}

TEST_F(LeaderReadsAlone, AnOlderVersionThanWasServedIsNoAnswer) {
    catalog.served(a, stamp(7, 9, blob(9)));
    add(a);
    answer(go().at(0), version(7, 2));
    EXPECT_TRUE(reads().empty());
    EXPECT_TRUE(told<Served>().empty());
    EXPECT_GT(leads.next_deadline(), now);
}

TEST_F(LeaderReadsAlone, OnlyDataIsAPromise) {
    // A reader that was told of an absence was given no version that could be gone back from.
    for (const BucketReply& reply : {object(tombstone(7, 3)), missing(), lost()}) {
        add(a);
        answer(go().at(0), reply);
        EXPECT_TRUE(told<Served>().empty());
        now += 1min;
    }
    answer(go().at(0), version(7, 5));
    EXPECT_EQ(told<Served>().size(), 1U);
}

TEST_F(LeaderReadsAlone, AnAbsenceThatTheKeyHasOvertakenIsAskedForAgainAtOnce) {
    add(a);
    const auto get = go();
    shows(a, version(7, 1));  // a write of ours
    answer(get.at(0), missing());
    EXPECT_TRUE(reads().empty());
    answer(go().at(0), version(7, 1));
    EXPECT_EQ(reads().at(0).outcome, ReadOutcome::data);
}

TEST_F(LeaderReadsAlone, AKeyThatIsWrittenAllTheTimeIsReadableToo) {
    add(a);
    int gets = 0;
    for (; gets < 10 && leads.waiting(a); ++gets) {
        const auto get = go();
        shows(a, object(tombstone(7, 100 + static_cast<std::uint64_t>(gets))));
        answer(get.at(0), missing());
    }
    EXPECT_EQ(gets, 4);
    EXPECT_EQ(reads().size(), 1U);
}

TEST_F(LeaderReadsAlone, ACallThatLeavesTakesItsTurnAndBackOffWithIt) {
    const CallId queued = add(a);
    leads.detach(queued, a);
    EXPECT_TRUE(go().empty());
    EXPECT_FALSE(leads.waiting(a));
    const CallId failing = add(a);
    answer(go().at(0), lost());
    leads.detach(failing, a);
    EXPECT_EQ(leads.next_deadline(), kNever);
}

TEST_F(LeaderReadsAlone, TheFlightOfCallersThatLeftGoesOnAndTheNextCallerWaitsForIt) {
    const CallId first = add(a);
    const auto get = go();
    leads.detach(first, a);
    add(a);
    EXPECT_TRUE(go().empty());
    answer(get.at(0), version(7, 1));
    EXPECT_TRUE(reads().empty()) << "it left before the call came";
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(LeaderReadsAlone, TheEndOfALeadershipHandsOverWhoWaitsAndWhoRides) {
    const CallId rider = add(a);
    const auto get = go();
    const CallId later = add(a);
    const auto open = leads.release();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].flight, get.at(0).request);
    EXPECT_EQ(open[0].riders, std::set<CallId>{rider});
    EXPECT_EQ(open[0].calls, (std::set<CallId>{rider, later}));
    requests.abandon(open[0].flight, out);
    EXPECT_TRUE(go().empty());
    EXPECT_FALSE(leads.waiting(a));
}

TEST_F(LeaderReadsAlone, ItsCheckFallsForAReadThatCouldBeSentAndIsNot) {
    add(a);
    EXPECT_THROW(leads.check(sight()), CheckFailure);
}

TEST_F(LeaderReadsAlone, ItsCheckFallsForABackOffThatHasEnded) {
    add(a);
    answer(go().at(0), lost());
    now = leads.next_deadline();
    EXPECT_THROW(leads.check(sight()), CheckFailure);
}

TEST_F(LeaderReadsAlone, AnAnswerForAKeyThatNobodyReadsIsABrokenBelief) {
    Desk at = desk();
    EXPECT_THROW(leads.step(sight(), LeaderRead{a}, Found{}, at), CheckFailure);
}

TEST_F(LeaderReadsAlone, ItsCheckFallsForAPlaceWhoseRequestIsGone) {
    add(a);
    land(go().at(0));
    EXPECT_THROW(leads.check(sight()), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
