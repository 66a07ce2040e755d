// The wire: requests that are none, connections that go on, and those that end.
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include <sys/socket.h>

#include "agent/base/descriptor.hpp"
#include "agent/http/channel.hpp"
#include "agent/http/wire.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

using namespace std::string_literals;

class AgentHttpWire : public HttpRig {
  protected:
    /// The status of the answer to raw bytes; the connection must then end.
    int last_status(const std::string& bytes) {
        Client client = connect();
        client.send(bytes);
        const int status = client.receive().status;
        EXPECT_TRUE(client.ends()) << bytes.substr(0, 60);
        return status;
    }
};

TEST(AgentHttpChannel, WhatIsDrainedIsNotAskedAgainUntilItIsReadable) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    const Descriptor ours(ends[0]);
    const Descriptor theirs(ends[1]);
    const auto channel = plain_channel(ours.number());
    std::array<char, 4> room{};
    const auto say = [&](std::string_view text) {
        ASSERT_EQ(::send(theirs.number(), text.data(), text.size(), 0),
                  static_cast<ssize_t>(text.size()));
    };
    say("123456");
    EXPECT_EQ(channel->read(room).count, 4U);
    EXPECT_EQ(channel->read(room).count, 2U) << "a full buffer says nothing of what is left";
    say("7");
    EXPECT_EQ(channel->read(room).io, Channel::Io::want_read) << "a call for nothing";
    channel->readable();
    EXPECT_EQ(channel->read(room).count, 1U);
    channel->readable();
    EXPECT_EQ(channel->read(room).io, Channel::Io::want_read);
    ::shutdown(theirs.number(), SHUT_WR);
    EXPECT_EQ(channel->read(room).io, Channel::Io::want_read);
    channel->readable();
    EXPECT_EQ(channel->read(room).io, Channel::Io::closed);
}

TEST_F(AgentHttpWire, MalformedRequestsAreRefusedAndTheConnectionEnds) {
    start();
    const std::string host = "Host: localhost\r\n";
    EXPECT_EQ(last_status("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"s), 400) << "TLS to a plain port";
    EXPECT_EQ(last_status("GET\r\n\r\n"), 400);
    EXPECT_EQ(last_status("GET /healthz\r\n\r\n"), 400) << "HTTP/0.9";
    EXPECT_EQ(last_status("GET /healthz HTTP/2.0\r\n" + host + "\r\n"), 400);
    EXPECT_EQ(last_status("GET /healthz HTTP/1.1\r\n\r\n"), 400) << "no Host";
    EXPECT_EQ(last_status("GET /healthz HTTP/1.1\r\n" + host + host + "\r\n"), 400);
    EXPECT_EQ(last_status("GET /healthz HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n"), 400);
    EXPECT_EQ(last_status("GET /healthz HTTP/1.1\r\n" + host + "A: \x01\r\n\r\n"s), 400);
    EXPECT_EQ(last_status("GET /healthz HTTP/1.1\n" + host + "\n\n\r\n\r\n"), 400);
    EXPECT_EQ(last_status("GET /heal\0thz HTTP/1.1\r\n"s + host + "\r\n"), 400);
}

// RFC 9112, 2.2: some clients end a body by a line that does not count.
TEST_F(AgentHttpWire, EmptyLinesBeforeARequestDoNotCount) {
    ServerOptions options;
    options.idle_timeout = 300ms;
    start(options);
    Client client = connect();
    client.send("\r\n" + request("PUT", "/v1/backup/a", "", "body") + "\r\n\r\n" +
                request("GET", "/healthz"));
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.receive().status, 200);
    for (const char* piece : {"\r", "\n", "\r"}) {
        client.send(piece);
        std::this_thread::sleep_for(20ms);
    }
    client.send("\n" + request("GET", "/healthz") + "\r\n");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_TRUE(client.ends()) << "idle, and not a request that comes too slowly";
    std::string many;
    for (int i = 0; i < 100'000; ++i)
        many += "\r\n";
    EXPECT_EQ(last_status(many + "GET /healthz HTTP/1.0\r\n\r\n"), 200);
    EXPECT_EQ(last_status("\r\rGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400);
}

TEST_F(AgentHttpWire, AnEmptyBodyInChunksIsNone) {
    start();
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    Client client = connect();
    for (const char* method : {"GET", "DELETE"}) {
        const std::string path = *method == 'G' ? "/v1/status" : "/v1/backup/a";
        client.send(request(method, path, chunked) + "0\r\n\r\n" + request("GET", "/healthz"));
        EXPECT_EQ(client.receive().status, 200) << method;
        EXPECT_EQ(client.receive().status, 200) << "the next request is whole";
        client.send(request(method, path, chunked));
        for (const char* piece : {"0", "\r\n", "Trailer: x\r", "\n\r\n"}) {
            std::this_thread::sleep_for(20ms);
            client.send(piece);
        }
        EXPECT_EQ(client.receive().status, 200) << method;
        EXPECT_EQ(last_status(request(method, path, chunked) + "1\r\nx\r\n"), 400) << method;
        EXPECT_EQ(last_status(request(method, path, chunked) + "x\r\n"), 400) << method;
    }
}

// Found by fuzzing: an assertion of Boost 1.74 ended the process.
TEST_F(AgentHttpWire, ALastChunkMayComeByteByByte) {
    start();
    Client client = connect();
    client.send(
        "PUT /v1/backup/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char* piece : {"3", "\r\n", "00", "0\r", "\n", "0", "\r\n", "\r", "\n"}) {
        client.send(piece);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_EQ(client.receive().status, 200);
}

TEST_F(AgentHttpWire, AmbiguousLengthsAreRefused) {
    start();
    const std::string put = "PUT /v1/backup/a HTTP/1.1\r\nHost: localhost\r\n";
    EXPECT_EQ(last_status(put + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    EXPECT_EQ(last_status(put + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"), 400);
    EXPECT_EQ(last_status(put + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n"), 400);
    EXPECT_EQ(last_status(put + "Content-Length: -1\r\n\r\n"), 400);
    EXPECT_EQ(last_status(put + "Content-Length: 99999999999999999999\r\n\r\n"), 400);
    EXPECT_EQ(last_status(put + "Transfer-Encoding: gzip\r\n\r\n"), 501);
    EXPECT_EQ(last_status(put + "Transfer-Encoding: chunked, gzip\r\n\r\n"), 501);
    EXPECT_EQ(last_status(put + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
    EXPECT_EQ(last_status(put + "Transfer-Encoding: chunked\r\n\r\n1\r\nabcd\r\n\r\n"), 400);
    EXPECT_EQ(
        last_status(put + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(17 << 10, 'x')),
        431);
    EXPECT_TRUE(on_loop([this] { return service.written.empty(); }));
}

TEST_F(AgentHttpWire, LongHeadsAreRefused) {
    start();
    const auto get = [](std::size_t target, std::size_t field) {
        return request("GET", "/healthz" + std::string(target, 'x'),
                       "X: " + std::string(field, 'y') + "\r\n");
    };
    EXPECT_EQ(last_status(get(9 << 10, 1)), 414);
    EXPECT_EQ(last_status(get(0, 17 << 10)), 431);
    EXPECT_EQ(last_status(std::string(17 << 10, 'G')), 431);
    Client endless = connect();
    while (endless.send(std::string(1000, 'x') + ": y\r\n") && !endless.has_bytes(0)) {}
    EXPECT_EQ(ask("GET", "/healthz", "X: " + std::string(15 << 10, 'y') + "\r\n").status, 200);
    EXPECT_EQ(ask("GET", "/v1/query/" + std::string(7 << 10, 'x')).status, 400) << "a long key";
}

TEST_F(AgentHttpWire, KeepAliveAsTheClientWishes) {
    start();
    Client client = connect();
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(client.ask("GET", "/healthz").status, 200);
    const Reply last = client.ask("GET", "/healthz", "Connection: close\r\n");
    EXPECT_EQ(last.fields.at("connection"), "close");
    EXPECT_TRUE(client.ends());

    Client old = connect();
    old.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(old.receive().fields.at("connection"), "keep-alive");
    old.send("GET /healthz HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.receive().status, 200);
    EXPECT_TRUE(old.ends());
}

TEST_F(AgentHttpWire, PipelinedRequestsAreAnsweredInOrder) {
    service.query_answers["a"] = query_data("A", "1", 1);
    service.query_answers["big"] = query_data(std::string(300'000, 'b'), "2", 1);
    start();
    Client client = connect();
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += request("GET", "/v1/query/a") + request("HEAD", "/v1/query/a") +
               request("PUT", "/v1/backup/p", "", "body") + request("GET", "/v1/query/none/..");
    all += request("GET", "/v1/query/big") + request("GET", "/healthz");
    client.send(all);
    for (int i = 0; i < 200; ++i) {
        ASSERT_EQ(client.receive().body, "A");
        ASSERT_EQ(client.receive(false).fields.at("content-length"), "1");
        ASSERT_EQ(client.receive().status, 200);
        ASSERT_EQ(client.receive().status, 400);
    }
    EXPECT_EQ(client.receive().body, std::string(300'000, 'b'));
    EXPECT_EQ(client.receive().body, "ok\n");
}

// A client takes no body of it: the bytes would be its next answer's beginning.
TEST_F(AgentHttpWire, ARefusalOfAHeadHasNoBody) {
    ServerOptions options;
    options.token_file = folder.write("token", "secret\n");
    start(options);
    const std::string may = "Authorization: Bearer secret\r\n";
    Client client = connect();
    const auto head = [&](const std::string& path, const std::string& fields) {
        const Reply reply = client.ask("HEAD", path, fields);
        EXPECT_NE(reply.fields.at("content-length"), "0") << path;
        EXPECT_FALSE(client.has_bytes(50)) << path;
        return reply.status;
    };
    EXPECT_EQ(head("/nothing", may), 404);
    EXPECT_EQ(head("/v1/backup/a", may), 405);
    EXPECT_EQ(head("/v1/query/a?deadline=soon", may), 400);
    EXPECT_EQ(head("/v1/status", ""), 401);
    EXPECT_EQ(client.ask("GET", "/healthz").body, "ok\n");
}

TEST_F(AgentHttpWire, ByteByByte) {
    start();
    Client client = connect();
    for (const char c : request("PUT", "/v1/backup/slow", "", "body"))
        client.send({&c, 1});
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(on_loop([this] { return text_of(*bytes_of(service.written.at("slow"))); }), "body");
}

TEST_F(AgentHttpWire, HeadsOfAnswers) {
    start();
    const Reply reply = ask("GET", "/healthz");
    EXPECT_EQ(reply.fields.at("date").size(), 29U);
    EXPECT_TRUE(reply.fields.at("date").ends_with(" GMT"));
    EXPECT_EQ(reply.fields.at("cache-control"), "no-store");
    EXPECT_EQ(answer_head(507, {{"A", "b"}}, true, false).substr(0, 35),
              "HTTP/1.1 507 Insufficient Storage\r\n");
}

}  // namespace
}  // namespace leasehold::agent::test
