// The S3 client against servers that answer as they please, or not at all.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include <gtest/gtest.h>

#include "agent/bucket/s3_client.hpp"
#include "model/storage/stamp.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

const std::string kError = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>";

std::string error_answer(int status, const std::string& code, const std::string& headers = "") {
    return http_answer(status, kError + code + "</Code><Message>m</Message></Error>", headers);
}

/// Bytes that take as long as the test wants.
class HeldBytes : public Bytes {
  public:
    explicit HeldBytes(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const override {
        std::unique_lock lock(mutex_);
        released_.wait(lock, [this] { return free_; });
        if (offset >= text_.size()) return 0;
        return text_.copy(out.data(), out.size(), offset);
    }
    void release() {
        const std::lock_guard lock(mutex_);
        free_ = true;
        released_.notify_all();
    }

  private:
    std::string text_;
    bool free_ = false;
    mutable std::mutex mutex_;
    mutable std::condition_variable released_;
};

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

TEST_F(AgentS3Client, PutSaysEverythingAndSignsIt) {
    config_.prefix = "etl";
    config_.session_token = "token";
    config_.encryption = Encryption::sse_kms;
    config_.kms_key_id = "alias/k";
    config_.kms_context = "{\"a\":\"b\"}";
    config_.user_metadata = {{"x-amz-acl", "private"}, {"x-amz-meta-leasehold-x", "1"}};
    SendBucket request = put_request("w/a b", "payload", PutCondition::if_match, "old");
    auto body = std::make_shared<ObjectBody>(*request.body);
    body->head = "HEAD";
    body->metadata = "stamp";
    request.body = body;
    const BucketReply reply = call(request);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.etag.view(), "e1");
    const Seen& seen = server_.seen().at(0);
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.target, "/backup/etl/w/a%20b");
    EXPECT_EQ(seen.body, "HEADpayload");
    const auto& sent = seen.headers;
    EXPECT_EQ(sent.at("host"), config_.endpoint);
    EXPECT_EQ(sent.at("if-match"), "\"old\"");
    EXPECT_EQ(sent.at("x-amz-meta-leasehold"), "stamp");
    EXPECT_EQ(sent.at("x-amz-acl"), "private");
    EXPECT_EQ(sent.at("x-amz-security-token"), "token");
    EXPECT_EQ(sent.at("x-amz-server-side-encryption"), "aws:kms");
    EXPECT_EQ(sent.at("x-amz-server-side-encryption-context"), "eyJhIjoiYiJ9");
    EXPECT_EQ(sent.at("x-amz-content-sha256"),
              "3da7019a9c6cc08cec34d12aa2ba7d4af23906c208d77fced0dc237dc805be6e")
        << "SHA-256 of HEADpayload";
    EXPECT_EQ(sent.at("x-amz-date").size(), 16U);
    const std::string& signature = sent.at("authorization");
    for (const auto& [name, value] : sent) {
        if (!name.starts_with("x-amz-") && name != "if-match" && name != "host") continue;
        EXPECT_TRUE(signature.find("=" + name + ";") != std::string::npos ||
                    signature.find(";" + name + ";") != std::string::npos ||
                    signature.find(";" + name + ",") != std::string::npos)
            << name << " is not signed: " << signature;
    }
}

TEST_F(AgentS3Client, CustomersKeyGoesWithGetAndPut) {
    config_.encryption = Encryption::sse_c;
    config_.customer_key = std::string(32, 'k');
    call(put_request("k", "x", PutCondition::if_none_match));
    call(get_request("k", "old"));
    EXPECT_EQ(headers(0).at("if-none-match"), "*");
    EXPECT_EQ(headers(1).at("if-none-match"), "\"old\"");
    for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
        const std::string name = "x-amz-server-side-encryption-customer-";
        EXPECT_EQ(headers(index).at(name + "algorithm"), "AES256");
        EXPECT_EQ(headers(index).at(name + "key"), "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=");
        EXPECT_EQ(headers(index).at(name + "key-md5").size(), 24U);
    }
    call(remove_request("k", "old"));
    EXPECT_EQ(headers(2).at("if-match"), "\"old\"");
    EXPECT_EQ(server_.seen().at(2).method, "DELETE");
    EXPECT_FALSE(headers(2).contains("x-amz-server-side-encryption-customer-key"));
}

TEST_F(AgentS3Client, GetPartsHeadAndPayload) {
    const std::string head = encode_header(Stamp{});
    const std::string large(kSpoolInMemory + 10, 'p');
    for (const std::string& payload : {std::string(), std::string("payload"), large}) {
        handler_ = [&](const Seen&, const PeerPtr& peer) {
            peer->write(http_answer(200, head + payload, "ETag: \"e\"\r\n"));
        };
        const BucketReply reply = call(get_request("k"));
        ASSERT_EQ(reply.status, 200);
        EXPECT_EQ(std::get<ObjectBodyPtr>(reply.content)->head, head);
        EXPECT_EQ(std::get<ObjectBodyPtr>(reply.content)->payload, blob_of(payload));
        EXPECT_EQ(content_of(reply), payload);
        EXPECT_EQ(reply.etag.view(), "e");
    }
    for (const std::string& text : {std::string("plain"), std::string(200, 'p'), large}) {
        handler_ = [&](const Seen&, const PeerPtr& peer) {
            peer->write(http_answer(200, text, "ETag: \"e\"\r\nX-Amz-Meta-Leasehold: stamp\r\n"));
        };
        const BucketReply plain = call(get_request("k"));
        EXPECT_EQ(std::get<ObjectBodyPtr>(plain.content)->head, "");
        EXPECT_EQ(std::get<ObjectBodyPtr>(plain.content)->metadata, "stamp");
        EXPECT_EQ(content_of(plain), text);
    }
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write("HTTP/1.1 304 Not Modified\r\n\r\n");
    };
    const BucketReply unchanged = call(get_request("k", "mine"));
    EXPECT_EQ(unchanged.status, 304);
    EXPECT_EQ(unchanged.etag.view(), "mine") << "Versity sends none";
}

TEST_F(AgentS3Client, AnswersAreMapped) {
    struct Case {
        std::string answer;
        std::int32_t status;
        BucketCode code;
        Duration retry_after;
    };
    const Case cases[] = {
        {error_answer(404, "NoSuchKey"), 404, BucketCode::no_such_key, 0s},
        {error_answer(404, "NoSuchBucket"), 404, BucketCode::no_such_bucket, 0s},
        {http_answer(404, "<html>no such page</html>"), 404, BucketCode::none, 0s},
        {http_answer(403, ""), 403, BucketCode::none, 0s},
        {http_answer(403, std::string(200000, 'x')), 403, BucketCode::none, 0s},
        {error_answer(412, "PreconditionFailed", "ETag: \"e\"\r\nConnection: close\r\n"), 412,
         BucketCode::precondition_failed, 0s},
        {error_answer(409, "ConditionalRequestConflict"), 409,
         BucketCode::conditional_request_conflict, 0s},
        {error_answer(503, "SlowDown", "Retry-After: 7\r\n"), 503, BucketCode::slow_down, 7s},
        {error_answer(503, "SlowDown", "Retry-After: 99999999999999999999\r\n"), 503,
         BucketCode::slow_down, 0s},
        {http_answer(503, "", "Retry-After: -5\r\n"), 503, BucketCode::none, 0s},
        {error_answer(500, "InternalError"), 500, BucketCode::internal_error, 0s},
        {http_answer(307, "", "Location: http://127.0.0.1:1/\r\n"), 307, BucketCode::none, 0s},
        {error_answer(301, "PermanentRedirect"), 301, BucketCode::other, 0s},
    };
    std::size_t number = 0;
    for (const Case& one : cases) {
        handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(one.answer); };
        const BucketReply reply = call(put_request("k", "x"));
        EXPECT_EQ(reply.status, one.status) << one.answer;
        EXPECT_EQ(reply.code, one.code) << one.answer;
        EXPECT_EQ(reply.retry_after, one.retry_after) << one.answer;
        EXPECT_FALSE(reply.not_sent);
        EXPECT_TRUE(reply.etag.empty());
        EXPECT_EQ(server_.seen().size(), ++number) << "repeated or followed: " << one.answer;
    }
}

TEST_F(AgentS3Client, ListTakesOnlyWholePages) {
    const std::string page =
        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>etl/a</Key>"
        "<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents></ListBucketResult>";
    config_.prefix = "etl";
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(http_answer(200, page)); };
    EXPECT_EQ(keys_of(call(list_request("", "A"))), "a ...");
    EXPECT_EQ(server_.seen().at(0).target,
              "/backup/?list-type=2&max-keys=1000&prefix=etl%2F&start-after=etl%2FA");
    EXPECT_EQ(keys_of(call(list_request("", "a"))), "(no page)") << "not after what was asked";
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "<html>log in</html>"));
    };
    const BucketReply portal = call(list_request());
    EXPECT_EQ(classify(BucketVerb::list, portal), BucketOutcome::unknown);
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) +
                    "\r\n\r\n" + page.substr(0, 40));
        peer->close();
    };
    EXPECT_EQ(call(list_request()).status, 0);
}

TEST_F(AgentS3Client, ABlackHoleIsUnknownAtItsTimeOut) {
    handler_ = [](const Seen&, const PeerPtr&) {};
    for (const SendBucket& request :
         {get_request("k"), put_request("k", "x"), remove_request("k"), list_request()}) {
        const Instant sent = boottime();
        const BucketReply reply = call(request, 100ms);
        EXPECT_EQ(reply.status, 0);
        EXPECT_FALSE(reply.not_sent);
        EXPECT_GE(boottime() - sent, 100ms);
        EXPECT_LT(boottime() - sent, 5s);
    }
}

TEST_F(AgentS3Client, AfterATimeOutNoOldConnectionIsUsed) {
    std::vector<PeerPtr> waiting;
    handler_ = [&](const Seen&, const PeerPtr& peer) { waiting.push_back(peer); };
    const RequestId one = rig().send(get_request("1"));
    const RequestId two = rig().send(get_request("2"));
    for (const Instant end = boottime() + 5s; waiting.size() < 2 && boottime() < end;)
        turn();
    for (const PeerPtr& peer : waiting)
        peer->write(http_answer(200, "x", "ETag: \"e\"\r\n"));
    EXPECT_EQ(wait(one).status, 200);
    EXPECT_EQ(wait(two).status, 200);
    ASSERT_EQ(server_.connections(), 2);
    handler_ = [](const Seen&, const PeerPtr&) {};
    EXPECT_EQ(call(get_request("k"), 100ms).status, 0);
    handler_ = [](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "x", "ETag: \"e\"\r\n"));
    };
    EXPECT_EQ(call(get_request("k")).status, 200);
    EXPECT_EQ(server_.connections(), 3) << "the other connection may be a black hole too";
}

TEST_F(AgentS3Client, BrokenAnswersAreUnknown) {
    const std::string answers[] = {
        "", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 100\r\n\r\n<Error>",
        "nonsense\r\n\r\n"};
    for (const std::string& answer : answers) {
        handler_ = [&](const Seen&, const PeerPtr& peer) {
            peer->write(answer);
            peer->close();
        };
        for (const SendBucket& request : {get_request("k"), put_request("k", "x")}) {
            const BucketReply reply = call(request);
            EXPECT_EQ(reply.status, 0) << answer;
            EXPECT_FALSE(reply.not_sent) << answer;
            EXPECT_EQ(reply.content.index(), 0U);
        }
    }
}

TEST_F(AgentS3Client, ARefusedConnectionCountsAgainstTheBucket) {
    config_.endpoint = "127.0.0.1:1";
    for (const SendBucket& request : {get_request("k"), put_request("k", "x")}) {
        const BucketReply reply = call(request);
        EXPECT_EQ(reply.status, 0);
        EXPECT_FALSE(reply.not_sent) << "that would be: no permit";
    }
}

TEST_F(AgentS3Client, AbortEndsATransferOnce) {
    handler_ = [](const Seen&, const PeerPtr&) {};
    const RequestId id = rig().send(put_request("k", "x"));
    idle(50ms);
    EXPECT_EQ(server_.seen().size(), 1U);
    rig().abort(id);
    rig().abort(id);
    const BucketReply reply = wait(id);
    EXPECT_EQ(reply.status, 0);
    EXPECT_FALSE(reply.not_sent) << "it has left: nobody knows";
    rig().abort(id);
    idle(20ms);
}

TEST_F(AgentS3Client, WhatIsStillHashedDoesNotLeaveAfterItsEnd) {
    const auto held = [](const std::string& text, const std::shared_ptr<HeldBytes>& bytes) {
        SendBucket request = put_request("k", text);
        auto body = std::make_shared<ObjectBody>(*request.body);
        body->payload.bytes = std::shared_ptr<const Bytes>(bytes);
        request.body = std::move(body);
        return request;
    };
    std::vector<std::shared_ptr<HeldBytes>> bytes;
    for (int i = 0; i < 4; ++i)
        bytes.push_back(std::make_shared<HeldBytes>("payload"));
    const RequestId aborted = rig().send(held("payload", bytes[0]));
    const RequestId late = rig().send(held("payload", bytes[1]), 50ms);
    const RequestId changed = rig().send(held("another", bytes[2]));
    const RequestId gated = rig().send(held("payload", bytes[3]));
    const Instant before = boottime();
    rig().abort(aborted);
    EXPECT_TRUE(wait(aborted).not_sent);
    EXPECT_LT(boottime() - before, 5s) << "answered by its time-out";
    EXPECT_TRUE(wait(late).not_sent);
    bytes[2]->release();
    EXPECT_TRUE(wait(changed).not_sent) << "the payload is not what its digest says";
    rig().gate.publish(boottime());
    bytes[0]->release();
    bytes[1]->release();
    bytes[3]->release();
    EXPECT_TRUE(wait(gated).not_sent);
    idle(50ms);
    EXPECT_TRUE(server_.seen().empty()) << "a PUT left without a permit";
    rig().gate.publish(kNever);
    const auto free = std::make_shared<HeldBytes>("payload");
    free->release();
    EXPECT_EQ(call(held("payload", free)).status, 200);
    EXPECT_EQ(server_.seen().at(0).body, "payload");
}

TEST_F(AgentS3Client, NothingLeavesThroughAClosedGate) {
    rig().gate.publish(boottime());
    EXPECT_TRUE(call(put_request("k", "x")).not_sent);
    EXPECT_TRUE(call(remove_request("k")).not_sent);
    EXPECT_TRUE(server_.seen().empty());
    EXPECT_EQ(call(get_request("k")).status, 200);
}

TEST_F(AgentS3Client, KeysThatCantBeFilesMakeNoRequest) {
    for (const SendBucket& request :
         {get_request("a/../b"), put_request("a//b", "x"), remove_request("a/")}) {
        EXPECT_EQ(call(request).status, 400);
        EXPECT_TRUE(server_.seen().empty());
    }
}

TEST_F(AgentS3Client, RotatedKeysAreReadAfterA403) {
    const TemporaryFolder folder;
    const auto write = [&](const std::string& key) {
        return folder.write(
            "s.yaml", "type: S3\nconfig:\n  bucket: backup\n  endpoint: \"" + config_.endpoint +
                          "\"\n  insecure: true\n  access_key: " + key + "\n  secret_key: s\n");
    };
    const auto loaded = load_bucket_config(write("OLD"));
    ASSERT_TRUE(loaded) << loaded.error();
    config_ = *loaded;
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        const bool old = seen.headers.at("authorization").find("=OLD/") != std::string::npos;
        peer->write(old ? error_answer(400, "ExpiredToken")
                        : http_answer(200, "x", "ETag: \"e\"\r\n"));
    };
    EXPECT_EQ(call(get_request("k")).status, 400);
    idle(50ms);
    write("NEW");
    EXPECT_EQ(call(get_request("k")).status, 400);
    idle(100ms);
    EXPECT_EQ(call(get_request("k")).status, 200);
    folder.write("s.yaml", "type: S3\n");  // torn: the last good ones stay
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        const bool known = seen.headers.at("authorization").find("=NEW/") != std::string::npos;
        peer->write(error_answer(known ? 403 : 500, "AccessDenied"));
    };
    EXPECT_EQ(call(get_request("k")).status, 403);
    idle(100ms);
    EXPECT_EQ(call(get_request("k")).status, 403);
}

TEST_F(AgentS3Client, RotatedKeysAreReadInTime) {
    const TemporaryFolder folder;
    const auto write = [&](const std::string& key) {
        return folder.write("credentials", "[default]\naws_access_key_id = " + key +
                                               "\naws_secret_access_key = s\n");
    };
    const std::string file = write("OLD");
    config_.access_key.clear();
    config_.secret_key.clear();
    asio::io_context loop;
    FilePool pool(loop, 1);
    int answers = 0;
    S3Client client(
        config_, BucketContext{loop, pool, nullptr, nullptr, folder.file("")},
        [&](const Event&) { ++answers; },
        [&](const char* name) {
            return std::string(name) == "AWS_SHARED_CREDENTIALS_FILE" ? file : std::string();
        },
        30ms);
    write("NEW");
    const auto used = [&] {
        SendBucket request = get_request("k");
        request.request = RequestId(static_cast<std::uint64_t>(answers) + 1);
        request.timeout = 5s;
        client.send(request);
        const int before = answers;
        EXPECT_TRUE(run_until(loop, [&] {
            loop_.restart();
            loop_.poll();
            return answers > before;
        }));
        const std::string& text = server_.seen().back().headers.at("authorization");
        return text.substr(text.find("Credential=") + 11, 3);
    };
    EXPECT_EQ(used(), "OLD");
    EXPECT_TRUE(run_until(
        loop, [&] { return used() == "NEW"; }, 10s));
}

TEST_F(AgentS3Client, BucketInTheHostsName) {
    config_.virtual_host = true;
    config_.bucket = "b";
    config_.endpoint = "localhost:" + std::to_string(server_.port());
    const BucketReply reply = call(get_request("k"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(headers().at("host"), "b." + config_.endpoint);
    EXPECT_EQ(server_.seen().at(0).target, "/k");
}

TEST(AgentS3ClientStart, WithoutCredentialsItSaysWhereItLooked) {
    asio::io_context loop;
    FilePool pool(loop, 1);
    BucketConfig config;
    config.bucket = "b";
    config.endpoint = "minio";
    try {
        const S3Client client(
            config, BucketContext{loop, pool, nullptr, nullptr, "."}, [](const Event&) {},
            [](const char*) { return std::string(); });
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "no credentials for the bucket: none in its secret (access_key, secret_key) "
                     "and the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), and no "
                     "shared credentials file (no HOME); instance and web identity roles (IAM, "
                     "IRSA) are not supported");
    }
}

}  // namespace
}  // namespace leasehold::agent::testing
