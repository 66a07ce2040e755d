// The S3 client with a role: requests that wait for credentials, fail without, and renew them.
#include <chrono>

#include "agent/bucket/s3_client.hpp"
#include "tests/unit/agent_bucket_fake_s3.hpp"

namespace leasehold::agent::testing {
namespace {

/// The server is bucket and container's service at once; all runs on one loop.
class AgentS3Roles : public ::testing::Test {
  protected:
    AgentS3Roles() {
        config_.bucket = "backup";
        config_.endpoint = "127.0.0.1:" + std::to_string(server_.port());
        config_.region = "us-east-1";
        config_.insecure = true;
        gate_.publish(kNever);
        client_ = std::make_unique<S3Client>(
            config_, BucketContext{loop_, pool_, &gate_, nullptr, folder_.file(""), &duties_},
            [this](const Event& event) {
                const auto& answer = std::get<BucketAnswered>(event);
                EXPECT_TRUE(answers_.emplace(answer.request, answer.reply).second);
            },
            [this](const char* name) {
                if (std::string(name) == "AWS_CONTAINER_CREDENTIALS_FULL_URI")
                    return server_.url("/credentials");
                return std::string();
            });
    }

    void handle(const Seen& seen, const PeerPtr& peer) {
        if (seen.target != "/credentials") {
            const auto& text = seen.headers.at("authorization");
            signed_with_ += text.substr(text.find("Credential=") + 11, 2) + " ";
            if (seen.headers.contains("x-amz-security-token"))
                tokens_ += seen.headers.at("x-amz-security-token") + " ";
            if (!refusal_.empty() && text.find("=" + refused_key_) != std::string::npos)
                return peer->write(error_answer(403, refusal_));
            return peer->write(http_answer(200, "", "ETag: \"e\"\r\n"));
        }
        ++asked_;
        if (silent_) {
            held_ = peer;
            return;
        }
        issue(peer);
    }
    void issue(const PeerPtr& peer) {
        if (!failure_.empty()) return peer->write(http_answer(400, failure_));
        peer->write(http_answer(200, R"({"AccessKeyId":"A)" + std::to_string(asked_) +
                                         R"(","SecretAccessKey":"s","Token":"T)" +
                                         std::to_string(asked_) +
                                         R"(","Expiration":"2199-01-01T00:00:00Z"})"));
    }
    RequestId send(SendBucket request, Duration timeout = 10s) {
        request.request = RequestId(++last_);
        request.timeout = timeout;
        client_->send(request);
        return request.request;
    }
    BucketReply wait(RequestId id) {
        EXPECT_TRUE(run_until(loop_, [&] { return answers_.contains(id); }));
        return answers_.contains(id) ? *answers_.at(id) : BucketReply{};
    }
    BucketReply call(const SendBucket& request) { return wait(send(request)); }
    void pass(Duration span) {
        const Instant end = boottime() + span;
        run_until(loop_, [&] { return boottime() >= end; });
    }

    TemporaryFolder folder_;
    asio::io_context loop_;
    FilePool pool_{loop_, 1};
    WriteGate gate_;
    std::vector<std::string> lines_;
    Duties duties_{[this](bool, const std::string& line) { lines_.push_back(line); }};
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handle(seen, peer); }};
    BucketConfig config_;
    std::map<RequestId, std::shared_ptr<const BucketReply>> answers_;
    std::uint64_t last_ = 0;
    int asked_ = 0;
    bool silent_ = false;
    PeerPtr held_;
    std::string failure_;
    std::string refusal_;
    std::string refused_key_;
    std::string signed_with_;
    std::string tokens_;
    std::unique_ptr<S3Client> client_;
};

TEST_F(AgentS3Roles, RequestsWaitForTheFirstCredentials) {
    pass(30ms);
    EXPECT_EQ(asked_, 0) << "nobody asked for anything";
    silent_ = true;
    const RequestId put = send(put_request("k", "text"));
    const RequestId get = send(get_request("k"));
    const RequestId given_up = send(get_request("k"));
    EXPECT_TRUE(run_until(loop_, [&] { return held_ != nullptr; }));
    client_->abort(given_up);
    EXPECT_EQ(wait(given_up).status, 0);
    pass(30ms);
    EXPECT_EQ(signed_with_, "");
    issue(held_);
    EXPECT_EQ(wait(put).status, 200);
    EXPECT_EQ(wait(get).status, 200);
    EXPECT_EQ(asked_, 1);
    EXPECT_EQ(signed_with_, "A1 A1 ");
    EXPECT_EQ(tokens_, "T1 T1 ");
    EXPECT_TRUE(lines_.empty());
}

TEST_F(AgentS3Roles, WithoutCredentialsNothingLeaves) {
    failure_ = R"({"code":"AccessDenied","message":"no association"})";
    const BucketReply put = call(put_request("k", "text"));
    EXPECT_TRUE(put.not_sent);
    EXPECT_EQ(put.status, 0);
    const BucketReply get = call(get_request("k"));
    EXPECT_FALSE(get.not_sent) << "of a read it would mean nothing";
    EXPECT_EQ(get.status, 0);
    EXPECT_TRUE(call(put_request("k", "text")).not_sent);
    EXPECT_EQ(asked_, 1) << "not again at once";
    EXPECT_EQ(signed_with_, "");
    const std::string why = ": no credentials: container credentials at " +
                            server_.url("/credentials") +
                            ": answered 400 AccessDenied: no association";
    ASSERT_EQ(lines_.size(), 2U) << "once for each kind of work";
    EXPECT_EQ(lines_.at(0), "bucket: PUT k" + why);
    EXPECT_EQ(lines_.at(1), "bucket: GET k" + why);
    failure_.clear();
    pass(1100ms);
    EXPECT_EQ(call(put_request("k", "text")).status, 200);
    EXPECT_EQ(asked_, 2);
}

TEST_F(AgentS3Roles, ADeadlineEndsTheWait) {
    silent_ = true;
    const RequestId put = send(put_request("k", "text"), 100ms);
    EXPECT_TRUE(wait(put).not_sent);
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_EQ(lines_.at(0), "bucket: PUT k: no credentials: no answer yet");
}

TEST_F(AgentS3Roles, AClosedGateLetsNothingLeave) {
    silent_ = true;
    const RequestId put = send(put_request("k", "text"));
    EXPECT_TRUE(run_until(loop_, [&] { return held_ != nullptr; }));
    gate_.publish(Instant::min());
    issue(held_);
    EXPECT_TRUE(wait(put).not_sent);
    EXPECT_EQ(signed_with_, "");
}

TEST_F(AgentS3Roles, AnExpiredTokenIsReplacedOnce) {
    EXPECT_EQ(call(get_request("k")).status, 200);
    refusal_ = "ExpiredToken";
    refused_key_ = "A1";
    EXPECT_EQ(call(get_request("k")).status, 403);
    EXPECT_EQ(call(get_request("k")).status, 200);
    EXPECT_EQ(asked_, 2);
    refused_key_ = "A";  // all of them
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(call(get_request("k")).status, 403);
    EXPECT_EQ(asked_, 2) << "new ones were refused too: asking is no use";
    EXPECT_EQ(signed_with_, "A1 A1 A2 A2 A2 A2 A2 A2 ");
}

TEST_F(AgentS3Roles, AMissingPermissionRenewsNothing) {
    refusal_ = "AccessDenied";
    refused_key_ = "A";
    EXPECT_EQ(call(put_request("k", "text")).status, 403);
    EXPECT_EQ(call(put_request("k", "text")).status, 403);
    EXPECT_EQ(asked_, 1);
}

}  // namespace
}  // namespace leasehold::agent::testing
