// How exchanges with S3 end without a whole answer, or before they left; and rotated keys.
#include <condition_variable>
#include <mutex>
#include <vector>

#include "agent/bucket/s3_client.hpp"
#include "tests/unit/agent_bucket_fake_s3.hpp"

namespace leasehold::agent::testing {
namespace {

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

/// A connection's end is all that tells of the content's, and that of a server that died looks
/// alike.
TEST_F(AgentS3Client, ContentWithoutALengthMayBeHalfOfIt) {
    const std::string head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n";
    std::string answer = head + "\r\nhalf";
    handler_ = [&](const Seen&, const PeerPtr& peer) {
        peer->write(answer);
        peer->close();
    };
    EXPECT_EQ(classify(BucketVerb::get, call(get_request("k"))), BucketOutcome::unknown);
    EXPECT_EQ(rig().lines, std::vector<std::string>{"warning: bucket: GET k: the content came "
                                                    "without a length, and may be cut off"});
    answer = head + "Transfer-Encoding: identity\r\n\r\nhalf";
    EXPECT_EQ(classify(BucketVerb::get, call(get_request("k"))), BucketOutcome::unknown);
    // Two lengths, and one that is no number: the end is not known either.
    for (const char* lengths : {"Content-Length: 5\r\nContent-Length: 4\r\n",
                                "Content-Length: 4\r\nContent-Length: 5\r\n",
                                "Content-Length: 99999999999999999999999\r\n"}) {
        answer = head + lengths + "\r\nwhole";
        EXPECT_EQ(classify(BucketVerb::get, call(get_request("k"))), BucketOutcome::unknown)
            << lengths;
    }
    answer = head + "Transfer-Encoding: Chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n";
    EXPECT_EQ(content_of(call(get_request("k"))), "whole");
    answer = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n";
    EXPECT_EQ(content_of(call(get_request("k"))), "whole");
    answer = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n";
    EXPECT_EQ(call(get_request("k")).status, 0);
    answer = head + "Content-Length: 0\r\n\r\n";
    EXPECT_EQ(call(get_request("k")).status, 200);
}

/// Whatever it is, the model learns nothing of it and asks again, for ever.
TEST_F(AgentS3Client, WhatAnswersNothingIsTold) {
    const std::string tagged = "ETag: \"e\"\r\n";
    struct Case {
        SendBucket request;
        std::string answer;
        std::string told;
    };
    const std::string page =
        "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    const Case cases[] = {
        {get_request("k"), http_answer(206, "x", tagged), "GET k: answered 206"},
        {get_request("k"), http_answer(203, "x", tagged), "GET k: answered 203"},
        {get_request("k"), "HTTP/1.1 304 Not Modified\r\n\r\n", "GET k: answered 304"},
        {get_request("k"), error_answer(412, "PreconditionFailed"), "GET k: answered 412"},
        {put_request("k", "x"), http_answer(202, "", tagged), "PUT k: answered 202"},
        {put_request("k", "x"), "HTTP/1.1 304 Not Modified\r\n\r\n", "PUT k: answered 304"},
        {list_request(), http_answer(203, page), "LIST: answered 203"},
        // The bucket's name in host and path: a LIST asks for an object called "bucket/".
        {list_request(), error_answer(404, "NoSuchKey"), "LIST: answered 404"},
        {get_request("k", "e"), "HTTP/1.1 304 Not Modified\r\n\r\n", ""},
        {get_request("k"), error_answer(404, "NoSuchKey"), ""},
        {remove_request("k"), error_answer(404, "NoSuchKey"), ""},
        {put_request("k", "x"), error_answer(412, "PreconditionFailed"), ""},
        {put_request("k", "x"), error_answer(409, "ConditionalRequestConflict"), ""}};
    for (const Case& one : cases) {
        rig_.reset();
        handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(one.answer); };
        call(one.request);
        const std::vector<std::string> told{"warning: bucket: " + one.told +
                                            ", which is no answer to that"};
        EXPECT_EQ(rig().lines, one.told.empty() ? std::vector<std::string>{} : told) << one.answer;
    }
}

TEST_F(AgentS3Client, WhatCouldNotConnectWasNotSent) {
    for (const char* nobody : {"127.0.0.1:1", "nowhere.invalid:80"}) {
        BucketConfig config = base();
        config.endpoint = nobody;
        BucketRig rig(config);
        for (const SendBucket& request : {put_request("k", "x"), remove_request("k")}) {
            const BucketReply reply = rig.call(request);
            EXPECT_EQ(reply.status, 0) << nobody;
            EXPECT_TRUE(reply.not_sent) << nobody << ": certainly not stored";
        }
        const BucketReply read = rig.call(get_request("k"));
        EXPECT_EQ(read.status, 0);
        EXPECT_FALSE(read.not_sent) << "nothing was learnt, as ever";
    }
}

TEST_F(AgentS3Client, AbortEndsATransferOnce) {
    handler_ = [](const Seen&, const PeerPtr&) {};
    const RequestId id = rig().send(put_request("k", "x"));
    for (const Instant end = boottime() + 5s; server_.seen().empty() && boottime() < end;)
        turn();
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
         {get_request("a/../b"), put_request("a\xff", "x"), remove_request("a/")}) {
        EXPECT_EQ(call(request).status, 400);
        EXPECT_TRUE(server_.seen().empty());
        EXPECT_EQ(rig().lines.empty(), request.verb == BucketVerb::get)
            << "a write that never comes to be is told of";
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

}  // namespace
}  // namespace leasehold::agent::testing
