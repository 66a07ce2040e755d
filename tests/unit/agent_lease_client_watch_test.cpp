// The Lease client's watch before a fake API server.
#include <gtest/gtest.h>

#include "tests/unit/agent_lease_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& text) {
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx", text.size());
    return std::string(size.data()) + "\r\n" + text + "\r\n";
}

std::string event_json(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

/// A server that begins each watch and leaves the rest to the test.
struct WatchRig : LeaseRig {
    WatchRig()
        : LeaseRig([this](const Seen&, const PeerPtr& who) {
              peer = who;
              peer->write(kHead);
          }) {}
    ~WatchRig() { peer.reset(); }
    bool open(std::uint64_t id = 1, std::uint64_t from = 42) {
        const std::size_t before = server.seen().size();
        client->watch(WatchLease{WatchId(id), Version(from)});
        return run_until(loop, [&] { return server.seen().size() > before; });
    }
    PeerPtr peer;
};

TEST(AgentLeaseWatch, DeliversWhatItSees) {
    WatchRig rig;
    ASSERT_TRUE(rig.open());
    EXPECT_EQ(rig.server.seen()[0].target,
              "/apis/coordination.k8s.io/v1/namespaces/ns/leases?watch=1&fieldSelector="
              "metadata.name%3Da&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=42");
    const std::string added = event_json("ADDED", lease_json("43"));
    rig.peer->write(chunk(added.substr(0, 50)) + chunk(added.substr(50)));
    ASSERT_TRUE(rig.wait_for(1));
    EXPECT_EQ(rig.watched(0).watch, WatchId(1));
    EXPECT_EQ(rig.watched(0).kind, WatchKind::seen);
    EXPECT_EQ(rig.watched(0).lease->version, Version(43));
    rig.peer->write(chunk(event_json("BOOKMARK", R"({"metadata":{"resourceVersion":"50"}})") +
                          event_json("DELETED", lease_json("51"))));
    ASSERT_TRUE(rig.wait_for(3));
    EXPECT_EQ(rig.watched(1).kind, WatchKind::bookmark);
    EXPECT_EQ(rig.watched(1).version, Version(50));
    EXPECT_EQ(rig.watched(2).kind, WatchKind::deleted);
    EXPECT_EQ(rig.watched(2).version, Version(51));
    rig.peer->write("0\r\n\r\n");
    ASSERT_TRUE(rig.wait_for(4));
    EXPECT_EQ(rig.watched(3).kind, WatchKind::ended);
    // The stream ended in order: its connection is used again.
    ASSERT_TRUE(rig.open(2, 0));
    EXPECT_EQ(rig.server.seen()[1].target.find("resourceVersion"), std::string::npos);
    EXPECT_EQ(rig.server.connections(), 1);
}

TEST(AgentLeaseWatch, AnErrorEventEndsItOnce) {
    WatchRig rig;
    ASSERT_TRUE(rig.open());
    rig.peer->write(chunk(event_json("ERROR", status_json(410, "Expired")) +
                          event_json("ADDED", lease_json("43"))));
    ASSERT_TRUE(rig.wait_for(1));
    rig.loop.restart();
    rig.loop.run_for(50ms);
    ASSERT_EQ(rig.events.size(), 1U);
    EXPECT_EQ(rig.watched(0).kind, WatchKind::ended);
}

TEST(AgentLeaseWatch, ACutStreamEndsIt) {
    WatchRig rig;
    ASSERT_TRUE(rig.open());
    const std::string added = event_json("ADDED", lease_json("43"));
    rig.peer->write(chunk(added) + chunk(added.substr(0, 50)));
    rig.peer->close();
    ASSERT_TRUE(rig.wait_for(2));
    EXPECT_EQ(rig.watched(0).kind, WatchKind::seen);
    EXPECT_EQ(rig.watched(1).kind, WatchKind::ended);
}

TEST(AgentLeaseWatch, AGiantLineEndsIt) {
    WatchRig rig;
    ASSERT_TRUE(rig.open());
    rig.peer->write(chunk(std::string(2U << 20, 'x')));
    ASSERT_TRUE(rig.wait_for(1));
    EXPECT_EQ(rig.watched(0).kind, WatchKind::ended);
}

TEST(AgentLeaseWatch, ARefusalEndsItAndIsNotedOnceAndNotTriedAgainSoon) {
    LeaseRig rig([](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(403, status_json(403, "Forbidden")));
    });
    for (std::uint64_t i = 1; i <= 2; ++i) {
        rig.client->watch(WatchLease{WatchId(i), Version(1)});
        ASSERT_TRUE(rig.wait_for(i));
        EXPECT_EQ(rig.watched(i - 1).watch, WatchId(i));
        EXPECT_EQ(rig.watched(i - 1).kind, WatchKind::ended);
    }
    EXPECT_EQ(rig.notes,
              std::vector<std::string>{"the API server answered a watch with 403: said"});
    EXPECT_EQ(rig.server.seen().size(), 1U) << "a role without watch costs no request each time";
    rig.client->watch(WatchLease{WatchId(3), Version(1)});
    rig.client->stop(StopWatch{WatchId(3)});
    rig.loop.restart();
    rig.loop.run_for(20ms);
    EXPECT_EQ(rig.events.size(), 2U) << "a stopped watch is silent";
}

TEST(AgentLeaseWatch, AStoppedWatchIsSilentAndItsConnectionLeft) {
    WatchRig rig;
    ASSERT_TRUE(rig.open(1));
    rig.peer->write(chunk(event_json("ADDED", lease_json("43"))));
    ASSERT_TRUE(rig.wait_for(1));
    PeerPtr first = rig.peer;
    rig.client->stop(StopWatch{WatchId(99)});  // not ours: ignored
    rig.client->stop(StopWatch{WatchId(1)});
    first->write(chunk(event_json("MODIFIED", lease_json("44"))));
    ASSERT_TRUE(rig.open(2));
    rig.peer->write(chunk(event_json("MODIFIED", lease_json("45"))));
    ASSERT_TRUE(rig.wait_for(2));
    EXPECT_EQ(rig.watched(1).watch, WatchId(2));
    EXPECT_EQ(rig.watched(1).lease->version, Version(45));
    EXPECT_EQ(rig.server.connections(), 2);
    first.reset();
    rig.peer.reset();
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.open_connections() == 1; }));
}

TEST(AgentLeaseWatch, HasAConnectionOfItsOwn) {
    WatchRig rig;
    ASSERT_TRUE(rig.open());
    rig.client->send(rig.request(LeaseVerb::get));
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.seen().size() == 2; }));
    EXPECT_NE(rig.server.seen()[0].connection, rig.server.seen()[1].connection);
}

TEST(AgentLeaseWatch, MayBeOpenedAgainInTheDeliveryOfItsEnd) {
    WatchRig rig;
    std::uint64_t next = 2;
    rig.on_event = [&] {
        if (rig.watched(rig.events.size() - 1).kind == WatchKind::ended && next == 2)
            rig.client->watch(WatchLease{WatchId(next++), Version(60)});
    };
    ASSERT_TRUE(rig.open(1));
    rig.peer->write(chunk(event_json("ERROR", "{}")));
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.seen().size() == 2; }));
    rig.peer->write(chunk(event_json("ADDED", lease_json("61"))));
    ASSERT_TRUE(rig.wait_for(2));
    EXPECT_EQ(rig.watched(1).watch, WatchId(2));
    EXPECT_EQ(rig.watched(1).kind, WatchKind::seen);
}

TEST(AgentLeaseWatch, MayEndInItsOwnDelivery) {
    WatchRig rig;
    rig.on_event = [&] { rig.client.reset(); };
    ASSERT_TRUE(rig.open());
    rig.peer->write(
        chunk(event_json("ADDED", lease_json("43")) + event_json("MODIFIED", lease_json("44"))));
    ASSERT_TRUE(rig.wait_for(1));
    rig.loop.restart();
    rig.loop.run_for(50ms);
    EXPECT_EQ(rig.events.size(), 1U);
}

}  // namespace
}  // namespace leasehold::agent::testing
