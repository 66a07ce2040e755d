// Processes and faults in whole runs: what each kind does to its target, and what is recorded.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/world/run.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;
using check::Outcome;
using check::RunResult;

TrueTime at(Duration since_start) {
    return TrueTime(since_start);
}

/// The history, kept; what it refers to is copied.
class History final : public Observer {
  public:
    struct Step {
        TrueTime at;
        ReplicaIndex replica = kNobody;
        Now now;
        Event event;
        std::vector<Effect> effects;
    };
    struct Started {
        TrueTime at;
        ReplicaIndex replica = kNobody;
        std::string identity;
    };
    struct Fired {
        FaultTookEffect record;
        std::string what;
    };
    void on(const ProcessStarted& r) override {
        started.push_back({r.at, r.replica, std::string(r.identity)});
    }
    void on(const ProcessEnded& r) override { ended.push_back(r); }
    void on(const ClockChanged& r) override { clocks.push_back(r); }
    void on(const ReplicaStepped& r) override {
        steps.push_back({r.at, r.replica, r.now, *r.event, {r.effects.begin(), r.effects.end()}});
    }
    void on(const RequestLeft& r) override { left.push_back(r); }
    void on(const LeaseCommitted& r) override { leases.push_back(r); }
    void on(const ObjectCommitted& r) override { objects.push_back(r); }
    void on(const FaultTookEffect& r) override {
        fired.push_back({r, std::string(r.what)});
        fired.back().record.what = {};
    }

    /// Steps of a replica within (from, to).
    [[nodiscard]] std::size_t stepped(ReplicaIndex replica, TrueTime from, TrueTime to) const {
        std::size_t count = 0;
        for (const Step& step : steps)
            count += step.replica == replica && step.at > from && step.at < to ? 1U : 0U;
        return count;
    }
    std::vector<Started> started;
    std::vector<ProcessEnded> ended;
    std::vector<ClockChanged> clocks;
    std::vector<Step> steps;
    std::vector<RequestLeft> left;
    std::vector<LeaseCommitted> leases;
    std::vector<ObjectCommitted> objects;
    std::vector<Fired> fired;
};

Target to(TargetKind kind) {
    Target target;
    target.kind = kind;
    return target;
}
Target bound(std::string name) {
    Target target = to(TargetKind::bound);
    target.name = std::move(name);
    return target;
}
Fault fault(FaultKind kind, Duration when, Target target, std::optional<Duration> lasts = {}) {
    Fault made;
    made.kind = kind;
    made.trigger.at = when;
    made.target = std::move(target);
    made.lasts = lasts;
    return made;
}
Fault on_sending(FaultKind kind, RequestKind sends, std::uint32_t nth,
                 std::optional<Duration> lasts) {
    Fault made = fault(kind, 0s, to(TargetKind::leader), lasts);
    made.trigger.kind = TriggerKind::sends;
    made.trigger.replica = to(TargetKind::leader);
    made.trigger.sends = sends;
    made.trigger.nth = nth;
    return made;
}

class World : public ::testing::Test {
  protected:
    World() {
        scenario.name = "world";
        scenario.duration = 4min;
        scenario.values.replicas = 3;
        scenario.values.leader_follower = true;
        scenario.values.bucket_secret = "secret";
        scenario.storage.prefix = ObjectKey("etl/");
        scenario.workload.export_every = 10s;
        // What a frozen clock does; not the matter here.
        scenario.expect.may_violate = {"leader.at-most-one"};
    }
    RunResult play(std::vector<Fault> faults, std::uint64_t seed = 5) {
        static Runner runner;
        scenario.faults = std::move(faults);
        history = History{};
        RunOptions options;
        options.recorder = &history;
        RunResult result = runner.run(scenario, seed, options);
        EXPECT_EQ(result.internal_error, "");
        expect_each_answered_once();
        return result;
    }
    /// Each request of a process that lived on for a minute was answered, none twice.
    void expect_each_answered_once() const {
        std::map<std::pair<std::string, std::uint64_t>, TrueTime> open;
        std::map<ReplicaIndex, std::string> process;
        std::size_t next = 0;
        const auto key = [&](ReplicaIndex replica, RequestId id) {
            return std::pair(process[replica], id.value());
        };
        for (const History::Step& step : history.steps) {
            if (std::holds_alternative<Start>(step.event))
                process[step.replica] = history.started.at(next++).identity;
            std::optional<RequestId> answered;
            if (const auto* one = std::get_if<LeaseAnswered>(&step.event)) answered = one->request;
            if (const auto* one = std::get_if<BucketAnswered>(&step.event)) answered = one->request;
            if (const auto* one = std::get_if<FileAnswered>(&step.event)) answered = one->request;
            if (answered) {
                EXPECT_EQ(open.erase(key(step.replica, *answered)), 1U) << "answered twice";
            }
            for (const Effect& effect : step.effects) {
                std::optional<RequestId> sent;
                if (const auto* one = std::get_if<SendLease>(&effect)) sent = one->request;
                if (const auto* one = std::get_if<SendBucket>(&effect)) sent = one->request;
                if (const auto* one = std::get_if<SendFile>(&effect)) sent = one->request;
                if (sent) open[key(step.replica, *sent)] = step.at;
            }
        }
        std::set<std::string> alive;
        for (const auto& [replica, identity] : process) {
            bool lives = true;
            for (const ProcessEnded& end : history.ended)
                for (const History::Started& start : history.started)
                    if (start.identity == identity && end.replica == replica && end.at >= start.at)
                        lives = false;
            if (lives) alive.insert(identity);
        }
        for (const auto& [request, sent] : open)
            if (alive.contains(request.first)) {
                EXPECT_GT(sent, at(scenario.duration - 90s))
                    << request.first << " " << request.second;
            }
    }
    /// The replica that a fault met; it must have met exactly one.
    ReplicaIndex victim(std::size_t n = 0) const {
        EXPECT_GT(history.fired.size(), n);
        if (history.fired.size() <= n) return 0;
        EXPECT_EQ(history.fired[n].record.targets.size(), 1U);
        return history.fired[n].record.targets.at(0);
    }
    TrueTime fired_at(std::size_t n) const { return history.fired.at(n).record.at; }

    Scenario scenario;
    History history;
};

TEST_F(World, AQuietRunPassesAndEveryStartHasAnIdentityOfItsOwn) {
    EXPECT_EQ(play({}).outcome, Outcome::pass);
    ASSERT_EQ(history.started.size(), 3U);
    std::set<std::string> identities;
    for (const auto& start : history.started)
        EXPECT_TRUE(identities.insert(start.identity).second);
}

TEST_F(World, ACrashedProcessIsGoneAtOnceAndReturnsAsAnotherOne) {
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

TEST_F(World, ARestartFindsItsDiskUnlessItWasLost) {
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

TEST_F(World, APausedProcessDoesNothingAndThenTakesEverythingInOrder) {
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

TEST_F(World, AnEarlierPausesEndDoesNotEndALaterOne) {
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

TEST_F(World, AProcessPausedAsItSendsHasAskedBeforeAndDoesNotAskAgain) {
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

TEST_F(World, ACrashInTheMiddleOfEffectsSendsNothingMore) {
    play({on_sending(FaultKind::crash, RequestKind::put_object, 3, std::nullopt)});
    const ReplicaIndex met = victim();
    ASSERT_EQ(history.ended.size(), 1U);
    EXPECT_EQ(history.ended[0].at, fired_at(0));
    for (const RequestLeft& left : history.left)
        EXPECT_FALSE(left.replica == met && left.at > fired_at(0));
}

TEST_F(World, AStopIsGracefulAndItsRestartComesAfterItsEnd) {
    play({fault(FaultKind::stop, 60s, to(TargetKind::leader), 10s)});
    ASSERT_EQ(history.ended.size(), 1U);
    EXPECT_EQ(history.ended[0].cause, EndCause::stopped);
    EXPECT_LE(history.ended[0].at, at(90s));
    ASSERT_EQ(history.started.size(), 4U);
    EXPECT_EQ(history.started[3].at, history.ended[0].at + 10s);
}

TEST_F(World, AFrozenSuspendStopsTheClockAndARunningOneDoesNot) {
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

TEST_F(World, NeitherAResumeNorADriftWakesASuspendedMachineAndACrashDoes) {
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

TEST_F(World, OverlappingOutagesEndWithTheLast) {
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

TEST_F(World, EveryKindOfFaultTakesEffectAndIsRecorded) {
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

TEST_F(World, AFaultWithoutATargetTakesNoEffectAndTheRunIsInconclusive) {
    const RunResult result = play({fault(FaultKind::crash, 60s, bound("nobody"))});
    EXPECT_EQ(result.faults.at(0).took_effect, 0U);
    EXPECT_TRUE(history.fired.empty());
    EXPECT_EQ(result.outcome, Outcome::inconclusive);
}

TEST_F(World, ACutBetweenReplicasAndARateThatAClockHasAlreadyAreInconclusive) {
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

TEST_F(World, ARoleIsBoundWhenTheFaultStrikesAndANameKeepsItsTarget) {
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

TEST_F(World, AFaultByPeriodStrikesUntilItsEndAndOneByMilestoneOnce) {
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
