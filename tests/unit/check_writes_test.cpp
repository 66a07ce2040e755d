// write.eventually-committed and backup.goes-on: planted violations, clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kWrites = "write.eventually-committed";
constexpr std::string_view kGoesOn = "backup.goes-on";
constexpr std::string_view kKey = "assets/1h";

/// replica-0 leads for an hour.
class CheckWrites : public ::testing::Test {
  protected:
    CheckWrites() {
        history_.start_all();
        history_.lead(0, 1s, 1, 1h);
    }
    std::uint64_t asked(Duration when, std::uint64_t call, ReplicaIndex replica = 0) {
        return history_.step(replica, when, backup_write(call, kKey));
    }
    std::uint64_t answered(Duration when, std::uint64_t call, WriteAck ack,
                           ReplicaIndex replica = 0) {
        return history_.step(replica, when, Timer{}, {write_done(call, ack)});
    }
    History history_;
};

TEST_F(CheckWrites, AWriteThatIsOpenForAHealthyMinuteIsFound) {
    const auto asked_at = asked(10s, 1);
    history_.step(0, 69s, Timer{});
    const auto late = history_.step(0, 71s, Timer{});
    const Verdict verdict = history_.verdict(kWrites, 80s);
    EXPECT_TRUE(violated(verdict, late));
    EXPECT_EQ(verdict.evidence.front(), asked_at);
    EXPECT_EQ(verdict.what,
              "replica-0's write of 'assets/1h' of 10s was not committed at 71s, although it led "
              "and reached both servers since 10s; the bound is 60s");
}

// Seed 701 of writes-wait-for-the-claim: thirteen GETs in a row took a little longer than 5 s.
TEST(CheckSlowStore, AWriteMayTakeManyAttempts) {
    for (const Duration longest : {4900ms, 6100ms}) {
        Settings settings = test_settings();
        settings.bucket_request = longest;
        History history(settings);
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 10s, backup_write(1, kKey));
        const auto late = history.step(0, 128s, Timer{});
        const Verdict verdict = history.verdict(kWrites, 128s);
        if (longest < settings.storage.get_timeout)
            EXPECT_TRUE(violated(verdict, late));
        else
            EXPECT_NE(verdict.status, Status::violated) << verdict.what;
    }
}

TEST_F(CheckWrites, AnyAnswerButCommittedIsFoundWhereNothingWasInTheWay) {
    for (const WriteAck ack : {WriteAck::failed, WriteAck::unknown, WriteAck::fenced}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 10s, backup_write(1, kKey));
        const auto wrong = history.step(0, 12s, Timer{}, {write_done(1, ack)});
        EXPECT_TRUE(violated(history.verdict(kWrites, 20s), wrong));
    }
}

TEST(CheckSingleInstall, AKeyRestsAfterAnUnknownPutAndIsWrittenThen) {
    Settings settings = test_settings();
    settings.replicas = 1;
    settings.elects = false;
    for (const bool later : {false, true}) {
        History history(settings);
        history.start_all();
        history.step(0, 0s, Timer{}, {RoleChanged{Role::leader, Term{}}});
        history.step(0, 10s, backup_write(1, kKey));
        // largestRequestAge after the attempt before it, and what else takes its time
        const auto seen = history.step(0, later ? 85s : 71s, Timer{});
        const Verdict verdict = history.verdict(kWrites, 90s);
        EXPECT_EQ(violated(verdict, seen), later) << verdict.what;
    }
}

TEST_F(CheckWrites, FailedAtTheDeadlineIsAnAnswer) {
    Settings settings = test_settings();
    settings.storage.write_deadline = 30s;
    for (const bool early : {true, false}) {
        History history(settings);
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        const auto bytes = std::make_shared<const Blob>(Blob{2ULL << 20U, {}, nullptr});
        history.step(0, 10s, BackupWrite{CallId{1}, key_of(kKey), bytes});
        const Duration time_of_bytes = 2 * settings.storage.timeout_per_mib;
        const auto answer = history.step(0, 10s + (early ? Duration(25s) : 30s + time_of_bytes),
                                         Timer{}, {write_done(1, WriteAck::failed)});
        EXPECT_EQ(violated(history.verdict(kWrites, 50s), answer), early);
    }
}

TEST_F(CheckWrites, CommittedInTimePasses) {
    asked(10s, 1);
    answered(11s, 1, WriteAck::committed);
    const Verdict verdict = history_.verdict(kWrites, 100s);
    EXPECT_TRUE(passes(verdict));
    EXPECT_EQ(verdict.checked, 1U);
}

TEST_F(CheckWrites, ADisturbedPathExcusesUntilItHasHealedForTheBound) {
    asked(10s, 1);
    history_.path(0, 20s, true, false);
    history_.path(0, 60s, true, true);
    history_.step(0, 119s, Timer{});
    EXPECT_EQ(history_.verdict(kWrites, 119s).status, Status::inconclusive);
    const auto late = history_.step(0, 121s, Timer{});
    EXPECT_TRUE(violated(history_.verdict(kWrites, 121s), late));
}

TEST_F(CheckWrites, AFaultThatHitsOneRequestBeginsTheWindowAnew) {
    asked(10s, 1);
    history_.fault(50s, "dropRequest replica-0 putObject", {0});
    history_.step(0, 109s, Timer{});
    EXPECT_EQ(history_.verdict(kWrites, 109s).status, Status::inconclusive);
}

TEST_F(CheckWrites, FailuresOfADisturbedPathAndOfAnEndedLeadershipPass) {
    asked(10s, 1);
    history_.path(0, 20s, true, false);
    answered(131s, 1, WriteAck::failed);
    history_.path(0, 132s, true, true);
    asked(140s, 2);
    history_.step(0, 141s, Timer{},
                  {GateMoved{Term{1}, mono(141s)}, RoleChanged{Role::follower, Term{}},
                   write_done(2, WriteAck::fenced)});
    EXPECT_EQ(history_.verdict(kWrites, 150s).status, Status::inconclusive);
}

TEST_F(CheckWrites, WhatAFollowerSkipsIsNobodysDebt) {
    history_.step(1, 10s, backup_write(1, kKey), {write_done(1, WriteAck::skipped_follower)});
    EXPECT_TRUE(has_status(history_.verdict(kWrites, 100s), Status::not_applicable));
    EXPECT_TRUE(has_status(history_.verdict(kGoesOn, 100s), Status::not_applicable));
}

TEST_F(CheckWrites, AWriteWithoutAnAnswerByItsDeadlineIsFoundOnAnyPath) {
    history_.path(0, 5s, true, false);
    asked(10s, 1);
    const auto late = history_.step(0, 132s, Timer{});
    const Verdict verdict = history_.verdict(kWrites, 140s);
    EXPECT_TRUE(violated(verdict, late));
    EXPECT_NE(verdict.what.find("had no answer"), std::string::npos);
}

TEST_F(CheckWrites, TheDeadlineGrowsWithTheSize) {
    auto payload = std::make_shared<Blob>();
    payload->size = 1024ULL << 20U;
    history_.path(0, 5s, true, false);
    history_.step(0, 10s, BackupWrite{CallId{1}, key_of(kKey), payload});
    history_.step(0, 1150s, Timer{});
    EXPECT_NE(history_.verdict(kWrites, 1150s).status, Status::violated);
    const auto late = history_.step(0, 1160s, Timer{});
    EXPECT_TRUE(violated(history_.verdict(kWrites, 1160s), late));
}

TEST_F(CheckWrites, StoppingWithoutAnAnswerIsFound) {
    asked(10s, 1);
    const auto stopped = history_.step(0, 12s, Timer{}, {Stopped{}});
    EXPECT_TRUE(violated(history_.verdict(kWrites, 20s), stopped));
}

TEST_F(CheckWrites, AStoppingLeaderDrainsWhatItAccepted) {
    for (const bool early : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 10s, backup_write(1, kKey));
        history.step(0, 11s, Stop{mono(41s)});
        const auto answer =
            history.step(0, early ? 12s : 39s, Timer{},
                         {RoleChanged{Role::follower, Term{}}, write_done(1, WriteAck::unknown)});
        const Verdict verdict = history.verdict(kWrites, 50s);
        EXPECT_TRUE(early ? violated(verdict, answer) : verdict.status == Status::inconclusive)
            << verdict.what;
    }
}

// Found by a campaign: it stood still until its gate was about to end, and was told to stop.
TEST_F(CheckWrites, AStoppingLeaderThatWasDisturbedRenewsBeforeItDrains) {
    for (const auto& [asked, valid] :
         {std::pair(Duration(10s), Duration(10050ms)), std::pair(Duration(10s), Duration(1h)),
          std::pair(Duration(30s), Duration(30050ms))}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, valid);
        history.path(0, 5s, false, true);
        history.path(0, 10s, true, true);
        history.step(0, asked, backup_write(1, kKey));
        history.step(0, asked, Stop{mono(asked + 60s)});
        const auto answer =
            history.step(0, asked + 50ms, Timer{},
                         {RoleChanged{Role::follower, Term{}}, write_done(1, WriteAck::fenced)});
        const Verdict verdict = history.verdict(kWrites, asked + 50s);
        EXPECT_TRUE(valid == 10050ms ? verdict.status == Status::inconclusive
                                     : violated(verdict, answer))
            << verdict.what;
    }
}

// Found by a campaign: the Lease was restored, the renewal refused, and the gate ended before a
// look.
TEST_F(CheckWrites, AStoppingLeaderMayLoseALeaseThatSomebodyElseTouched) {
    for (const Duration touched : {Duration(11s), Duration(200s), Duration(0)}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        const LeasePtr ours = lease_of(5, "replica-0", 1, 1);
        const Duration begin = touched == 200s ? Duration(300s) : Duration(10s);
        if (touched > 0s) history.lease(kNobody, touched, ours, lease_of(6, "replica-0", 1, 1));
        history.step(0, begin, backup_write(1, kKey));
        history.step(0, begin + 1s, Stop{mono(begin + 60s)});
        const auto answer =
            history.step(0, begin + 2s, Timer{},
                         {RoleChanged{Role::follower, Term{}}, write_done(1, WriteAck::fenced)});
        const Verdict verdict = history.verdict(kWrites, begin + 50s);
        const bool excused = touched == 11s;
        EXPECT_TRUE(excused ? verdict.status == Status::inconclusive : violated(verdict, answer))
            << verdict.what;
    }
}

TEST_F(CheckWrites, APutLostOnTheDisturbedPathMayHoldItsKeyForItsLargestAge) {
    asked(10s, 1);
    SendBucket put = send_bucket(7, BucketVerb::put, kKey);
    history_.path(0, 11s, true, false);
    history_.step(0, 12s, Timer{}, {put});
    history_.path(0, 13s, true, true);
    history_.step(0, 17s, bucket_answered(7, 0));
    history_.step(0, 100s, Timer{});
    EXPECT_NE(history_.verdict(kWrites, 100s).status, Status::violated);
    history_.step(0, 140s, Timer{});
    EXPECT_EQ(history_.verdict(kWrites, 140s).status, Status::violated);
}

// replica-0 leads and its PUTs get lost; replica-1 could do it.
class CheckGoesOn : public CheckWrites {
  protected:
    CheckGoesOn() { history_.path(0, 2s, true, false); }
};

TEST_F(CheckGoesOn, ALeaderThatCanNotWriteAndStaysIsFound) {
    std::uint64_t call = 0;
    for (Duration when = 10s; when < 20min; when += 30s) {
        ++call;
        asked(when, call);
        answered(when + 20s, call, WriteAck::failed);
    }
    const Verdict verdict = history_.verdict(kGoesOn, 20min);
    EXPECT_EQ(verdict.status, Status::violated) << verdict.what;
    EXPECT_NE(verdict.what.find("nothing was committed from 10s to "), std::string::npos)
        << verdict.what;
    EXPECT_NE(history_.verdict(kWrites, 20min).status, Status::violated);
}

TEST_F(CheckGoesOn, ALeaderThatGivesWayInTimePasses) {
    asked(10s, 1);
    answered(40s, 1, WriteAck::failed);
    history_.follow(0, 41s);
    history_.lead(1, 50s, 2, 1h);
    asked(60s, 2, 1);
    answered(61s, 2, WriteAck::committed, 1);
    const Verdict verdict = history_.verdict(kGoesOn, 20min);
    EXPECT_TRUE(passes(verdict));
}

TEST_F(CheckGoesOn, NobodyWhoCouldWriteIsNobodysFault) {
    history_.path(1, 3s, true, false);
    history_.path(2, 3s, false, true);
    std::uint64_t call = 0;
    for (Duration when = 10s; when < 20min; when += 30s) {
        ++call;
        asked(when, call);
        answered(when + 20s, call, WriteAck::failed);
    }
    EXPECT_EQ(history_.verdict(kGoesOn, 20min).status, Status::inconclusive);
}

}  // namespace
}  // namespace leasehold::check
