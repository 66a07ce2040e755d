// What an exchange, and a client, come to where not all of it is there.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/agent_transfer_rig.hpp"

namespace leasehold::agent::testing {
namespace {

/// An object would be stored empty under the ETag of its bytes.
TEST(AgentTransferEnds, AnAnswerThatEndsWithinItsHeadIsBroken) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nETag: \"v7\"\r\nX-One: 1\r\nContent-Length: 0\r\n\r\n";
    Rig rig([&](const Seen& seen, const PeerPtr& peer) {
        peer->write(head.substr(0, std::stoul(seen.target.substr(1))));
        peer->close();
    });
    for (std::size_t count = 0; count <= head.size(); ++count) {
        const Response response = rig.ask(rig.get("/" + std::to_string(count)));
        const bool whole = count == head.size();
        EXPECT_EQ(response.end, whole ? TransferEnd::answered : TransferEnd::broken) << count;
        EXPECT_EQ(response.error.empty(), whole) << count;
    }
}

/// A server that gives up an idle connection says 408 into it; one that is out of step answers
/// twice.
TEST(AgentTransferEnds, AnAnswerThatCameBeforeItsRequestIsNone) {
    PeerPtr held;
    Rig rig([&](const Seen& seen, const PeerPtr& peer) {
        held = peer;
        peer->write(http_answer(412, seen.target));
    });
    const auto request = [&](const std::string& method, const std::string& target) {
        Request asked = rig.get(target);
        asked.method = method;
        if (method == "PUT") asked.body = {memory_bytes("x")};
        return asked;
    };
    ASSERT_EQ(rig.ask(request("PUT", "/first")).body, "/first");
    int connections = 1;
    for (const bool closes : {false, true}) {
        for (const std::string method : {"PUT", "DELETE", "GET"}) {
            held->write(http_answer(200, "of nothing", "ETag: \"e\"\r\n"));
            if (closes) held->close();
            for (const Instant end = boottime() + std::chrono::milliseconds(20); boottime() < end;)
                rig.loop.run_one_for(std::chrono::milliseconds(5));
            const std::string target = "/" + method;
            const Response response = rig.ask(request(method, target));
            EXPECT_EQ(response.status, 412) << method;
            EXPECT_EQ(response.body, target) << response.error;
            EXPECT_EQ(rig.server.connections(), ++connections) << method << closes;
        }
    }
    EXPECT_EQ(rig.ask(request("PUT", "/last")).body, "/last");
    EXPECT_EQ(rig.server.connections(), connections) << "what is quiet is kept";
    EXPECT_EQ(rig.server.seen().size(), 8U) << "none was sent twice";
}

/// Several at a time, and one that is given up while it begins again.
TEST(AgentTransferEnds, WhatBeginsAgainEndsOnce) {
    std::vector<PeerPtr> held;
    Rig rig([&](const Seen& seen, const PeerPtr& peer) {
        held.push_back(peer);
        if (held.size() > 2) return peer->write(http_answer(200, seen.target));
        if (held.size() == 2)
            for (const PeerPtr& one : held)
                one->write(http_answer(200, ""));
    });
    int ended = 0;
    const auto send = [&](const std::string& target) {
        return rig.client->send(rig.get(target), [&, target](const Response& response) {
            ++ended;
            EXPECT_EQ(response.end,
                      target == "/given-up" ? TransferEnd::aborted : TransferEnd::answered)
                << target << response.error;
            if (target.starts_with("/new")) {
                EXPECT_EQ(response.body, target);
            }
        });
    };
    send("/1");
    send("/2");
    ASSERT_TRUE(run_until(rig.loop, [&] { return ended == 2; }));
    ASSERT_EQ(rig.server.connections(), 2);
    for (const PeerPtr& one : held)
        one->write(http_answer(200, "of nothing"));
    for (const Instant end = boottime() + std::chrono::milliseconds(20); boottime() < end;)
        rig.loop.run_one_for(std::chrono::milliseconds(5));
    send("/new/1");
    send("/new/2");
    rig.client->abort(send("/given-up"));
    EXPECT_TRUE(run_until(rig.loop, [&] { return ended == 5; }));
    EXPECT_EQ(rig.client->in_flight(), 0U);
    send("/new/3");
    rig.loop.restart();
    rig.loop.poll();
    rig.client.reset();
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (int number = 0; number < 256; ++number)
        if (::fcntl(number, F_GETFD) != -1) ++count;
    return count;
}

/// A client makes another multi after each failure, also where descriptors are short.
TEST(AgentTransferEnds, AClientThatCannotBeMadeLeavesNoDescriptor) {
    asio::io_context loop;
    { const Client first(loop, {}); }  // what is set up once
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{256, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const std::size_t open = open_descriptors();
    int failed = 0;
    for (std::size_t left = 0; left < 5; ++left) {
        std::vector<int> filling;
        for (int made = 0; (made = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
            filling.push_back(made);
        for (std::size_t i = 0; i < left; ++i) {
            ::close(filling.back());
            filling.pop_back();
        }
        try {
            const Client client(loop, {});
        } catch (const std::exception&) {
            ++failed;
        }
        for (const int made : filling)
            ::close(made);
        EXPECT_EQ(open_descriptors(), open) << left << " were left";
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace leasehold::agent::testing
