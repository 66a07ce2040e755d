// follower.freshness: planted violations, clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kKey = "assets/1h";

class CheckFreshness : public ::testing::Test {
  protected:
    CheckFreshness() {
        history_.start_all();
        history_.lead(0, 1s, 1, 1h);
    }
    void store(ReplicaIndex replica, Duration when, std::string_view etag) {
        history_.step(replica, when, Timer{}, {send_file(++request_, FileVerb::store, kKey, etag)});
    }
    [[nodiscard]] Verdict verdict(Duration end) {
        return history_.verdict("follower.freshness", end);
    }

    History history_;
    std::uint64_t request_ = 100;
};

TEST_F(CheckFreshness, ACommitThatAFollowerDoesNotShowIsFound) {
    history_.object(0, 10s, kKey, "a", 1);
    store(2, 20s, "a");
    const auto late = history_.step(1, 60s, Timer{});
    const Verdict result = verdict(60s);
    EXPECT_TRUE(violated(result, late));
    EXPECT_NE(result.what.find("replica-1 had not seen the commit of 'assets/1h' of 10s"),
              std::string::npos);
}

// Found by a campaign: deposed at once, with the file of a later write of its own, never stored.
TEST_F(CheckFreshness, WhoWroteAVersionKnowsIt) {
    for (const WriteAck ack : {WriteAck::committed, WriteAck::unknown}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 20s);
        history.step(0, 9s, backup_write(1, kKey, 1));
        history.store(0, 10s, kKey, "a", 1, 1, 1);
        history.step(0, 11s, Timer{}, {write_done(1, ack, "a", 1)});
        for (const ReplicaIndex other : {1U, 2U})
            history.step(other, 12s, Timer{}, {send_file(100, FileVerb::store, kKey, "a")});
        history.follow(0, 13s);
        const auto late = history.step(0, 80s, Timer{});
        const Verdict result = history.verdict("follower.freshness", 80s);
        EXPECT_EQ(violated(result, late), ack == WriteAck::unknown) << result.what;
    }
}

TEST_F(CheckFreshness, CommitsThatAllFollowersShowInTimePass) {
    history_.object(0, 10s, kKey, "a", 1);
    store(1, 39s, "a");
    store(2, 40s, "a");
    history_.object(0, 41s, kKey, "b", 1);
    store(1, 69s, "b");
    store(2, 70s, "b");
    const Verdict result = verdict(100s);
    EXPECT_TRUE(passes(result));
    EXPECT_EQ(result.checked, 4U);
}

TEST_F(CheckFreshness, ALaterVersionShowsTheEarlierOneAndAnEarlierDoesNotShowTheLater) {
    history_.object(0, 10s, kKey, "a", 1);
    history_.object(0, 20s, kKey, "b", 1);
    store(1, 30s, "b");
    store(2, 30s, "a");
    EXPECT_NE(verdict(50s).status, Status::violated);
    const auto late = history_.step(2, 60s, Timer{});
    EXPECT_TRUE(violated(verdict(60s), late));
}

TEST_F(CheckFreshness, AnUnhealthyPathStartsTheWindowAnew) {
    history_.path(1, 5s, true, false);
    history_.object(0, 10s, kKey, "a", 1);
    store(2, 11s, "a");
    history_.step(1, 100s, Timer{});
    history_.path(1, 110s, true, true);
    history_.step(1, 130s, Timer{});
    EXPECT_TRUE(passes(verdict(130s)));
    const auto late = history_.step(1, 150s, Timer{});
    EXPECT_TRUE(violated(verdict(150s), late));
}

TEST_F(CheckFreshness, ARequestOfTheUnhealthyPathEndsBeforeTheWindowBegins) {
    history_.object(0, 10s, kKey, "a", 1);
    store(2, 11s, "a");
    history_.path(1, 12s, true, false);
    // A query's read-through is lost, and a pass must wait for its end.
    history_.step(1, 20s, query(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
    history_.path(1, 30s, true, true);
    history_.step(1, 110s, Timer{});
    EXPECT_NE(verdict(110s).status, Status::violated);
    history_.step(1, 125s, bucket_answered(2, 0), {query_done(1)});
    history_.step(1, 150s, Timer{});
    EXPECT_NE(verdict(150s).status, Status::violated);
    const auto late = history_.step(1, 170s, Timer{});
    EXPECT_TRUE(violated(verdict(170s), late));
}

TEST_F(CheckFreshness, ARequestOfTheHealthyPathThatNeverEndsIsNoExcuse) {
    history_.step(1, 5s, query(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
    history_.object(0, 10s, kKey, "a", 1);
    store(2, 11s, "a");
    history_.step(1, 1h, bucket_answered(2, 0), {query_done(1)});
    EXPECT_EQ(verdict(2h).status, Status::violated);
}

TEST_F(CheckFreshness, ALongPassWidensTheBound) {
    history_.step(1, 9s, Timer{}, {send_bucket(2, BucketVerb::list)});
    history_.object(0, 10s, kKey, "a", 1);
    store(2, 11s, "a");
    history_.step(1, 49s, bucket_answered(2));  // 40 s: two periods and the pass
    history_.step(1, 100s, Timer{});
    EXPECT_TRUE(passes(verdict(100s)));
    const auto late = history_.step(1, 125s, Timer{});
    EXPECT_TRUE(violated(verdict(125s), late));
}

// Found by seeds 1..1000: passes overlap while a GET of the first goes on.
TEST_F(CheckFreshness, APassGoesOnUntilItsGetsAreAnsweredAlsoBesideTheNext) {
    for (const bool hangs : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.object(0, 5s, kKey, "a", 1);
        history.step(2, 6s, Timer{}, {send_file(100, FileVerb::store, kKey, "a")});
        history.step(1, 9s, Timer{}, {send_bucket(2, BucketVerb::list)});
        history.step(1, 10s, bucket_answered(2), {send_bucket(3, BucketVerb::get, kKey)});
        if (!hangs) history.step(1, 11s, bucket_answered(3));
        history.step(1, 34s, Timer{}, {send_bucket(4, BucketVerb::list)});
        history.step(1, 35s, bucket_answered(4));
        const auto late = history.step(1, 61s, Timer{});
        const Verdict found = history.verdict("follower.freshness", 61s);
        EXPECT_EQ(violated(found, late), !hangs) << found.what;
    }
}

TEST_F(CheckFreshness, RemovedAndForeignObjectsOweNothing) {
    history_.object(0, 10s, kKey, "a", 1);
    history_.object(0, 11s, kKey, "t", 1, true);
    history_.object(kNobody, 11s, "other", "f", 0);
    history_.step(1, 100s, Timer{});
    EXPECT_NE(verdict(100s).status, Status::violated);
}

TEST_F(CheckFreshness, WhatAnOlderVersionWentOverIsOwedNoMoreAndTheNextNewerOneIs) {
    history_.object(0, 10s, kKey, "a", 2);
    history_.object(0, 11s, kKey, "b", 1);  // of a leader before, and late: nobody takes it
    history_.step(1, 100s, Timer{});
    EXPECT_NE(verdict(100s).status, Status::violated);
    history_.object(0, 110s, kKey, "c", 2);
    const auto late = history_.step(1, 200s, Timer{});
    EXPECT_TRUE(violated(verdict(200s), late));
}

TEST_F(CheckFreshness, AFileThatSurvivedARestartCountsAndALostOneDoesNot) {
    for (const bool kept : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.object(0, 10s, kKey, "a", 1);
        for (const ReplicaIndex i : {1U, 2U})
            history.step(i, 12s, Timer{}, {send_file(7, FileVerb::store, kKey, "a")});
        history.end(1, 15s);
        history.start(1, 16s);
        auto files = std::make_shared<FileList>();
        if (kept) files->push_back(FileEntry{key_of(kKey), FileTag{Epoch{1}, etag_of("a")}, {}});
        FileReply reply;
        reply.entries = std::move(files);
        history.step(1, 16s, FileAnswered{RequestId{2}, reply});
        const auto late = history.step(1, 60s, Timer{});
        const Verdict verdict = history.verdict("follower.freshness", 60s);
        if (kept)
            EXPECT_TRUE(passes(verdict));
        else
            EXPECT_TRUE(violated(verdict, late));
    }
}

TEST_F(CheckFreshness, AFollowerThatKeepsItsOwnDirtyFileShowsWhatItGot) {
    history_.step(1, 2s, Timer{}, {send_file(50, FileVerb::store, kKey, "", true)});
    history_.object(0, 10s, kKey, "a", 1);
    store(2, 12s, "a");
    history_.step(1, 15s, Timer{}, {send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 16s, bucket_got(4, "a"));
    history_.step(1, 60s, Timer{});
    EXPECT_TRUE(passes(verdict(60s)));
}

TEST_F(CheckFreshness, EqualContentNeedsNoNewCopy) {
    history_.object(0, 10s, kKey, "a", 1);
    store(1, 12s, "a");
    store(2, 12s, "a");
    history_.object(0, 70s, kKey, "a", 1);
    history_.step(1, 120s, Timer{});
    EXPECT_TRUE(passes(verdict(120s)));
}

TEST_F(CheckFreshness, WithoutCommitsItIsNotApplicableAndWithoutTimeInconclusive) {
    EXPECT_TRUE(has_status(verdict(60s), Status::not_applicable));
    history_.object(0, 61s, kKey, "a", 1);
    EXPECT_TRUE(has_status(verdict(65s), Status::inconclusive));
}

}  // namespace
}  // namespace leasehold::check
