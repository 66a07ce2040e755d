// Processes that are halted, slow or ended, and what brings them back.
#include "tests/unit/world_history.hpp"

namespace leasehold::sim {
namespace {

TEST_F(WorldRun, APausedProcessDoesNothingAndThenTakesEverythingInOrder) {
    play({fault(FaultKind::pause, 60s, to(TargetKind::follower), 20s)});
    const ReplicaIndex met = victim();
    EXPECT_EQ(history.stepped(met, at(60s), at(80s)), 0U);
    EXPECT_GT(history.stepped(met, at(80s) - 1ns, at(80s) + 1ns), 5U) << "what came meanwhile";
    EXPECT_GT(history.stepped(met, at(81s), at(120s)), 20U) << "timers run again";
    Version last;
    for (const auto& step : history.steps) {
        const auto* watched = std::get_if<LeaseWatched>(&step.event);
        if (watched == nullptr || step.replica != met || !watched->lease) continue;
        EXPECT_GT(watched->lease->version, last);
        last = watched->lease->version;
    }
}

TEST_F(WorldRun, AnEarlierPausesEndDoesNotEndALaterOne) {
    Fault resume = fault(FaultKind::resume, 65s, bound("sleeper"));
    Fault first = fault(FaultKind::pause, 60s, to(TargetKind::follower), 20s);
    first.as = "sleeper";
    play({first, resume, fault(FaultKind::pause, 70s, bound("sleeper"), 40s)});
    const ReplicaIndex met = victim();
    EXPECT_EQ(history.stepped(met, at(60s), at(65s)), 0U);
    EXPECT_GT(history.stepped(met, at(65s), at(70s)), 0U);
    EXPECT_EQ(history.stepped(met, at(70s), at(110s)), 0U);
    EXPECT_GT(history.stepped(met, at(110s), at(120s)), 0U);
}

TEST_F(WorldRun, ASlowMachineIsPausedAndSuspendedLikeAnyOther) {
    for (const FaultKind kind : {FaultKind::pause, FaultKind::suspend}) {
        for (int ms = 0; ms < 400; ms += 100) {
            Fault slow = fault(FaultKind::slow, 50s, to(TargetKind::follower), 60s);
            slow.by = 400ms;
            slow.as = "it";
            const Duration when = 60s + std::chrono::milliseconds(ms);
            const RunResult result = play({slow, fault(kind, when, bound("it"), 20s)});
            EXPECT_EQ(result.faults[1].took_effect, 1U);
            const ReplicaIndex met = victim();
            EXPECT_EQ(history.stepped(met, at(when), at(when + 20s)), 0U);
            EXPECT_GT(history.stepped(met, at(when + 20s), at(when + 30s)), 5U);
        }
    }
}

TEST_F(WorldRun, AResumeWakesNoMachineThatIsOnlySlow) {
    Fault slow = fault(FaultKind::slow, 50s, to(TargetKind::follower), 60s);
    slow.by = 400ms;
    slow.as = "it";
    std::vector<Fault> faults{slow};
    for (int n = 0; n < 20; ++n)
        faults.push_back(fault(FaultKind::resume, 60s + n * 10ms, bound("it")));
    const RunResult result = play(faults);
    for (std::size_t n = 1; n < result.faults.size(); ++n)
        EXPECT_EQ(result.faults[n].took_effect, 0U);
}

TEST_F(WorldRun, AnEndStartsNothingThatEndedAnew) {
    for (const FaultKind kind : {FaultKind::crash, FaultKind::kill_node, FaultKind::stop}) {
        scenario.election.believe_ended_holder = kind == FaultKind::kill_node;
        Fault first = fault(kind, 60s, to(TargetKind::follower), 60s);
        first.as = "it";
        play({first, fault(FaultKind::restart, 80s, bound("it")),
              fault(FaultKind::crash, 100s, bound("it"))});
        const ReplicaIndex met = victim();
        EXPECT_GT(history.stepped(met, at(80s), at(100s)), 5U) << fault_kind_name(kind);
        EXPECT_EQ(history.stepped(met, at(100s), at(scenario.duration)), 0U)
            << fault_kind_name(kind);
    }
}

TEST_F(WorldRun, AProcessPausedAsItSendsHasAskedBeforeAndDoesNotAskAgain) {
    play({on_sending(FaultKind::pause, RequestKind::put_object, 3, 30s)});
    const ReplicaIndex met = victim();
    const TrueTime slept = fired_at(0);
    std::size_t asked = 0;
    for (const RequestLeft& left : history.left)
        if (left.replica == met && left.at == slept) asked += left.permitted ? 1U : 0U;
    EXPECT_GE(asked, 1U) << "the permit came before the pause";
    EXPECT_EQ(history.stepped(met, slept, slept + 30s), 0U);
    // Beyond its gate's end it still sends what it had the permit for; only the bucket stops it.
    bool refused = false;
    for (const auto& step : history.steps)
        if (const auto* answer = std::get_if<BucketAnswered>(&step.event);
            answer != nullptr && step.replica == met && step.at > slept + 30s &&
            step.at < slept + 50s)
            refused |= answer->reply->status == 412 || answer->reply->status == 200;
    EXPECT_TRUE(refused) << "it was answered, so it was sent";
}

TEST_F(WorldRun, AFrozenSuspendStopsTheClockAndARunningOneDoesNot) {
    for (const bool frozen : {true, false}) {
        Fault sleep = fault(FaultKind::suspend, 60s, to(TargetKind::leader), 30s);
        sleep.frozen = frozen;
        play({sleep});
        const ReplicaIndex met = victim();
        EXPECT_EQ(history.stepped(met, at(60s), at(90s)), 0U);
        EXPECT_GT(history.stepped(met, at(90s), at(120s)), 10U);
        std::optional<Now> before;
        std::optional<Now> after;
        for (const auto& step : history.steps)
            if (step.replica == met) {
                if (step.at < at(60s)) before = step.now;
                if (step.at >= at(90s) && !after) after = step.now;
            }
        ASSERT_TRUE(before && after);
        EXPECT_EQ(after->monotonic - before->monotonic < 10s, frozen);
        EXPECT_EQ(history.clocks.size(), frozen ? 2U : 0U);
    }
}

TEST_F(WorldRun, NeitherAResumeNorADriftWakesASuspendedMachineAndACrashDoes) {
    Fault sleep = fault(FaultKind::suspend, 60s, to(TargetKind::follower), 60s);
    sleep.frozen = true;
    sleep.as = "sleeper";
    Fault drift = fault(FaultKind::set_drift, 70s, bound("sleeper"));
    drift.drift_ppm = 100;
    const RunResult result = play({sleep, fault(FaultKind::resume, 65s, bound("sleeper")), drift});
    const ReplicaIndex met = victim();
    EXPECT_EQ(result.faults[1].took_effect, 0U);
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    EXPECT_EQ(history.stepped(met, at(60s), at(120s)), 0U);
    ASSERT_EQ(history.clocks.size(), 2U);
    EXPECT_EQ(history.clocks[1].at, at(120s));
    EXPECT_EQ(history.clocks[1].clock.rate_ppb, 100'000) << "it goes on with the new rate";
    play({sleep, fault(FaultKind::crash, 70s, bound("sleeper"), 5s)});
    EXPECT_GT(history.stepped(victim(), at(76s), at(120s)), 10U) << "booted, with a running clock";
}

}  // namespace
}  // namespace leasehold::sim
