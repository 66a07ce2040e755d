// Poller: a follower LISTs by the clock; passes never overlap.
#include "model/storage/follower/poller.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class PollerAlone : public testing::Test, public Alone {
  protected:
    PollerAlone() { catalog.begin_index(nullptr); }
    Poller poller{sight(), 9'999'999'999};  // a phase of ten seconds

    void go() {
        Desk at = desk();
        poller.proceed(
            sight(), [this] { return catalog.begin_list(); }, at);
        poller.check(sight());
    }
    Poller::Paged answer(const SendBucket& list, const BucketReply& reply) {
        land(list);
        Desk at = desk();
        return poller.step(sight(), PollPage{}, classify(BucketVerb::list, reply), reply, at);
    }
    static ListEntry entry(const char* name) { return {ObjectKey{name}, ETag{"e"}, 1}; }
};

TEST_F(PollerAlone, TheFirstPassWaitsForTheFileIndexAndThenComesAtOnce) {
    Alone fresh;
    Poller other(fresh.sight(), 1);
    Desk at = fresh.desk();
    const auto number = [&fresh] { return fresh.catalog.begin_list(); };
    other.proceed(fresh.sight(), number, at);
    EXPECT_TRUE(fresh.sent().empty());
    fresh.catalog.begin_index(nullptr);
    other.proceed(fresh.sight(), number, at);
    EXPECT_EQ(fresh.sent_one().verb, BucketVerb::list);
}

TEST_F(PollerAlone, TheSecondPassComesAfterThePhaseAndThenOneEachPeriod) {
    go();
    answer(sent_one(), page({}));
    EXPECT_EQ(poller.next_deadline(sight()), now + 10s);
    now += 10s;
    go();
    answer(sent_one(), page({}));
    EXPECT_EQ(poller.next_deadline(sight()), now + 30s);
    now += 30s;
    go();
    EXPECT_TRUE(poller.busy());
}

TEST_F(PollerAlone, ATickDuringAPassIsSkippedAndMarked) {
    go();
    now += 10s;
    go();
    EXPECT_EQ(sent().size(), 1U);
    EXPECT_EQ(marked(MarkId::poll_tick_skipped), 1);
    EXPECT_GT(poller.next_deadline(sight()), now);
}

TEST_F(PollerAlone, TicksThatWereSleptThroughAreNotMadeUpFor) {
    go();
    answer(sent_one(), page({}));
    now += 1h;
    go();
    EXPECT_EQ(sent().size(), 1U);
    EXPECT_GT(poller.next_deadline(sight()), now);
}

TEST_F(PollerAlone, APassGoesOnAfterTheLastKeyUntilAPageIsNotTruncated) {
    go();
    const auto first = answer(sent_one(), page({entry("a"), entry("b")}, true));
    EXPECT_FALSE(first.complete);
    EXPECT_EQ(poller.valid_from(), 1U) << "what this pass shows counts from its first page on";
    go();
    const SendBucket next = sent_one();
    EXPECT_EQ(next.key.view(), "b");
    EXPECT_TRUE(answer(next, page({entry("c")})).complete);
    EXPECT_FALSE(poller.busy());
    EXPECT_EQ(marked(MarkId::pass_completed), 1);
}

TEST_F(PollerAlone, AStoreThatPromisesMoreAndShowsNoneEndsThePass) {
    go();
    answer(sent_one(), page({entry("b")}, true));
    go();
    EXPECT_FALSE(answer(sent_one(), page({entry("b")}, true)).complete);
    EXPECT_FALSE(poller.busy());
    EXPECT_EQ(marked(MarkId::pass_failed), 1);
}

TEST_F(PollerAlone, AFailedPageIsAskedForAgainAfterABackOff) {
    go();
    answer(sent_one(), lost());
    go();
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(poller.next_deadline(sight()), now + 200ms);
    now += 200ms;
    go();
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(PollerAlone, APassFailsForADenialForTooManyErrorsAndBeyondItsPeriod) {
    go();
    answer(sent_one(), failure(403));
    EXPECT_FALSE(poller.busy());
    now += 10s;
    for (int tries = 0; tries < 20; ++tries) {
        go();
        const auto list = sent();
        if (list.empty()) break;
        answer(list.front(), lost());
        if (!poller.busy()) break;
        now = poller.next_deadline(sight());
    }
    EXPECT_FALSE(poller.busy());
    EXPECT_EQ(marked(MarkId::pass_failed), 2);
}

TEST_F(PollerAlone, ARetryAfterBeyondThePeriodEndsThePassAndNotThePolling) {
    config.retry_max = 1h;
    go();
    answer(sent_one(), failure(503, BucketCode::slow_down, 24h));
    EXPECT_FALSE(poller.busy());
    EXPECT_EQ(poller.next_deadline(sight()), now + 10s);
}

TEST_F(PollerAlone, OneThatStopsHasNoDeadlineThatWouldNotMoveIt) {
    go();
    answer(sent_one(), lost());
    stopping = true;
    for (int i = 0; i < 3; ++i) {
        if (poller.next_deadline(sight()) == kNever) break;
        now = poller.next_deadline(sight());
        go();
        EXPECT_GT(poller.next_deadline(sight()), now) << "a driver would spin";
    }
    EXPECT_TRUE(sent().empty());
}

TEST_F(PollerAlone, APageThatNoPassAskedForIsABrokenBelief) {
    const BucketReply reply = page({});
    Desk at = desk();
    EXPECT_THROW(poller.step(sight(), PollPage{}, BucketOutcome::page, reply, at), CheckFailure);
}

TEST_F(PollerAlone, ItsCheckFallsForAPassThatCouldGoOnAndStandsStill) {
    go();
    answer(sent_one(), lost());
    now += 200ms;  // and nobody lets it proceed
    EXPECT_THROW(poller.check(sight()), CheckFailure);
}

TEST_F(PollerAlone, ItsCheckFallsForAPageThatIsNotInFlight) {
    go();
    land(sent_one());
    EXPECT_THROW(poller.check(sight()), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
