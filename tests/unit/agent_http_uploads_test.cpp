// PUT: how a body becomes a Blob, and what stops it.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

using Json = nlohmann::json;

class AgentHttpUploads : public HttpRig {
  protected:
    std::string stored(const std::string& key) {
        return on_loop([&] { return text_of(*bytes_of(service.written.at(key))); });
    }
};

std::string chunked(const std::string& text, std::size_t size) {
    std::string body;
    for (std::size_t at = 0; at < text.size(); at += size) {
        const std::string piece = text.substr(at, size);
        char line[32];
        std::snprintf(line, sizeof line, "%zx;ext=1\r\n", piece.size());
        body += line + piece + "\r\n";
    }
    return body + "0\r\nTrailer: x\r\n\r\n";
}

TEST_F(AgentHttpUploads, BodiesByLengthAndByChunksAreTheSame) {
    start();
    const std::string body = noise(300'000);
    EXPECT_EQ(ask("PUT", "/v1/backup/length", "", body).status, 200);
    EXPECT_EQ(stored("length"), body);
    Client client = connect();
    client.send(request("PUT", "/v1/backup/chunks", "Transfer-Encoding: chunked\r\n"));
    client.send(chunked(body, 7'777));
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(stored("chunks"), body);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200) << "the connection goes on";
    on_loop([this, &body] {
        const Blob expected = blob_of(body);
        EXPECT_EQ(service.written.at("length"), expected) << "size and digest";
        EXPECT_EQ(service.written.at("chunks"), expected);
    });
}

/// On either side of what is hashed at once and of what another thread is told of; and with pauses,
/// in which that thread comes to the end of what is there.
TEST_F(AgentHttpUploads, HoweverABodyComesItsDigestIsThatOfAllOfIt) {
    start();
    for (const std::size_t size : {1U, 65'536U, 65'537U, 262'144U, 300'000U, 1'500'000U}) {
        const std::string body = noise(size);
        for (const std::size_t pieces : {1U, 2U, 5U}) {
            SCOPED_TRACE(std::to_string(size) + " in " + std::to_string(pieces));
            Client client = connect();
            client.send(request("PUT", "/v1/backup/pieces",
                                "Content-Length: " + std::to_string(size) + "\r\n"));
            for (std::size_t i = 0; i < pieces; ++i) {
                if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
                const std::size_t from = size * i / pieces;
                client.send(body.substr(from, size * (i + 1) / pieces - from));
            }
            EXPECT_EQ(client.receive().status, 200);
            on_loop([&] { EXPECT_EQ(service.written.at("pieces"), blob_of(body)); });
        }
    }
}

TEST_F(AgentHttpUploads, EmptyBodiesAreLegal) {
    start();
    EXPECT_EQ(ask("PUT", "/v1/backup/none").status, 200);
    EXPECT_EQ(ask("PUT", "/v1/backup/zero", "Content-Length: 0\r\n").status, 200);
    Client client = connect();
    client.send(request("PUT", "/v1/backup/chunk", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    on_loop([this] {
        for (const char* key : {"none", "zero", "chunk"})
            EXPECT_EQ(service.written.at(key), blob_of("")) << key;
    });
}

TEST_F(AgentHttpUploads, LargeBodiesLieInAFile) {
    start();
    const std::string body = noise(kSpoolInMemory + 1'000'000);
    Client client = connect();
    client.send(request("PUT", "/v1/backup/large", "Transfer-Encoding: chunked\r\n"));
    client.send(chunked(body, 100'000));
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_TRUE(on_loop([this] { return bytes_of(service.written.at("large"))->view().empty(); }))
        << "not in memory";
    EXPECT_EQ(stored("large"), body);
    // And back to a client, from the file.
    on_loop([this] {
        ReadDone done;
        done.outcome = ReadOutcome::data;
        done.payload = service.written.at("large");
        service.read_answers["large"] = done;
    });
    EXPECT_EQ(client.ask("GET", "/v1/backup/large").body, body);
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttpUploads, BodiesAboveTheLimitAreRefusedBeforeTheyCome) {
    ServerOptions options;
    options.body_limit = 1000;
    start(options);
    EXPECT_EQ(ask("PUT", "/v1/backup/a", "", std::string(1000, 'x')).status, 200);
    EXPECT_EQ(ask("PUT", "/v1/backup/a", "", std::string(1001, 'x')).status, 413);
    Client client = connect();
    client.send(request("PUT", "/v1/backup/a", "Content-Length: 5000\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(client.receive().status, 413) << "instead of 100";
    EXPECT_TRUE(client.ends());
    Client chunks = connect();
    chunks.send(request("PUT", "/v1/backup/b", "Transfer-Encoding: chunked\r\n") +
                chunked(std::string(1001, 'x'), 100));
    EXPECT_EQ(chunks.receive().status, 413);
    EXPECT_TRUE(chunks.ends());
    EXPECT_FALSE(on_loop([this] { return service.written.contains("b"); }));
    // A client that sends all of a large body before it looks is let finish: a connection closed
    // under its hands may take the answer with it.
    Client eager = connect();
    EXPECT_TRUE(eager.send(request("PUT", "/v1/backup/a", "", std::string(8'000'000, 'x'))));
    EXPECT_EQ(eager.receive().status, 413);
    EXPECT_TRUE(eager.ends());
}

TEST_F(AgentHttpUploads, ExpectationsAreMet) {
    start();
    Client client = connect();
    client.send(request("PUT", "/v1/backup/a", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(client.receive().status, 100);
    client.send("body");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(stored("a"), "body");
    // No 100 for a body that is already here.
    client.send(request("PUT", "/v1/backup/b", "Expect: 100-continue\r\n", "here"));
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(stored("b"), "here");
    EXPECT_EQ(ask("PUT", "/v1/backup/a", "Expect: miracles\r\n").status, 417);
}

TEST_F(AgentHttpUploads, NoSpaceIs507) {
    start();
    // The kernel's own answer: no file of this process may grow beyond a megabyte (EFBIG, which
    // is told as ENOSPC is). The signal that goes with it is ignored.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{1 << 20, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const Reply reply = ask("PUT", "/v1/backup/big", "", std::string(kSpoolInMemory + 1, 'x'));
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(reply.status, 507);
    EXPECT_EQ(Json::parse(reply.body)["outcome"], "Failed");
    EXPECT_FALSE(on_loop([this] { return service.written.contains("big"); }));
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttpUploads, ASpoolThatCannotBeMadeIs500) {
    ServerOptions options;
    options.spool_directory = folder.path() + "/missing";
    start(options);
    const Reply reply = ask("PUT", "/v1/backup/big", "", std::string(kSpoolInMemory + 1, 'x'));
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(Json::parse(reply.body)["outcome"], "Failed");
    EXPECT_EQ(ask("PUT", "/v1/backup/small", "", "x").status, 200) << "stays in memory";
}

TEST_F(AgentHttpUploads, MoreThanTheLimitWaitTheirTurn) {
    ServerOptions options;
    options.upload_limit = 2;
    service.write_answer.reset();  // writes stay open until the test answers them
    start(options);
    std::vector<Client> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(connect());
        clients.back().send(request("PUT", "/v1/backup/" + std::to_string(i),
                                    "Content-Length: 1\r\nExpect: 100-continue\r\n"));
    }
    const auto answer_one = [this] {
        on_loop([this] {
            auto done = std::move(service.writes.front());
            service.writes.erase(service.writes.begin());
            done(WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")});
        });
    };
    EXPECT_EQ(clients[0].receive().status, 100);
    EXPECT_EQ(clients[1].receive().status, 100);
    EXPECT_FALSE(clients[2].has_bytes(200)) << "not asked for its body yet";
    clients[2].reset();  // gone while it waited
    clients[0].send("x");
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 1; }));
    answer_one();
    EXPECT_EQ(clients[0].receive().status, 200);
    EXPECT_EQ(clients[3].receive().status, 100) << "the next that is still there";
    clients[1].close();  // one that goes in the middle of its body gives its place
    EXPECT_EQ(clients[4].receive().status, 100);
    clients[3].send("x");
    clients[4].send("x");
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 2; }));
    answer_one();
    answer_one();
    EXPECT_EQ(clients[3].receive().status, 200);
    EXPECT_EQ(clients[4].receive().status, 200);
}

/// Its body lies in memory until the replica has done with it.
TEST_F(AgentHttpUploads, AClientThatGoesLeavesItsTurnToItsWrite) {
    ServerOptions options;
    options.upload_limit = 2;
    service.write_answer.reset();
    start(options);
    for (const char* key : {"a", "b"}) {
        Client client = connect();
        client.send(request("PUT", std::string("/v1/backup/") + key, "", "body"));
        ASSERT_TRUE(eventually([&] { return service.written.contains(key); }));
    }
    ASSERT_TRUE(eventually([this] { return server->connections() == 0; }));
    Client third = connect();
    third.send(request("PUT", "/v1/backup/c", "", "body"));
    EXPECT_FALSE(third.has_bytes(200));
    EXPECT_FALSE(on_loop([this] { return service.written.contains("c"); })) << "a third body";
    on_loop([this] { service.writes[0](WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")}); });
    EXPECT_TRUE(eventually([this] { return service.written.contains("c"); }));
}

TEST_F(AgentHttpUploads, AClientThatGoesBeforeItsTurnIsNoticedAndWritesNothing) {
    ServerOptions options;
    options.upload_limit = 1;
    service.write_answer.reset();
    start(options);
    Client first = connect();
    first.send(request("PUT", "/v1/backup/first", "", "body"));
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 1; }));
    Client stays = connect();
    stays.send(request("PUT", "/v1/backup/stays", "", "body"));
    for (const std::size_t size : {1U, 30'000U}) {
        Client leaves = connect();
        leaves.send(request("PUT", "/v1/backup/leaves", "", std::string(size, 'x')));
        Client resets = connect();
        resets.send(request("PUT", "/v1/backup/leaves", "", std::string(size, 'x')));
        ASSERT_TRUE(eventually([this] { return server->connections() == 4; }));
        resets.reset();
    }
    EXPECT_TRUE(eventually([this] { return server->connections() == 2; }, 5s));
    on_loop([this] { service.writes[0](WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")}); });
    EXPECT_EQ(first.receive().status, 200);
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 2; }));
    on_loop([this] { service.writes[1](WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")}); });
    EXPECT_EQ(stays.receive().status, 200);
    EXPECT_FALSE(on_loop([this] { return service.written.contains("leaves"); }));
}

TEST_F(AgentHttpUploads, AClientThatGoesDoesNotCancelItsWrite) {
    service.write_answer.reset();
    start();
    Client client = connect();
    client.send(request("PUT", "/v1/backup/a", "", "body"));
    ASSERT_TRUE(eventually([this] { return service.writes.size() == 1; }));
    client.close();
    ASSERT_TRUE(eventually([this] { return server->connections() == 0; }));
    EXPECT_TRUE(on_loop([this] { return service.cancelled.empty(); }));
    on_loop([this] { service.writes[0](WriteDone{{}, WriteAck::committed, Epoch(1), ETag("e")}); });
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace leasehold::agent::test
