// follower.reads-never-stack, query.within-deadline, read.one-outcome, promotion.releases-all,
// stop.bounded: planted violations and clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kKey = "assets/1h";
constexpr std::string_view kStack = "follower.reads-never-stack";
constexpr std::string_view kInTime = "query.within-deadline";
constexpr std::string_view kOnce = "read.one-outcome";
constexpr std::string_view kReleases = "promotion.releases-all";
constexpr std::string_view kStops = "stop.bounded";

class CheckCalls : public ::testing::Test {
  protected:
    CheckCalls() { history_.start_all(); }
    History history_;
};

TEST_F(CheckCalls, WithoutCallsTheyAreNotApplicable) {
    for (const auto id : {kStack, kInTime, kOnce, kReleases, kStops})
        EXPECT_TRUE(has_status(history_.verdict(id, 60s), Status::not_applicable)) << id;
}

TEST_F(CheckCalls, AQueryAnsweredAfterItsDeadlineIsFound) {
    history_.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
    const auto wrong =
        history_.step(1, 4s, FileAnswered{RequestId{2}, {}}, {query_done(1, QueryOutcome::data)});
    const Verdict verdict = history_.verdict(kInTime, 9s);
    EXPECT_TRUE(violated(verdict, wrong));
    EXPECT_EQ(verdict.at, at(3s));
}

TEST_F(CheckCalls, AQueryOpenAfterAStepAtItsDeadlineIsFound) {
    history_.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
    const auto wrong = history_.step(1, 3s, Timer{});
    EXPECT_TRUE(violated(history_.verdict(kInTime, 9s), wrong));
}

TEST_F(CheckCalls, AQueryStillOpenAtTheEndIsFound) {
    history_.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
    EXPECT_NE(history_.verdict(kInTime, 3s).status, Status::violated);
    EXPECT_EQ(history_.verdict(kInTime, 9s).status, Status::violated);
}

TEST_F(CheckCalls, APauseExcusesTheFirstStepAfterItOnly) {
    for (const bool late : {false, true}) {
        History history;
        history.start_all();
        history.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
        history.fault(2s, "pause replica-1", {1});
        history.fault(20s, "resume replica-1", {1});
        if (late) history.step(1, 20s, Timer{});
        history.step(1, late ? 21s : 20s, Timer{}, {query_done(1, QueryOutcome::deadline)});
        const Verdict verdict = history.verdict(kInTime, 30s);
        if (late)
            EXPECT_EQ(verdict.status, Status::violated);
        else
            EXPECT_TRUE(passes(verdict));
    }
}

TEST_F(CheckCalls, APauseInTheMiddleOfAStepIsNotEndedByThatStep) {
    history_.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
    history_.fault(2s, "pause replica-1", {1});
    history_.step(1, 2s, Timer{});
    history_.step(1, 20s, Timer{}, {query_done(1, QueryOutcome::deadline)});
    EXPECT_TRUE(passes(history_.verdict(kInTime, 30s)));
}

TEST_F(CheckCalls, TheEndOfAnEarlierPauseDoesNotEndALaterOne) {
    history_.step(1, 1s, query(1, kKey, mono(15s)), {send_file(2, FileVerb::load, kKey)});
    history_.fault(2s, "pause replica-1", {1}, true, 7);
    history_.fault(3s, "resume replica-1", {1}, true, 8);
    history_.fault(4s, "pause replica-1", {1}, true, 9);
    history_.fault(10s, "pause replica-1", {1}, false, 7);
    history_.step(1, 20s, Timer{}, {query_done(1, QueryOutcome::deadline)});
    EXPECT_TRUE(passes(history_.verdict(kInTime, 30s)));
}

// Found by a campaign: the process that the first one halted had crashed.
TEST_F(CheckCalls, TheEndOfAnEarlierTimeOfAPauseThatRepeatsDoesNotEndALaterOne) {
    history_.fault(2s, "pause replica-1", {1}, true, 7);
    history_.end(1, 3s);
    history_.start(1, 4s);
    history_.step(1, 5s, query(1, kKey, mono(15s)), {send_file(2, FileVerb::load, kKey)});
    history_.fault(6s, "pause replica-1", {1}, true, 7);
    history_.fault(10s, "pause replica-1", {1}, false, 7);
    history_.fault(20s, "pause replica-1", {1}, false, 7);
    history_.step(1, 20s, Timer{}, {query_done(1, QueryOutcome::deadline)});
    EXPECT_TRUE(passes(history_.verdict(kInTime, 30s)));
}

// A timer has had no moment between them.
TEST_F(CheckCalls, PausesWithNothingBetweenThemAreOne) {
    for (const Duration again : {Duration(4s), Duration(4001ms), Duration(4002ms)}) {
        History history;
        history.start_all();
        history.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
        history.fault(2s, "pause replica-1", {1}, true, 7);
        history.fault(4s, "pause replica-1", {1}, false, 7);
        history.fault(again, "pause replica-1", {1}, true, 9);
        history.fault(5s, "pause replica-1", {1}, false, 9);
        history.step(1, 5s, Timer{}, {query_done(1, QueryOutcome::deadline)});
        EXPECT_EQ(passes(history.verdict(kInTime, 30s)), again <= 4001ms) << again.count();
    }
}

TEST_F(CheckCalls, ADeadlineBeforeThePauseIsNotExcused) {
    history_.step(1, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
    history_.fault(5s, "pause replica-1", {1});
    const auto wrong = history_.step(1, 20s, Timer{}, {query_done(1, QueryOutcome::deadline)});
    EXPECT_TRUE(violated(history_.verdict(kInTime, 30s), wrong));
}

TEST_F(CheckCalls, DeadlinesAreThoseOfTheOwnClock) {
    History history;
    history.start(0, 0s, 100'000'000);  // 10 % fast
    history.step(0, 1s, query(1, kKey, mono(3s)), {send_file(2, FileVerb::load, kKey)});
    const auto wrong = history.step(0, 2900ms, Timer{});  // 3.19 s on its own clock
    EXPECT_TRUE(violated(history.verdict(kInTime, 3s), wrong));
}

TEST_F(CheckCalls, AReadAnsweredTwiceOrNeverAskedIsFound) {
    history_.step(1, 1s, backup_read(1, kKey));
    history_.step(1, 2s, Timer{}, {read_done(1, ReadOutcome::data)});
    EXPECT_TRUE(passes(history_.verdict(kOnce, 3s)));
    const auto wrong = history_.step(1, 3s, Timer{}, {read_done(1, ReadOutcome::data)});
    EXPECT_TRUE(violated(history_.verdict(kOnce, 9s), wrong));
}

TEST_F(CheckCalls, NotFoundFromAFollowerIsFoundAndFromALeaderPasses) {
    History history;
    history.start_all();
    history.lead(0, 1s, 1, 15s);
    history.step(0, 2s, backup_read(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
    history.step(0, 3s, bucket_answered(2, 404), {read_done(1, ReadOutcome::not_found)});
    EXPECT_TRUE(passes(history.verdict(kOnce, 3s)));
    history.step(1, 4s, backup_read(1, kKey));
    const auto wrong = history.step(1, 5s, Timer{}, {read_done(1, ReadOutcome::not_found)});
    EXPECT_TRUE(violated(history.verdict(kOnce, 9s), wrong));
}

TEST_F(CheckCalls, APendingReadPastItsDeadlineIsFoundAndWithoutOneItMayWait) {
    history_.step(1, 1s, backup_read(1, kKey));
    history_.step(1, 2s, backup_read(2, "other"), {});
    history_.step(1, 3s, Timer{}, {read_done(2, ReadOutcome::cancelled)});
    EXPECT_TRUE(passes(history_.verdict(kOnce, 3600s)));
    history_.step(2, 1s, backup_read(3, kKey, mono(5s)));
    const auto wrong = history_.step(2, 6s, Timer{});
    EXPECT_TRUE(violated(history_.verdict(kOnce, 9s), wrong));
}

TEST_F(CheckCalls, ACancelThatEndsNothingIsFound) {
    history_.step(1, 1s, backup_read(1, kKey));
    const auto wrong = history_.step(1, 2s, Cancel{CallId{1}});
    EXPECT_TRUE(violated(history_.verdict(kOnce, 9s), wrong));
}

TEST_F(CheckCalls, AReadThatALeaderNeverEndsIsFound) {
    history_.lead(1, 1s, 1, 3600s);
    history_.step(1, 2s, backup_read(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
    history_.step(1, 60s, Timer{});
    EXPECT_NE(history_.verdict(kOnce, 60s).status, Status::violated);
    const auto wrong = history_.step(1, 600s, Timer{});
    EXPECT_TRUE(violated(history_.verdict(kOnce, 600s), wrong));
}

TEST_F(CheckCalls, AReadThatFailsAfterOneGetIsFoundUnlessItWasRefused) {
    for (const std::int32_t status : {0, 429, 503, 403, 404}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 2s, backup_read(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
        const auto failed =
            history.step(0, 3s, bucket_answered(2, status), {read_done(1, ReadOutcome::failed)});
        const Verdict verdict = history.verdict(kOnce, 9s);
        if (status == 403 || status == 404)
            EXPECT_TRUE(passes(verdict)) << status;
        else
            EXPECT_TRUE(violated(verdict, failed)) << status;
    }
}

TEST_F(CheckCalls, AReadThatFailsAfterSeveralGetsOfOneLeadershipPasses) {
    for (const bool again : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 2s, backup_read(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
        history.step(0, 3s, bucket_answered(2, 503), {send_bucket(3, BucketVerb::get, kKey)});
        if (!again) {
            history.follow(0, 4s, 1);
            history.lead(0, 5s, 2, 1h);
        }
        const auto failed =
            history.step(0, 6s, bucket_answered(3, 503), {read_done(1, ReadOutcome::failed)});
        const Verdict verdict = history.verdict(kOnce, 9s);
        EXPECT_TRUE(again ? passes(verdict) : violated(verdict, failed));
    }
}

TEST_F(CheckCalls, AFollowersReadThatFailsIsFound) {
    history_.step(1, 1s, backup_read(1, kKey));
    const auto wrong = history_.step(1, 2s, Timer{}, {read_done(1, ReadOutcome::failed)});
    EXPECT_TRUE(violated(history_.verdict(kOnce, 9s), wrong));
}

TEST_F(CheckCalls, AReadEndsWithItsProcessButNotWithoutAnAnswerInAStop) {
    history_.step(1, 1s, backup_read(1, kKey));
    history_.end(1, 2s);
    history_.step(2, 1s, backup_read(2, kKey));
    history_.step(2, 2s, Timer{}, {read_done(2, ReadOutcome::data)});
    EXPECT_TRUE(passes(history_.verdict(kOnce, 9s)));
    history_.step(2, 3s, backup_read(3, kKey));
    const auto wrong =
        history_.step(2, 4s, Stop{mono(30s)}, {RoleChanged{Role::stopped, Term{}}, Stopped{}});
    EXPECT_TRUE(violated(history_.verdict(kOnce, 9s), wrong));
}

TEST_F(CheckCalls, APromotionThatReleasesItsReadsPasses) {
    history_.step(1, 1s, backup_read(1, kKey));
    history_.step(1, 2s, Timer{},
                  {GateMoved{Term{1}, mono(1h)}, RoleChanged{Role::leader, Term{1}},
                   send_bucket(2, BucketVerb::get, kKey)});
    history_.step(1, 3s, bucket_answered(2, 404), {read_done(1, ReadOutcome::not_found)});
    EXPECT_TRUE(passes(history_.verdict(kReleases, 9s)));
}

TEST_F(CheckCalls, ARoleBeforeItsGateOrStorageBeforeTheRoleIsFound) {
    History gate;
    gate.start_all();
    const auto first = gate.step(
        1, 2s, Timer{}, {RoleChanged{Role::leader, Term{1}}, GateMoved{Term{1}, mono(9s)}});
    EXPECT_TRUE(violated(gate.verdict(kReleases, 9s), first));
    History reads;
    reads.start_all();
    const auto second =
        reads.step(1, 2s, Timer{},
                   {send_bucket(2, BucketVerb::get, kKey), GateMoved{Term{1}, mono(9s)},
                    RoleChanged{Role::leader, Term{1}}});
    EXPECT_TRUE(violated(reads.verdict(kReleases, 9s), second));
}

TEST_F(CheckCalls, AReleasedReadWithoutItsOwnGetIsFound) {
    history_.step(1, 1s, backup_read(1, kKey));
    history_.step(1, 1s, Timer{}, {send_bucket(2, BucketVerb::get, kKey)});
    history_.lead(1, 2s, 1, 1h);
    const auto wrong =
        history_.step(1, 3s, bucket_answered(2, 404), {read_done(1, ReadOutcome::not_found)});
    EXPECT_TRUE(violated(history_.verdict(kReleases, 9s), wrong));
}

TEST_F(CheckCalls, AReadThatAPromotionLeavesPendingIsFoundAndADemotionParksItAgain) {
    history_.step(1, 1s, backup_read(1, kKey));
    history_.lead(1, 2s, 1, 3600s);
    history_.follow(1, 3s);
    history_.step(1, 600s, Timer{});
    EXPECT_TRUE(passes(history_.verdict(kReleases, 600s)));
    history_.lead(1, 601s, 2, 7200s);
    const auto wrong = history_.step(1, 1200s, Timer{});
    EXPECT_TRUE(violated(history_.verdict(kReleases, 1200s), wrong));
}

TEST_F(CheckCalls, ReleasedReadsOfLargeObjectsHaveTheTimeOutsOfTheirSize) {
    for (const std::uint64_t mib : {0U, 100U}) {
        Settings settings = test_settings();
        settings.object_size = mib << 20U;
        History history(settings);
        history.start_all();
        history.step(1, 1s, backup_read(1, kKey));
        history.lead(1, 2s, 1, 2h);
        history.step(1, 400s, Timer{});
        EXPECT_EQ(history.verdict(kReleases, 400s).status == Status::violated, mib == 0);
        history.step(1, 1200s, Timer{});
        EXPECT_EQ(history.verdict(kReleases, 1200s).status, Status::violated);
    }
}

TEST_F(CheckCalls, AStopWithinItsDeadlinePassesAndALateOneIsFound) {
    history_.step(1, 1s, Stop{mono(31s)});
    history_.step(1, 31s, Timer{}, {RoleChanged{Role::stopped, Term{}}, Stopped{}});
    history_.end(1, 31s, EndCause::stopped);
    EXPECT_TRUE(passes(history_.verdict(kStops, 40s)));
    history_.step(2, 41s, Stop{mono(71s)});
    const auto wrong = history_.step(2, 72s, Timer{}, {Stopped{}});
    EXPECT_TRUE(violated(history_.verdict(kStops, 80s), wrong));
}

TEST_F(CheckCalls, AStopThatNeverEndsIsFoundAtAStepOrAtTheEnd) {
    history_.step(1, 1s, Stop{mono(31s)});
    EXPECT_EQ(history_.verdict(kStops, 60s).status, Status::violated);
    History steps;
    steps.start_all();
    steps.step(1, 1s, Stop{mono(31s)});
    const auto wrong = steps.step(1, 31s, Timer{});
    EXPECT_TRUE(violated(steps.verdict(kStops, 40s), wrong));
}

TEST_F(CheckCalls, APauseExcusesALateStop) {
    history_.step(1, 1s, Stop{mono(31s)});
    history_.fault(20s, "suspend replica-1", {1});
    history_.step(1, 60s, Timer{}, {Stopped{}});
    EXPECT_TRUE(passes(history_.verdict(kStops, 70s)));
}

}  // namespace
}  // namespace leasehold::check
