// follower.reads-never-stack: planted violations and clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kKey = "assets/1h";
constexpr std::string_view kStack = "follower.reads-never-stack";
constexpr std::string_view kInTime = "query.within-deadline";

class CheckNeverStack : public ::testing::Test {
  protected:
    CheckNeverStack() { history_.start_all(); }
    History history_;
};

TEST_F(CheckNeverStack, AQueryThatIsNeitherAnsweredNorHasARequestStacks) {
    history_.step(1, 1s, backup_read(1, kKey));
    const auto wrong = history_.step(1, 2s, query(2, kKey, mono(4s)));
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

TEST_F(CheckNeverStack, AQueryWithTwoRequestsStacks) {
    const auto wrong =
        history_.step(1, 2s, query(2, kKey),
                      {send_file(2, FileVerb::load, kKey), send_bucket(4, BucketVerb::get, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

// What was due meanwhile is done in the step that comes next: a pass, or a leader's reconciling.
TEST_F(CheckNeverStack, AQueryOfASlowReplicaMayComeWithWhatIsDue) {
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

TEST_F(CheckNeverStack, AQueryBesideAWriteThatLooksForItsOutcomeHasOneRequestOfItsOwn) {
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

TEST_F(CheckNeverStack, InTheFirstStepAfterAPauseAPassMayGoOnBesideAQuery) {
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
TEST_F(CheckNeverStack, BesideAGetThatWasDueAQuerysIsTheOneThatEndsInTime) {
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

TEST_F(CheckNeverStack, TheGetOfAQueryEndsWithIt) {
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

TEST_F(CheckNeverStack, ASingleInstallAsksTheBucketOnlyForWhatSomebodyWaitsFor) {
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

TEST_F(CheckNeverStack, AnAnsweredQueryThatSendsARequestStacks) {
    const auto wrong =
        history_.step(1, 2s, query(2, kKey), {query_done(2), send_file(2, FileVerb::load, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

TEST_F(CheckNeverStack, AnAnswerThatLeavesItsQueryWithoutARequestStacks) {
    history_.step(1, 2s, query(2, kKey), {send_file(2, FileVerb::load, kKey)});
    const auto wrong = history_.step(1, 3s, FileAnswered{RequestId{2}, {}});
    EXPECT_TRUE(violated(history_.verdict(kStack, 3s), wrong));
}

TEST_F(CheckNeverStack, QueriesAnsweredAtOnceOrByTheirOwnRequestsPass) {
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

TEST_F(CheckNeverStack, ASecondAnswerToAQueryIsFound) {
    history_.step(1, 1s, query(1, kKey), {query_done(1)});
    const auto wrong = history_.step(1, 2s, Timer{}, {query_done(1)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 9s), wrong));
}

TEST_F(CheckNeverStack, ASecondFlightOfAKeyStacksAndAReadThroughBesideItDoesNot) {
    history_.step(1, 1s, Timer{}, {send_bucket(2, BucketVerb::get, kKey)});
    history_.step(1, 2s, query(1, kKey), {send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 3s, bucket_answered(4), {query_done(1)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 3s)));
    const auto wrong = history_.step(1, 4s, Timer{}, {send_bucket(6, BucketVerb::get, kKey)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 9s), wrong));
}

TEST_F(CheckNeverStack, AFlightThatWasAnsweredOrOfAnotherRoleDoesNotStack) {
    history_.lead(1, 1s, 1, 15s);
    history_.step(1, 2s, Timer{}, {send_bucket(2, BucketVerb::get, kKey)});
    history_.follow(1, 3s);
    history_.step(1, 4s, Timer{}, {send_bucket(4, BucketVerb::get, kKey)});
    history_.step(1, 5s, bucket_answered(4));
    history_.step(1, 6s, Timer{}, {send_bucket(6, BucketVerb::get, kKey)});
    EXPECT_TRUE(passes(history_.verdict(kStack, 9s)));
}

TEST_F(CheckNeverStack, OverlappingPassesStack) {
    history_.step(1, 1s, Timer{}, {send_bucket(2, BucketVerb::list)});
    const auto wrong = history_.step(1, 31s, Timer{}, {send_bucket(4, BucketVerb::list)});
    EXPECT_TRUE(violated(history_.verdict(kStack, 40s), wrong));
}

TEST_F(CheckNeverStack, PassesMoreOftenThanThePeriodStackAndARetriedListDoesNot) {
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

TEST_F(CheckNeverStack, TooManyGetsOfAPassStack) {
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < 5; ++i)
        wrong = history_.step(1, 1s, Timer{},
                              {send_bucket(2 + 2 * i, BucketVerb::get, "k" + std::to_string(i))});
    EXPECT_TRUE(violated(history_.verdict(kStack, 40s), wrong));
}

TEST_F(CheckNeverStack, AGetThatLeavesInTheStepOfADemotionIsNoGetOfThePassAfterIt) {
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

TEST_F(CheckNeverStack, AnObjectWithItsPlaceInTheOrderIsNotAskedForAgain) {
    for (const std::uint64_t epoch : {0U, 5U}) {
        History history;
        history.start_all();
        history.step(1, 1s, query(1, kKey, mono(9s)), {send_bucket(2, BucketVerb::get, kKey)});
        auto body = std::make_shared<ObjectBody>();
        body->payload = content_of(1);
        if (epoch > 0)
            body->head = encode_header(Stamp{Epoch{epoch}, 1, 1, 1, content_of(1).digest, false});
        auto reply = std::make_shared<BucketReply>();
        reply->status = 200;
        reply->etag = etag_of("a");
        reply->content = std::move(body);
        const auto again = history.step(1, 2s, BucketAnswered{RequestId{2}, std::move(reply)},
                                        {send_bucket(3, BucketVerb::get, kKey)});
        const bool blamed = violated(history.verdict(kStack, 3s), again);
        EXPECT_EQ(blamed, epoch > 0) << epoch;
    }
}

}  // namespace
}  // namespace leasehold::check
