// The Lease client's requests before a fake API server.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/agent_lease_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

const std::string kPath = "/apis/coordination.k8s.io/v1/namespaces/ns/leases";

TestServer::Answer always(const std::string& answer) {
    return [answer](const Seen&, const PeerPtr& peer) { peer->write(answer); };
}

TEST(AgentLeaseClient, GetsPostsAndPuts) {
    ApiAccess access;
    access.token = "by-value";
    LeaseRig rig(
        [](const Seen& seen, const PeerPtr& peer) {
            const int status = seen.method == "POST" ? 201 : 200;
            peer->write(http_answer(status, lease_json("8"), "Content-Type: application/json\r\n"));
        },
        access);
    const LeaseReply got = rig.ask(rig.request(LeaseVerb::get));
    EXPECT_EQ(got.status, 200);
    ASSERT_NE(got.lease, nullptr);
    EXPECT_EQ(got.lease->version, Version(8));
    EXPECT_EQ(got.lease->extra, R"({"metadata":{"labels":{"l":"1"}}})");
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::create)).status, 201);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update, 1500ms)).status, 200);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get, 200ms)).status, 200);

    const auto& seen = rig.server.seen();
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[0].method + " " + seen[0].target, "GET " + kPath + "/a?timeout=5s");
    EXPECT_EQ(seen[0].headers.at("authorization"), "Bearer by-value");
    EXPECT_EQ(seen[0].headers.at("accept"), "application/json");
    EXPECT_EQ(seen[1].method + " " + seen[1].target, "POST " + kPath + "?timeout=5s");
    EXPECT_EQ(seen[1].headers.at("content-type"), "application/json");
    EXPECT_FALSE(nlohmann::json::parse(seen[1].body)["metadata"].contains("uid"));
    EXPECT_EQ(seen[2].method + " " + seen[2].target, "PUT " + kPath + "/a?timeout=2s");
    EXPECT_EQ(
        seen[2].body,
        R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"annotations":)"
        R"({"leasehold.dev/nonce":"0000000000000abc"},"labels":{"l":"1"},"name":"a","namespace":)"
        R"("ns","resourceVersion":"7","uid":"u-1"},"spec":{"holderIdentity":"me",)"
        R"("leaseDurationSeconds":15,"leaseTransitions":0}})");
    EXPECT_EQ(seen[3].target, kPath + "/a?timeout=1s");
    EXPECT_EQ(rig.server.connections(), 1);
    EXPECT_TRUE(rig.notes.empty());
}

TEST(AgentLeaseClient, TellsBothConflictsAndAbsence) {
    LeaseRig rig([](const Seen& seen, const PeerPtr& peer) {
        if (seen.method == "GET") peer->write(http_answer(404, status_json(404, "NotFound")));
        if (seen.method == "PUT") peer->write(http_answer(409, status_json(409, "Conflict")));
        if (seen.method == "POST") peer->write(http_answer(409, status_json(409, "AlreadyExists")));
    });
    const LeaseReply missing = rig.ask(rig.request(LeaseVerb::get));
    EXPECT_EQ(missing.reason, StatusReason::not_found);
    EXPECT_TRUE(missing.about_lease);
    EXPECT_EQ(classify(LeaseVerb::get, missing), LeaseOutcome::missing);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update)).reason, StatusReason::conflict);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::create)).reason, StatusReason::already_exists);
    EXPECT_TRUE(rig.notes.empty());
}

TEST(AgentLeaseClient, A404OfSomethingElseIsNotAbsence) {
    LeaseRig rig(always(http_answer(404, "404 page not found\n")));
    const LeaseReply reply = rig.ask(rig.request(LeaseVerb::get));
    EXPECT_EQ(reply.status, 404);
    EXPECT_FALSE(reply.about_lease);
    EXPECT_EQ(classify(LeaseVerb::get, reply), LeaseOutcome::rejected);
}

TEST(AgentLeaseClient, ReadsRetryAfterBesidePlainText) {
    LeaseRig rig(always(
        http_answer(429, "Too many requests, please try again later.\n", "Retry-After: 1\r\n")));
    const LeaseReply reply = rig.ask(rig.request(LeaseVerb::update));
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.reason, StatusReason::none);
    EXPECT_EQ(reply.retry_after, 1s);
    EXPECT_EQ(rig.notes, std::vector<std::string>{"the API server answered PUT with 429: Too many "
                                                  "requests, please try again later."});
}

TEST(AgentLeaseClient, A504IsUnknown) {
    LeaseRig rig(always(http_answer(504, status_json(504, "Timeout"))));
    const LeaseReply reply = rig.ask(rig.request(LeaseVerb::update));
    EXPECT_EQ(reply.status, 504);
    EXPECT_EQ(reply.reason, StatusReason::timeout);
    EXPECT_EQ(classify(LeaseVerb::update, reply), LeaseOutcome::unknown);
}

TEST(AgentLeaseClient, AnAnswerThatIsNoLeaseIsUnknown) {
    for (const std::string& body :
         {std::string("<html>"), std::string(""), lease_json("0"), lease_json("8") + "x"}) {
        LeaseRig rig(always(http_answer(200, body)));
        const LeaseReply reply = rig.ask(rig.request(LeaseVerb::get));
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.lease, nullptr);
        EXPECT_EQ(classify(LeaseVerb::get, reply), LeaseOutcome::unknown);
        EXPECT_EQ(rig.notes.size(), 1U);
    }
}

TEST(AgentLeaseClient, ABlackHoleIsUnknownAtTheTimeOutAndItsConnectionLeft) {
    bool silent = true;
    LeaseRig rig([&](const Seen&, const PeerPtr& peer) {
        if (!silent) peer->write(http_answer(200, lease_json("8")));
    });
    const Instant begin = boottime();
    const LeaseReply reply = rig.ask(rig.request(LeaseVerb::update, 150ms));
    EXPECT_EQ(reply, LeaseReply{});
    EXPECT_GE(boottime() - begin, 150ms);
    EXPECT_LT(boottime() - begin, 3s);
    silent = false;
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_EQ(rig.server.connections(), 2);
    EXPECT_EQ(rig.notes, (std::vector<std::string>{
                             "the API server did not answer: no answer in time",
                             "the API server: the connection works again, after 1 failure in 0s"}));
}

/// HTTP/2 would go on using the connection that lost a request.
TEST(AgentLeaseClient, ABlackHoleOverHttp2IsLeftByRequestsAndWatches) {
    const TemporaryFolder folder;
    const Certificate authority = make_authority("authority");
    const Certificate made = make_certificate(authority, "IP:127.0.0.1", 3600);
    ApiAccess access;
    access.tls.ca_pem = authority.certificate;
    LeaseRig rig(always(""), access,
                 ServerTls{folder.write("server.crt", made.certificate),
                           folder.write("server.key", made.key), "", true});
    for (int i = 1; i <= 2; ++i) {
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update, 150ms)), LeaseReply{});
        EXPECT_EQ(rig.server.http2_connections(), i);
    }
    for (int i = 3; i <= 4; ++i) {
        const WatchId id(static_cast<std::uint64_t>(i));
        rig.client->watch(WatchLease{id, Version(1)});
        EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.http2_connections() == i; }));
        rig.loop.restart();
        rig.loop.run_for(50ms);  // so that the request is on its way
        rig.client->stop(StopWatch{id});
    }
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.open_connections() == 0; }));
}

TEST(AgentLeaseClient, AGetThatEndsWithoutAnAnswerIsUnknown) {
    LeaseRig rig([](const Seen&, const PeerPtr& peer) { peer->close(); });
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)), LeaseReply{});
}

TEST(AgentLeaseClient, ARefusedConnectionIsNotSent) {
    LeaseRig rig(always(""));
    {
        TestServer gone(rig.loop, always(""));
        ApiAccess access;
        access.server = gone.url("");
        rig.client.emplace(rig.loop, access, LeaseName{"ns", "a"},
                           [&](Event event) { rig.events.push_back(std::move(event)); });
    }
    const LeaseReply reply = rig.ask(rig.request(LeaseVerb::update));
    EXPECT_TRUE(reply.not_sent);
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(classify(LeaseVerb::update, reply), LeaseOutcome::rejected);
}

TEST(AgentLeaseClient, ARotatedTokenIsUsedRightAfterA401) {
    const TemporaryFolder folder;
    ApiAccess access;
    access.token_file = folder.write("token", "old");
    std::string good = "Bearer old";
    LeaseRig rig(
        [&](const Seen& seen, const PeerPtr& peer) {
            if (seen.headers.at("authorization") == good)
                return peer->write(http_answer(200, lease_json("8")));
            peer->write(http_answer(401, status_json(401, "Unauthorized")));
        },
        access);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    good = "Bearer new";
    folder.write("token", "new");
    const LeaseReply refused = rig.ask(rig.request(LeaseVerb::get));
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.reason, StatusReason::unauthorized);
    EXPECT_EQ(rig.server.seen().size(), 2U);
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    EXPECT_EQ(rig.notes.size(), 2U);
    for (const std::string& note : rig.notes)
        EXPECT_EQ(note.find("Bearer"), note.npos);
}

TEST(AgentLeaseClient, AGiantAnswerIsUnknown) {
    LeaseRig rig(always(http_answer(200, std::string(5U << 20, ' '))));
    EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)), LeaseReply{});
}

TEST(AgentLeaseClient, TheSameFailureIsNotedOnce) {
    LeaseRig rig(always(http_answer(403, status_json(403, "Forbidden"))));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 403);
    EXPECT_EQ(rig.notes, std::vector<std::string>{"the API server answered GET with 403: said"});
}

/// As a kube-apiserver answers: the Lease is not there to be got, and its namespace not to create
/// it.
TEST(AgentLeaseClient, ANamespaceThatIsMissingIsToldInTheServersWords) {
    LeaseRig rig([](const Seen& seen, const PeerPtr& peer) {
        const bool get = seen.method == "GET";
        peer->write(http_answer(
            404, std::string(R"({"kind":"Status","reason":"NotFound","code":404,"message":)") +
                     (get ? R"("leases \"a\" not found"})" : R"("namespaces \"ns\" not found"})")));
    });
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 404);
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::create)).status, 404);
    }
    EXPECT_EQ(rig.notes, std::vector<std::string>{"the API server answered POST with 404: "
                                                  "namespaces \"ns\" not found"});
    EXPECT_TRUE(rig.duties.states().at(static_cast<std::size_t>(Duty::lease)).failing);
}

TEST(AgentLeaseClient, AReadThatWorksDoesNotMendAWriteThatFails) {
    LeaseRig rig([](const Seen& seen, const PeerPtr& peer) {
        peer->write(seen.method == "GET" ? http_answer(200, lease_json("8"))
                                         : http_answer(403, status_json(403, "Forbidden")));
    });
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::update)).status, 403);
        EXPECT_EQ(rig.ask(rig.request(LeaseVerb::get)).status, 200);
    }
    EXPECT_EQ(rig.notes, std::vector<std::string>{"the API server answered PUT with 403: said"});
}

TEST(AgentLeaseClient, MayEndInItsOwnDelivery) {
    LeaseRig rig(always(http_answer(200, lease_json("8"))));
    rig.on_event = [&] { rig.client.reset(); };
    rig.client->send(rig.request(LeaseVerb::get));
    rig.client->send(rig.request(LeaseVerb::get));
    EXPECT_TRUE(rig.wait_for(1));
    rig.loop.restart();
    rig.loop.run_for(50ms);
    EXPECT_EQ(rig.events.size(), 1U);
}

}  // namespace
}  // namespace leasehold::agent::testing
