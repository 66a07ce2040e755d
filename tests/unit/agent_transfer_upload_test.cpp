// Uploads by the agent's client: parts, the write gate, the watchdog's sockets, no second sending.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "agent/transfer/client.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLarge = 32U << 20;  ///< more than the socket buffers hold

struct Rig {
    explicit Rig(TestServer::Answer answer, ClientOptions options = {})
        : server(loop, std::move(answer)), client(loop, std::move(options)) {}

    Request put(std::vector<BytesPtr> body) const {
        Request request;
        request.method = "PUT";
        request.url = server.url();
        request.body = std::move(body);
        request.deadline = boottime() + 20s;
        return request;
    }
    Response wait(const std::optional<Response>& response) {
        EXPECT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        return response.value_or(Response{});
    }
    Response ask(Request request) {
        std::optional<Response> response;
        client.send(std::move(request), [&](Response r) { response = std::move(r); });
        return wait(response);
    }

    asio::io_context loop;
    TestServer server;
    Client client;
};

void say_done(const Seen&, const PeerPtr& peer) {
    peer->write(http_answer(201, ""));
}

BytesPtr large() {
    static const BytesPtr bytes = memory_bytes(std::string(kLarge, 'x'));
    return bytes;
}

TEST(AgentTransferUpload, SendsMemoryAndFilesOneAfterAnother) {
    const TemporaryFolder folder;
    std::string content;
    for (int i = 0; content.size() < 3'000'000; ++i)
        content += std::to_string(i);
    const std::string file = folder.write("part", content);
    Rig rig(say_done);
    Request request =
        rig.put({memory_bytes("head:"), memory_bytes(""),
                 file_bytes(::open(file.c_str(), O_RDONLY | O_CLOEXEC), 3, content.size() - 3)});
    request.headers = {"Content-Type: text/x"};
    const Response response = rig.ask(request);
    EXPECT_EQ(response.end, TransferEnd::answered);
    EXPECT_EQ(response.status, 201);
    const Seen& seen = rig.server.seen().at(0);
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.headers.at("content-length"), std::to_string(content.size() + 2));
    EXPECT_EQ(seen.headers.at("content-type"), "text/x");
    EXPECT_EQ(seen.headers.count("expect"), 0U);
    EXPECT_EQ(seen.body, "head:" + content.substr(3));
}

TEST(AgentTransferUpload, EmptyBodiesPostAndDelete) {
    Rig rig(say_done);
    Request empty = rig.put({});
    empty.has_body = true;
    EXPECT_EQ(rig.ask(empty).status, 201);
    Request post = rig.put({memory_bytes("{}")});
    post.method = "POST";
    EXPECT_EQ(rig.ask(post).status, 201);
    Request remove = rig.put({});
    remove.method = "DELETE";
    EXPECT_EQ(rig.ask(remove).status, 201);
    const auto& seen = rig.server.seen();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].headers.at("content-length"), "0");
    EXPECT_EQ(seen[0].headers.at("content-type"), "application/octet-stream");
    EXPECT_EQ(seen[1].method, "POST");
    EXPECT_EQ(seen[1].body, "{}");
    EXPECT_EQ(seen[2].method, "DELETE");
    EXPECT_EQ(seen[2].headers.count("content-length"), 0U);
    EXPECT_EQ(rig.server.connections(), 1);
}

TEST(AgentTransferUpload, TheGateCutsAnUploadUnderWay) {
    Rig rig(say_done);
    rig.server.read_at_most(1U << 20);
    WriteGate gate;
    gate.publish(kNever);
    Request request = rig.put({large()});
    request.gate = &gate;
    std::optional<Response> response;
    rig.client.send(request, [&](Response r) { response = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.body_bytes() >= 1U << 20; }));
    gate.publish(boottime());
    rig.server.read_at_most(2 * kLarge);
    EXPECT_EQ(rig.wait(response).end, TransferEnd::aborted);
    EXPECT_EQ(response->error, "the write gate closed");
    EXPECT_TRUE(run_until(rig.loop, [&] { return !rig.server.seen().empty(); }));
    EXPECT_FALSE(rig.server.seen()[0].whole);
    EXPECT_LT(rig.server.seen()[0].body.size(), kLarge);
}

TEST(AgentTransferUpload, NothingIsSentThroughAClosedGate) {
    Rig rig(say_done);
    WriteGate gate;
    Request request = rig.put({memory_bytes("x")});
    request.gate = &gate;
    EXPECT_EQ(rig.ask(request).end, TransferEnd::not_sent);
    EXPECT_TRUE(rig.server.seen().empty());
    gate.publish(kNever);
    EXPECT_EQ(rig.ask(request).status, 201);
}

TEST(AgentTransferUpload, AbortCutsAnUpload) {
    Rig rig(say_done);
    rig.server.read_at_most(1U << 20);
    std::optional<Response> response;
    const TransferId id =
        rig.client.send(rig.put({large()}), [&](Response r) { response = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.body_bytes() >= 1U << 20; }));
    rig.client.abort(id);
    EXPECT_EQ(rig.wait(response).end, TransferEnd::aborted);
    rig.server.read_at_most(2 * kLarge);
    EXPECT_TRUE(run_until(rig.loop, [&] { return !rig.server.seen().empty(); }));
    EXPECT_FALSE(rig.server.seen()[0].whole);
}

TEST(AgentTransferUpload, ShutSocketsEndAnUploadFromAnotherThread) {
    SocketSet sockets;
    ClientOptions options;
    options.uploads = &sockets;
    Rig rig(say_done, options);
    rig.server.read_at_most(1U << 20);
    std::optional<Response> response;
    rig.client.send(rig.put({large()}), [&](Response r) { response = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.body_bytes() >= 1U << 20; }));
    std::size_t shut = 0;
    std::thread([&] { shut = sockets.shut_all(); }).join();
    EXPECT_EQ(shut, 1U);
    EXPECT_EQ(rig.wait(response).end, TransferEnd::broken);
    rig.server.read_at_most(2 * kLarge);
    EXPECT_TRUE(run_until(rig.loop, [&] { return !rig.server.seen().empty(); }));
    EXPECT_FALSE(rig.server.seen()[0].whole);
    EXPECT_EQ(rig.server.connections(), 1);
    EXPECT_EQ(sockets.shut_all(), 0U);  // closed through the set
}

/// libcurl repeats a request on a fresh connection when a kept one died before an answer.
TEST(AgentTransferUpload, AWriteIsNeverSentTwice) {
    int requests = 0;
    Rig rig([&](const Seen&, const PeerPtr& peer) {
        if (++requests == 2) return peer->close();
        peer->write(http_answer(200, ""));
    });
    EXPECT_EQ(rig.ask(rig.put({memory_bytes("one")})).status, 200);
    const Response response = rig.ask(rig.put({memory_bytes("two")}));
    EXPECT_EQ(response.end, TransferEnd::broken);
    EXPECT_NE(response.error, "");
    EXPECT_EQ(rig.server.seen().size(), 2U);
    EXPECT_EQ(rig.server.seen().back().connection, 1);
}

TEST(AgentTransferUpload, NorIsARemovalThatHasNoBody) {
    int requests = 0;
    Rig rig([&](const Seen&, const PeerPtr& peer) {
        if (++requests == 2) return peer->close();
        peer->write(http_answer(200, ""));
    });
    Request remove = rig.put({});
    remove.method = "DELETE";
    EXPECT_EQ(rig.ask(remove).status, 200);
    EXPECT_EQ(rig.ask(remove).end, TransferEnd::broken);
    EXPECT_EQ(rig.server.seen().size(), 2U);
}

TEST(AgentTransferUpload, AReadIsRepeatedButThenNoLongerNotSent) {
    std::optional<TestServer> server;
    asio::io_context loop;
    int requests = 0;
    bool refuse = false;
    server.emplace(loop, [&](const Seen&, const PeerPtr& peer) {
        if (++requests == 1) return peer->write(http_answer(200, "1"));
        if (refuse) asio::post(loop, [&] { server.reset(); });
        if (requests == 2 || refuse) return peer->close();
        peer->write(http_answer(200, "3"));
    });
    Client client(loop, {});
    Request request;
    request.url = server->url();
    request.deadline = boottime() + 10s;
    std::optional<Response> response;
    const auto ask = [&] {
        response.reset();
        client.send(request, [&](Response r) { response = std::move(r); });
        EXPECT_TRUE(run_until(loop, [&] { return response.has_value(); }));
    };
    ask();
    ask();
    EXPECT_EQ(response->body, "3");
    refuse = true;
    ask();  // sent on the kept connection, then the port is refused
    EXPECT_EQ(response->end, TransferEnd::broken);
}

TEST(AgentTransferUpload, AStalledUploadWaitsForItsOtherHalf) {
    Rig rig(say_done);
    Request request =
        rig.put({memory_bytes(std::string(300'000, 'a')), memory_bytes(std::string(300'001, 'b'))});
    request.stalled = true;
    std::optional<Response> response;
    const TransferId id = rig.client.send(request, [&](Response r) { response = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.body_bytes() == 300'000; }));
    rig.loop.restart();
    rig.loop.run_for(100ms);
    EXPECT_EQ(rig.server.body_bytes(), 300'000U);
    EXPECT_FALSE(response.has_value());
    rig.client.resume(TransferId(4711));
    rig.client.resume(id);
    EXPECT_EQ(rig.wait(response).status, 201);
    EXPECT_EQ(rig.server.seen().at(0).body.size(), 600'001U);
    EXPECT_TRUE(rig.server.seen()[0].whole);
}

/// The watchdog closes the gate on a stalled upload through its socket, as on any other. libcurl
/// notes it when it is to go on; until then it ends by its deadline or abort().
TEST(AgentTransferUpload, NothingMoreLeavesAStalledUploadWhoseSocketIsShut) {
    SocketSet sockets;
    ClientOptions options;
    options.uploads = &sockets;
    Rig rig(say_done, options);
    Request request = rig.put({memory_bytes("0123456789")});
    request.stalled = true;
    std::optional<Response> response;
    const TransferId id = rig.client.send(request, [&](Response r) { response = std::move(r); });
    EXPECT_TRUE(run_until(rig.loop, [&] { return rig.server.body_bytes() == 5; }));
    EXPECT_EQ(sockets.shut_all(), 1U);
    rig.loop.restart();
    rig.loop.run_for(50ms);
    rig.client.resume(id);
    EXPECT_EQ(rig.wait(response).end, TransferEnd::broken);
    EXPECT_EQ(rig.server.body_bytes(), 5U);
}

TEST(AgentTransferUpload, AnAnswerBeforeTheEndOfTheBodyCounts) {
    asio::io_context loop;
    Rig rig([](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(412, "no", "Connection: close\r\n"));
        peer->close();
    });
    Request request = rig.put({memory_bytes(std::string(100, 'x'))});
    EXPECT_EQ(rig.ask(request).status, 412);
}

/// Many servers say no after the head, and close the connection with the body unread.
TEST(AgentTransferUpload, AnAnswerCountsAlsoWhereTheRestOfTheBodyIsNotTaken) {
    using Tcp = asio::ip::tcp;
    asio::io_context loop;
    Tcp::acceptor acceptor(loop, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    Client client(loop, {});
    for (int i = 0; i < 10; ++i) {
        Tcp::socket peer(loop);
        std::array<char, 1024> head{};
        acceptor.async_accept(peer, [&](const boost::system::error_code&) {
            peer.async_read_some(asio::buffer(head), [&](const boost::system::error_code&,
                                                         std::size_t) {
                asio::write(peer, asio::buffer(http_answer(403, "no", "Connection: close\r\n")));
                peer.close();
            });
        });
        Request request;
        request.method = "PUT";
        request.url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
        request.body = {large()};
        request.deadline = boottime() + 10s;
        std::optional<Response> response;
        client.send(std::move(request), [&](Response r) { response = std::move(r); });
        ASSERT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        EXPECT_EQ(response->end, TransferEnd::answered) << response->error;
        EXPECT_EQ(response->status, 403);
        EXPECT_EQ(response->body, "no");
    }
}

/// A proxy that says 200 to a head has stored nothing of the body behind it.
TEST(AgentTransferUpload, ASuccessBeforeTheEndOfTheBodyIsNone) {
    using Tcp = asio::ip::tcp;
    asio::io_context loop;
    Tcp::acceptor acceptor(loop, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    for (const int status : {200, 204, 403}) {
        Client client(loop, {});
        Tcp::socket peer(loop);
        std::array<char, 1024> head{};
        acceptor.async_accept(peer, [&](const boost::system::error_code&) {
            peer.async_read_some(
                asio::buffer(head), [&](const boost::system::error_code&, std::size_t) {
                    asio::write(peer, asio::buffer(http_answer(status, "", "ETag: \"e\"\r\n")));
                });
        });
        Request request;
        request.method = "PUT";
        request.url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
        request.body = {memory_bytes(std::string(1000, 'x'))};
        request.stalled = true;
        request.deadline = boottime() + 10s;
        std::optional<Response> response;
        const TransferId id =
            client.send(std::move(request), [&](Response r) { response = std::move(r); });
        run_until(
            loop, [&] { return response.has_value(); }, 200ms);
        client.resume(id);
        ASSERT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        EXPECT_EQ(response->end, status == 403 ? TransferEnd::answered : TransferEnd::broken)
            << status;
        EXPECT_EQ(response->error, status == 403 ? "" : "answered before the whole body had left");
    }
}

TEST(AgentTransferUpload, AFileThatCannotBeReadBreaksTheUpload) {
    const TemporaryFolder folder;
    const std::string file = folder.write("short", "0123456789");
    Rig rig(say_done);
    const Response response =
        rig.ask(rig.put({file_bytes(::open(file.c_str(), O_RDONLY | O_CLOEXEC), 0, 20)}));
    EXPECT_EQ(response.end, TransferEnd::broken);
    EXPECT_NE(response.error.find("reading a spooled payload"), response.error.npos);
}

}  // namespace
}  // namespace leasehold::agent::testing
