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

TEST_F(CheckCalls, AQueryThatIsNeitherAnsweredNorHasARequestStacks) {
    history_.step(1, 1s, backup_read(1, kKey));
    const auto wrong = history_.step(1, 2s, query(2, kKey, mono(4s)));
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

TEST_F(CheckCalls, AQueryWithTwoRequestsStacks) {
    const auto wrong =
        history_.step(1, 2s, query(2, kKey),
                      {send_file(2, FileVerb::load, kKey), send_bucket(4, BucketVerb::get, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

// What was due meanwhile is done in the step that comes next: a pass, or a leader's reconciling.
TEST_F(CheckCalls, AQueryOfASlowReplicaMayComeWithWhatIsDue) {
    history_.fault(1s, "slow replica-1", {1});
    history_.fault(1s, "slow replica-1", {1});
    history_.fault(1500ms, "slow replica-1", {1}, false);
    history_.step(1, 2s, query(2, kKey),
                  {send_bucket(2, BucketVerb::get, kKey), send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 3s, bucket_got(2, "a"), {query_done(2)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 3s)));
    history_.fault(4s, "slow replica-1", {1}, false);
    const auto wrong =
        history_.step(1, 5s, query(3, kKey),
                      {send_bucket(6, BucketVerb::get, kKey), send_file(8, FileVerb::load, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 6s), wrong));
}

TEST_F(CheckCalls, AQueryBesideAWriteThatLooksForItsOutcomeHasOneRequestOfItsOwn) {
    history_.lead(1, 1s, 1, 1h);
    history_.step(1, 1s, backup_write(1, kKey));
    history_.step(1, 2s, query(2, kKey),
                  {send_file(2, FileVerb::load, kKey), send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 3s, FileAnswered{RequestId{2}, {}}, {query_done(2)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 3s)));
    const auto wrong =
        history_.step(1, 4s, query(3, kKey),
                      {send_file(6, FileVerb::load, kKey), send_bucket(8, BucketVerb::get, kKey),
                       send_bucket(10, BucketVerb::get, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 5s), wrong));
}

TEST_F(CheckCalls, InTheFirstStepAfterAPauseAPassMayGoOnBesideAQuery) {
    for (const bool late : {false, true}) {
        History history;
        history.start_all();
        history.fault(2s, "pause replica-1", {1});
        history.fault(20s, "resume replica-1", {1});
        if (late) history.step(1, 20s, Timer{});
        history.step(1, late ? 21s : 20s, query(2, kKey),
                     {send_file(2, FileVerb::load, kKey), send_bucket(4, BucketVerb::get, kKey)});
        history.step(1, 22s, FileAnswered{RequestId{2}, {}}, {query_done(2)});
        EXPECT_EQ(history.verdict(kStack, 30s).status == Status::violated, late);
    }
}

// Found by a campaign: the answer for the pass was taken for the query's.
TEST_F(CheckCalls, BesideAGetThatWasDueAQuerysIsTheOneThatEndsInTime) {
    for (const bool of_query : {false, true}) {
        History history;
        history.start_all();
        history.path(1, 1s, true);
        history.fault(10s, "pause replica-1", {1});
        history.fault(20s, "resume replica-1", {1});
        SendBucket own = send_bucket(6, BucketVerb::get, kKey);
        own.timeout = 2s;
        SendBucket due = send_bucket(7, BucketVerb::get, kKey);
        due.timeout = 7s;
        history.step(1, 20s, query(2, kKey, mono(24s)), {own, due});
        const auto left = history.step(1, 21s, bucket_got(of_query ? 6 : 7, "a"));
        history.step(1, 22s, bucket_got(of_query ? 7 : 6, "a"), {query_done(2)});
        const Verdict verdict = history.verdict(kStack, 30s);
        EXPECT_EQ(violated(verdict, left), of_query) << verdict.what;
    }
}

TEST_F(CheckCalls, TheGetOfAQueryEndsWithIt) {
    for (const Duration timeout : {Duration(2s), Duration(2001ms)}) {
        for (const bool at_once : {true, false}) {
            History history;
            history.start_all();
            SendBucket get = send_bucket(4, BucketVerb::get, kKey);
            get.timeout = timeout;
            if (at_once) {
                history.step(1, 2s, query(2, kKey, mono(4s)), {get});
            } else {
                history.step(1, 1s, query(2, kKey, mono(4s)), {send_file(2, FileVerb::load, kKey)});
                history.step(1, 2s, FileAnswered{RequestId{2}, {}}, {get});
            }
            const std::uint64_t sent = history.number();
            history.step(1, 3s, bucket_answered(4), {query_done(2)});
            const Verdict verdict = history.verdict(kStack, 5s);
            EXPECT_EQ(violated(verdict, sent), timeout > 2s) << verdict.what;
        }
    }
}

TEST_F(CheckCalls, ASingleInstallAsksTheBucketOnlyForWhatSomebodyWaitsFor) {
    Settings settings = test_settings();
    settings.elects = false;
    settings.replicas = 1;
    settings.storage.ha = false;
    History history(settings);
    history.start_all();
    history.step(0, 1s, backup_read(1, kKey), {send_bucket(2, BucketVerb::get, kKey)});
    EXPECT_TRUE(passes(history.verdict(kStack, 2s)));
    const auto wrong =
        history.step(0, 2s, Timer{}, {send_bucket(4, BucketVerb::get, "allocations/1h")});
    EXPECT_TRUE(violated(history.verdict(kStack, 3s), wrong));
}

TEST_F(CheckCalls, AnAnsweredQueryThatSendsARequestStacks) {
    const auto wrong =
        history_.step(1, 2s, query(2, kKey), {query_done(2), send_file(2, FileVerb::load, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

TEST_F(CheckCalls, AnAnswerThatLeavesItsQueryWithoutARequestStacks) {
    history_.step(1, 2s, query(2, kKey), {send_file(2, FileVerb::load, kKey)});
    const auto wrong = history_.step(1, 3s, FileAnswered{RequestId{2}, {}});
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

TEST_F(CheckCalls, QueriesAnsweredAtOnceOrByTheirOwnRequestsPass) {
    history_.step(1, 1s, query(1, kKey), {query_done(1)});
    history_.step(1, 2s, query(2, kKey), {send_file(2, FileVerb::load, kKey)});
    history_.step(1, 3s, FileAnswered{RequestId{2}, {}}, {send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 4s, bucket_answered(4), {query_done(2, QueryOutcome::data)});
    // Work that was due comes along in the step of a query: it isn't the query's.
    history_.step(1, 5s, query(3, kKey),
                  {send_bucket(6, BucketVerb::list), send_bucket(8, BucketVerb::get, "other"),
                   send_bucket(10, BucketVerb::get, kKey)});
    history_.step(1, 6s, bucket_answered(10), {query_done(3, QueryOutcome::data)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 9s)));
    EXPECT_TRUE(passes(history_.verdict(kInTime, 9s)));
}

TEST_F(CheckCalls, ASecondAnswerToAQueryIsFound) {
    history_.step(1, 1s, query(1, kKey), {query_done(1)});
    const auto wrong = history_.step(1, 2s, Timer{}, {query_done(1)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 9s), wrong));
}

TEST_F(CheckCalls, ASecondFlightOfAKeyStacksAndAReadThroughBesideItDoesNot) {
    history_.step(1, 1s, Timer{}, {send_bucket(2, BucketVerb::get, kKey)});
    history_.step(1, 2s, query(1, kKey), {send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 3s, bucket_answered(4), {query_done(1)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 3s)));
    const auto wrong = history_.step(1, 4s, Timer{}, {send_bucket(6, BucketVerb::get, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 9s), wrong));
}

TEST_F(CheckCalls, AFlightThatWasAnsweredOrOfAnotherRoleDoesNotStack) {
    history_.lead(1, 1s, 1, 15s);
    history_.step(1, 2s, Timer{}, {send_bucket(2, BucketVerb::get, kKey)});
    history_.follow(1, 3s);
    history_.step(1, 4s, Timer{}, {send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 5s, bucket_answered(4));
    history_.step(1, 6s, Timer{}, {send_bucket(6, BucketVerb::get, kKey)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 9s)));
}

TEST_F(CheckCalls, OverlappingPassesStack) {
    history_.step(1, 1s, Timer{}, {send_bucket(2, BucketVerb::list)});
    const auto wrong = history_.step(1, 31s, Timer{}, {send_bucket(4, BucketVerb::list)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 40s), wrong));
}

TEST_F(CheckCalls, PassesMoreOftenThanThePeriodStackAndARetriedListDoesNot) {
    History often;
    often.start_all();
    std::uint64_t request = 0;
    const auto pass = [&often, &request](Duration when, std::int32_t status) {
        request += 2;
        const auto number = often.step(1, when, Timer{}, {send_bucket(request, BucketVerb::list)});
        often.step(1, when + 10ms,
                   status == 200 ? bucket_page(request) : bucket_answered(request, status));
        return number;
    };
    pass(1s, 200);
    pass(5s, 503);  // the phase's pass fails ...
    pass(6s, 200);  // ... and is tried again
    pass(35s, 200);
    EXPECT_TRUE(passes(often.verdict(kStack, 40s)));
    const auto wrong = pass(36s, 200);
    EXPECT_TRUE(violated(often.verdict(kStack, 40s), wrong));
}

TEST_F(CheckCalls, TooManyGetsOfAPassStack) {
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < 5; ++i)
        wrong = history_.step(1, 1s, Timer{},
                              {send_bucket(2 + 2 * i, BucketVerb::get, "k" + std::to_string(i))});
    EXPECT_TRUE(violated(history_.verdict(kStack, 40s), wrong));
}

TEST_F(CheckCalls, AGetThatLeavesInTheStepOfADemotionIsNoGetOfThePassAfterIt) {
    history_.lead(1, 1s, 1, 15s);
    history_.step(1, 2s, Timer{},
                  {send_bucket(2, BucketVerb::get, "k9"), GateMoved{Term{1}, mono(2s)},
                   RoleChanged{Role::follower, Term{}}});
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < 5; ++i) {
        EXPECT_TRUE(passes(history_.verdict(kStack, 3s)));
        last = history_.step(1, 3s, Timer{},
                             {send_bucket(4 + 2 * i, BucketVerb::get, "k" + std::to_string(i))});
    }
    EXPECT_TRUE(violated(history_.verdict(kStack, 40s), last));
}

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
