// HTTP exchanges by the agent's client: answers, ends, deadlines, connections.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string_view>

#include "tests/unit/agent_transfer_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

TEST(AgentTransfer, GivesStatusHeadersAndBody) {
    Rig rig([](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(404, "nothing", "X-One: 1\r\nX-Two:  a: b \r\nX-One: 3\r\n"));
    });
    Request request = rig.get("/a?b=c%2Fd");
    request.headers = {"Accept: text/plain", "X-Mine: yes"};
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::answered);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, "nothing");
    EXPECT_EQ(response.error, "");
    EXPECT_FALSE(response.http2);
    const Headers expected{
        {"content-length", "7"}, {"x-one", "1"}, {"x-two", "a: b"}, {"x-one", "3"}};
    EXPECT_EQ(response.headers, expected);
    EXPECT_EQ(response.header("x-two"), "a: b");
    EXPECT_EQ(response.header("x-three"), "");
    ASSERT_EQ(rig.server.seen().size(), 1U);
    const Seen& seen = rig.server.seen()[0];
    EXPECT_EQ(seen.method, "GET");
    EXPECT_EQ(seen.target, "/a?b=c%2Fd");
    EXPECT_EQ(seen.headers.at("accept"), "text/plain");
    EXPECT_EQ(seen.headers.at("x-mine"), "yes");
    EXPECT_EQ(rig.client->in_flight(), 0U);
}

TEST(AgentTransfer, DoneIsNeverCalledInsideSendOrAbort) {
    Rig rig(say_hello);
    bool called = false;
    const TransferId id = rig.client->send(rig.get(), [&](Response) { called = true; });
    EXPECT_EQ(rig.client->in_flight(), 1U);
    rig.client->abort(id);
    rig.client->abort(TransferId(4711));
    EXPECT_FALSE(called);
    EXPECT_TRUE(run_until(rig.loop, [&] { return called; }));
}

TEST(AgentTransfer, InterimAnswersAndTrailersAreNotHeaders) {
    Rig rig([](const Seen&, const PeerPtr& peer) {
        peer->write(
            "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n"
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Late: 1\r\n\r\n"
            "3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n");
    });
    const Response response = rig.ask(rig.get());
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "abc");
    const Headers expected{{"transfer-encoding", "chunked"}, {"x-late", "1"}};
    EXPECT_EQ(response.headers, expected);
}

TEST(AgentTransfer, RedirectsAreNotFollowed) {
    Rig rig([](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(302, "", "Location: /elsewhere\r\n"));
    });
    EXPECT_EQ(rig.ask(rig.get()).status, 302);
    EXPECT_EQ(rig.server.seen().size(), 1U);
}

TEST(AgentTransfer, NoProxyIsTakenFromTheEnvironment) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    Rig rig(say_hello);
    EXPECT_EQ(rig.ask(rig.get()).body, "hello");
    ::unsetenv("http_proxy");
}

TEST(AgentTransfer, AProxyThatIsGivenIsAskedForTheRest) {
    Rig rig([](const Seen& seen, const PeerPtr& peer) {
        peer->write(http_answer(seen.method == "CONNECT" ? 403 : 200, "hello", "X-Proxy: 1\r\n"));
    });
    ClientOptions options;
    options.proxy = rig.server.url("");
    options.no_proxy = "127.0.0.0/8,direct.invalid";
    rig.client.emplace(rig.loop, options);
    Request request = rig.get();
    request.url = "http://store.invalid/k";
    EXPECT_EQ(rig.ask(request).body, "hello");
    EXPECT_EQ(rig.server.seen().at(0).target, "http://store.invalid/k");
    EXPECT_EQ(rig.ask(rig.get("/direct")).body, "hello");
    EXPECT_EQ(rig.server.seen().at(1).target, "/direct");
    request.url = "http://b.direct.invalid/k";
    EXPECT_EQ(rig.ask(request).error, "Could not resolve host: b.direct.invalid");
    request.url = "https://store.invalid/k";
    const Response refused = rig.ask(request);
    EXPECT_EQ(rig.server.seen().at(2).target, "store.invalid:443");
    EXPECT_EQ(refused.end, TransferEnd::not_sent) << "the proxy let nothing through";
    EXPECT_EQ(refused.status, 0) << "the proxy's answer is not the server's";
    EXPECT_TRUE(refused.headers.empty());
}

TEST(AgentTransfer, OnlyHttpIsSpoken) {
    Rig rig(say_hello);
    Request request = rig.get();
    request.url = "file:///proc/version";
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::not_sent);
    EXPECT_EQ(response.body, "");
    request.url = "";
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
}

TEST(AgentTransfer, AHeaderWithALineBreakIsRefused) {
    Rig rig(say_hello);
    Request request = rig.get();
    request.headers = {"Authorization: Bearer secret\r\nX-Other: 1"};
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::not_sent);
    EXPECT_EQ(response.error, "the header Authorization holds a line break");
    EXPECT_EQ(rig.server.connections(), 0);
}

TEST(AgentTransfer, TheDeadlineEndsASilentExchange) {
    Rig rig([](const Seen&, const PeerPtr&) {});
    Request request = rig.get();
    request.deadline = boottime() + 100ms;
    const Instant begin = boottime();
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::timed_out);
    EXPECT_EQ(response.status, 0);
    EXPECT_GE(boottime() - begin, 99ms);
    EXPECT_LT(boottime() - begin, 3s);
    EXPECT_EQ(rig.server.seen().size(), 1U);
}

TEST(AgentTransfer, EachExchangeHasItsOwnDeadline) {
    Rig rig([](const Seen& seen, const PeerPtr& peer) {
        if (seen.target == "/answered") peer->write(http_answer(200, "x"));
    });
    std::vector<std::string> order;
    for (const auto& [path, after] : std::vector<std::pair<std::string, Duration>>{
             {"/late", 300ms}, {"/early", 100ms}, {"/answered", 200ms}, {"/middle", 200ms}}) {
        Request request = rig.get(path);
        request.deadline = boottime() + after;
        rig.client->send(request, [&order, path = path](Response response) {
            EXPECT_EQ(response.end == TransferEnd::answered, path == "/answered");
            order.push_back(path);
        });
    }
    EXPECT_TRUE(run_until(rig.loop, [&] { return order.size() == 4; }));
    EXPECT_EQ(order, (std::vector<std::string>{"/answered", "/early", "/middle", "/late"}));
}

TEST(AgentTransfer, ADeadlineThatIsOverSendsNothing) {
    Rig rig(say_hello);
    Request request = rig.get();
    request.deadline = boottime() - 1ns;
    const TransferEnd end = rig.ask(request).end;
    EXPECT_TRUE(end == TransferEnd::not_sent || end == TransferEnd::timed_out);
    EXPECT_EQ(rig.server.connections(), 0);
}

TEST(AgentTransfer, ARefusedPortIsNotSent) {
    Rig rig(say_hello);
    Request request = rig.get();
    {
        TestServer other(rig.loop, say_hello);
        request.url = other.url();
    }
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::not_sent);
    EXPECT_NE(response.error, "");
}

TEST(AgentTransfer, AConnectionThatClosesInsteadOfAnsweringIsBroken) {
    Rig rig([](const Seen& seen, const PeerPtr& peer) {
        if (seen.target == "/half")
            peer->write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer->close();
    });
    const Response half = rig.ask(rig.get("/half"));
    EXPECT_EQ(half.end, TransferEnd::broken);
    EXPECT_EQ(half.status, 200);
    EXPECT_EQ(half.body, "");
    EXPECT_NE(half.error, "");
    const Response nothing = rig.ask(rig.get("/nothing"));
    EXPECT_EQ(nothing.end, TransferEnd::broken);
    EXPECT_EQ(nothing.status, 0);
}

TEST(AgentTransfer, WhatIsNoHttpIsBroken) {
    Rig rig([](const Seen&, const PeerPtr& peer) {
        peer->write("220 mail ready\r\n");
        peer->close();
    });
    EXPECT_EQ(rig.ask(rig.get()).end, TransferEnd::broken);
}

TEST(AgentTransfer, AbortEndsAnExchangeAndItsSink) {
    Rig rig([](const Seen&, const PeerPtr& peer) {
        peer->write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    });
    Request request = rig.get();
    int pieces = 0;
    TransferId id;
    request.sink = [&](const Response& response, std::string_view piece) {
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(response.header("content-length"), "4");
        EXPECT_EQ(piece, "ab");
        ++pieces;
        rig.client->abort(id);  // from within
        rig.client->drop_connections();
        return false;  // what the sink says then no longer counts
    };
    std::optional<Response> response;
    id = rig.client->send(request, [&](Response r) { response = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return response.has_value(); }));
    EXPECT_EQ(response->end, TransferEnd::aborted);
    EXPECT_EQ(pieces, 1);
    EXPECT_EQ(rig.client->in_flight(), 0U);
}

TEST(AgentTransfer, ASinkMayRefuse) {
    Rig rig(say_hello);
    Request request = rig.get();
    request.sink = [](const Response&, std::string_view) { return false; };
    EXPECT_EQ(rig.ask(request).end, TransferEnd::too_large);
    request.sink = [](const Response&, std::string_view) -> bool {
        throw std::runtime_error("disk full");
    };
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::too_large);
    EXPECT_EQ(response.error, "disk full");
}

TEST(AgentTransfer, ACollectedBodyHasALimit) {
    Rig rig(say_hello);
    Request request = rig.get();
    request.body_limit = 5;
    EXPECT_EQ(rig.ask(request).body, "hello");
    request.body_limit = 4;
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::too_large);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.error, "the answer is larger than 4 bytes");
}

TEST(AgentTransfer, EndlessHeadersAreCut) {
    Rig rig([](const Seen&, const PeerPtr& peer) {
        std::string headers = "HTTP/1.1 200 OK\r\n";
        for (int i = 0; i < 10'000; ++i)
            headers += "X-Padding: " + std::string(50, 'x') + "\r\n";
        peer->write(headers + "\r\n");
    });
    EXPECT_EQ(rig.ask(rig.get()).end, TransferEnd::too_large);
}

TEST(AgentTransfer, ConnectionsAreKeptAndDropped) {
    Rig rig(say_hello);
    EXPECT_EQ(rig.ask(rig.get()).status, 200);
    EXPECT_EQ(rig.ask(rig.get()).status, 200);
    EXPECT_EQ(rig.server.connections(), 1);
    rig.client->drop_connections();
    EXPECT_EQ(rig.ask(rig.get()).status, 200);
    EXPECT_EQ(rig.server.connections(), 2);
    Request fresh = rig.get();
    fresh.fresh_connection = true;
    EXPECT_EQ(rig.ask(fresh).status, 200);
    EXPECT_EQ(rig.server.connections(), 3);
}

TEST(AgentTransfer, DroppingConnectionsLeavesWhatIsUnderWayAlone) {
    PeerPtr waiting;
    Rig rig([&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target == "/wait") {
            waiting = peer;
        } else {
            peer->write(http_answer(200, "now"));
        }
    });
    std::optional<Response> late;
    rig.client->send(rig.get("/wait"), [&](Response r) { late = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return waiting != nullptr; }));
    rig.client->drop_connections();
    EXPECT_EQ(rig.ask(rig.get("/now")).body, "now");
    EXPECT_EQ(rig.server.seen()[1].connection, 2);
    EXPECT_FALSE(late.has_value());
    waiting->write(http_answer(200, "late"));
    EXPECT_TRUE(run_until(rig.loop, [&] { return late.has_value(); }));
    EXPECT_EQ(late->body, "late");
    waiting.reset();
}

TEST(AgentTransfer, AKeptConnectionThatTheServerClosedIsNotedBeforeTheNextRequest) {
    Rig rig(say_hello);
    EXPECT_EQ(rig.ask(rig.get()).status, 200);
    rig.server.close_all();
    rig.loop.restart();
    rig.loop.run_for(20ms);
    Request put = rig.get();
    put.method = "PUT";
    put.body = {memory_bytes("x")};
    EXPECT_EQ(rig.ask(put).status, 200);
    EXPECT_EQ(rig.server.connections(), 2);
}

TEST(AgentTransfer, ManyAtOnce) {
    Rig rig(
        [](const Seen& seen, const PeerPtr& peer) { peer->write(http_answer(200, seen.target)); });
    int answered = 0;
    for (int i = 0; i < 200; ++i) {
        const std::string path = "/" + std::to_string(i);
        rig.client->send(rig.get(path), [&, path](Response response) {
            EXPECT_EQ(response.body, path);
            ++answered;
        });
    }
    EXPECT_TRUE(run_until(rig.loop, [&] { return answered == 200; }));
}

TEST(AgentTransfer, MayBeDestroyedInTheMidstOfTransfers) {
    Rig rig([](const Seen& seen, const PeerPtr& peer) {
        if (seen.target == "/answered") peer->write(http_answer(200, "x"));
    });
    int called = 0;
    for (const char* path : {"/a", "/b", "/answered"})
        rig.client->send(rig.get(path), [&](Response) { ++called; });
    EXPECT_TRUE(run_until(rig.loop, [&] { return called == 1; }));
    rig.client->send(rig.get("/never-begun"), [&](Response) { ++called; });
    rig.client.reset();
    rig.loop.restart();
    rig.loop.run_for(50ms);
    EXPECT_EQ(called, 1);
}

TEST(AgentTransfer, MayBeDestroyedByItsOwnAnswer) {
    Rig rig(say_hello);
    rig.client->send(rig.get("/other"), [&](Response) {});
    rig.client->send(rig.get(), [&](Response) { rig.client.reset(); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return !rig.client.has_value(); }));
    rig.loop.restart();
    rig.loop.run_for(20ms);
}

TEST(AgentTransfer, AConnectionThatGaveNoAnswerIsNotTheLastWord) {
    Rig rig([](const Seen& seen, const PeerPtr& peer) {
        if (seen.target != "/silent") peer->write(http_answer(200, "hello"));
    });
    std::optional<Response> first;
    std::optional<Response> second;
    rig.client->send(rig.get(), [&](Response r) { first = std::move(r); });
    rig.client->send(rig.get(), [&](Response r) { second = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return first && second; }));
    const int connections = rig.server.connections();
    Request silent = rig.get("/silent");
    silent.deadline = boottime() + 50ms;
    EXPECT_EQ(rig.ask(silent).end, TransferEnd::timed_out);
    EXPECT_EQ(rig.ask(rig.get()).body, "hello");
    EXPECT_EQ(rig.server.connections(), connections + 1) << "an old connection was used again";
}

}  // namespace
}  // namespace leasehold::agent::testing
