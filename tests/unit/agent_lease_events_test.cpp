// Events on the Lease before a fake API server: their form, and that nothing hangs on them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/base/clock.hpp"
#include "agent/lease/leader_events.hpp"
#include "tests/unit/agent_lease_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

const std::string kEvents = "/api/v1/namespaces/ns/events";
// 2026-11-22T14:00:00.123456Z
constexpr WallTime kNow{Duration(1795356000123456000)};

std::string forbidden() {
    return R"({"kind":"Status","apiVersion":"v1","message":"events is forbidden","reason":)"
           R"("Forbidden","details":{"kind":"events"},"code":403})";
}

/// Answers Lease requests at once, and Events with `status`; 0: never.
struct EventsRig : LeaseRig {
    EventsRig()
        : LeaseRig([this](const Seen& seen, const PeerPtr& peer) {
              if (!is_event(seen)) return peer->write(http_answer(200, lease_json("8")));
              bodies.push_back(nlohmann::json::parse(seen.body));
              if (status == 0) return;
              peer->write(http_answer(status, status < 300 ? seen.body : forbidden()));
          }) {}

    static bool is_event(const Seen& seen) {
        return seen.target == kEvents + "?timeout=10s" && seen.method == "POST";
    }
    void change(Role role) {
        const std::size_t before = outcomes.size();
        events.changed(kNow, role);
        EXPECT_EQ(outcomes.size(), before) << "answered inside the call";
    }
    bool wait_outcomes(std::size_t count) {
        return run_until(loop, [&] { return outcomes.size() >= count; });
    }

    int status = 201;
    std::vector<nlohmann::json> bodies;
    std::vector<std::string> told;
    std::vector<EventOutcome> outcomes;
    LeaderEvents events{loop,
                        *client,
                        LeaseName{"ns", "a"},
                        "pod-0_abc",
                        [this](const std::string& line) { told.push_back(line); },
                        [this](EventOutcome outcome) { outcomes.push_back(outcome); }};
};

TEST(AgentLeaderEvents, AreWhatClientGosRecorderWrites) {
    EventsRig rig;
    rig.ask(rig.request(LeaseVerb::get));  // which Lease it is
    rig.change(Role::leader);
    ASSERT_TRUE(rig.wait_outcomes(1));
    rig.change(Role::follower);
    rig.change(Role::stopped);  // no change of leader
    ASSERT_TRUE(rig.wait_outcomes(2));
    const nlohmann::json wanted = nlohmann::json::parse(R"({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": "a.18ea62c518b98a00", "namespace": "ns"},
        "involvedObject": {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "name": "a",
                           "namespace": "ns", "uid": "u-1", "resourceVersion": "8"},
        "reason": "LeaderElection", "message": "pod-0_abc became leader", "type": "Normal",
        "source": {"component": "leasehold-agent"}, "count": 1,
        "firstTimestamp": "2026-11-22T14:00:00Z", "lastTimestamp": "2026-11-22T14:00:00Z",
        "reportingComponent": "leasehold-agent", "reportingInstance": "pod-0_abc"})");
    EXPECT_EQ(rig.bodies[0], wanted) << rig.bodies[0].dump(1);
    EXPECT_EQ(rig.bodies[1]["message"], "pod-0_abc stopped leading");
    rig.events.changed(kNow, Role::leader, true);
    ASSERT_TRUE(rig.wait_outcomes(3));
    EXPECT_EQ(rig.bodies[2]["message"],
              "pod-0_abc became leader: the container of the holder before has ended");
    EXPECT_EQ(rig.outcomes, std::vector(3, EventOutcome::written));
    EXPECT_TRUE(rig.told.empty());
}

TEST(AgentLeaderEvents, AnEventsNameIsThatOfAnObject) {
    const auto name_of = [](const std::string& lease) {
        const std::string text =
            encode_leader_event(LeaseName{"ns", lease}, {}, "me", "became leader", kNow);
        const nlohmann::json event = nlohmann::json::parse(text);
        EXPECT_FALSE(event["involvedObject"].contains("uid"));
        return event["metadata"]["name"].get<std::string>();
    };
    // 253 characters are the most, and a part of the name ends with a letter or a digit.
    EXPECT_EQ(name_of(std::string(253, 'a')), std::string(236, 'a') + ".18ea62c518b98a00");
    EXPECT_EQ(name_of(std::string(234, 'a') + "-.b" + std::string(16, 'c')),
              std::string(234, 'a') + ".18ea62c518b98a00");
}

TEST(AgentLeaderEvents, WhatTheRoleForbidsIsToldOnce) {
    EventsRig rig;
    rig.status = 403;
    rig.change(Role::leader);
    ASSERT_TRUE(rig.wait_outcomes(1));
    rig.change(Role::follower);
    ASSERT_TRUE(rig.wait_outcomes(2));
    EXPECT_EQ(rig.outcomes, std::vector(2, EventOutcome::refused));
    ASSERT_EQ(rig.told.size(), 1U);
    EXPECT_NE(rig.told[0].find("403: events is forbidden"), std::string::npos) << rig.told[0];
    EXPECT_NE(rig.told[0].find("--leader-events=false"), std::string::npos) << rig.told[0];
    EXPECT_TRUE(rig.notes.empty()) << "a duty failed by an Event: " << rig.notes[0];
    // Somebody mended the Role, and broke it again.
    rig.status = 201;
    rig.change(Role::leader);
    ASSERT_TRUE(rig.wait_outcomes(3));
    EXPECT_EQ(rig.outcomes[2], EventOutcome::written);
    rig.status = 403;
    rig.change(Role::follower);
    ASSERT_TRUE(rig.wait_outcomes(4));
    EXPECT_EQ(rig.told.size(), 2U);
}

TEST(AgentLeaderEvents, OneThatHangsHoldsUpNeitherRenewalsNorMoreThanItsPartOfAStop) {
    EventsRig rig;
    rig.status = 0;
    rig.change(Role::leader);
    ASSERT_TRUE(run_until(rig.loop, [&] { return rig.bodies.size() == 1; }));
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update)).status, 200);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_TRUE(rig.outcomes.empty());
    bool ended = false;
    const Instant began = boottime();
    rig.events.when_told(began + 200ms, [&] { ended = true; });
    EXPECT_FALSE(ended);
    ASSERT_TRUE(run_until(rig.loop, [&] { return ended; }));
    EXPECT_GE(boottime() - began, 200ms);
}

TEST(AgentLeaderEvents, AStopWaitsForTheLastOneAndNoLonger) {
    EventsRig rig;
    rig.change(Role::leader);
    bool ended = false;
    rig.events.when_told(boottime() + 1h, [&] { ended = true; });
    ASSERT_TRUE(run_until(rig.loop, [&] { return ended; }));
    EXPECT_EQ(rig.outcomes, std::vector{EventOutcome::written});
    ended = false;
    rig.events.when_told(boottime() + 1h, [&] { ended = true; });
    EXPECT_FALSE(ended) << "inside the call";
    EXPECT_TRUE(run_until(rig.loop, [&] { return ended; }));
}

}  // namespace
}  // namespace leasehold::agent::testing
