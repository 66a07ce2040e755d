// Backup reads, polling and queries of the RWStorageController.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageReads : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};
};

TEST_F(StorageReads, AFollowerNeverAnswersNotFoundAndDeliversWhatALaterPassBrings) {
    rig.start();
    const CallId call = rig.read(key("a"));
    rig.advance(70s);
    EXPECT_TRUE(rig.reads.empty());
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.advance(31s);
    ASSERT_TRUE(rig.reads.contains(call));
    EXPECT_EQ(rig.reads.at(call).outcome, ReadOutcome::data);
    EXPECT_EQ(rig.reads.at(call).epoch, Epoch{3});
    EXPECT_EQ(rig.reads.at(call).payload, blob(1));
    EXPECT_EQ(rig.reads.at(call).etag, bucket.objects.at(key("a")).etag);
}

TEST_F(StorageReads, TheFirstPassRunsAtOnceAndServesAColdFollower) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.hold(BucketVerb::list);
    rig.start();
    const CallId call = rig.read(key("a"));
    EXPECT_TRUE(rig.reads.empty());
    rig.release(BucketVerb::list, {});
    EXPECT_EQ(rig.reads.at(call).outcome, ReadOutcome::data);
}

TEST_F(StorageReads, AReadWaitsForAnotherVersionThanItsCallerKnows) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    const ETag first = bucket.objects.at(key("a")).etag;
    const CallId call = rig.read(key("a"), first);
    rig.advance(65s);
    EXPECT_TRUE(rig.reads.empty());
    bucket.put_fenced(key("a"), blob(2), 3);
    rig.advance(31s);
    EXPECT_EQ(rig.reads.at(call).payload, blob(2));
}

TEST_F(StorageReads, ACopyOfTheNewestPassIsServedFromTheLocalStoreWithoutAGet) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    ASSERT_EQ(rig.count(BucketVerb::get), 1);
    const CallId call = rig.read(key("a"));
    EXPECT_EQ(rig.reads.at(call).payload, blob(1));
    EXPECT_EQ(rig.count(BucketVerb::get), 1);
}

TEST_F(StorageReads, ACopyThatNoPassHasConfirmedIsNotServedToAParkedRead) {
    bucket.put_fenced(key("a"), blob(2), 4);
    rig.seed_file(key("a"), blob(1), FileTag{Epoch{3}, ETag{"old"}, false, true});
    rig.hold(BucketVerb::list);
    rig.start();
    const CallId call = rig.read(key("a"));
    EXPECT_TRUE(rig.reads.empty());
    rig.release(BucketVerb::list, {});
    EXPECT_EQ(rig.reads.at(call).payload, blob(2));
}

TEST_F(StorageReads, AnUnchangedFileOfAnEarlierProcessIsNotFetchedAgain) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.seed_file(key("a"), blob(1),
                  FileTag{Epoch{3}, bucket.objects.at(key("a")).etag, false, true});
    rig.start();
    const CallId call = rig.read(key("a"));
    EXPECT_EQ(rig.reads.at(call).payload, blob(1));
    EXPECT_EQ(rig.count(BucketVerb::get), 0);
}

TEST_F(StorageReads, ATombstoneIsAbsenceToAFollowerAndRemovesItsCopy) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    ASSERT_TRUE(rig.files.contains(key("a")));
    const CallId call = rig.read(key("a"), bucket.objects.at(key("a")).etag);
    bucket.put_tombstone(key("a"), 3);
    rig.advance(100s);
    EXPECT_FALSE(rig.reads.contains(call));
    EXPECT_FALSE(rig.files.contains(key("a")));
    EXPECT_EQ(rig.marked(MarkId::tombstone_seen), 1) << "an examined tombstone is not got again";
}

TEST_F(StorageReads, ADeadlineEndsAReadExactlyThen) {
    rig.start();
    const CallId call = rig.read(key("a"), {}, 12s);
    rig.advance(11999ms);
    EXPECT_TRUE(rig.reads.empty());
    rig.advance(1ms);
    EXPECT_EQ(rig.reads.at(call).outcome, ReadOutcome::deadline);
}

TEST_F(StorageReads, ACancelDetachesOnlyItsOwnCaller) {
    rig.start();
    const CallId first = rig.read(key("a"));
    const CallId second = rig.read(key("a"));
    rig.step(Cancel{first});
    EXPECT_EQ(rig.reads.at(first).outcome, ReadOutcome::cancelled);
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.advance(31s);
    EXPECT_EQ(rig.reads.at(second).outcome, ReadOutcome::data);
}

TEST_F(StorageReads, ACancelOfTheLastCallerDoesNotKillTheFlight) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.hold(BucketVerb::get);
    rig.start();
    const CallId call = rig.read(key("a"));
    rig.step(Cancel{call});
    EXPECT_TRUE(rig.aborted.empty());
    rig.release(BucketVerb::get, key("a"));
    EXPECT_TRUE(rig.files.contains(key("a")));
}

TEST_F(StorageReads, ACorruptObjectKeepsFollowersWaitingAndIsAnErrorToALeader) {
    ObjectBody torn{encode_header(Stamp{Epoch{3}, 1, 1, 500, {1, 1}, false}), {}, blob(1)};
    bucket.put(key("a"), torn);
    rig.start();
    const CallId waiting = rig.read(key("a"));
    EXPECT_TRUE(rig.reads.empty());
    EXPECT_GE(rig.marked(MarkId::object_corrupt), 1);
    rig.lead(7);
    EXPECT_EQ(rig.reads.at(waiting).outcome, ReadOutcome::corrupt);
}

TEST_F(StorageReads, PassesComeEachPeriodOnAGridWithAPhaseOfTheIdentity) {
    rig.start();
    EXPECT_EQ(rig.count_lists(), 1);
    rig.advance(30s);
    EXPECT_EQ(rig.count_lists(), 2);
    rig.advance(300s);
    EXPECT_EQ(rig.count_lists(), 12);
    StorageConfig other = Rig::default_config();
    other.identity = "replica-1_b";
    Rig second(bucket, other);
    second.start();
    Rig third(bucket);
    third.start();
    EXPECT_NE(second.machine.next_deadline(), third.machine.next_deadline());
    EXPECT_GT(second.machine.next_deadline(), second.now());
    EXPECT_LE(second.machine.next_deadline(), second.now() + 30s);
}

TEST_F(StorageReads, ATickThatFindsAPassRunningIsSkippedAndDoesNotCancelIt) {
    rig.hold(BucketVerb::list);
    rig.start();
    rig.advance(65s);
    EXPECT_EQ(rig.count_lists(), 1);
    EXPECT_GE(rig.marked(MarkId::poll_tick_skipped), 2);
    EXPECT_TRUE(rig.aborted.empty());
    rig.release(BucketVerb::list, {});
    EXPECT_EQ(rig.marked(MarkId::pass_completed), 1);
}

TEST_F(StorageReads, AFirstPassThatOutlastsThePhaseGivesThePhaseUp) {
    rig.hold(BucketVerb::list);
    rig.start();
    const Instant began = rig.now();
    const Instant phase = rig.machine.next_deadline();
    ASSERT_LT(phase, began + 30s);
    rig.advance(phase - began + 1ms);
    EXPECT_EQ(rig.marked(MarkId::poll_tick_skipped), 1);
    rig.release(BucketVerb::list, {});
    EXPECT_EQ(rig.machine.next_deadline(), began + 30s) << "not a phase and a period later";
}

TEST_F(StorageReads, TicksMissedInAPauseAreNotMadeUpFor) {
    rig.start();
    rig.advance(60s);
    const int before = rig.count_lists();
    rig.jump(10min);
    rig.step(Timer{});
    EXPECT_EQ(rig.count_lists(), before + 1);
    EXPECT_GT(rig.machine.next_deadline(), rig.now());
}

TEST_F(StorageReads, AFailedPassKeepsTheIndexAndTheWaiters) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    const CallId call = rig.read(key("b"));
    rig.fate = [](const SendBucket&) { return Fate::lose_request; };
    rig.advance(95s);
    EXPECT_GE(rig.marked(MarkId::pass_failed), 2);
    EXPECT_TRUE(rig.files.contains(key("a")));
    rig.answer_all();
    bucket.put_fenced(key("b"), blob(2), 3);
    rig.advance(31s);
    EXPECT_EQ(rig.reads.at(call).payload, blob(2));
}

TEST_F(StorageReads, AKeyIsDroppedAfterOneConfirmingPass) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    rig.advance(30s);
    bucket.objects.erase(key("a"));
    rig.advance(30s);
    EXPECT_TRUE(rig.files.contains(key("a"))) << "one pass may be wrong";
    rig.advance(30s);
    EXPECT_FALSE(rig.files.contains(key("a")));
}

TEST_F(StorageReads, APassReadsAllPagesAndGetsAtMostFourAtOnce) {
    for (std::uint64_t i = 0; i < 25; ++i)
        bucket.put_fenced(key(std::to_string(i)), blob(i), 3);
    bucket.page_size = 7;
    rig.hold(BucketVerb::get);
    rig.start();
    EXPECT_EQ(rig.held.size(), 4U);
    while (!rig.held.empty()) {
        EXPECT_LE(rig.held.size(), 4U);
        rig.release(BucketVerb::get, rig.held.begin()->second.key);
    }
    EXPECT_EQ(rig.files.size(), 25U);
    EXPECT_EQ(rig.count_lists(), 4);
}

TEST_F(StorageReads, APassFirstGetsWhatReadsWaitFor) {
    for (std::uint64_t i = 0; i < 25; ++i)
        bucket.put_fenced(key(std::to_string(i)), blob(i), 3);
    rig.hold(BucketVerb::list);
    rig.start();
    rig.read(key("9"));
    rig.hold(BucketVerb::get);
    rig.release(BucketVerb::list, {});
    EXPECT_TRUE(rig.is_held(BucketVerb::get, key("9")));
}

// ---- queries ----

TEST_F(StorageReads, AQueryIsAnsweredBesideAPendingReadAndNeverParks) {
    rig.start();
    rig.read(key("a"));
    const CallId query = rig.query(key("a"));
    EXPECT_EQ(rig.queries.at(query).outcome, QueryOutcome::not_available_yet);
    EXPECT_EQ(rig.marked(MarkId::query_beside_pending_read), 1);
}

TEST_F(StorageReads, AQueryTakesTheLocalCopyEvenWhenItIsStale) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    bucket.put_fenced(key("a"), blob(2), 3);
    const CallId query = rig.query(key("a"));
    EXPECT_EQ(rig.queries.at(query).payload, blob(1));
    EXPECT_EQ(rig.queries.at(query).epoch, Epoch{3});
}

TEST_F(StorageReads, AQueryReadsThroughOnceForAKeyThatTheIndexShows) {
    bucket.put_fenced(key("a"), blob(1), 3);
    bucket.put_fenced(key("b"), blob(1), 3);
    StorageConfig config = Rig::default_config();
    config.pass_gets_max = 1;
    Rig slow(bucket, config);
    slow.hold(BucketVerb::get);
    slow.start();  // the pass is getting a; b is listed and idle
    const CallId first = slow.query(key("b"));
    const CallId second = slow.query(key("b"));
    EXPECT_EQ(slow.count(BucketVerb::get, key("b")), 1);
    EXPECT_EQ(slow.queries.at(second).outcome, QueryOutcome::not_available_yet);
    const CallId busy = slow.query(key("a"));
    EXPECT_EQ(slow.queries.at(busy).outcome, QueryOutcome::not_available_yet);
    slow.release(BucketVerb::get, key("b"));
    EXPECT_EQ(slow.queries.at(first).outcome, QueryOutcome::data);
}

TEST_F(StorageReads, AReadThroughEndsWithItsQuerysDeadline) {
    bucket.put_fenced(key("a"), blob(1), 3);
    bucket.put_fenced(key("b"), blob(1), 3);
    StorageConfig config = Rig::default_config();
    config.pass_gets_max = 1;
    Rig slow(bucket, config);
    slow.hold(BucketVerb::get);
    slow.start();
    const CallId call = slow.query(key("b"), 500ms);
    EXPECT_EQ(slow.find_held(BucketVerb::get, key("b")).timeout, Duration(500ms));
    slow.advance(500ms);
    EXPECT_EQ(slow.queries.at(call).outcome, QueryOutcome::deadline);
    slow.release(BucketVerb::get, key("b"));
    EXPECT_EQ(slow.marked(MarkId::stale_answer), 1);
}

TEST_F(StorageReads, AQueryWhileTheFileIsBeingStoredIsAnsweredInItsStep) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.hold(BucketVerb::get);
    rig.start();
    rig.holds_files = true;
    rig.release(BucketVerb::get, key("a"));
    ASSERT_EQ(rig.held_files.size(), 1U);
    const CallId query = rig.query(key("a"));
    EXPECT_EQ(rig.queries.at(query).payload, blob(1));
    EXPECT_EQ(rig.held_files.size(), 1U);
}

TEST_F(StorageReads, ACorruptFileIsForgottenAndFetchedAgain) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    rig.files.erase(key("a"));
    const CallId query = rig.query(key("a"));
    EXPECT_EQ(rig.queries.at(query).outcome, QueryOutcome::not_available_yet);
    rig.advance(31s);
    EXPECT_TRUE(rig.files.contains(key("a")));
}

// ---- roles ----

TEST_F(StorageReads, PromotionReleasesEveryPendingReadWithTheOutcomeOfItsOwnGet) {
    rig.start();
    const CallId absent = rig.read(key("a"));
    const CallId present = rig.read(key("b"));
    bucket.put_fenced(key("b"), blob(2), 3);
    rig.lead(7);
    EXPECT_EQ(rig.reads.at(absent).outcome, ReadOutcome::not_found);
    EXPECT_EQ(rig.reads.at(present).payload, blob(2));
    EXPECT_EQ(rig.marked(MarkId::promoted_with_pending_reads), 1);
    EXPECT_EQ(rig.marked(MarkId::read_released), 2);
}

TEST_F(StorageReads, APromotionWithManyReadsKeepsAtMostSixteenGetsInFlight) {
    rig.start();
    for (int i = 0; i < 200; ++i)
        rig.read(key(std::to_string(i % 100)));
    rig.fate = [](const SendBucket& r) {
        return r.key.view().starts_with("etl/") ? Fate::hold : Fate::answer;
    };
    rig.lead(7);
    EXPECT_EQ(rig.held.size(), 16U);
    while (!rig.held.empty()) {
        EXPECT_LE(rig.held.size(), 16U);
        const SendBucket request = rig.held.begin()->second;
        rig.release(request.verb, request.key);
    }
    EXPECT_EQ(rig.reads.size(), 200U);
    EXPECT_EQ(rig.count(BucketVerb::get, key("5")), 1) << "one flight per key";
}

TEST_F(StorageReads, ALeadersReadNeverJoinsAGetThatLeftBeforeIt) {
    rig.start();
    rig.lead(7);
    bucket.put_fenced(key("a"), blob(1), 7);
    rig.hold_data(BucketVerb::get);
    const CallId first = rig.read(key("a"));
    const BucketReply old = bucket.apply(rig.find_held(BucketVerb::get, key("a")));
    bucket.put_fenced(key("a"), blob(2), 7);
    const CallId late = rig.read(key("a"));
    rig.answer(rig.find_held(BucketVerb::get, key("a")).request, old);
    EXPECT_EQ(rig.reads.at(first).payload, blob(1));
    EXPECT_FALSE(rig.reads.contains(late));
    rig.release(BucketVerb::get, key("a"));
    EXPECT_EQ(rig.reads.at(late).payload, blob(2));
}

TEST_F(StorageReads, ALeadersReadIsRetriedFourTimesAndThenFails) {
    rig.start();
    rig.lead(7);
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::get ? Fate::lose_request : Fate::answer;
    };
    const CallId call = rig.read(key("a"));
    EXPECT_TRUE(rig.reads.empty());
    rig.advance(30s);
    EXPECT_EQ(rig.reads.at(call).outcome, ReadOutcome::failed);
    EXPECT_EQ(rig.count(BucketVerb::get, key("a")), 4);
}

TEST_F(StorageReads, ANotFoundThatComesAfterADemotionParksTheReadAgain) {
    rig.start();
    rig.lead(7);
    rig.hold_data(BucketVerb::get);
    const CallId call = rig.read(key("a"));
    rig.follow();
    rig.release(BucketVerb::get, key("a"));
    EXPECT_TRUE(rig.reads.empty());
    EXPECT_EQ(rig.marked(MarkId::read_reparked), 1);
    rig.answer_all();
    bucket.put_fenced(key("a"), blob(1), 8);
    rig.advance(31s);
    EXPECT_EQ(rig.reads.at(call).outcome, ReadOutcome::data);
}

TEST_F(StorageReads, AnAnswerOfAPassThatAPromotionEndedIsDropped) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.hold(BucketVerb::list);
    rig.start();
    rig.answer_all();
    rig.lead(7);
    EXPECT_EQ(rig.aborted.size(), 1U);
    EXPECT_EQ(rig.marked(MarkId::stale_answer), 1);
    EXPECT_EQ(rig.marked(MarkId::pass_completed), 0);
}

TEST_F(StorageReads, AStopShutsReadsAndQueriesAndAdmitsNoMore) {
    rig.start();
    const CallId open = rig.read(key("a"));
    rig.step(Stop{rig.now() + 10s});
    EXPECT_EQ(rig.reads.at(open).outcome, ReadOutcome::shutdown);
    EXPECT_EQ(rig.reads.at(rig.read(key("b"))).outcome, ReadOutcome::shutdown);
    EXPECT_EQ(rig.queries.at(rig.query(key("b"))).outcome, QueryOutcome::shutdown);
    EXPECT_TRUE(rig.machine.drained());
}

// Found by a campaign: the step that ended the role brought the answer.
TEST_F(StorageReads, WhatAFollowerAskedForEndsWithIt) {
    for (const BucketVerb verb : {BucketVerb::list, BucketVerb::get}) {
        FakeBucket store;
        store.put_fenced(key("a"), blob(1), 5, 1, 1);
        Rig one{store};
        one.hold(verb);
        one.start();
        one.follow();
        ASSERT_FALSE(one.held.empty());
        const RequestId open = one.held.begin()->first;
        one.follow(Role::stopped);
        EXPECT_EQ(one.aborted, std::vector{open});
        BucketReply late;
        late.status = 200;
        one.step(BucketAnswered{open, std::make_shared<const BucketReply>(late)});
    }
}

TEST_F(StorageReads, AReadWhoseDeadlinePassedInAPauseIsNotReleasedByThePromotionAfterIt) {
    rig.start();
    const CallId call = rig.read(key("a"), {}, 5s);
    rig.jump(20s);
    rig.lead(7);
    EXPECT_EQ(rig.reads.at(call).outcome, ReadOutcome::deadline);
}

}  // namespace
}  // namespace leasehold::rig
