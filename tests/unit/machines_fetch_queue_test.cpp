// FetchQueue: what a follower has to GET, by urgency, each key once.
#include "model/storage/follower/fetch_queue.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class FetchQueueAlone : public testing::Test, public Alone {
  protected:
    FetchQueue fetches{config};

    /// A key that a LIST shows in a version which the file is not.
    KeyId changed(const std::string& name, const char* tag = "new") {
        const KeyId id = key(name);
        catalog.listed(id, {catalog.name(id), ETag{tag}, 1}, catalog.begin_list(), true);
        return id;
    }
    void want(KeyId id, Urgency urgency = Urgency::changed) {
        const Asker asker = urgency == Urgency::changed ? Asker::pass : Asker::reader;
        fetches.want(sight(), id, urgency, asker);
    }
    std::vector<SendBucket> go() {
        Desk at = desk();
        fetches.proceed(sight(), at);
        fetches.check(sight());
        return sent();
    }
    void answer(const SendBucket& get, const BucketReply& reply) {
        const auto [flight, found] = got(get, reply);
        Desk at = desk();
        fetches.step(sight(), std::get<Fetch>(flight.owner), found, at);
    }
};

TEST_F(FetchQueueAlone, EachKeyIsGotOnceAndAtMostAFewAtATime) {
    for (int i = 0; i < 10; ++i) {
        want(changed(std::to_string(i)));
        want(changed(std::to_string(i)));
    }
    EXPECT_EQ(go().size(), config.pass_gets_max);
    EXPECT_EQ(fetches.size(), 10U);
    EXPECT_EQ(go().size(), 0U);
}

TEST_F(FetchQueueAlone, WhatIsAwaitedGoesFirst) {
    for (int i = 0; i < 20; ++i)
        want(changed(std::to_string(i)));
    auto gets = go();
    want(changed("19"), Urgency::awaited);
    answer(gets.front(), version(7, 1));
    gets = go();
    ASSERT_EQ(gets.size(), 1U);
    EXPECT_EQ(gets.front().key.view(), "etl/19");
}

TEST_F(FetchQueueAlone, WhatIsUpToDateMeanwhileIsNotGot) {
    const KeyId a = changed("a");
    want(a);
    Desk at = desk();
    catalog.store(a, blob(1), FileTag{Epoch{7}, ETag{"new"}, false, true, 1}, at);
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(fetches.size(), 0U);
}

TEST_F(FetchQueueAlone, AKeyThatAQueryGetsWaitsForThatAndOthersPass) {
    const KeyId a = changed("a");
    const KeyId b = changed("b");
    Flight flight{QueryLook{CallId{1}, a}};
    flight.key = a;
    const RequestId query = requests.send(now, SendBucket{}, flight, out);
    sent();
    want(a);
    want(b);
    const auto gets = go();
    ASSERT_EQ(gets.size(), 1U);
    EXPECT_EQ(gets.front().key.view(), "etl/b");
    requests.take(query);
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(FetchQueueAlone, ARefusedVersionDoesNotKeepTheNextOneAway) {
    want(changed("a"));
    answer(go().at(0), failure(403));
    EXPECT_TRUE(go().empty());
    want(changed("a", "newer"));
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(FetchQueueAlone, AFailureCostsItsKeyABackOffAndNoOtherKeyAnything) {
    want(changed("a"));
    want(changed("b"));
    const auto gets = go();
    answer(gets[0], lost());
    answer(gets[1], version(7, 1));
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(fetches.next_deadline(sight()), now + 200ms);
    now += 200ms;
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(FetchQueueAlone, ARefusalIsAskedAgainAfterAPeriodAndAtLastOnceAnHour) {
    want(changed("a"));
    auto gets = go();
    Duration last{};
    for (int i = 0; i < 12; ++i) {
        answer(gets.at(0), failure(403));
        last = fetches.next_deadline(sight()) - now;
        if (i == 0) {
            EXPECT_EQ(last, 30s);
        }
        now = fetches.next_deadline(sight());
        gets = go();
    }
    EXPECT_EQ(last, 1h);
}

TEST_F(FetchQueueAlone, ATornVersionIsShunnedForReadersTooUntilTheKeyHasAnother) {
    const KeyId a = changed("a");
    want(a);
    const auto gets = go();
    BucketReply torn = version(7, 1);
    torn.content = std::make_shared<const ObjectBody>(
        ObjectBody{std::get<ObjectBodyPtr>(torn.content)->head, {}, blob(9)});
    answer(gets.at(0), torn);
    EXPECT_EQ(marked(MarkId::version_not_kept), 1);
    want(a, Urgency::awaited);
    EXPECT_TRUE(go().empty());
    changed("a", "newer");
    want(a);
    EXPECT_EQ(go().size(), 1U);
}

// The second pass of a process comes early: the first phase is drawn.
TEST_F(FetchQueueAlone, WhatCameDamagedIsGotAgainByAPassThatComesSoon) {
    const KeyId a = changed("a");
    BucketReply torn = version(7, 1);
    torn.content = std::make_shared<const ObjectBody>(
        ObjectBody{std::get<ObjectBodyPtr>(torn.content)->head, {}, blob(9)});
    want(a);
    answer(go().at(0), torn);
    now += 7s;
    want(a);
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(FetchQueueAlone, WhatCameDamagedIsGotAgainByTheVeryNextPassThreeTimesInARow) {
    const KeyId a = changed("a");
    BucketReply torn = version(7, 1);
    torn.content = std::make_shared<const ObjectBody>(
        ObjectBody{std::get<ObjectBodyPtr>(torn.content)->head, {}, blob(9)});
    for (int pass = 1; pass <= 4; ++pass) {
        want(a);
        const auto gets = go();
        ASSERT_EQ(gets.size(), 1U) << pass << ": it may have been damaged on its way alone";
        now += 300ms;  // the GET took so long, and the next pass comes a period after this one
        answer(gets.at(0), torn);
        now += 29700ms;
    }
    for (int pass = 5; pass < 12; ++pass, now += 30s) {
        want(a);
        EXPECT_TRUE(go().empty()) << pass << ": it lies damaged, and is got ever more rarely";
    }
    want(a);
    EXPECT_EQ(go().size(), 1U) << "and not a pass later than its back-off says";
}

TEST_F(FetchQueueAlone, WhatTheDiskCantTakeIsStillGotForAReader) {
    const KeyId a = changed("a");
    Desk at = desk();
    fetches.not_kept(sight(), NotKept{a, ETag{"new"}}, at);
    want(a);
    EXPECT_TRUE(go().empty());
    want(a, Urgency::awaited);
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(FetchQueueAlone, AVersionThatCantBeKeptIsGotEverMoreRarelyUpToOnceAnHour) {
    const KeyId a = changed("a");
    Desk at = desk();
    int gots = 0;
    for (Instant end = now + 24h; now < end; now += 30s) {
        want(a);
        for (const SendBucket& get : go()) {
            ++gots;
            land(get);
            fetches.step(sight(), Fetch{a}, Found{FoundKind::data, {}, {}, {}, {}, true, {}}, at);
            fetches.not_kept(sight(), NotKept{a, ETag{"new"}}, at);
        }
    }
    EXPECT_GT(gots, 20);
    EXPECT_LT(gots, 40) << "the first hour's doubling, then one an hour";
}

TEST_F(FetchQueueAlone, AVersionBelowWhatWasServedIsShunnedAndNotGotEachPass) {
    const KeyId a = changed("a");
    catalog.served(a, stamp(8, 1, blob(1)));
    want(a);
    answer(go().at(0), version(7, 5));
    for (int pass = 0; pass < 3; ++pass) {
        want(a);
        EXPECT_TRUE(go().empty()) << "pass " << pass;
    }
    EXPECT_EQ(marked(MarkId::version_not_kept), 1);
}

TEST_F(FetchQueueAlone, AKeyThatMovedOnMeanwhileIsGotAgain) {
    const KeyId a = changed("a");
    want(a);
    const auto gets = go();
    changed("a", "newer");
    answer(gets.at(0), version(7, 1));
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(FetchQueueAlone, OneThatStopsStartsNothingAndHasNoDeadline) {
    want(changed("a"));
    answer(go().at(0), lost());
    stopping = true;
    now += 10s;
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(fetches.next_deadline(sight()), kNever) << "a driver would spin";
}

TEST_F(FetchQueueAlone, ItsCheckFallsForAnObjectThatCouldBeGotAndIsNot) {
    want(changed("a"));
    EXPECT_THROW(fetches.check(sight()), CheckFailure);
}

TEST_F(FetchQueueAlone, AnAnswerForAKeyThatWasNotWantedIsABrokenBelief) {
    Desk at = desk();
    EXPECT_THROW(fetches.step(sight(), Fetch{key("a")}, Found{}, at), CheckFailure);
}

TEST_F(FetchQueueAlone, ItsCheckFallsForAPlaceWhoseRequestIsGone) {
    want(changed("a"));
    land(go().at(0));
    EXPECT_THROW(fetches.check(sight()), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
