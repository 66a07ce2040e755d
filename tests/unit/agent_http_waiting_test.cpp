// Backup reads that wait, clients that go, and what each of them costs; draining.
#include <fstream>
#include <set>
#include <string>

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

class AgentHttpWaiting : public HttpRig {
  protected:
    void answer_all(const std::string& text) {
        on_loop([&] {
            for (auto& [call, read] : std::exchange(service.reads, {}))
                read.done(read_data(text, "e", 1));
        });
    }
    bool waits(std::size_t count) {
        return eventually([this, count] { return service.reads.size() == count; }, 60s);
    }
};

/// Bytes that malloc has given out, arenas of all threads together.
[[maybe_unused]] std::size_t allocated() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void raise_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_F(AgentHttpWaiting, AReadWaitsAndIsAnswered) {
    start();
    Client client = connect();
    client.send(request("GET", "/v1/backup/a"));
    ASSERT_TRUE(waits(1));
    EXPECT_FALSE(client.has_bytes(50));
    answer_all("late");
    EXPECT_EQ(client.receive().body, "late");
    EXPECT_TRUE(on_loop([this] { return service.cancelled.empty(); }));
    EXPECT_EQ(client.ask("GET", "/healthz").status, 200);
}

TEST_F(AgentHttpWaiting, AClientThatGoesCancelsExactlyOnce) {
    start();
    Client closes = connect();
    Client resets = connect();
    Client query = connect();
    Client stays = connect();
    closes.send(request("GET", "/v1/backup/a"));
    resets.send(request("GET", "/v1/backup/b"));
    query.send(request("GET", "/v1/query/c"));
    stays.send(request("GET", "/v1/backup/d"));
    ASSERT_TRUE(waits(3));
    ASSERT_TRUE(eventually([this] { return service.queries.size() == 1; }));
    closes.close();
    resets.reset();
    query.close();
    ASSERT_TRUE(eventually([this] { return server->connections() == 1; }));
    on_loop([this] {
        EXPECT_EQ(service.cancelled.size(), 3U);
        for (const auto& [call, times] : service.cancelled)
            EXPECT_EQ(times, 1) << call.value();
        EXPECT_EQ(service.reads.size(), 1U);
        EXPECT_EQ(service.reads.begin()->second.key, "d");
    });
    answer_all("x");
    EXPECT_EQ(stays.receive().body, "x");
    EXPECT_EQ(on_loop([this] { return service.cancelled.size(); }), 3U);
}

TEST_F(AgentHttpWaiting, RequestsSentAheadAreKeptAndTheEndIsStillSeen) {
    start();
    Client client = connect();
    client.send(request("GET", "/v1/backup/a") + request("GET", "/healthz") +
                request("GET", "/v1/backup/b"));
    ASSERT_TRUE(waits(1));
    EXPECT_FALSE(client.has_bytes(50)) << "answers come in the order of the requests";
    answer_all("first");
    EXPECT_EQ(client.receive().body, "first");
    EXPECT_EQ(client.receive().body, "ok\n");
    ASSERT_TRUE(waits(1));
    client.send(request("GET", "/healthz"));
    client.close();
    ASSERT_TRUE(eventually([this] { return service.cancelled.size() == 1; }));
}

int option_of(int socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(socket, level, name, &value, &size);
    return value;
}

/// The server's end of the client's connection, in this process; -1: none.
int other_end(const Client& client) {
    sockaddr_in own{};
    socklen_t own_size = sizeof own;
    ::getsockname(client.socket(), reinterpret_cast<sockaddr*>(&own), &own_size);
    for (int number = 0; number < 1024; ++number) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(number, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
            peer.sin_family == AF_INET && peer.sin_port == own.sin_port)
            return number;
    }
    return -1;
}

// A read without a deadline would wait for ever for a client whose machine is gone.
TEST_F(AgentHttpWaiting, AClientThatVanishesIsFoundOutWithinAMinute) {
    start();
    Client client = connect();
    client.send(request("GET", "/v1/backup/a"));
    ASSERT_TRUE(waits(1));
    const int server_end = other_end(client);
    ASSERT_GE(server_end, 0);
    EXPECT_EQ(option_of(server_end, SOL_SOCKET, SO_KEEPALIVE), 1);
    const int probes = option_of(server_end, IPPROTO_TCP, TCP_KEEPCNT);
    EXPECT_EQ(option_of(server_end, IPPROTO_TCP, TCP_KEEPIDLE) +
                  probes * option_of(server_end, IPPROTO_TCP, TCP_KEEPINTVL),
              60);
    EXPECT_EQ(option_of(server_end, IPPROTO_TCP, TCP_USER_TIMEOUT), 60'000);
}

TEST_F(AgentHttpWaiting, AThousandReadsWaitAndAreReleased) {
    raise_descriptors();
    start();
    std::vector<Client> clients;
    for (int i = 0; i < 1000; ++i) {
        clients.push_back(connect());
        clients.back().send(request("GET", "/v1/backup/k" + std::to_string(i)));
    }
    ASSERT_TRUE(waits(1000));
    on_loop([this] { service.query_answers["q"] = query_data("rows", "e", 1); });
    EXPECT_EQ(ask("GET", "/v1/query/q").body, "rows") << "queries don't queue behind reads";
    answer_all("released");
    for (Client& client : clients)
        ASSERT_EQ(client.receive().body, "released");
    EXPECT_TRUE(on_loop([this] { return service.reads.empty(); }));
}

// 10,000 pending reads have 64 MiB, replica included; the server's part is a fraction of it.
#ifndef __SANITIZE_ADDRESS__  // its allocator does not count
TEST_F(AgentHttpWaiting, AWaitingReadHoldsLittleMemory) {
    raise_descriptors();
    constexpr std::size_t kReads = 1000;
    start();
    std::vector<Client> clients;
    clients.reserve(kReads + 50);
    const auto add = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            clients.push_back(connect());
            clients.back().send(
                request("GET", "/v1/backup/etl/bingen/allocations/1d/1700000000-1700086400",
                        "User-Agent: " + std::string(2000, 'x') + "\r\n"));
        }
    };
    add(50);  // what is allocated once
    ASSERT_TRUE(waits(50));
    const std::size_t before = allocated();
    add(kReads);
    ASSERT_TRUE(waits(50 + kReads));
    const std::size_t each = (allocated() - before) / kReads;
    RecordProperty("bytes_per_waiting_read", static_cast<int>(each));
    std::printf("bytes allocated for each waiting read, the fake replica's included: %zu\n", each);
    EXPECT_GT(each, 300U) << "nothing was measured";
    EXPECT_LT(each, 3000U);
}
#endif

TEST_F(AgentHttpWaiting, DrainEndsIdleConnectionsAndLetsAnswersGoOut) {
    start();
    Client idle = connect();
    EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
    Client waiting = connect();
    waiting.send(request("GET", "/v1/backup/a"));
    Client partial = connect();
    partial.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    ASSERT_TRUE(waits(1));
    ASSERT_TRUE(eventually([this] { return server->connections() == 3; }));
    std::this_thread::sleep_for(50ms);  // the head's beginning is read
    on_loop([this] { server->drain(); });
    EXPECT_TRUE(idle.ends());
    EXPECT_THROW(connect(), std::runtime_error) << "no new connection";
    partial.send("\r\n");
    const Reply last = partial.receive();
    EXPECT_EQ(last.status, 200);
    EXPECT_EQ(last.fields.at("connection"), "close");
    EXPECT_TRUE(partial.ends());
    EXPECT_FALSE(waiting.has_bytes(50));
    answer_all("drained");
    const Reply drained = waiting.receive();
    EXPECT_EQ(drained.body, "drained");
    EXPECT_EQ(drained.fields.at("connection"), "close");
    EXPECT_TRUE(waiting.ends());
    idle.close();
    partial.close();
    waiting.close();
    EXPECT_TRUE(eventually([this] { return server->connections() == 0; }));
}

TEST_F(AgentHttpWaiting, TheEndOfTheServerCancelsWhatWaits) {
    start();
    Client client = connect();
    client.send(request("GET", "/v1/backup/a"));
    Client upload = connect();
    upload.send(request("PUT", "/v1/backup/a", "Content-Length: 100\r\n") + "part");
    ASSERT_TRUE(waits(1));
    ASSERT_TRUE(eventually([this] { return server->connections() == 2; }));
    on_loop([this] { server.reset(); });
    EXPECT_TRUE(client.ends());
    EXPECT_TRUE(upload.ends());
    EXPECT_EQ(on_loop([this] { return service.cancelled.size(); }), 1U);
}

}  // namespace
}  // namespace leasehold::agent::test
