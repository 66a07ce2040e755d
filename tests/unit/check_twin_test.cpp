// leader.equals-single-install: what a leader answers beside a single install, with planted
// differences, and where the comparison ends.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kTwin = "leader.equals-single-install";
constexpr std::string_view kKey = "assets/1h";

/// replica-0 leads with epoch 5; the bucket held content 7 of the key before.
class CheckTwin : public ::testing::Test {
  protected:
    CheckTwin() {
        history_.start_all();
        history_.store(kNobody, 0s, kKey, "old", 0, 0, 7);
        history_.lead(0, 1s, 1, 1h);
    }
    void written(Duration when, std::uint64_t content, std::string_view etag) {
        history_.step(0, when, backup_write(content, kKey, content));
        history_.store(0, when + 500ms, kKey, etag, 5, content, content);
        history_.step(0, when + 1s, Timer{}, {write_done(content, WriteAck::committed, etag, 5)});
    }
    std::uint64_t queried(Duration when, const QueryDone& done) {
        return history_.step(0, when, query(done.call.value(), kKey), {done});
    }
    std::uint64_t read(Duration when, const ReadDone& done) {
        history_.step(0, when - 100ms, backup_read(done.call.value(), kKey));
        return history_.step(0, when, Timer{}, {done});
    }
    Verdict verdict() { return history_.verdict(kTwin, 2min); }

    History history_;
};

TEST_F(CheckTwin, ALeaderThatAnswersAsAnInstallPasses) {
    queried(2s, query_data(101, "old", 0, 7));
    read(3s, read_data(102, "old", 0, 7));
    written(10s, 1, "a");
    queried(12s, query_data(103, "a", 5, 1));
    read(13s, read_data(104, "a", 5, 1));
    const Verdict found = verdict();
    EXPECT_TRUE(passes(found));
    EXPECT_EQ(found.checked, 6U);  // four answers, an acknowledgement, the bucket at the end
}

TEST_F(CheckTwin, NotYetWhereAnInstallReadsThroughIsFound) {
    const auto wrong = queried(2s, query_done(101));
    const Verdict found = verdict();
    EXPECT_TRUE(violated(found, wrong));
    EXPECT_EQ(
        found.what,
        "replica-0, which leads, answered a query of 'assets/1h' at 2s with nothing, a single "
        "install with 7 B #7");
}

TEST_F(CheckTwin, NotYetWhileTheKeyIsBeingGotIsNoDifference) {
    history_.step(0, 2s, Timer{}, {send_bucket(9, BucketVerb::get, kKey)});
    queried(3s, query_done(101));
    EXPECT_EQ(verdict().status, Status::not_applicable);
    history_.step(0, 4s, bucket_answered(9));
    EXPECT_TRUE(violated(verdict(), queried(5s, query_done(102))));
}

TEST_F(CheckTwin, OtherBytesAndALostObjectAreFound) {
    written(10s, 1, "a");
    EXPECT_TRUE(violated(verdict(), queried(12s, query_data(101, "old", 0, 7))));
}

TEST_F(CheckTwin, AReadThatFindsNothingIsFound) {
    EXPECT_TRUE(violated(verdict(), read(3s, read_done(101, ReadOutcome::not_found))));
}

TEST_F(CheckTwin, ALeaderThatSkipsAWriteIsFound) {
    history_.step(0, 5s, backup_write(1, kKey, 1));
    const auto wrong = history_.step(0, 6s, Timer{}, {write_done(1, WriteAck::skipped_follower)});
    EXPECT_TRUE(violated(verdict(), wrong));
}

TEST_F(CheckTwin, AnAcknowledgedWriteThatTheBucketLacksIsFound) {
    history_.step(0, 5s, backup_write(1, kKey, 1));
    history_.step(0, 6s, Timer{}, {write_done(1, WriteAck::committed, "a", 5)});
    const Verdict found = verdict();
    EXPECT_EQ(found.status, Status::violated);
    EXPECT_EQ(found.what,
              "at the end the bucket holds 7 B #7 under 'assets/1h', that of a single install 1 B "
              "#1");
}

TEST_F(CheckTwin, ACallBesideAWriteOfItsKeyIsNotCompared) {
    history_.step(0, 5s, query(101, kKey));
    history_.step(0, 6s, backup_write(1, kKey, 1));
    history_.step(0, 7s, Timer{}, {query_data(101, "old", 0, 7)});
    EXPECT_EQ(verdict().status, Status::not_applicable);
}

TEST_F(CheckTwin, WhatAStoreCouldNotTakeSaysNothing) {
    history_.step(0, 5s, backup_write(1, kKey, 1));
    history_.step(0, 6s, Timer{}, {write_done(1, WriteAck::failed)});
    queried(7s, query_data(101, "old", 0, 7));
    EXPECT_EQ(verdict().status, Status::not_applicable);
}

TEST_F(CheckTwin, AfterAFaultAForeignChangeOrTheLeadershipNothingIsCompared) {
    queried(2s, query_data(101, "old", 0, 7));
    history_.fault(3s, "cut replica-1 from api", {1});
    queried(4s, query_done(102));
    EXPECT_TRUE(passes(verdict()));
}

TEST_F(CheckTwin, AForeignChangeEndsIt) {
    queried(2s, query_data(101, "old", 0, 7));
    history_.store(kNobody, 3s, kKey, "f", 0, 0, 9);
    queried(4s, query_done(102));
    EXPECT_TRUE(passes(verdict()));
}

TEST_F(CheckTwin, AnotherLeaderEndsIt) {
    queried(2s, query_data(101, "old", 0, 7));
    history_.follow(0, 3s);
    queried(4s, query_done(102));
    history_.lead(0, 5s, 2, 1h);
    queried(6s, query_done(103));
    EXPECT_TRUE(passes(verdict()));
}

TEST_F(CheckTwin, AWriteWithoutItsPayloadEndsIt) {
    queried(2s, query_data(101, "old", 0, 7));
    history_.step(0, 3s, backup_write(1, kKey));
    queried(4s, query_done(102));
    EXPECT_TRUE(passes(verdict()));
}

}  // namespace
}  // namespace leasehold::check
