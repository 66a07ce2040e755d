// The way to the bucket: every verb meets every outcome, and is answered exactly once.
#include "model/protocol/stamp.hpp"
#include "tests/unit/world_rig.hpp"

namespace leasehold::sim {
namespace {

constexpr Duration kSent = 10s;
constexpr Duration kTimeout = 10s;
constexpr Duration kArrives = kOneWay + kHandling;
constexpr std::uint64_t kId = 77;
constexpr std::uint64_t kLarge = 50'000'000;  ///< a flow of some 0.4 s
constexpr Duration kFlow = 300ms;             ///< in the middle of it

struct Call {
    BucketVerb verb;
    RequestKind kind;
    std::uint64_t size;  ///< of the object got or put
    const char* name;
};
constexpr Call kCalls[] = {
    {BucketVerb::get, RequestKind::get_object, 100, "getSmall"},
    {BucketVerb::get, RequestKind::get_object, kLarge, "getLarge"},
    {BucketVerb::put, RequestKind::put_object, 100, "putSmall"},
    {BucketVerb::put, RequestKind::put_object, kLarge, "putLarge"},
    {BucketVerb::remove, RequestKind::remove_object, 100, "remove"},
    {BucketVerb::list, RequestKind::list_objects, 100, "list"},
};

class BucketCalls : public ::testing::TestWithParam<Call> {
  protected:
    bool large() const { return GetParam().size == kLarge; }
    bool writes() const {
        return kind() == RequestKind::put_object || kind() == RequestKind::remove_object;
    }
    RequestKind kind() const { return GetParam().kind; }

    /// One request of replica 0 on an object that is there.
    Rig& play(std::vector<Fault> faults = {}, const std::function<void(Rig&)>& more = {}) {
        Scenario scenario = channel_scenario();
        scenario.faults = std::move(faults);
        rig.emplace(std::move(scenario));
        rig->script(1s,
                    [this] { rig->bucket().plant(ObjectKey("k"), object(1, GetParam().size)); });
        const bool puts = GetParam().verb == BucketVerb::put;
        const bool lists = GetParam().verb == BucketVerb::list;
        rig->send_at(kSent, bucket_request(kId, GetParam().verb, lists ? "" : "k",
                                           puts ? object(2, GetParam().size) : nullptr, kTimeout));
        if (more) more(*rig);
        rig->run();
        return *rig;
    }
    std::vector<Duration> applied() const {
        std::vector<Duration> dates;
        for (const ObjectCommitted& one : rig->object_commits)
            if (one.writer == 0) dates.push_back(one.at.time_since_epoch() - kSent);
        return dates;
    }
    /// Applied once (a write; nothing shows of the others), or not at all.
    void expect_applied(bool was) const { EXPECT_EQ(applied().size(), was && writes() ? 1U : 0U); }
    void expect_answered(std::int32_t status) const {
        const auto answers = rig->answers<BucketAnswered>(kId);
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_EQ(answers[0].second.reply->status, status);
        EXPECT_FALSE(answers[0].second.reply->not_sent);
    }
    void expect_success() const {
        expect_answered(GetParam().verb == BucketVerb::remove ? 204 : 200);
        const Duration after = answered_after();
        if (large()) {
            EXPECT_GT(after, kFlow);
        } else {
            EXPECT_EQ(after, kArrives + kOneWay);
        }
    }
    void expect_unknown(Duration after = kTimeout) const {
        expect_answered(0);
        EXPECT_EQ(answered_after(), after);
    }
    Duration answered_after() const {
        const auto answers = rig->answers<BucketAnswered>(kId);
        return answers.empty() ? Duration(-1) : answers[0].first.at.time_since_epoch() - kSent;
    }
    std::vector<Fault> interfering(FaultKind what, Duration by = 0s) const {
        return {request_fault(what, kind(), by)};
    }
    std::optional<Rig> rig;
};

INSTANTIATE_TEST_SUITE_P(EachVerb, BucketCalls, ::testing::ValuesIn(kCalls),
                         [](const auto& call) { return std::string(call.param.name); });

TEST_P(BucketCalls, IsAppliedAndAnswered) {
    play();
    expect_applied(true);
    expect_success();
}

TEST_P(BucketCalls, ADelayIsAddedOneWayAndThenTheOther) {
    Fault delay = fault_at(1s, FaultKind::delay, 1min);
    delay.by = 2s;
    play({delay});
    expect_applied(true);
    if (large()) {
        EXPECT_GT(answered_after(), kFlow + 4s);
        EXPECT_LT(answered_after(), 2 * kFlow + 4s);
    } else {
        EXPECT_EQ(answered_after(), kArrives + kOneWay + 4s);
    }
}

TEST_P(BucketCalls, IsNotAppliedWhenTheRequestIsDropped) {
    play(interfering(FaultKind::drop_request));
    expect_applied(false);
    expect_unknown();
}

TEST_P(BucketCalls, IsAppliedWhenOnlyItsAnswerIsLost) {
    play(interfering(FaultKind::lose_answer));
    expect_applied(true);
    expect_unknown();
}

TEST_P(BucketCalls, IsAppliedLateAfterItsCallerGaveUp) {
    play(interfering(FaultKind::apply_late, 1min));
    expect_applied(true);
    if (writes()) {
        EXPECT_GT(applied().at(0), 1min);
    }
    expect_unknown();
}

// One that came again and again would otherwise come all at once, when a request comes at last.
TEST_P(BucketCalls, OfSeveralDelaysItsLongestCounts) {
    std::vector<Fault> faults = interfering(FaultKind::apply_late, 20s);
    faults.push_back(faults.front());
    faults.back().by = 1min;
    faults.push_back(faults.front());
    play(faults);
    expect_applied(true);
    if (writes()) {
        EXPECT_GT(applied().at(0), 1min);
        EXPECT_LT(applied().at(0), 1min + 15s);
    }
}

TEST_P(BucketCalls, IsAnsweredWithAnErrorAndNotApplied) {
    auto faults = interfering(FaultKind::answer_error);
    faults[0].status = 503;
    faults[0].retry_after = 2s;
    play(faults);
    expect_applied(false);
    expect_answered(503);
    EXPECT_EQ(rig->answers<BucketAnswered>(kId)[0].second.reply->code, BucketCode::slow_down);
    EXPECT_EQ(rig->answers<BucketAnswered>(kId)[0].second.reply->retry_after, 2s);
}

TEST_P(BucketCalls, ACutBeforeItStopsIt) {
    play({fault_at(kSent - 1ms, FaultKind::cut, 1min)});
    expect_applied(false);
    expect_unknown();
}

TEST_P(BucketCalls, ACutInTheMiddleOfATransferEndsIt) {
    play({fault_at(kSent + (large() ? kFlow : 1ms), FaultKind::cut, 1s)});
    expect_applied(false);
    expect_unknown();
}

TEST_P(BucketCalls, ACutAfterItWasAppliedLosesTheAnswerAlone) {
    play();
    const Duration done = applied().empty() ? kArrives : applied()[0];
    rig.reset();
    play({fault_at(kSent + done + 1ms, FaultKind::cut, 1s)});
    expect_applied(true);
    expect_unknown();
}

TEST_P(BucketCalls, AnOutageAppliesAndAnswersNothing) {
    Fault outage = fault_at(kSent - 1s, FaultKind::outage, 1min);
    outage.api = false;
    play({outage});
    expect_applied(false);
    expect_unknown();
}

TEST_P(BucketCalls, AnOutageInTheMiddleOfATransferEndsIt) {
    Fault outage =
        fault_at(kSent + (large() ? kFlow : 1ms), FaultKind::outage, large() ? 50ms : 1s);
    outage.api = false;
    play({outage});
    expect_applied(false);
    expect_unknown();
}

TEST_P(BucketCalls, AFreezeHoldsItUntilItEndsOrIsHealed) {
    Fault freeze = fault_at(kSent - 1s, FaultKind::freeze, 1min);
    freeze.api = false;
    play({freeze});
    expect_applied(true);
    expect_unknown();
    if (writes()) {
        EXPECT_EQ(applied().at(0), 59s);
    }
    Fault second = freeze;
    second.lasts = 2s;
    rig.reset();
    Fault heal = fault_at(kSent + 3s, FaultKind::heal);
    heal.target.kind = TargetKind::all;
    play({freeze, second, heal});
    expect_applied(true);
    expect_answered(GetParam().verb == BucketVerb::remove ? 204 : 200);
    EXPECT_GE(answered_after(), 3s + kOneWay);
    EXPECT_LT(answered_after(), 4s);
}

TEST_P(BucketCalls, AnAbortIsAnsweredAtOnceAndOnlyOnce) {
    play({}, [](Rig& r) {
        r.script(kSent + 1ms, [&r] { r.bucket().abort(0, RequestId{kId}); });
        r.script(kSent + 2ms, [&r] { r.bucket().abort(0, RequestId{kId}); });
    });
    expect_unknown(1ms);
    // What has left completely is applied all the same; the bytes of a transfer had not.
    expect_applied(!large());
}

TEST_P(BucketCalls, AnAbortAfterTheAnswerChangesNothing) {
    play({}, [](Rig& r) { r.script(kSent + 9s, [&r] { r.bucket().abort(0, RequestId{kId}); }); });
    expect_applied(true);
    expect_success();
}

TEST_P(BucketCalls, AnAbortOfAnotherProcessesRequestChangesNothing) {
    play({}, [](Rig& r) { r.script(kSent + 1ms, [&r] { r.bucket().abort(1, RequestId{kId}); }); });
    expect_applied(true);
    expect_success();
}

TEST_P(BucketCalls, ACrashedCallersTransferEndsAndNobodyHearsTheAnswer) {
    play({fault_at(kSent + 1ms, FaultKind::crash)});
    expect_applied(!large());
    EXPECT_TRUE(rig->answers<BucketAnswered>(kId).empty());
}

TEST_P(BucketCalls, TheTimeoutRunsOnTheReplicasOwnClock) {
    for (const std::int64_t ppb : {200'000'000L, -200'000'000L}) {
        rig.reset();
        play(interfering(FaultKind::drop_request),
             [ppb](Rig& r) { r.script(5s, [&r, ppb] { r.set_rate(0, ppb); }); });
        const MachineClock& clock = rig->host(0).clock;
        expect_unknown(clock.reaches(clock.monotonic(at(kSent)) + kTimeout) - at(kSent));
    }
}

TEST_P(BucketCalls, AFrozenClocksTimeoutComesWhenTheClockHasGoneOn) {
    play(interfering(FaultKind::drop_request), [](Rig& r) {
        r.script(kSent + 1s, [&r] { r.set_rate(0, -1'000'000'000); });
        r.script(kSent + 61s, [&r] { r.set_rate(0, 0); });
    });
    expect_unknown(kTimeout + 60s);
}

TEST(BucketChannel, ARefusedRequestIsAnsweredAsCertainlyNotSent) {
    Rig rig(channel_scenario());
    rig.script(kSent, [&] { rig.bucket().refuse(0, RequestId{kId}); });
    rig.run();
    const auto answers = rig.answers<BucketAnswered>(kId);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0].second.reply->not_sent);
    EXPECT_TRUE(rig.object_commits.empty());
}

TEST(BucketChannel, TransfersShareTheLinkOfTheirReplica) {
    const auto ends = [](int flows) {
        Rig rig(channel_scenario());
        for (int n = 0; n < flows; ++n)
            rig.send_at(kSent, bucket_request(kId + static_cast<std::uint64_t>(n), BucketVerb::put,
                                              "k" + std::to_string(n), object(1, kLarge)));
        rig.run();
        EXPECT_EQ(rig.object_commits.size(), static_cast<std::size_t>(flows));
        EXPECT_EQ(rig.recorder().work.flows, static_cast<std::uint64_t>(flows));
        return std::chrono::duration<double>(rig.object_commits.back().at - at(kSent)).count();
    };
    const double alone = ends(1);
    EXPECT_NEAR(alone, 0.43, 0.05);
    EXPECT_NEAR(ends(4) / alone, 4.0, 0.3);
}

TEST(BucketChannel, ATransferThatOutlastsItsTimeoutEndsUnknownAndIsNotApplied) {
    Rig rig(channel_scenario());
    rig.send_at(kSent, bucket_request(kId, BucketVerb::put, "k", object(1, kLarge), 200ms));
    rig.run();
    const auto answers = rig.answers<BucketAnswered>(kId);
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].second.reply->status, 0);
    EXPECT_EQ(answers[0].first.at, at(kSent + 200ms));
    EXPECT_TRUE(rig.object_commits.empty());
}

TEST(ForeignObject, IsWholeAndHasNoStampOfOurs) {
    ObjectBody body;
    body.payload.size = 100;
    const ObjectBodyPtr other = foreign(body);
    EXPECT_EQ(stamp_of(*other)->epoch, Epoch{});
    EXPECT_EQ(other->payload.size, 100U);
    EXPECT_NE(other->payload.digest, body.payload.digest);
}

}  // namespace
}  // namespace leasehold::sim
