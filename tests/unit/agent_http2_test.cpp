// HTTP/2: that it is HTTP/1.1's endpoints over again, what streams of one connection owe each
// other, and what each limit is there for.
#include <cstdio>
#include <string>
#include <vector>

#include <malloc.h>
#include <nlohmann/json.hpp>

#include "agent/http/http2_session.hpp"
#include "tests/unit/agent_http2_client.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

using Json = nlohmann::json;

class AgentHttp2 : public HttpRig {
  protected:
    void start_tls(ServerOptions options = {}) {
        const Pem pem = make_pem("localhost");
        options.certificate_file = folder.put("tls.crt", pem.certificate);
        options.key_file = folder.put("tls.key", pem.key);
        start(std::move(options));
    }
    static ServerOptions quick() {
        ServerOptions options;
        options.idle_timeout = 300ms;
        return options;
    }
    std::string stored(const std::string& key) {
        return on_loop([&] { return text_of(*bytes_of(service.written.at(key))); });
    }
    bool waits(std::size_t count) {
        return eventually([this, count] { return service.reads.size() == count; });
    }
    /// The same; some of them the client holds back until it may send them.
    bool waits(std::size_t count, Http2Client& client) {
        for (int i = 0; i < 500; ++i) {
            if (on_loop([this, count] { return service.reads.size() == count; })) return true;
            client.turn(20);
        }
        return false;
    }
    void answer_all(const std::string& text) {
        on_loop([&] {
            for (auto& [call, read] : std::exchange(service.reads, {}))
                read.done(read_data(text, "e", 1));
        });
    }
    std::size_t connections() {
        return on_loop([this] { return server->connections(); });
    }
};

std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 7;
    for (char& c : text)
        c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
    return text;
}

// ---- the same as HTTP/1.1 -----------------------------------------------------------------------

TEST_F(AgentHttp2, WhoeverOffersItHasItAndOthersHaveHttp11) {
    start_tls();
    Http2Client client(port);
    const Reply reply = client.ask("GET", "/healthz");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "ok\n");
    EXPECT_EQ(reply.fields.at("content-length"), "3");
    EXPECT_TRUE(reply.fields.contains("date"));
    EXPECT_EQ(connect(true).ask("GET", "/healthz").body, "ok\n") << "no ALPN at all";
}

TEST_F(AgentHttp2, EachRequestIsAnsweredAsOverHttp11) {
    service.read_answers["data"] = read_data(noise(200'000), "e\r\n\"%1", 6);
    service.read_answers["empty"] = read_data("", "e", 0);
    service.read_answers["missing"].outcome = ReadOutcome::not_found;
    service.read_answers["stop"].outcome = ReadOutcome::shutdown;
    service.query_answers["q"] = query_data("rows", "e", 1);
    service.query_answers["none"].outcome = QueryOutcome::not_available_yet;
    start_tls();
    Http2Client two(port);
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"GET", "/healthz"},
             {"HEAD", "/healthz"},
             {"GET", "/readyz"},
             {"GET", "/v1/status"},
             {"GET", "/v1/backup?prefix="},
             {"GET", "/v1/backup/data"},
             {"GET", "/v1/backup/empty"},
             {"GET", "/v1/backup/missing"},
             {"GET", "/v1/backup/stop"},
             {"GET", "/v1/query/q"},
             {"HEAD", "/v1/query/q"},
             {"GET", "/v1/query/none"},
             {"DELETE", "/v1/backup/a"},
             {"PUT", "/v1/backup/a"},
             {"GET", "/v1/backup/.ha/x"},
             {"POST", "/v1/backup/a"},
             {"GET", "/nothing"},
             {"GET", "/v1/backup/data?known=x&deadline=no"}}) {
        SCOPED_TRACE(method + " " + path);
        const std::string body = method == "PUT" ? "body" : "";
        Reply by_two = two.ask(method, path, {}, body);
        Client one = connect(true);
        Reply by_one = one.ask(method, path, "", body);
        EXPECT_NE(by_one.status, 0);
        by_one.fields.erase("connection");
        by_one.fields.erase("date");
        by_two.fields.erase("date");
        EXPECT_EQ(by_two.status, by_one.status);
        EXPECT_EQ(by_two.body, by_one.body);
        EXPECT_EQ(by_two.fields, by_one.fields);
    }
}

TEST_F(AgentHttp2, TheTokenIsAskedForEachRequest) {
    ServerOptions options;
    options.token_file = folder.put("token", "secret\n");
    start_tls(options);
    Http2Client client(port);
    EXPECT_EQ(client.ask("GET", "/v1/status").status, 401);
    EXPECT_EQ(client.ask("GET", "/v1/status", {{"authorization", "Bearer secret"}}).status, 200);
    EXPECT_EQ(client.ask("GET", "/v1/status").status, 401);
    EXPECT_EQ(client
                  .ask("GET", "/v1/status",
                       {{"authorization", "Bearer secret"}, {"authorization", "Bearer other"}})
                  .status,
              400);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
    EXPECT_EQ(client.ask("PUT", "/v1/backup/a", {}, noise(100'000)).status, 401)
        << "answered without the body";
    EXPECT_FALSE(on_loop([this] { return service.written.contains("a"); }));
}

TEST_F(AgentHttp2, AStrangersNameIsNotServedOnLoopback) {
    start_tls();
    Http2Client client(port);
    EXPECT_EQ(client.ask("GET", "/v1/status", {{"host", "evil.example"}}).status, 400)
        << "two names";
    EXPECT_EQ(client.ask("GET", "/v1/status").status, 200);
}

TEST_F(AgentHttp2, LargeAnswersFromFilesComeWhole) {
    const std::string text = noise(kSpoolInMemory + 3);
    Spool spool(folder.path());
    spool.append(text);
    service.query_answers["file"] = query_data("", "e", 1);
    service.query_answers["file"].payload = spool.finish();
    ASSERT_TRUE(bytes_of(service.query_answers["file"].payload)->view().empty());
    service.query_answers["memory"] = query_data(text, "e", 1);
    start_tls();
    Http2Client client(port);
    const auto a = client.begin("GET", "/v1/query/file");
    const auto b = client.begin("GET", "/v1/query/memory");
    EXPECT_TRUE(client.finish(a).reply.body == text);
    EXPECT_TRUE(client.finish(b).reply.body == text);
}

// ---- waiting ------------------------------------------------------------------------------------

TEST_F(AgentHttp2, ReadsWaitSideBySideAndQueriesPassThem) {
    start_tls();
    service.query_answers["q"] = query_data("rows", "e", 1);
    Http2Client client(port);
    std::vector<std::int32_t> reads;
    for (int i = 0; i < 900; ++i)
        reads.push_back(client.begin("GET", "/v1/backup/k" + std::to_string(i)));
    ASSERT_TRUE(waits(900, client));
    EXPECT_EQ(client.ask("GET", "/v1/query/q").body, "rows");
    EXPECT_EQ(connections(), 1U);
    answer_all("released");
    for (const std::int32_t read : reads)
        ASSERT_EQ(client.finish(read).reply.body, "released");
    EXPECT_TRUE(on_loop([this] { return service.cancelled.empty(); }));
}

TEST_F(AgentHttp2, AStreamThatIsResetCancelsItsReadAndNoOther) {
    start_tls();
    Http2Client client(port);
    const auto gone = client.begin("GET", "/v1/backup/a");
    const auto stays = client.begin("GET", "/v1/backup/b");
    ASSERT_TRUE(waits(2));
    client.cancel(gone);
    ASSERT_TRUE(waits(1));
    answer_all("x");
    EXPECT_EQ(client.finish(stays).reply.body, "x");
    EXPECT_EQ(on_loop([this] { return service.cancelled.size(); }), 1U);
}

TEST_F(AgentHttp2, TheEndOfTheConnectionCancelsAllOfItsReads) {
    start_tls();
    Http2Client client(port);
    for (int i = 0; i < 5; ++i)
        client.begin("GET", "/v1/backup/" + std::to_string(i));
    ASSERT_TRUE(waits(5));
    client.close();
    ASSERT_TRUE(waits(0));
    ASSERT_TRUE(eventually([this] { return server->connections() == 0; }));
    on_loop([this] {
        EXPECT_EQ(service.cancelled.size(), 5U);
        for (const auto& [call, times] : service.cancelled)
            EXPECT_EQ(times, 1) << call.value();
    });
}

TEST_F(AgentHttp2, TheEndOfTheServerCancelsWhatWaits) {
    start_tls();
    Http2Client client(port);
    client.begin("GET", "/v1/backup/a");
    client.begin("PUT", "/v1/backup/b", {}, "part", true);
    ASSERT_TRUE(waits(1));
    on_loop([this] { server.reset(); });
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(on_loop([this] { return service.cancelled.size(); }), 1U);
}

// 10,000 pending reads over TLS have 64 MiB: a TLS session each would be 140 of them.
#ifndef __SANITIZE_ADDRESS__  // its allocator does not count
TEST_F(AgentHttp2, AWaitingReadHoldsLittleMemory) {
    constexpr int kReads = 900;
    start_tls();
    Http2Client first(port);
    first.begin("GET", "/v1/backup/a");  // what is allocated once
    ASSERT_TRUE(waits(1));
    Http2Client client(port);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
    const auto allocated = [] {
        const struct mallinfo2 info = mallinfo2();
        return info.uordblks + info.hblkhd;
    };
    const std::size_t before = allocated();
    for (int i = 0; i < kReads; ++i)
        client.begin("GET", "/v1/backup/etl/bingen/allocations/1d/1700000000-1700086400",
                     {{"user-agent", std::string(2000, 'x')}});
    ASSERT_TRUE(waits(1 + kReads, client));
    const std::size_t each = (allocated() - before) / kReads;
    RecordProperty("bytes_per_waiting_read", static_cast<int>(each));
    std::printf("bytes allocated for each waiting read, client and fake replica included: %zu\n",
                each);
    EXPECT_GT(each, 300U) << "nothing was measured";
    EXPECT_LT(each, 4000U);
}
#endif

// ---- uploads ------------------------------------------------------------------------------------

TEST_F(AgentHttp2, BodiesOfAnySizeAndInAnyPieces) {
    start_tls();
    Http2Client client(port);
    for (const std::size_t size : {0U, 1U, 65'536U, 262'144U, 1'500'000U, 9'000'000U}) {
        SCOPED_TRACE(size);
        const std::string body = noise(size);
        EXPECT_EQ(client.ask("PUT", "/v1/backup/a", {}, body).status, 200);
        EXPECT_TRUE(stored("a") == body);
        on_loop([&] { EXPECT_EQ(service.written.at("a"), blob_of(body)) << "size and digest"; });
    }
    const auto slow = client.begin("PUT", "/v1/backup/b", {{"content-length", "8"}}, "one ", true);
    client.turn(30);
    client.add(slow, "two ", false);
    EXPECT_EQ(client.finish(slow).reply.status, 200);
    EXPECT_EQ(stored("b"), "one two ");
}

TEST_F(AgentHttp2, UploadsSideBySideShareTheConnection) {
    start_tls();
    Http2Client client(port);
    std::vector<std::int32_t> puts;
    for (int i = 0; i < 8; ++i)
        puts.push_back(client.begin("PUT", "/v1/backup/" + std::to_string(i), {},
                                    noise(2'000'000 + static_cast<std::size_t>(i))));
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(client.finish(puts[static_cast<std::size_t>(i)]).reply.status, 200);
        EXPECT_EQ(stored(std::to_string(i)).size(), 2'000'000U + static_cast<unsigned>(i));
    }
}

TEST_F(AgentHttp2, MoreUploadsThanTheLimitWaitUnread) {
    ServerOptions options;
    options.upload_limit = 1;
    service.write_answer.reset();
    start_tls(options);
    Http2Client client(port);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
    const auto first = client.begin("PUT", "/v1/backup/a", {}, noise(300'000));
    const auto leaves = client.begin("PUT", "/v1/backup/b", {}, noise(300'000));
    const auto third = client.begin("PUT", "/v1/backup/c", {{"expect", "100-continue"}}, "c");
    client.turn(100);
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 1; }));
    EXPECT_EQ(client.stream(leaves).sent, 0U) << "not asked for its body yet";
    EXPECT_FALSE(client.stream(third).continued);
    client.cancel(leaves);
    const auto answer_one = [this] {
        on_loop([this] {
            auto done = std::move(service.writes.front());
            service.writes.erase(service.writes.begin());
            done(WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")});
        });
    };
    answer_one();
    EXPECT_EQ(client.finish(first).reply.status, 200);
    client.turn(100);
    EXPECT_TRUE(client.stream(third).continued) << "the next that is still there";
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 1; }));
    answer_one();
    EXPECT_EQ(client.finish(third).reply.status, 200);
}

TEST_F(AgentHttp2, ABodyAboveTheLimitIsRefused) {
    ServerOptions options;
    options.body_limit = 1'000'000;
    start_tls(options);
    Http2Client client(port);
    const auto announced =
        client.begin("PUT", "/v1/backup/a", {{"content-length", "1000001"}}, "x", true);
    EXPECT_EQ(client.finish(announced).reply.status, 413);
    const auto grows = client.begin("PUT", "/v1/backup/a", {}, noise(1'000'001), true);
    EXPECT_EQ(client.finish(grows).reply.status, 413);
    EXPECT_EQ(client.ask("PUT", "/v1/backup/a", {}, noise(1'000'000)).status, 200);
}

TEST_F(AgentHttp2, AClientThatGoesDoesNotCancelItsWrite) {
    service.write_answer.reset();
    start_tls();
    Http2Client client(port);
    client.begin("PUT", "/v1/backup/a", {}, "body");
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 1; }));
    client.close();
    ASSERT_TRUE(eventually([this] { return server->connections() == 0; }));
    EXPECT_TRUE(on_loop([this] { return service.cancelled.empty(); }));
    on_loop([this] { service.writes[0](WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")}); });
}

// ---- limits -------------------------------------------------------------------------------------

TEST_F(AgentHttp2, HeadsAndTargetsAreNoLargerThanHttp11s) {
    start_tls();
    Http2Client client(port);
    EXPECT_EQ(client.ask("GET", "/v1/query/" + std::string(kTargetBytesMax, 'x')).status, 414);
    EXPECT_EQ(client.ask("GET", "/healthz", {{"x", std::string(kHeadBytesMax, 'x')}}).status, 431);
    EXPECT_EQ(client.ask("GET", "/healthz", {{"expect", "more"}}).status, 417);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttp2, AHeadOfFarTooManyBytesIsNotEvenRead) {
    start_tls();
    Http2Client client(port);
    const Http2Client::Fields fields(50, {"x", std::string(1000, 'x')});
    client.begin("GET", "/healthz", fields);
    EXPECT_TRUE(client.ends()) << "few bytes on the wire, one for a field that was sent before";
}

TEST_F(AgentHttp2, MoreStreamsThanAllConnectionsMayHaveAreRefusedForAnotherTime) {
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
TEST_F(AgentHttp2, StrangersHaveFewStreamsAndTakeNobodysPlace) {
    ServerOptions options;
    options.token_file = folder.put("token", "secret\n");
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

TEST_F(AgentHttp2, AnswersGoOutByTurns) {
    service.query_answers["big"] = query_data(std::string(32'000'000, 'b'), "1", 1);
    service.query_answers["small"] = query_data("rows", "1", 1);
    start_tls();
    Http2Client client(port);
    const auto big = client.begin("GET", "/v1/query/big");
    EXPECT_EQ(client.finish(client.begin("GET", "/v1/query/small")).reply.body, "rows");
    EXPECT_FALSE(client.stream(big).closed) << "nothing was under way";
    EXPECT_EQ(client.finish(big).reply.body.size(), 32'000'000U);
}

TEST_F(AgentHttp2, ABusyConnectionIsNotIdle) {
    start_tls(quick());
    Http2Client client(port);
    for (const Instant begin = boottime(); boottime() - begin < 900ms;
         std::this_thread::sleep_for(20ms))
        ASSERT_EQ(client.ask("GET", "/healthz").status, 200);
    EXPECT_EQ(client.goaway(), -1);
    EXPECT_TRUE(client.ends());
}

TEST_F(AgentHttp2, ADrainRefusesWhatIsOnItsWay) {
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

TEST_F(AgentHttp2, IdleConnectionsEndAndWaitingOnesDoNot) {
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

TEST_F(AgentHttp2, ASlowBodyIsCutAndTheOthersGoOn) {
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

TEST_F(AgentHttp2, AnAnswerThatNobodyTakesIsGivenUp) {
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

TEST_F(AgentHttp2, WhatIsNotHttp2EndsTheConnection) {
    start_tls();
    Http2Client client(port);
    client.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(client.ends());
    EXPECT_TRUE(eventually([this] { return server->connections() == 0; }));
}

// ---- draining -----------------------------------------------------------------------------------

TEST_F(AgentHttp2, DrainLetsAnswersGoOutAndTakesNothingNew) {
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
