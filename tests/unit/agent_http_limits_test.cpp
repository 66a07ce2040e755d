// Limits: slow clients, idle ones, and too many.
#include <string>

#include <sys/socket.h>

#include "agent/http/deadlines.hpp"
#include "tests/unit/agent_http_rig.hpp"

namespace leasehold::agent::test {
namespace {

class AgentHttpLimits : public HttpRig {
  protected:
    static ServerOptions quick() {
        ServerOptions options;
        options.idle_timeout = 300ms;
        return options;
    }
};

TEST_F(AgentHttpLimits, ASlowHeadIsCutHoweverOftenItSends) {
    start(quick());
    Client loris = connect();
    const Instant begin = boottime();
    loris.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    while (!loris.has_bytes(20) && boottime() - begin < 5s)
        loris.send("X: y\r\n");
    EXPECT_EQ(loris.receive().status, 408);
    EXPECT_TRUE(loris.ends());
    EXPECT_GE(boottime() - begin, 250ms);
    EXPECT_LT(boottime() - begin, 3s);
}

TEST_F(AgentHttpLimits, ASlowBodyIsCut) {
    start(quick());
    Client loris = connect();
    loris.send(request("PUT", "/v1/backup/a", "Content-Length: 1000000\r\n"));
    const Instant begin = boottime();
    while (!loris.has_bytes(20) && boottime() - begin < 5s)
        loris.send("x");
    EXPECT_EQ(loris.receive().status, 408);
    EXPECT_TRUE(loris.ends());
    EXPECT_LT(boottime() - begin, 3s);
}

TEST_F(AgentHttpLimits, IdleConnectionsEndAndWaitingOnesDoNot) {
    start(quick());
    Client silent = connect();
    Client idle = connect();
    EXPECT_EQ(idle.ask("GET", "/healthz").status, 200);
    Client waiting = connect();
    waiting.send(request("GET", "/v1/backup/a"));
    EXPECT_TRUE(silent.ends());
    EXPECT_TRUE(idle.ends());
    EXPECT_FALSE(waiting.has_bytes(600)) << "a read waits as long as its deadline says";
    EXPECT_EQ(on_loop([this] { return server->connections(); }), 1U);
}

TEST_F(AgentHttpLimits, AClientThatReadsNothingIsCut) {
    service.query_answers["big"] = query_data(std::string(32'000'000, 'b'), "1", 1);
    start(quick());
    Client client = connect();
    client.send(request("GET", "/v1/query/big"));
    EXPECT_TRUE(eventually([this] { return server->connections() == 1; }));
    EXPECT_TRUE(eventually([this] { return server->connections() == 0; }));
    EXPECT_EQ(client.receive().status, 0) << "the rest of the body never comes";
}

TEST_F(AgentHttpLimits, AClientThatReadsSlowlyButGoesOnGetsAll) {
    const std::string body(3'000'000, 'b');
    service.query_answers["big"] = query_data(body, "1", 1);
    start(quick());
    Client client = connect();
    const int small = 16 << 10;
    ::setsockopt(client.socket(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client.send(request("GET", "/v1/query/big"));
    std::this_thread::sleep_for(200ms);
    EXPECT_EQ(client.receive().body, body);
}

TEST_F(AgentHttpLimits, NoMoreConnectionsThanTheLimit) {
    ServerOptions options;
    options.connection_limit = 3;
    start(options);
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(connect());
        EXPECT_EQ(clients.back().ask("GET", "/healthz").status, 200);
    }
    Client more = connect();
    const Reply reply = more.receive();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.fields.at("retry-after"), "1");
    EXPECT_TRUE(more.ends());
    clients.pop_back();
    ASSERT_TRUE(eventually([this] { return server->connections() == 2; }));
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST(AgentHttpDeadlines, FireInOrderAndCanBePutOff) {
    struct Noted final : Expirable {
        Noted(std::string called, std::string& into) : name(std::move(called)), order(into) {}
        void expired() override { order += name; }
        std::string name;
        std::string& order;
    };
    asio::io_context loop;
    Deadlines deadlines(loop);
    std::string order;
    Noted a("a", order);
    Noted b("b", order);
    Noted c("c", order);
    Noted never("n", order);
    const Instant now = boottime();
    deadlines.set(a, now + 20ms);
    deadlines.set(b, now + 40ms);
    deadlines.set(c, now + 10ms);
    deadlines.set(never, now + 15ms);
    deadlines.set(a, now + 60ms);
    deadlines.set(never, kNever);
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (order.size() < 3 && std::chrono::steady_clock::now() < end)
        loop.run_one_for(50ms);
    loop.run_for(30ms);
    EXPECT_EQ(order, "cba");
    EXPECT_GE(boottime() - now, 60ms);
}

}  // namespace
}  // namespace leasehold::agent::test
