// HTTP/2: what each limit is there for, and draining.
#include <string>
#include <thread>

#include "agent/http/http2_session.hpp"
#include "tests/unit/agent_http2_rig.hpp"

namespace leasehold::agent::test {
namespace {

class AgentHttp2Limits : public Http2Rig {};

TEST_F(AgentHttp2Limits, HeadsAndTargetsAreNoLargerThanHttp11s) {
    start_tls();
    Http2Client client(port);
    EXPECT_EQ(client.ask("GET", "/v1/query/" + std::string(kTargetBytesMax, 'x')).status, 414);
    EXPECT_EQ(client.ask("GET", "/healthz", {{"x", std::string(kHeadBytesMax, 'x')}}).status, 431);
    EXPECT_EQ(client.ask("GET", "/healthz", {{"expect", "more"}}).status, 417);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttp2Limits, AHeadOfFarTooManyBytesIsNotEvenRead) {
    start_tls();
    Http2Client client(port);
    const Http2Client::Fields fields(50, {"x", std::string(1000, 'x')});
    client.begin("GET", "/healthz", fields);
    EXPECT_TRUE(client.ends()) << "few bytes on the wire, one for a field that was sent before";
}

TEST_F(AgentHttp2Limits, MoreStreamsThanAllConnectionsMayHaveAreRefusedForAnotherTime) {
    ServerOptions options;
    options.connection_limit = 3;
    start_tls(options);
    Http2Client client(port);
    for (int i = 0; i < 3; ++i)
        client.begin("GET", "/v1/backup/" + std::to_string(i));
    ASSERT_TRUE(waits(3));
    constexpr std::uint32_t kRefusedStream = 7;  // RFC 9113, 7: not processed, may be tried again
    EXPECT_EQ(client.finish(client.begin("GET", "/v1/status")).error, kRefusedStream);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200) << "probes are served all the same";
    answer_all("x");
    EXPECT_EQ(client.ask("GET", "/v1/status").status, 200);
}

// What nghttp2 does not bound by itself. Each was met by a client that is not kind.
TEST_F(AgentHttp2Limits, StrangersHaveFewStreamsAndTakeNobodysPlace) {
    ServerOptions options;
    options.token_file = folder.write("token", "secret\n");
    options.connection_limit = 120;
    start_tls(options);
    Http2Client stranger(port, 0);  // it takes no byte of an answer
    for (int i = 0; i < 160; ++i)
        stranger.begin("GET", "/v1/backup/" + std::to_string(i));
    stranger.turn(100);
    Http2Client client(port);
    const Http2Client::Fields token{{"authorization", "Bearer secret"}};
    EXPECT_EQ(client.ask("GET", "/v1/status", token).status, 200);
    for (int i = 0; i < 119; ++i)
        client.begin("GET", "/v1/backup/" + std::to_string(i), token);
    EXPECT_TRUE(waits(119, client)) << "more than a stranger has";
    EXPECT_EQ(metric("leasehold_http_requests_total{code=\"401\",route=\"none\"}"),
              Http2Session::kStreamsOfStrangers);
}

TEST_F(AgentHttp2Limits, AnswersGoOutByTurns) {
    service.query_answers["big"] = query_data(std::string(32'000'000, 'b'), "1", 1);
    service.query_answers["small"] = query_data("rows", "1", 1);
    start_tls();
    Http2Client client(port);
    const auto big = client.begin("GET", "/v1/query/big");
    EXPECT_EQ(client.finish(client.begin("GET", "/v1/query/small")).reply.body, "rows");
    EXPECT_FALSE(client.stream(big).closed) << "nothing was under way";
    EXPECT_EQ(client.finish(big).reply.body.size(), 32'000'000U);
}

TEST_F(AgentHttp2Limits, ABusyConnectionIsNotIdle) {
    start_tls(quick());
    Http2Client client(port);
    for (const Instant begin = boottime(); boottime() - begin < 900ms;
         std::this_thread::sleep_for(20ms))
        ASSERT_EQ(client.ask("GET", "/healthz").status, 200);
    EXPECT_EQ(client.goaway(), -1);
    EXPECT_TRUE(client.ends());
}

TEST_F(AgentHttp2Limits, ADrainRefusesWhatIsOnItsWay) {
    start_tls();
    Http2Client client(port);
    const auto read = client.begin("GET", "/v1/backup/a");
    ASSERT_TRUE(waits(1));
    on_loop([&] { server->drain(); });
    const auto late = client.begin("DELETE", "/v1/backup/b");
    client.turn(50);
    EXPECT_EQ(client.goaway(), read);
    EXPECT_TRUE(client.stream(late).closed);
    EXPECT_TRUE(on_loop([this] { return service.removed.empty(); })) << "it may be asked elsewhere";
    answer_all("x");
    EXPECT_EQ(client.finish(read).reply.body, "x");
}

TEST_F(AgentHttp2Limits, IdleConnectionsEndAndWaitingOnesDoNot) {
    start_tls(quick());
    Http2Client silent(port);
    Http2Client idle(port);
    EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
    Http2Client waiting(port);
    waiting.begin("GET", "/v1/backup/a");
    ASSERT_TRUE(waits(1));
    EXPECT_TRUE(silent.ends());
    EXPECT_TRUE(idle.ends());
    EXPECT_GE(idle.goaway(), 1) << "told, so that no request is lost";
    silent.close();
    idle.close();
    waiting.turn(600);
    EXPECT_EQ(connections(), 1U) << "a read waits as long as its deadline says";
}

TEST_F(AgentHttp2Limits, ASlowBodyIsCutAndTheOthersGoOn) {
    start_tls(quick());
    Http2Client client(port);
    const auto waits_on = client.begin("GET", "/v1/backup/a");
    const auto slow = client.begin("PUT", "/v1/backup/b", {}, "x", true);
    const Instant begin = boottime();
    while (!client.stream(slow).closed && boottime() - begin < 5s) {
        client.add(slow, "x", true);
        client.turn(20);
    }
    EXPECT_EQ(client.stream(slow).reply.status, 408);
    EXPECT_LT(boottime() - begin, 3s);
    answer_all("x");
    EXPECT_EQ(client.finish(waits_on).reply.body, "x");
}

TEST_F(AgentHttp2Limits, AnAnswerThatNobodyTakesIsGivenUp) {
    service.query_answers["big"] = query_data(std::string(32'000'000, 'b'), "1", 1);
    start_tls(quick());
    Http2Client client(port);
    const auto big = client.begin("GET", "/v1/query/big");
    client.hold(big);
    EXPECT_NE(client.finish(big, 5).error, 0U);
    Http2Client deaf(port, 1 << 30);  // it may be sent all of it, and takes nothing from its socket
    deaf.begin("GET", "/v1/query/big");
    EXPECT_TRUE(eventually([this] { return server->connections() <= 1; }));
}

TEST_F(AgentHttp2Limits, WhatIsNotHttp2EndsTheConnection) {
    start_tls();
    Http2Client client(port);
    client.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(client.ends());
    EXPECT_TRUE(eventually([this] { return server->connections() == 0; }));
}

// ---- draining -----------------------------------------------------------------------------------

TEST_F(AgentHttp2Limits, DrainLetsAnswersGoOutAndTakesNothingNew) {
    start_tls();
    Http2Client idle(port);
    EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
    Http2Client client(port);
    const auto read = client.begin("GET", "/v1/backup/a");
    ASSERT_TRUE(waits(1));
    on_loop([this] { server->drain(); });
    EXPECT_TRUE(idle.ends());
    client.turn(50);
    EXPECT_EQ(client.goaway(), read);
    answer_all("drained");
    EXPECT_EQ(client.finish(read).reply.body, "drained");
    EXPECT_TRUE(client.ends());
    EXPECT_TRUE(eventually([this] { return server->connections() == 0; }));
}

}  // namespace
}  // namespace leasehold::agent::test
