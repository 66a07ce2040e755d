// What a campaign excuses: what the drawn configuration and faults break by nobody's bug, and no
// more.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "sim/search/space.hpp"

namespace leasehold::search {
namespace {

// Found by a campaign: a PUT that was delayed outlived its process, and landed after the next
// one's.
TEST(Excuse, WhatASingleInstallSentBeforeItsCrashIsExcusedIfItCanLandAfterTheNextStart) {
    Random random(7);
    sim::Scenario scenario = draw_configuration(random);
    scenario.values.replicas = 1;
    scenario.values.leader_follower = false;
    const auto excused = [&](Duration by, bool bucket, bool crashes) {
        scenario.expect = {};
        scenario.faults.assign(2, {});
        scenario.faults[0].kind = sim::FaultKind::delay;
        scenario.faults[0].by = by;
        scenario.faults[0].bucket = bucket;
        scenario.faults[1].kind = crashes ? sim::FaultKind::crash : sim::FaultKind::break_watch;
        excuse(scenario);
        return std::ranges::count(scenario.expect.may_violate, "bucket.acknowledged-survives") == 1;
    };
    EXPECT_TRUE(excused(std::chrono::seconds(10), true, true));
    EXPECT_FALSE(excused(std::chrono::milliseconds(10), true, true))
        << "nobody has written by then";
    EXPECT_FALSE(excused(std::chrono::seconds(10), false, true)) << "of the API alone";
    EXPECT_FALSE(excused(std::chrono::seconds(10), true, false)) << "its own requests are in order";
}

// Found by campaigns: a store that froze for minutes let all PUTs land at once, in any order; and a
// disk that took neither tag nor file nor removal kept a file that says that it waits.
TEST(Excuse, WhatHasNoOrderForASingleInstallIsExcused) {
    using sim::FaultKind;
    Random random(7);
    sim::Scenario scenario = draw_configuration(random);
    scenario.values.replicas = 1;
    scenario.values.leader_follower = false;
    scenario.workload.contents = 0;
    scenario.files.given = false;
    scenario.storage.largest_request_age = std::chrono::seconds(60);
    const auto excused = [&](std::vector<sim::Fault> faults) {
        scenario.expect = {};
        scenario.faults = std::move(faults);
        excuse(scenario);
        return std::ranges::count(scenario.expect.may_violate, "payload.never-regresses") == 1;
    };
    sim::Fault frozen;
    frozen.kind = FaultKind::freeze;
    frozen.api = false;
    frozen.lasts = std::chrono::seconds(59);
    EXPECT_FALSE(excused({frozen}));
    frozen.lasts = std::chrono::seconds(61);
    EXPECT_TRUE(excused({frozen}));
    frozen.lasts = std::chrono::seconds(5);
    frozen.trigger.kind = sim::TriggerKind::every;
    EXPECT_TRUE(excused({frozen}));
    std::vector<sim::Fault> disk(4);
    disk[0].kind = FaultKind::stop;
    const FileVerb verbs[]{FileVerb::retag, FileVerb::store, FileVerb::remove};
    for (std::size_t i = 0; i < 3; ++i) {
        disk[i + 1].kind = FaultKind::fail_files;
        disk[i + 1].file_verbs = {verbs[i]};
    }
    EXPECT_TRUE(excused(disk));
    for (std::size_t without = 0; without < 4; ++without) {
        std::vector<sim::Fault> less = disk;
        less.erase(less.begin() + static_cast<std::ptrdiff_t>(without));
        EXPECT_FALSE(excused(less)) << without;
    }
}

TEST(Excuse, WhatLandsInItsTimeIsNotExcusedByAStoreWithoutConditions) {
    Random random(7);
    sim::Scenario scenario = draw_configuration(random);
    scenario.values.replicas = 3;
    scenario.values.leader_follower = true;
    scenario.storage.format = ObjectFormat::fenced;
    const auto excused = [&](sim::PreconditionRule rule, sim::FaultKind kind, bool create = false) {
        scenario.expect = {};
        scenario.bucket.preconditions = {};
        (create ? scenario.bucket.preconditions.if_none_match
                : scenario.bucket.preconditions.if_match) = rule;
        scenario.faults.assign(1, {});
        scenario.faults.front().kind = kind;
        excuse(scenario);
        return std::ranges::count(scenario.expect.may_violate, "bucket.no-stale-commit") == 1;
    };
    using sim::FaultKind;
    using sim::PreconditionRule;
    EXPECT_FALSE(excused(PreconditionRule::honoured, FaultKind::pause));
    EXPECT_FALSE(excused(PreconditionRule::refused, FaultKind::crash));
    EXPECT_TRUE(excused(PreconditionRule::refused, FaultKind::pause));
    EXPECT_TRUE(excused(PreconditionRule::checked_then_stored, FaultKind::crash));
    // What is created is fenced by the other condition: the epoch's object among it.
    EXPECT_FALSE(excused(PreconditionRule::ignored, FaultKind::crash, true));
    EXPECT_TRUE(excused(PreconditionRule::ignored, FaultKind::pause, true));
    EXPECT_TRUE(excused(PreconditionRule::checked_then_stored, FaultKind::crash, true));
    // One answer of a proxy takes a store's conditions away, and what then lands late is not
    // fenced.
    const auto denied = [&](sim::FaultKind beside) {
        scenario.expect = {};
        scenario.bucket.preconditions = {};
        scenario.faults.assign(2, {});
        scenario.faults.front().kind = FaultKind::answer_error;
        scenario.faults.front().status = 501;
        scenario.faults.front().requests = {sim::RequestKind::put_object};
        scenario.faults.back().kind = beside;
        excuse(scenario);
        return std::ranges::count(scenario.expect.may_violate, "bucket.no-stale-commit") == 1;
    };
    EXPECT_TRUE(denied(FaultKind::pause));
    EXPECT_FALSE(denied(FaultKind::crash));
    // Of the API alone, or within the time-out of its attempt, nothing lands too late.
    const auto late_by = [&](sim::Fault fault) {
        scenario.expect = {};
        scenario.bucket.preconditions.if_match = PreconditionRule::ignored;
        scenario.faults.assign(1, std::move(fault));
        excuse(scenario);
        return std::ranges::count(scenario.expect.may_violate, "bucket.no-stale-commit") == 1;
    };
    sim::Fault late;
    late.kind = FaultKind::apply_late;
    late.requests = {sim::RequestKind::put_object};
    late.by = scenario.storage.put_timeout;
    EXPECT_TRUE(late_by(late));
    late.by = scenario.storage.put_timeout / 2;
    EXPECT_FALSE(late_by(late));
    late.by = scenario.storage.put_timeout;
    late.requests = {sim::RequestKind::update_lease};
    EXPECT_FALSE(late_by(late));
    for (const FaultKind kind :
         {FaultKind::cut, FaultKind::delay, FaultKind::outage, FaultKind::freeze}) {
        sim::Fault fault;
        fault.kind = kind;
        EXPECT_TRUE(late_by(fault));
        fault.bucket = false;
        EXPECT_FALSE(late_by(fault));
    }
}

// What a group's other configuration can't hold during a rollout is excused as if all ran it.
TEST(Excuse, EachConfigurationThatAReplicaRunsIsAskedWhatItCannotHold) {
    Random random(7);
    const sim::Scenario drawn = [&random] {
        sim::Scenario scenario = draw_configuration(random);
        scenario.values.replicas = 3;
        scenario.values.leader_follower = true;
        scenario.upgrade.reset();
        scenario.faults.clear();
        scenario.expect = {};
        scenario.bucket.preconditions = {};
        return scenario;
    }();
    struct Case {
        const char* invariant;
        std::function<void(sim::UpgradeSpec& own, bool breaks)> set;
        std::function<void(sim::Scenario&)> meets;
    };
    const auto fault = [](sim::FaultKind kind, Duration by, Duration lasts) {
        return [=](sim::Scenario& scenario) {
            sim::Fault& one = scenario.faults.emplace_back();
            one.kind = kind;
            one.by = by;
            one.lasts = lasts;
            one.requests = {sim::RequestKind::put_object};
            scenario.bucket.preconditions.if_match = sim::PreconditionRule::ignored;
        };
    };
    using std::chrono::seconds;
    for (const Case& one : std::vector<Case>{
             {"leader.at-most-one",
              [](auto&own, bool breaks) { own.election.believe_ended_holder = breaks; },
              fault(sim::FaultKind::step_wall_clock, -seconds(9), seconds(1))},
             {"replicas.converge",
              [](auto&own, bool breaks) { own.storage.poll_period = seconds(breaks ? 5 : 500); },
              fault(sim::FaultKind::fail_files, {}, seconds(60))},
             {"bucket.no-stale-commit",
              [](auto&own, bool breaks) { own.storage.put_timeout = seconds(breaks ? 5 : 50); },
              fault(sim::FaultKind::apply_late, seconds(9), seconds(1))},
             {"bucket.linearizable",
              [](auto&own, bool breaks) {
                  own.storage.format = breaks ? ObjectFormat::plain : ObjectFormat::fenced;
              },
              [](sim::Scenario&scenario) { scenario.workload.contents = 1; }}}) {
        for (const bool old : {false, true})
            for (const bool upgraded : {false, true}) {
                sim::Scenario scenario = drawn;
                scenario.storage.format = ObjectFormat::fenced;
                scenario.storage.put_timeout = seconds(50);
                scenario.workload.contents = 0;
                scenario.upgrade = sim::UpgradeSpec{scenario.election, scenario.storage};
                sim::UpgradeSpec before = *scenario.upgrade;
                one.set(before, old);
                scenario.election = before.election;
                scenario.storage = before.storage;
                one.set(*scenario.upgrade, upgraded);
                one.meets(scenario);
                excuse(scenario);
                EXPECT_EQ(std::ranges::count(scenario.expect.may_violate, one.invariant) == 1,
                          old || upgraded)
                    << one.invariant << old << upgraded;
            }
    }
}

}  // namespace
}  // namespace leasehold::search
