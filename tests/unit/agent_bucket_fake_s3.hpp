// The S3 client before a server of the test's own, which answers as it pleases, or not at all.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {

using namespace std::chrono_literals;

inline const std::string kError = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>";

inline std::string error_answer(int status, const std::string& code,
                                const std::string& headers = "") {
    return http_answer(status, kError + code + "</Code><Message>m</Message></Error>", headers);
}

class AgentS3Client : public ::testing::Test {
  protected:
    using Handler = TestServer::Answer;

    AgentS3Client() { config_ = base(); }

    BucketConfig base() const {
        BucketConfig config;
        config.bucket = "backup";
        config.endpoint = "127.0.0.1:" + std::to_string(server_.port());
        config.region = "us-east-1";
        config.insecure = true;
        config.access_key = "AK";
        config.secret_key = "SK";
        return config;
    }
    /// The server lives on its own loop and thread's turn: that of the rig.
    BucketRig& rig() {
        if (!rig_) rig_ = std::make_unique<BucketRig>(config_);
        return *rig_;
    }
    BucketReply call(const SendBucket& request, Duration timeout = 10s) {
        return wait(rig().send(request, timeout));
    }
    BucketReply wait(RequestId id) {
        const Instant end = boottime() + 20s;
        while (!rig().answered(id) && boottime() < end)
            turn();
        return rig().wait(id);
    }
    void turn() {
        loop_.restart();
        loop_.poll();
        rig().idle(1ms);
    }
    void idle(Duration span) {
        for (const Instant end = boottime() + span; boottime() < end;)
            turn();
    }
    const std::map<std::string, std::string>& headers(std::size_t index = 0) const {
        return server_.seen().at(index).headers;
    }

    asio::io_context loop_;
    Handler handler_ = [](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "", "ETag: \"e1\"\r\n"));
    };
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handler_(seen, peer); }};
    BucketConfig config_;
    std::unique_ptr<BucketRig> rig_;
};

}  // namespace leasehold::agent::testing
