// A LeaseClient before a fake API server, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/lease/lease_client.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {

/// A Lease named "a" in namespace "ns", as the server sends it.
inline std::string lease_json(const std::string& version, const std::string& holder = "h") {
    return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"a",)"
           R"("namespace":"ns","uid":"u-1","resourceVersion":")" +
           version + R"(","labels":{"l":"1"}},"spec":{"holderIdentity":")" + holder +
           R"(","leaseDurationSeconds":15,"leaseTransitions":0}})";
}

inline std::string status_json(int code, const std::string& reason) {
    return R"({"kind":"Status","apiVersion":"v1","metadata":{},"message":"said","reason":")" +
           reason +
           R"(","details":{"name":"a","group":"coordination.k8s.io","kind":"leases"},)"
           R"("code":)" +
           std::to_string(code) + "}";
}

struct LeaseRig {
    explicit LeaseRig(TestServer::Answer answer, ApiAccess access = {}, const ServerTls& tls = {})
        : server(loop, std::move(answer), tls) {
        access.server = server.url("");
        client.emplace(
            loop, std::move(access), LeaseName{"ns", "a"},
            [this](Event event) {
                events.push_back(std::move(event));
                if (on_event) on_event();
            },
            &duties);
    }

    SendLease request(LeaseVerb verb, Duration timeout = std::chrono::seconds(5)) {
        SendLease send;
        send.request = RequestId(++requests);
        send.verb = verb;
        send.timeout = timeout;
        if (verb != LeaseVerb::get) {
            auto lease = std::make_shared<Lease>();
            lease->record.holder = "me";
            lease->record.duration_seconds = 15;
            lease->record.nonce = 0xabc;
            if (verb == LeaseVerb::update) {
                lease->uid = "u-1";
                lease->version = Version(7);
                lease->extra = R"({"metadata":{"labels":{"l":"1"}}})";
            }
            send.lease = lease;
        }
        return send;
    }
    bool wait_for(std::size_t count) {
        return run_until(loop, [&] { return events.size() >= count; });
    }
    /// The answer to one request.
    LeaseReply ask(const SendLease& send) {
        const std::size_t before = events.size();
        client->send(send);
        EXPECT_EQ(events.size(), before);
        EXPECT_TRUE(wait_for(before + 1));
        const auto& answered = std::get<LeaseAnswered>(events.at(before));
        EXPECT_EQ(answered.request, send.request);
        return answered.reply;
    }
    [[nodiscard]] const LeaseWatched& watched(std::size_t index) const {
        return std::get<LeaseWatched>(events.at(index));
    }

    asio::io_context loop;
    TestServer server;
    std::vector<Event> events;
    std::vector<std::string> notes;
    Duties duties{[this](bool, const std::string& line) { notes.push_back(line); }};
    std::function<void()> on_event;
    std::uint64_t requests = 0;
    std::optional<LeaseClient> client;
};

}  // namespace leasehold::agent::testing
