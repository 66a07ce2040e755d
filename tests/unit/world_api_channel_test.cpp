// The way to the Lease API: every verb meets every outcome, and is answered exactly once.
#include <array>

#include "tests/unit/world_rig.hpp"

namespace leasehold::sim {
namespace {

constexpr Duration kArrives = kOneWay + kHandling;  ///< from sending to being applied
constexpr Duration kAnswered = kArrives + kOneWay;  ///< from sending to the answer
constexpr Duration kTimeout = 5s;
constexpr Duration kSent = 10s;
constexpr std::uint64_t kId = 77;

RequestKind kind_of(LeaseVerb verb) {
    return verb == LeaseVerb::get      ? RequestKind::get_lease
           : verb == LeaseVerb::create ? RequestKind::create_lease
                                       : RequestKind::update_lease;
}

/// One request of each verb: a create on nothing, a GET and an update on a Lease of replica 1.
class LeaseCalls : public ::testing::TestWithParam<LeaseVerb> {
  protected:
    LeaseVerb verb() const { return GetParam(); }
    bool writes() const { return verb() != LeaseVerb::get; }

    Rig& play(Scenario scenario, const std::function<void(Rig&)>& more = {}) {
        rig.emplace(std::move(scenario));
        if (verb() != LeaseVerb::create)
            rig->send_at(1s, lease_request(1, LeaseVerb::create, new_lease("other")), 1);
        rig->script(kSent, [this] {
            LeasePtr body;
            if (verb() == LeaseVerb::create) body = new_lease("me");
            if (verb() == LeaseVerb::update) {
                auto next = std::make_shared<Lease>(*rig->api().lease());
                next->record.holder = "me";
                body = next;
            }
            rig->api().send(0, lease_request(kId, verb(), body, kTimeout));
        });
        if (more) more(*rig);
        rig->run();
        return *rig;
    }
    /// When it was applied; for a GET nothing shows.
    std::vector<Duration> applied() const {
        std::vector<Duration> dates;
        for (const LeaseCommitted& one : rig->lease_commits)
            if (one.writer == 0) dates.push_back(one.at.time_since_epoch() - kSent);
        return dates;
    }
    void expect_applied(std::optional<Duration> after) const {
        std::vector<Duration> expected;
        if (writes() && after) expected.push_back(*after);
        EXPECT_EQ(applied(), expected);
    }
    /// Exactly one answer, that much after the sending.
    void expect_answer(Duration after, std::int32_t status) const {
        const auto answers = rig->answers<LeaseAnswered>(kId);
        ASSERT_EQ(answers.size(), 1U);
        EXPECT_EQ(answers[0].first.replica, 0U);
        EXPECT_EQ(answers[0].first.at.time_since_epoch() - kSent, after);
        EXPECT_EQ(answers[0].second.reply.status, status);
        EXPECT_EQ(answers[0].second.reply.lease != nullptr, status == 200 || status == 201);
        EXPECT_FALSE(answers[0].second.reply.not_sent);
    }
    void expect_unknown() const { expect_answer(kTimeout, 0); }
    std::int32_t success() const { return verb() == LeaseVerb::create ? 201 : 200; }
    static Scenario with(std::vector<Fault> faults) {
        Scenario scenario = channel_scenario();
        scenario.faults = std::move(faults);
        return scenario;
    }
    Scenario with_request_fault(FaultKind kind, Duration by = 0s) const {
        return with({request_fault(kind, kind_of(verb()), by)});
    }

    std::optional<Rig> rig;
};

INSTANTIATE_TEST_SUITE_P(EachVerb, LeaseCalls,
                         ::testing::Values(LeaseVerb::get, LeaseVerb::create, LeaseVerb::update),
                         [](const auto& verb) {
                             return std::string(request_kind_name(kind_of(verb.param)));
                         });

TEST_P(LeaseCalls, IsAppliedAndAnswered) {
    play(channel_scenario());
    expect_applied(kArrives);
    expect_answer(kAnswered, success());
}

TEST_P(LeaseCalls, IsNotAppliedWhenTheRequestIsDropped) {
    play(with_request_fault(FaultKind::drop_request));
    expect_applied({});
    expect_unknown();
    EXPECT_EQ(rig->effects.size(), 1U);
}

TEST_P(LeaseCalls, IsAppliedWhenOnlyItsAnswerIsLost) {
    play(with_request_fault(FaultKind::lose_answer));
    expect_applied(kArrives);
    expect_unknown();
}

TEST_P(LeaseCalls, IsAppliedLateAfterItsCallerGaveUp) {
    play(with_request_fault(FaultKind::apply_late, 20s));
    expect_applied(kArrives + 20s);
    expect_unknown();
}

TEST_P(LeaseCalls, IsAppliedLateButAnsweredWithinItsTimeout) {
    play(with_request_fault(FaultKind::apply_late, 1s));
    expect_applied(kArrives + 1s);
    expect_answer(kAnswered + 1s, success());
}

TEST_P(LeaseCalls, IsAnsweredWithAnErrorAndNotApplied) {
    Scenario scenario = with_request_fault(FaultKind::answer_error);
    scenario.faults[0].status = 429;
    scenario.faults[0].retry_after = 3s;
    play(scenario);
    expect_applied({});
    expect_answer(kAnswered, 429);
    const auto answers = rig->answers<LeaseAnswered>(kId);
    EXPECT_EQ(answers[0].second.reply.retry_after, 3s);
    EXPECT_EQ(answers[0].second.reply.reason, StatusReason::too_many_requests);
}

TEST_P(LeaseCalls, TheOtherReplicasRequestsAndOtherVerbsAreLeftAlone) {
    Scenario scenario = with_request_fault(FaultKind::drop_request);
    scenario.faults[0].target.replica = 1;
    if (verb() != LeaseVerb::create) {
        Fault other = request_fault(FaultKind::drop_request, RequestKind::watch_lease);
        scenario.faults.push_back(other);
    }
    play(scenario);
    expect_applied(kArrives);
    expect_answer(kAnswered, success());
}

TEST_P(LeaseCalls, ACutBeforeItStopsTheRequest) {
    play(with({fault_at(kSent - 1ms, FaultKind::cut, 1s)}));
    expect_applied({});
    expect_unknown();
}

TEST_P(LeaseCalls, ACutWhileItTravelsStopsTheRequest) {
    play(with({fault_at(kSent + 1ms, FaultKind::cut, 1s)}));
    expect_applied({});
    expect_unknown();
}

TEST_P(LeaseCalls, ACutThatIsOverBeforeItArrivesStopsNothing) {
    play(with({fault_at(kSent + 1ms, FaultKind::cut, 2ms)}));
    expect_applied(kArrives);
    expect_answer(kAnswered, success());
}

TEST_P(LeaseCalls, ACutWhileTheAnswerTravelsLosesItAlone) {
    play(with({fault_at(kSent + kArrives + 1ms, FaultKind::cut, 1s)}));
    expect_applied(kArrives);
    expect_unknown();
}

TEST_P(LeaseCalls, ACutAfterTheAnswerChangesNothing) {
    play(with({fault_at(kSent + kAnswered + 1ms, FaultKind::cut, 1s)}));
    expect_applied(kArrives);
    expect_answer(kAnswered, success());
}

TEST_P(LeaseCalls, ABlockedSenderDoesNotApplyAndABlockedReceiverIsNotAnswered) {
    Fault cut = fault_at(kSent - 1s, FaultKind::cut, 10s);
    cut.direction = Direction::send;
    play(with({cut}));
    expect_applied({});
    expect_unknown();
    rig.reset();
    cut.direction = Direction::receive;
    play(with({cut}));
    expect_applied(kArrives);
    expect_unknown();
}

TEST_P(LeaseCalls, ACutFromTheBucketAloneChangesNothing) {
    Fault cut = fault_at(kSent - 1s, FaultKind::cut, 10s);
    cut.api = false;
    play(with({cut}));
    expect_applied(kArrives);
    expect_answer(kAnswered, success());
}

TEST_P(LeaseCalls, AFreezeHoldsItUntilItEndsOrIsHealed) {
    Fault freeze = fault_at(kSent - 1s, FaultKind::freeze, 1min);
    freeze.bucket = false;
    play(with({freeze}));
    expect_applied(59s);
    expect_unknown();
    rig.reset();
    Fault second = freeze;
    second.lasts = 2s;
    Fault heal = fault_at(kSent + 3s, FaultKind::heal);
    heal.target.kind = TargetKind::all;
    play(with({freeze, second, heal}));
    expect_applied(3s);
    expect_answer(3s + kOneWay, success());
}

TEST_P(LeaseCalls, AnOutageAppliesAndAnswersNothing) {
    Fault outage = fault_at(kSent - 1s, FaultKind::outage, 3s);
    outage.bucket = false;
    play(with({outage}));
    expect_applied({});
    expect_unknown();
    rig.reset();
    outage.trigger.at = kSent + 1ms;
    play(with({outage}));
    expect_applied({});
    expect_unknown();
}

TEST_P(LeaseCalls, AnOutageThatBeginsAfterItWasAppliedLetsTheAnswerThrough) {
    Fault outage = fault_at(kSent + kArrives + 1ms, FaultKind::outage, 3s);
    outage.bucket = false;
    play(with({outage}));
    expect_applied(kArrives);
    expect_answer(kAnswered, success());
}

TEST_P(LeaseCalls, ADelayIsAddedOneWayAndThenTheOther) {
    Fault delay = fault_at(1s, FaultKind::delay, 1min);
    delay.by = 100ms;
    play(with({delay}));
    expect_applied(kArrives + 100ms);
    expect_answer(kAnswered + 200ms, success());
}

TEST_P(LeaseCalls, ADelayBeyondTheTimeoutIsAppliedAfterTheCallerGaveUp) {
    Fault delay = fault_at(1s, FaultKind::delay, 1min);
    delay.by = 8s;
    play(with({delay}));
    expect_applied(kArrives + 8s);
    expect_unknown();
}

TEST_P(LeaseCalls, TheTimeoutRunsOnTheReplicasOwnClock) {
    for (const std::int64_t ppb : {500'000'000L, -500'000'000L, 0L}) {
        rig.reset();
        play(with_request_fault(FaultKind::drop_request),
             [ppb](Rig& r) { r.script(5s, [&r, ppb] { r.set_rate(0, ppb); }); });
        const auto answers = rig->answers<LeaseAnswered>(kId);
        ASSERT_EQ(answers.size(), 1U);
        const MachineClock& clock = rig->host(0).clock;
        const Instant due = clock.monotonic(at(kSent)) + kTimeout;
        EXPECT_GE(answers[0].first.clock, due);
        EXPECT_EQ(answers[0].first.at, clock.reaches(due));
        EXPECT_EQ(ppb == 0, answers[0].first.at == at(kSent + kTimeout));
    }
}

TEST_P(LeaseCalls, ATimeoutThatMeetsAFrozenClockWaitsUntilTheClockGoesOn) {
    const auto freeze = [](Rig& r) {
        r.script(kSent + 1s, [&r] { r.set_rate(0, -1'000'000'000); });
        r.script(kSent + 61s, [&r] { r.set_rate(0, 0); });
    };
    play(with_request_fault(FaultKind::drop_request), freeze);
    expect_answer(kTimeout + 60s, 0);
    rig.reset();
    // The same when the answer is lost on its last way, while the clock stands.
    Fault cut = fault_at(kSent + kArrives + 1ms, FaultKind::cut, 5min);
    play(with({cut}), [](Rig& r) {
        r.script(kSent + kArrives + 2ms, [&r] { r.set_rate(0, -1'000'000'000); });
        r.script(kSent + kArrives + 2ms + 60s, [&r] { r.set_rate(0, 0); });
    });
    expect_applied(kArrives);
    expect_answer(kTimeout + 60s, 0);
}

TEST_P(LeaseCalls, ACrashedCallersRequestIsAppliedAndNobodyHearsTheAnswer) {
    play(with({fault_at(kSent + 1ms, FaultKind::crash)}));
    expect_applied(kArrives);
    EXPECT_TRUE(rig->answers<LeaseAnswered>(kId).empty());
}

TEST_P(LeaseCalls, APredecessorsAnswerAndTimeoutNeverReachARestartedProcess) {
    for (const FaultKind kind : {FaultKind::lose_answer, FaultKind::apply_late}) {
        rig.reset();
        play(with_request_fault(kind, kind == FaultKind::apply_late ? 1s : 0s), [](Rig& r) {
            r.script(kSent + 1ms, [&r] {
                r.hosts().crash(0, Disk::keep, {});
                ReplicaConfig config;
                config.election.emplace();
                config.election->identity = "again";
                r.host(0).replica = Peer(Replica(config));
                ++r.host(0).incarnation;
            });
        });
        EXPECT_TRUE(rig->answers<LeaseAnswered>(kId).empty());
    }
}

}  // namespace
}  // namespace leasehold::sim
