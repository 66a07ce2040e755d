// The watch of the holder's Pod, and the question for the own one, before a fake API server.
#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "agent/base/clock.hpp"
#include "agent/lease/own_pod.hpp"
#include "agent/lease/pod_watch.hpp"
#include "tests/unit/agent_lease_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kWatchTarget =
    "/api/v1/namespaces/ns/pods?watch=1&fieldSelector=metadata.name%3Dpod-1&timeoutSeconds=300";
const auto kHolder = std::make_shared<const Container>(Container{"pod-1", "u-1", "containerd://a"});

std::string chunk(const std::string& text) {
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx", text.size());
    return std::string(size.data()) + "\r\n" + text + "\r\n";
}

/// One container, which is in `state`.
Json pod(const std::string& version, const Json& state, const std::string& name = "pod-1") {
    const auto ended = state.find("terminated");
    const std::string id =
        ended == state.end() ? "containerd://a" : ended->value("containerID", "containerd://a");
    return {{"kind", "Pod"},
            {"apiVersion", "v1"},
            {"metadata",
             {{"name", name}, {"namespace", "ns"}, {"uid", "u-1"}, {"resourceVersion", version}}},
            {"spec", {{"containers", {{{"name", "agent"}, {"readinessProbe", Json::object()}}}}}},
            {"status",
             {{"containerStatuses",
               {{{"name", "agent"}, {"containerID", id}, {"ready", true}, {"state", state}}}}}}};
}

Json running(const std::string& started = "2026-11-22T14:00:00Z") {
    return {{"running", {{"startedAt", started}}}};
}

Json exited(const std::string& id = "containerd://a") {
    return {{"terminated",
             {{"containerID", id},
              {"exitCode", 137},
              {"reason", "Error"},
              {"finishedAt", "2026-11-22T14:00:01Z"}}}};
}

std::string event(const std::string& type, const Json& object) {
    return chunk(R"({"type":")" + type + R"(","object":)" + object.dump() + "}\n");
}

/// Begins each watch of a Pod and leaves the rest to the test; refuses while `refuses`.
struct PodRig : LeaseRig {
    PodRig()
        : LeaseRig([this](const Seen& seen, const PeerPtr& who) {
              if (seen.target.find("/pods") == std::string::npos) return who->write(kHead);
              if (refuses != 0)
                  return who->write(http_answer(refuses, status_json(refuses, "Forbidden")));
              peer = who;
              peer->write(kHead);
          }) {}
    ~PodRig() { peer.reset(); }

    bool open(ContainerPtr holder = kHolder) {
        const std::size_t before = server.seen().size();
        watch.watch(WatchHolder{std::move(holder)});
        return run_until(loop, [&] { return server.seen().size() > before; });
    }
    void run_for(Duration span) {
        loop.restart();
        loop.run_for(span);
    }

    PeerPtr peer;
    int refuses = 0;
    PodWatch watch{loop,
                   *client,
                   "ns",
                   "agent",
                   [this](Event one) {
                       events.push_back(std::move(one));
                       if (on_event) on_event();
                   },
                   duties};
};

TEST(AgentPodWatch, TellsOfTheEndOnce) {
    PodRig rig;
    ASSERT_TRUE(rig.open());
    EXPECT_EQ(rig.server.seen()[0].target, kWatchTarget);
    EXPECT_FALSE(rig.watch.sees());
    const std::string first = event("ADDED", pod("5", running()));
    rig.peer->write(first.substr(0, 60));
    rig.peer->write(first.substr(60));
    ASSERT_TRUE(run_until(rig.loop, [&] { return rig.watch.sees(); }));
    EXPECT_TRUE(rig.events.empty());
    rig.peer->write(event("MODIFIED", pod("6", exited())) + event("MODIFIED", pod("7", exited())));
    ASSERT_TRUE(rig.wait_for(1));
    rig.run_for(30ms);
    ASSERT_EQ(rig.events.size(), 1U);
    const auto& ended = std::get<HolderEnded>(rig.events[0]);
    EXPECT_EQ(*ended.container, *kHolder);
    EXPECT_EQ(ended.observed, Version(6));
    EXPECT_EQ(ended.finished, WallTime(Duration(1795356001000000000)));
    EXPECT_EQ(rig.watch.holder(), nullptr) << "nothing is left to wait for";
}

TEST(AgentPodWatch, WhatHasEndedBeforeTheWatchIsToldToo) {
    PodRig rig;
    ASSERT_TRUE(rig.open());
    rig.peer->write(event("ADDED", pod("5", exited())));
    EXPECT_TRUE(rig.wait_for(1));
}

TEST(AgentPodWatch, NothingElseIsAnEnd) {
    PodRig rig;
    ASSERT_TRUE(rig.open());
    Json unknown = exited();
    unknown["terminated"].erase("containerID");
    unknown["terminated"]["reason"] = "ContainerStatusUnknown";
    Json lost = exited();
    lost["terminated"]["exitCode"] = 255;
    Json other = pod("9", exited());
    other["metadata"]["uid"] = "u-2";
    Json failed = pod("10", running());
    failed["status"]["phase"] = "Failed";
    rig.peer->write(event("ADDED", pod("5", exited("containerd://b"))) +
                    event("MODIFIED", pod("6", unknown)) + event("MODIFIED", pod("7", lost)) +
                    event("MODIFIED", other) + event("MODIFIED", failed) +
                    event("DELETED", pod("11", exited())));
    ASSERT_TRUE(run_until(rig.loop, [&] { return rig.watch.sees(); }));
    rig.run_for(50ms);
    EXPECT_TRUE(rig.events.empty());
    EXPECT_TRUE(rig.watch.sees()) << "the watch goes on";
}

TEST(AgentPodWatch, WhatIsOddEndsItAndItIsOpenedAgain) {
    for (const std::string& odd :
         {event("ADDED", pod("0", running())), event("MODIFIED", pod("5", Json::array())),
          event("ERROR", {{"kind", "Status"}, {"code", 410}}), chunk("{\n"),
          event("ADDED", pod("5", running(), "pod-2")), chunk(std::string(2U << 20, 'x'))}) {
        PodRig rig;
        ASSERT_TRUE(rig.open());
        rig.peer->write(odd);
        ASSERT_TRUE(run_until(
            rig.loop, [&] { return rig.server.seen().size() == 2; }, 5s))
            << odd;
        EXPECT_TRUE(rig.events.empty());
        ASSERT_EQ(rig.notes.size(), 1U);
        EXPECT_NE(rig.notes[0].find("the watch of the holder's Pod gave"), std::string::npos);
        rig.peer->write(event("ADDED", pod("6", exited())));
        EXPECT_TRUE(rig.wait_for(1)) << "what comes then counts";
        EXPECT_EQ(rig.notes.size(), 2U) << "it works again";
    }
}

TEST(AgentPodWatch, AnEndInOrderIsFollowedByTheNext) {
    PodRig rig;
    ASSERT_TRUE(rig.open());
    rig.peer->write(event("ADDED", pod("5", running())) + "0\r\n\r\n");
    ASSERT_TRUE(run_until(
        rig.loop, [&] { return rig.server.seen().size() == 2; }, 5s));
    EXPECT_TRUE(rig.notes.empty()) << "the server ends each watch after five minutes";
}

TEST(AgentPodWatch, ARefusalIsToldOnceAndNotTriedAgainSoon) {
    PodRig rig;
    rig.refuses = 403;
    ASSERT_TRUE(rig.open());
    ASSERT_TRUE(run_until(rig.loop, [&] { return !rig.notes.empty(); }));
    EXPECT_EQ(rig.notes, std::vector<std::string>{"the API server answered the watch of the "
                                                  "holder's Pod with 403: said"});
    rig.watch.watch(WatchHolder{kHolder});
    rig.run_for(1500ms);
    EXPECT_EQ(rig.server.seen().size(), 1U);
    EXPECT_EQ(rig.notes.size(), 1U);
}

TEST(AgentPodWatch, AnotherHolderTakesItsPlaceAndAStopIsSilent) {
    PodRig rig;
    ASSERT_TRUE(rig.open());
    const PeerPtr first = rig.peer;
    ASSERT_TRUE(
        rig.open(std::make_shared<const Container>(Container{"pod-1", "u-1", "containerd://b"})));
    first->write(event("ADDED", pod("5", exited())));
    rig.peer->write(event("ADDED", pod("5", exited())));
    rig.run_for(50ms);
    EXPECT_TRUE(rig.events.empty()) << "the end of the one before is nothing of this one";
    rig.watch.stop();
    rig.peer->write(event("MODIFIED", pod("6", exited("containerd://b"))));
    rig.run_for(1200ms);
    EXPECT_TRUE(rig.events.empty());
    EXPECT_EQ(rig.server.seen().size(), 2U);
    rig.watch.watch(WatchHolder{std::make_shared<const Container>()});
    EXPECT_EQ(rig.watch.holder(), nullptr) << "a container without a name is nobody's";
}

TEST(AgentPodWatch, GoesWithTheConnectionOfASilentLeaseWatch) {
    PodRig rig;
    rig.client->watch(WatchLease{WatchId(1), Version(4)});
    ASSERT_TRUE(run_until(rig.loop, [&] { return rig.server.seen().size() == 1; }));
    ASSERT_TRUE(rig.open());
    rig.client->stop(StopWatch{WatchId(1)});
    ASSERT_TRUE(run_until(
        rig.loop, [&] { return rig.server.seen().size() == 3; }, 500ms));
    EXPECT_EQ(rig.server.seen()[2].target, kWatchTarget);
    EXPECT_TRUE(rig.notes.empty());
}

// ---- the own Pod -------------------------------------------------------------------------------

/// Answers with what `answers` holds, the last one again and again.
struct OwnRig : LeaseRig {
    OwnRig()
        : LeaseRig([this](const Seen&, const PeerPtr& peer) {
              const std::size_t at = std::min(asked++, answers.size() - 1);
              peer->write(answers.at(at));
          }) {}

    static std::string ok(const Json& object) { return http_answer(200, object.dump()); }

    std::vector<std::string> answers;
    std::size_t asked = 0;
    // 2026-11-22T14:00:00.3Z
    OwnPod own{loop,
               *client,
               OwnPlace{{"ns", "pod-1"}, "u-1", "agent"},
               WallTime(Duration(1795356000300000000)),
               [this](Event one) { events.push_back(std::move(one)); },
               duties};
};

TEST(AgentOwnPod, AsksUntilTheReportIsThatOfThisProcess) {
    OwnRig rig;
    rig.answers = {OwnRig::ok(pod("5", running("2026-11-22T13:59:59Z"))),
                   OwnRig::ok(pod("6", running("2026-11-22T14:00:00Z")))};
    rig.own.start();
    EXPECT_TRUE(rig.events.empty());
    ASSERT_TRUE(rig.wait_for(1));
    EXPECT_EQ(rig.asked, 2U) << "the first one was that of the container before";
    EXPECT_EQ(rig.server.seen()[0].target, "/api/v1/namespaces/ns/pods/pod-1?timeout=5s");
    EXPECT_EQ(*std::get<OwnContainer>(rig.events[0]).container, *kHolder);
    EXPECT_EQ(rig.own.container()->id, "containerd://a");
    rig.loop.restart();
    rig.loop.run_for(1200ms);
    EXPECT_EQ(rig.asked, 2U);
    EXPECT_TRUE(rig.notes.empty());
}

TEST(AgentOwnPod, WhatIsOddIsToldOnceAndAskedAgain) {
    OwnRig rig;
    rig.answers = {http_answer(200, "<html>"), http_answer(404, status_json(404, "NotFound")),
                   OwnRig::ok(pod("6", running()))};
    rig.own.start();
    ASSERT_TRUE(rig.wait_for(1));
    EXPECT_EQ(rig.notes.size(), 3U);
    EXPECT_NE(rig.notes[0].find("not JSON"), std::string::npos) << rig.notes[0];
    EXPECT_NE(rig.notes[1].find("404: said"), std::string::npos) << rig.notes[1];
    EXPECT_NE(rig.notes[2].find("works again"), std::string::npos) << rig.notes[2];
}

TEST(AgentOwnPod, AContainerThatThePodHasNotIsTold) {
    OwnRig rig;
    Json other = pod("5", running());
    other["status"]["containerStatuses"][0]["name"] = "leasehold";
    rig.answers = {OwnRig::ok(other), OwnRig::ok(pod("6", running()))};
    rig.own.start();
    ASSERT_TRUE(rig.wait_for(1));
    ASSERT_EQ(rig.notes.size(), 2U);
    EXPECT_NE(rig.notes[0].find("no container of the Pod is called agent"), std::string::npos);
    EXPECT_NE(rig.notes[1].find("works again"), std::string::npos) << rig.notes[1];
}

TEST(AgentOwnPod, ARefusalIsToldOnceAndNotTriedAgainSoon) {
    OwnRig rig;
    rig.answers = {http_answer(403, status_json(403, "Forbidden"))};
    rig.own.start();
    ASSERT_TRUE(run_until(rig.loop, [&] { return !rig.notes.empty(); }));
    rig.loop.restart();
    rig.loop.run_for(1500ms);
    EXPECT_EQ(rig.asked, 1U);
    EXPECT_EQ(rig.notes.size(), 1U);
    EXPECT_EQ(rig.own.container(), nullptr);
}

TEST(AgentClock, KnowsWhenThisProcessWasForked) {
    const Duration age = read_now().wall - process_started();
    EXPECT_GT(age, Duration(0));
    EXPECT_LT(age, 10min);
}

}  // namespace
}  // namespace leasehold::agent::testing
