// Processes and faults in whole runs: what each kind does to its target, and what is recorded.
#include "tests/unit/world_history.hpp"

namespace leasehold::sim {
namespace {

TEST_F(WorldRun, AQuietRunPassesAndEveryStartHasAnIdentityOfItsOwn) {
    EXPECT_EQ(play({}).outcome, Outcome::pass);
    ASSERT_EQ(history.started.size(), 3U);
    std::set<std::string> identities;
    for (const auto& start : history.started)
        EXPECT_TRUE(identities.insert(start.identity).second);
}

TEST_F(WorldRun, ACrashedProcessIsGoneAtOnceAndReturnsAsAnotherOne) {
    play({fault(FaultKind::crash, 60s, to(TargetKind::leader), 5s)});
    const ReplicaIndex met = victim();
    ASSERT_EQ(history.ended.size(), 1U);
    EXPECT_EQ(history.ended[0].at, at(60s));
    EXPECT_EQ(history.ended[0].cause, EndCause::crashed);
    ASSERT_EQ(history.started.size(), 4U);
    EXPECT_EQ(history.started[3].replica, met);
    EXPECT_EQ(history.started[3].at, at(65s));
    for (std::size_t n = 0; n < 3; ++n)
        EXPECT_NE(history.started[n].identity, history.started[3].identity);
    EXPECT_EQ(history.stepped(met, at(60s), at(65s)), 0U);
}

TEST_F(WorldRun, ARestartFindsItsDiskUnlessItWasLost) {
    for (const bool keep : {true, false}) {
        Fault crash = fault(FaultKind::crash, 2min, to(TargetKind::leader), 5s);
        crash.disk = keep ? Disk::keep : Disk::lose;
        play({crash});
        std::optional<std::size_t> files;
        for (const auto& step : history.steps) {
            const auto* answer = std::get_if<FileAnswered>(&step.event);
            if (answer == nullptr || step.replica != victim() || step.at < at(125s) || files)
                continue;
            ASSERT_NE(answer->reply.entries, nullptr)
                << "the first thing a process asks is the list";
            files = answer->reply.entries->size();
        }
        ASSERT_TRUE(files);
        EXPECT_EQ(*files > 0, keep);
    }
}

// A slow machine is busy with its last step for most of the time.
// What a fault's end starts again is the process that it ended, and not one that something else
// ended since.
TEST_F(WorldRun, ACrashInTheMiddleOfEffectsSendsNothingMore) {
    play({on_sending(FaultKind::crash, RequestKind::put_object, 3, std::nullopt)});
    const ReplicaIndex met = victim();
    ASSERT_EQ(history.ended.size(), 1U);
    EXPECT_EQ(history.ended[0].at, fired_at(0));
    for (const RequestLeft& left : history.left)
        EXPECT_FALSE(left.replica == met && left.at > fired_at(0));
}

TEST_F(WorldRun, AStopIsGracefulAndItsRestartComesAfterItsEnd) {
    play({fault(FaultKind::stop, 60s, to(TargetKind::leader), 10s)});
    ASSERT_EQ(history.ended.size(), 1U);
    EXPECT_EQ(history.ended[0].cause, EndCause::stopped);
    EXPECT_LE(history.ended[0].at, at(90s));
    ASSERT_EQ(history.started.size(), 4U);
    EXPECT_EQ(history.started[3].at, history.ended[0].at + 10s);
}

TEST_F(WorldRun, OverlappingOutagesEndWithTheLast) {
    Fault first = fault(FaultKind::outage, 60s, to(TargetKind::all), 60s);
    first.bucket = false;
    Fault second = first;
    second.trigger.at = 70s;
    second.lasts = 10s;
    play({first, second});
    for (const LeaseCommitted& one : history.leases)
        EXPECT_FALSE(one.at > at(60s) && one.at < at(120s));
    EXPECT_GT(history.leases.back().at, at(120s));
}

/// What the faults of servers and disks need besides a target.
void prepare(Fault& one) {
    one.age = 30s;
    one.conditions = {Condition::if_match};
    if (one.kind == FaultKind::set_preconditions) one.rule = PreconditionRule::ignored;
    if (one.kind != FaultKind::damage_answer && one.kind != FaultKind::fail_files) return;
    one.target = to(TargetKind::all);
    one.lasts = 80s;
    if (one.kind == FaultKind::damage_answer) one.requests = {RequestKind::get_object};
    if (one.kind == FaultKind::fail_files) one.file_verbs = {FileVerb::store};
}

TEST_F(WorldRun, EveryKindOfFaultTakesEffectAndIsRecorded) {
    for (int kind = 0; kind <= static_cast<int>(FaultKind::edit_pod); ++kind) {
        Fault one = fault(static_cast<FaultKind>(kind), 90s, to(TargetKind::leader));
        std::vector<Fault> faults;
        switch (one.kind) {
            case FaultKind::restart:
            case FaultKind::resume: {
                const bool restart = one.kind == FaultKind::restart;
                Fault before = fault(restart ? FaultKind::crash : FaultKind::pause, 80s,
                                     to(TargetKind::follower));
                before.as = "it";
                faults.push_back(before);
                one.target = bound("it");
                break;
            }
            case FaultKind::heal: {
                Fault before = fault(FaultKind::cut, 80s, to(TargetKind::follower));
                before.as = "it";
                faults.push_back(before);
                one.target = bound("it");
                break;
            }
            case FaultKind::outage:
                one.bucket = false;
                one.lasts = 3s;
                break;
            default:
                one.lasts = 3s;
                break;
        }
        one.by = 100ms;
        one.drift_ppm = 50;
        if (one.kind >= FaultKind::drop_request && one.kind <= FaultKind::answer_error)
            one.requests = {RequestKind::update_lease};
        prepare(one);
        scenario.election.believe_ended_holder = one.kind >= FaultKind::kill_node;
        faults.push_back(one);
        const RunResult result = play(faults);
        EXPECT_GT(result.faults.back().took_effect, 0U) << fault_kind_name(one.kind);
        bool recorded = false;
        for (const auto& fired : history.fired)
            recorded |= fired.record.fault + 1 == faults.size() &&
                        fired.what.starts_with(fault_kind_name(one.kind));
        EXPECT_TRUE(recorded) << fault_kind_name(one.kind);
    }
}

TEST_F(WorldRun, AFaultWithoutATargetTakesNoEffectAndTheRunIsInconclusive) {
    const RunResult result = play({fault(FaultKind::crash, 60s, bound("nobody"))});
    EXPECT_EQ(result.faults.at(0).took_effect, 0U);
    EXPECT_TRUE(history.fired.empty());
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
}

TEST_F(WorldRun, ACutBetweenReplicasAndARateThatAClockHasAlreadyAreInconclusive) {
    Fault cut = fault(FaultKind::cut, 60s, to(TargetKind::leader), 20s);
    cut.api = cut.bucket = false;
    cut.replicas = true;
    RunResult result = play({cut});
    EXPECT_EQ(result.faults.at(0).felt, 0U) << "replicas send each other nothing";
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    Fault drift = fault(FaultKind::set_drift, 60s, to(TargetKind::leader));
    result = play({drift});
    EXPECT_EQ(result.faults.at(0).took_effect, 0U) << "clocks run exactly";
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
    drift.drift_ppm = 50;
    EXPECT_EQ(play({drift}).outcome, Outcome::pass);
}

TEST_F(WorldRun, ARoleIsBoundWhenTheFaultStrikesAndANameKeepsItsTarget) {
    Fault first = fault(FaultKind::crash, 60s, to(TargetKind::leader), 5s);
    first.as = "old";
    play({first, fault(FaultKind::crash, 120s, to(TargetKind::leader), 5s),
          fault(FaultKind::crash, 180s, bound("old"), 5s)});
    std::vector<ReplicaIndex> met;
    for (const auto& fired : history.fired)
        if (fired.record.began) met.push_back(fired.record.targets.at(0));
    ASSERT_EQ(met.size(), 3U);
    EXPECT_NE(met[0], met[1]) << "another one led by then";
    EXPECT_EQ(met[2], met[0]);
}

TEST_F(WorldRun, AFaultByPeriodStrikesUntilItsEndAndOneByMilestoneOnce) {
    Fault label = fault(FaultKind::edit_lease, 30s, to(TargetKind::all));
    label.trigger.kind = TriggerKind::every;
    label.trigger.every = 20s;
    label.trigger.until = 100s;
    Fault mark = fault(FaultKind::edit_lease, 0s, to(TargetKind::all));
    mark.trigger.kind = TriggerKind::reaches;
    mark.trigger.replica = to(TargetKind::all);
    mark.trigger.reaches = MarkId::pass_completed;
    mark.trigger.nth = 8;  // the first passes end before there is a Lease
    const RunResult result =
        play({label, mark, on_sending(FaultKind::edit_lease, RequestKind::update_lease, 7, {})});
    EXPECT_EQ(result.faults[0].took_effect, 4U) << "30, 50, 70, 90 s";
    EXPECT_EQ(result.faults[1].took_effect, 1U);
    EXPECT_EQ(result.faults[2].took_effect, 1U);
}

}  // namespace
}  // namespace leasehold::sim
