// Health of writing and giving way: judged by writes alone, before the claim as well as after it;
// one bad key fails alone; if nobody can write, giving way backs off. (Ids: the review's, B; of the
// field reports, F; of the servers, S.)

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageHealth : public testing::Test {
  protected:
    static StorageConfig short_lease() {
        StorageConfig config = Rig::default_config();
        config.lease_duration = 5s;
        return config;
    }
    FakeBucket bucket;
    Rig rig{bucket};
    Rig quick{bucket, short_lease()};

    void begin(std::uint64_t term = 100) {
        rig.start();
        rig.lead(term);
        rig.advance(2s);
    }
    /// A lease that is as short as the back-off of a create that is refused though nothing is
    /// there.
    void begin_with_a_key_that_contradicts_itself() {
        quick.start();
        quick.lead(100);
        quick.advance(2s);
        quick.errors[{BucketVerb::put, key("bad")}] =
            FakeBucket::failure(412, BucketCode::precondition_failed);
    }
    /// Requests of `verb` are answered with `status` from now on.
    void refuse(BucketVerb verb, std::int32_t status, BucketCode code = BucketCode::none) {
        rig.error = [=](const SendBucket& r) {
            return r.verb == verb ? std::optional{FakeBucket::failure(status, code)} : std::nullopt;
        };
    }
    void refuse_all() {
        rig.error = [](const SendBucket&) { return std::optional{FakeBucket::failure(0)}; };
    }
    [[nodiscard]] bool committed(CallId call) const {
        const auto found = rig.writes.find(call);
        return found != rig.writes.end() && found->second.ack == WriteAck::committed;
    }
    /// How long the leadership of `term`, with a write of each second, lasts until it gives way;
    /// `longest` if it doesn't. The replica sits out a lease before it, as the elector would.
    Duration until_it_gives_way(std::uint64_t term, Duration longest) {
        rig.follow();
        rig.advance(15s);
        rig.give_ups = 0;
        rig.lead(term);
        const Instant began = rig.now();
        while (rig.give_ups == 0 && rig.now() - began < longest) {
            rig.write(key("a"), blob(term));
            rig.advance(1s);
        }
        return rig.now() - began;
    }
};

// ---- B4, F4: PUTs fail while GETs work ----

TEST_F(StorageHealth, ALeaderThatIsRefusedToWriteFromTheStartGivesWay) {
    rig.start();
    refuse(BucketVerb::put, 403, BucketCode::access_denied);
    rig.lead(100);
    rig.write(key("a"), blob(1));
    rig.advance(14s);
    EXPECT_EQ(rig.give_ups, 0);
    rig.advance(7s);
    EXPECT_GE(rig.give_ups, 1) << "its GET of .ha/epoch works, which proves nothing";
    EXPECT_GE(rig.marked(MarkId::bucket_unusable), 1);
}

TEST_F(StorageHealth, ALeaderWhosePutsAreLostAfterTheClaimGivesWay) {
    begin();
    refuse(BucketVerb::put, 0);
    rig.write(key("a"), blob(1));
    rig.advance(14s);
    EXPECT_EQ(rig.give_ups, 0);
    rig.advance(12s);
    EXPECT_GE(rig.give_ups, 1) << "each GET that resolves one works, which proves nothing";
}

TEST_F(StorageHealth, ALeaderWhosePutsAreAnsweredWith507GivesWay) {
    begin();
    refuse(BucketVerb::put, 507);
    rig.write(key("a"), blob(1));
    rig.advance(26s);
    EXPECT_GE(rig.give_ups, 1);
}

TEST_F(StorageHealth, ALeaderWhosePutsAreRefusedGivesWayAlthoughQueriesReadThrough) {
    begin();
    bucket.put_fenced(key("there"), blob(1), 50);
    refuse(BucketVerb::put, 403, BucketCode::access_denied);
    rig.write(key("a"), blob(1));
    for (int i = 0; i < 26; ++i) {
        rig.read(key("there"));
        rig.advance(1s);
    }
    EXPECT_GE(rig.give_ups, 1) << "reads are no health of writing";
}

TEST_F(StorageHealth, ALeaderWithNothingToWriteDoesNotGiveWay) {
    begin();
    refuse_all();
    rig.read(key("b"));
    rig.advance(2min);
    EXPECT_EQ(rig.give_ups, 0);
}

TEST_F(StorageHealth, AMomentWithoutABucketIsNoReasonToGiveWay) {
    begin();
    refuse_all();
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(9s);
    rig.error = nullptr;
    rig.advance(10s);
    EXPECT_TRUE(committed(call));
    EXPECT_EQ(rig.give_ups, 0);
}

TEST_F(StorageHealth, AWriteThatGetsOnStartsTheCountAnew) {
    begin();
    for (int i = 0; i < 5; ++i) {
        refuse_all();
        const CallId call = rig.write(key("a"), blob(static_cast<std::uint64_t>(i)));
        rig.advance(9s);
        rig.error = nullptr;
        rig.advance(6s);
        ASSERT_TRUE(committed(call)) << i;
    }
    EXPECT_EQ(rig.give_ups, 0);
}

// Each write failed at its deadline, the queue was empty for a moment, and patience began anew.
TEST_F(StorageHealth, WritesThatEndBeforePatienceDoesMakeTheLeaderGiveWayAllTheSame) {
    struct Case {
        Duration lease, deadline, pause;
    };
    for (const Case& of : {Case{15s, 10s, 0s}, Case{15s, 6s, 30s}, Case{180s, 120s, 1h}}) {
        StorageConfig config = Rig::default_config();
        config.lease_duration = of.lease;
        config.write_deadline = of.deadline;
        Rig leader{bucket, config};
        leader.start();
        leader.lead(100);
        leader.advance(2s);
        leader.error = [](const SendBucket& r) {
            return r.verb == BucketVerb::put ? std::optional{FakeBucket::failure(403)}
                                             : std::nullopt;
        };
        for (int write = 0; write < 4 && leader.give_ups == 0; ++write) {
            leader.write(key("a"), blob(1));
            leader.advance(of.deadline);
            leader.advance(of.pause);
        }
        EXPECT_EQ(leader.give_ups, 1);
    }
}

// ---- F2, S4: one key that the store cannot take ----

TEST_F(StorageHealth, OneKeyThatIsRefusedDoesNotMakeTheLeaderGiveWay) {
    begin();
    rig.errors[{BucketVerb::put, key("bad")}] = FakeBucket::failure(403, BucketCode::access_denied);
    const CallId bad = rig.write(key("bad"), blob(1));
    rig.advance(3min);
    EXPECT_EQ(rig.give_ups, 0) << "nothing else waits, but a small PUT would succeed";
    EXPECT_EQ(rig.marked(MarkId::bucket_unusable), 0);
    EXPECT_GE(rig.marked(MarkId::key_refused), 1);
    ASSERT_TRUE(rig.writes.contains(bad));
    EXPECT_EQ(rig.writes.at(bad).ack, WriteAck::failed);
}

TEST_F(StorageHealth, TroubleThatIsConfirmedWhenPatienceEndsGetsItsQuestionFirst) {
    // A create is refused, and its look finds nothing: the next try backs off for as long as the
    // lease, so the question, half way through, was never asked.
    begin_with_a_key_that_contradicts_itself();
    const CallId bad = quick.write(key("bad"), blob(1));
    quick.advance(3min);
    EXPECT_EQ(quick.give_ups, 0) << "one key is no broken bucket";
    EXPECT_GE(quick.marked(MarkId::key_refused), 1);
    EXPECT_TRUE(quick.writes.contains(bad));
}

TEST_F(StorageHealth, WhereNobodyAnswersTheLateQuestionTheLeaderGivesWaySoon) {
    begin_with_a_key_that_contradicts_itself();
    quick.write(key("bad"), blob(1));
    quick.advance(4s);
    quick.fate = [](const SendBucket& r) {
        return r.key.view().starts_with(".ha/") ? Fate::hold : Fate::answer;
    };
    quick.advance(2500ms);
    EXPECT_EQ(quick.give_ups, 0);
    quick.advance(2500ms);
    EXPECT_GE(quick.give_ups, 1) << "half a lease more than its patience";
}

TEST_F(StorageHealth, OneKeyThatIsAnsweredWith500DoesNotMakeTheLeaderGiveWay) {
    begin();
    rig.errors[{BucketVerb::put, key("bad")}] =
        FakeBucket::failure(500, BucketCode::internal_error);
    rig.errors[{BucketVerb::get, key("bad")}] =
        FakeBucket::failure(500, BucketCode::internal_error);
    const CallId bad = rig.write(key("bad"), blob(1));
    rig.advance(3min);
    EXPECT_EQ(rig.give_ups, 0);
    EXPECT_GE(rig.marked(MarkId::key_refused), 1);
    ASSERT_TRUE(rig.writes.contains(bad));
    EXPECT_EQ(rig.writes.at(bad).ack, WriteAck::unknown);
}

TEST_F(StorageHealth, ABadKeyThatIsWrittenAgainAndAgainDoesNotStopTheOthers) {
    begin();
    rig.errors[{BucketVerb::put, key("bad")}] =
        FakeBucket::failure(500, BucketCode::internal_error);
    rig.errors[{BucketVerb::get, key("bad")}] =
        FakeBucket::failure(500, BucketCode::internal_error);
    for (int minute = 0; minute < 10; ++minute) {
        rig.write(key("bad"), blob(1));
        const CallId good = rig.write(key("good"), blob(2));
        rig.advance(1min);
        EXPECT_TRUE(committed(good)) << minute;
    }
    EXPECT_EQ(rig.give_ups, 0);
}

TEST_F(StorageHealth, ARefusedKeyIsTriedEverMoreRarely) {
    begin();
    rig.errors[{BucketVerb::put, key("bad")}] = FakeBucket::failure(403, BucketCode::access_denied);
    for (int minute = 0; minute < 2; ++minute) {
        rig.write(key("bad"), blob(static_cast<std::uint64_t>(minute)));
        rig.advance(1min);
    }
    EXPECT_LE(rig.count(BucketVerb::put, key("bad")), 60) << "retryMax apart, and no more";
    EXPECT_GE(rig.count(BucketVerb::put, key("bad")), 4);
}

// Nothing of `.ha/probe/` may stay behind when health was asked with a small PUT.
TEST_F(StorageHealth, AskingWithASmallPutLeavesNothingBehind) {
    begin();
    rig.errors[{BucketVerb::put, key("bad")}] = FakeBucket::failure(403, BucketCode::access_denied);
    rig.write(key("bad"), blob(1));
    rig.advance(3min);
    int left = 0;
    for (const auto& [at, object] : bucket.objects)
        left += at.view().starts_with(".ha/probe/") ? 1 : 0;
    EXPECT_LE(left, 1) << "one small object of this process at most";
}

// ---- if nobody can write ----

TEST_F(StorageHealth, InAnOutageGivingWayBacksOff) {
    begin();
    refuse_all();
    Duration allowed = 15s;
    for (std::uint64_t term = 101; term <= 108; ++term) {
        const Duration lasted = until_it_gives_way(term, 15min);
        EXPECT_GE(lasted, allowed - 2s) << "leadership " << term - 100;
        EXPECT_LE(lasted, allowed + 12s) << "leadership " << term - 100;
        allowed = std::min<Duration>(2 * allowed, 10min);
    }
}

TEST_F(StorageHealth, ALeaderThatNeverGaveWayWaitsOneLeaseAlone) {
    begin();
    refuse_all();
    EXPECT_LE(until_it_gives_way(101, 15min), Duration(27s));
}

TEST_F(StorageHealth, AfterASuccessGivingWayIsQuickAgain) {
    begin();
    refuse_all();
    for (std::uint64_t term = 101; term <= 104; ++term)
        until_it_gives_way(term, 15min);
    rig.error = nullptr;
    rig.follow();
    rig.advance(15s);
    rig.lead(105);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(60s);
    ASSERT_TRUE(committed(call));
    refuse_all();
    EXPECT_LE(until_it_gives_way(106, 15min), Duration(27s));
}

// Another leader's version tells that somebody can write; that of another program does not.
TEST_F(StorageHealth, OnlyAnotherLeadersVersionMakesGivingWayQuickAgain) {
    for (const bool leader : {true, false}) {
        FakeBucket store;
        Rig one(store);
        one.start();
        one.lead(7);
        one.advance(5s);
        const auto give_way = [&](std::uint64_t term) {
            one.error = [](const SendBucket&) { return std::optional{FakeBucket::failure(0)}; };
            one.lead(term);
            one.give_ups = 0;
            for (int i = 0; one.give_ups == 0 && i < 900; ++i) {
                one.write(key("a"), blob(term));
                one.advance(1s);
            }
            one.error = nullptr;
            one.follow();
        };
        give_way(101);
        give_way(102);
        EXPECT_EQ(one.machine.given_up(), 2U);
        if (leader)
            store.put_fenced(key("k"), blob(8), 200, 77, 1);
        else
            store.put_foreign(key("k"), blob(8));
        one.advance(1min);
        EXPECT_EQ(one.machine.given_up(), leader ? 0U : 2U);
    }
}

}  // namespace
}  // namespace leasehold::rig
