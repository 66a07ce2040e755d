// One client and one server on a loop, and an exchange between them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "agent/transfer/client.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {

struct Rig {
    explicit Rig(TestServer::Answer answer, ClientOptions options = {})
        : server(loop, std::move(answer)), client(std::in_place, loop, std::move(options)) {}

    Request get(const std::string& path = "/") const {
        Request request;
        request.url = server.url(path);
        request.deadline = boottime() + std::chrono::seconds(10);
        return request;
    }
    /// The answer of one request.
    Response ask(Request request) {
        std::optional<Response> response;
        client->send(std::move(request), [&](Response r) { response = std::move(r); });
        EXPECT_TRUE(run_until(loop, [&] { return response.has_value(); }));
        return response.value_or(Response{});
    }

    asio::io_context loop;
    TestServer server;
    std::optional<Client> client;
};

inline void say_hello(const Seen&, const PeerPtr& peer) {
    peer->write(http_answer(200, "hello"));
}

}  // namespace leasehold::agent::testing
