// HTTP/2: that it is HTTP/1.1's endpoints over again, and what streams of one connection owe each
// other.
#include <cstdio>
#include <string>
#include <vector>

#include <malloc.h>

#include "tests/unit/agent_http2_rig.hpp"

namespace leasehold::agent::test {
namespace {

class AgentHttp2 : public Http2Rig {};

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
             {"HEAD", "/nothing"},
             {"HEAD", "/v1/backup/a"},
             {"GET", "/v1/backup/data?known=x&deadline=no"}}) {
        SCOPED_TRACE(method + " " + path);
        const std::string body = method == "PUT" ? "body" : "";
        const Http2Client::Stream& stream = two.finish(two.begin(method, path, {}, body));
        EXPECT_EQ(stream.error, 0U);
        Reply by_two = stream.reply;
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
    options.token_file = folder.write("token", "secret\n");
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

// A body of length 0 that an empty DATA frame ends, as some clients write DELETE; and one without a
// length, which may be anything.
TEST_F(AgentHttp2, AnEmptyBodyIsNone) {
    start_tls();
    Http2Client client(port);
    for (const bool says : {true, false})
        for (const bool ends : {true, false}) {
            Http2Client::Fields fields;
            if (says) fields.emplace_back("content-length", "0");
            const std::int32_t id = client.begin("DELETE", "/v1/backup/a", fields, {}, true);
            if (ends) client.add(id, "", false);
            EXPECT_EQ(client.finish(id, ends ? 20 : 1).reply.status, says ? 200 : 400) << ends;
        }
    EXPECT_EQ(client.ask("DELETE", "/v1/backup/a", {{"content-length", "1"}}, "x").status, 400);
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

TEST_F(AgentHttp2, AClientThatGoesLeavesItsTurnToItsWrite) {
    ServerOptions options;
    options.upload_limit = 2;
    service.write_answer.reset();
    start_tls(options);
    Http2Client client(port);
    const auto reset = client.begin("PUT", "/v1/backup/a", {}, "body");
    {
        Http2Client leaves(port);
        leaves.begin("PUT", "/v1/backup/b", {}, "body");
        for (int i = 0; i < 500 && !on_loop([this] { return service.writes.size() == 2; }); ++i) {
            client.turn(10);
            leaves.turn(10);
        }
    }
    client.cancel(reset);
    ASSERT_TRUE(eventually([this] { return server->connections() == 1; }));
    client.begin("PUT", "/v1/backup/c", {}, "body");
    client.turn(200);
    EXPECT_EQ(on_loop([this] { return service.writes.size(); }), 2U) << "a third body";
    on_loop([this] { service.writes[0](WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")}); });
    client.turn(100);
    EXPECT_TRUE(eventually([this] { return service.written.contains("c"); }));
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

}  // namespace
}  // namespace leasehold::agent::test
