// The harness runs what it was given, in the world that was said.
#include <gtest/gtest.h>

#include "sim/testing/harness.hpp"
#include "tests/unit/testing_machines.hpp"

namespace leasehold::testing {
namespace {

using namespace std::chrono_literals;

Harness crash_with_workload() {
    Harness harness("crash");
    harness.workload().seeds(1, 3).folder("");
    harness.fault(at(60s).crash("leader").lasting(40s));
    return harness;
}

std::vector<std::uint64_t> digests(const Played& played) {
    std::vector<std::uint64_t> all;
    for (const RunResult& run : played.summary.runs)
        all.push_back(run.digest);
    return all;
}

TEST(Harness, AServiceOverTheReplicaIsTheRunThatTheWorldWouldHaveMade) {
    const Played alone = crash_with_workload().play();
    ASSERT_TRUE(alone.passed()) << alone.failure;
    EXPECT_EQ(alone.summary.failover.count, 3U);
    EXPECT_GT(alone.summary.runs.front().work.committed, 0U);
    const Played hosted =
        crash_with_workload().host([](const PeerStart& s) { return Wrapped(s.config); }).play();
    EXPECT_EQ(digests(hosted), digests(alone));
    const Played replica =
        crash_with_workload().host([](const PeerStart& s) { return Replica(s.config); }).play();
    EXPECT_EQ(digests(replica), digests(alone));
}

TEST(Harness, OneReplicaMayBeOthersAndTheRestOurs) {
    Harness harness("mixed");
    harness.seeds(1, 2).folder("").host([](const PeerStart& start) {
        return start.replica == 0 ? sim::Peer(Idle{}) : sim::Peer{};
    });
    harness.check<LeadsAtMost>(1);
    const Played played = harness.play();
    EXPECT_TRUE(played.passed()) << played.failure;
    for (const RunResult& run : played.summary.runs)
        EXPECT_EQ(run.leaderships, 1U);
}

TEST(Harness, EachSeedIsAnotherRunAndEachIsRepeatable) {
    const auto once = digests(crash_with_workload().play());
    EXPECT_EQ(once.size(), 3U);
    EXPECT_NE(once[0], once[1]);
    EXPECT_EQ(digests(crash_with_workload().workers(1).play()), once);
}

TEST(Harness, AServiceWithoutAnElectionIsHostedToo) {
    Harness harness("single");
    harness.replicas(1).workload().seeds(1, 1).folder("");
    bool elects = true;  // of this process: a worker's copy is its own
    const Played played = harness
                              .host([&elects](const PeerStart& start) {
                                  elects = start.config.election.has_value();
                                  if (elects) throw std::logic_error("no election was wanted");
                                  return Wrapped(start.config);
                              })
                              .play();
    EXPECT_TRUE(elects);
    EXPECT_EQ(played.summary.runs.front().internal_error, "");
    EXPECT_GT(played.summary.runs.front().work.committed, 0U);
}

TEST(Harness, WhatWasSetUpIsWhatIsPlayed) {
    Harness harness("world");
    harness.replicas(5).duration(150s).lease(5s).clocks(2s, 100).seeds(4, 5);
    const std::string text = harness.text();
    for (const char* words : {"replicas: 5", "duration: 150s", "leaseDuration: 5s", "offset: 2s",
                              "drift: 100ppm", "seeds: 4..5"})
        EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
    EXPECT_EQ(harness
                  .scenario_text("scenario: other\nwhy: another\nduration: 1m\n"
                                 "values: {kubecostModel: {etlBucketConfigSecret: s}}\n")
                  .scenario()
                  .duration,
              Duration(1min));
}

TEST(Harness, AScenarioThatMakesNoSenseIsRefused) {
    const auto refusal = [](const auto& act) -> std::string {
        try {
            act();
        } catch (const BadScenario& bad) {
            return bad.what();
        }
        return "accepted";
    };
    const auto says = [&](const auto& act, const std::string& words) {
        EXPECT_NE(refusal(act).find(words), std::string::npos) << refusal(act);
    };
    says([] { Harness("Upper"); }, "expected a name of lower-case letters");
    says([] { Harness().scenario_text("scenario: x\nwhy: y\nduraton: 3m\n"); }, "duration");
    says([] { Harness().scenario_file("no-such.yaml"); }, "no-such.yaml");
    says([] { Harness().reaches("no-such-mark"); }, "no-such-mark");
    says([] { static_cast<void>(Harness().seeds(5, 3).play()); }, "seeds: 5..3");
    says([] { static_cast<void>(Harness().lease(1500ms).play()); }, "whole seconds");
    says([] { static_cast<void>(Harness().may_violate("leader.at-most-on").play()); },
         "leader.at-most-one");
    says([] { static_cast<void>(Harness().replicas(0).play()); }, "replicas");
}

}  // namespace
}  // namespace leasehold::testing
