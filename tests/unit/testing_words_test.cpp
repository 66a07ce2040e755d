// Faults in C++ say what a scenario can say: every verb and every modifier has its function.
#include <set>

#include <gtest/gtest.h>

#include "config/tree.hpp"
#include "sim/scenario/names.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/testing/harness.hpp"

namespace leasehold::testing {
namespace {

using namespace std::chrono_literals;

std::vector<FaultWords> every_verb_and_modifier() {
    const When soon = at(60s);
    return {
        soon.crash("leader").lasting(10s).as("one").disk("rollBack").age(5s).upgrade(),
        soon.restart("replica-1"),
        soon.stop("leader").within(5s).lasting(10s),
        soon.pause("leader").lasting(10s),
        soon.resume("leader"),
        soon.suspend("leader").lasting(20s).clock("frozen"),
        soon.cut("leader").from({"api", "bucket"}).direction("send").as("partition"),
        soon.heal("partition"),
        soon.delay("followers").by(200ms).lasting(10s),
        soon.outage("api").lasting(5s),
        soon.drop_request({"updateLease"}).of("leader").times(2),
        soon.lose_answer({"updateLease", "putObject"}).of("leader").lasting(1s),
        soon.apply_late({"updateLease"}).of("leader").by(3s),
        soon.answer_error({"updateLease"}).of("leader").status(429).retry_after(5s).applied(),
        soon.answer_error({"getLease"}).of("all").plain_text(),
        soon.delete_lease(),
        soon.edit_lease("clearHolder"),
        soon.step_wall_clock("leader").by(-20s),
        soon.set_drift("leader").drift("1000ppm"),
        soon.freeze("api").lasting(3s),
        soon.break_watch("follower").how("silent"),
        soon.restore_lease().age(20s).bump(),
        soon.set_preconditions("checked-then-stored").on({"ifMatch"}).window(80ms),
        soon.omit_keys().share("20%").lasting(30s),
        soon.damage_answer({"getObject"}).of("followers").how("truncated").times(3),
        soon.damage_object("newest").how("corrupt"),
        soon.fail_files("leader").on({"store"}).failing("noSpace").times(1),
        soon.slow("leader").by(30ms).lasting(10s),
        soon.kill_node("leader").lasting(10s),
        soon.kubelet_stops("leader").lasting(10s),
        soon.force_delete_pod("follower"),
        soon.edit_pod("phaseFailed").of("leader"),
    };
}

TEST(FaultWords, HaveAFunctionForEveryVerbAndModifierOfAScenario) {
    std::set<std::string, std::less<>> used;
    for (const FaultWords& words : every_verb_and_modifier()) {
        const config::Node node = config::parse_tree("{" + words.text() + "}", "a fault");
        for (const config::Node::Entry& entry : node.entries)
            used.insert(entry.key.text);
    }
    for (const std::string_view verb : sim::names::kFaults)
        EXPECT_TRUE(used.contains(verb)) << verb;
    for (const std::string_view modifier : sim::names::kModifiers)
        EXPECT_TRUE(used.contains(modifier)) << modifier;
}

TEST(FaultWords, AreReadAsAScenarioFilesFaults) {
    Harness harness("words");
    harness.workload();
    harness.scenario().upgrade.emplace(
        sim::UpgradeSpec{harness.scenario().election, harness.scenario().storage});
    harness.scenario().upgrade->election.retry_period = 1s;
    harness.scenario().election.believe_ended_holder = true;
    const auto all = every_verb_and_modifier();
    for (const FaultWords& words : all)
        harness.fault(words);
    const auto read = sim::parse_scenario(harness.text(), "words.yaml", {});
    ASSERT_TRUE(read) << read.error().to_string() << "\n" << harness.text();
    ASSERT_EQ(read->faults.size(), all.size());
    EXPECT_EQ(read->faults[17].by, Duration(-20s));
    EXPECT_EQ(read->faults[0].disk, sim::Disk::roll_back);
}

TEST(FaultWords, HaveEveryTriggerOfAScenario) {
    Harness harness("words");
    harness.fault(between(30s, 40s).crash("leader").lasting(5s))
        .fault(every(50s, 70s).pause("leader").lasting(1s))
        .fault(as_it_sends("leader", "updateLease", 3, 90s).crash("leader").lasting(5s))
        .fault(as_it_reaches("follower", "takeover-after-expiry").pause("leader").lasting(1s))
        .fault(between_effects("leader", 2, 100s).crash("leader").lasting(5s));
    const auto read = sim::parse_scenario(harness.text(), "words.yaml", {});
    ASSERT_TRUE(read) << read.error().to_string();
    using sim::TriggerKind;
    const std::vector<TriggerKind> wanted{TriggerKind::at, TriggerKind::every, TriggerKind::sends,
                                          TriggerKind::reaches, TriggerKind::performs};
    ASSERT_EQ(read->faults.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_EQ(read->faults[i].trigger.kind, wanted[i]);
    EXPECT_EQ(read->faults[0].trigger.at_most, Duration(40s));
    EXPECT_EQ(read->faults[2].trigger.nth, 3U);
}

std::string refusal(const FaultWords& words) {
    Harness harness("words");
    try {
        static_cast<void>(harness.fault(words).play());
    } catch (const BadScenario& bad) {
        return bad.what();
    }
    return "accepted";
}

TEST(FaultWords, ThatMakeNoSenseAreRefusedWithTheLine) {
    const auto says = [](const FaultWords& words, const std::string& what) {
        EXPECT_NE(refusal(words).find(what), std::string::npos) << refusal(words);
    };
    says(at(60s).pause("leader").by(1s), "\"by\" does not belong to pause (it takes for, as)");
    says(at(60s).pause("leader").by(1s), "pause: leader, by: 1s");  // the line itself
    says(at(60s).crash("leeder"), "did you mean \"leader\"?");
    says(at(60s).crash("replica-7"), "there are replica-0 to replica-2");
    says(at(10min).crash("leader"), "is not before the run's end");
    says(at(60s).verb("crush", "leader"), "crash");
    says(at(60s).crash("[leader"), "faults of the test:2:");
}

}  // namespace
}  // namespace leasehold::testing
