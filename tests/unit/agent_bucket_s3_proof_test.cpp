// What a PUT carries for the store to hold its body against, and what stores make of that.
#include "agent/bucket/s3_proof.hpp"
#include "agent/bucket/sigv4.hpp"
#include "tests/unit/agent_bucket_fake_s3.hpp"

namespace leasehold::agent::testing {
namespace {

/// Over TLS, to a server whose certificate is verified, unless a test says otherwise.
class AgentS3Proof : public ::testing::Test {
  protected:
    AgentS3Proof() {
        config_.bucket = "backup";
        config_.endpoint = "127.0.0.1:" + std::to_string(server_.port());
        config_.region = "us-east-1";
        config_.access_key = "AK";
        config_.secret_key = "SK";
        config_.tls.ca_pem = authority_.certificate;
    }
    BucketReply call(const SendBucket& request) {
        if (!rig_) rig_ = std::make_unique<BucketRig>(config_);
        const RequestId id = rig_->send(request);
        for (const Instant end = boottime() + 20s; !rig_->answered(id) && boottime() < end;) {
            loop_.restart();
            loop_.poll();
            rig_->idle(1ms);
        }
        return rig_->wait(id);
    }
    const std::map<std::string, std::string>& last() const { return server_.seen().back().headers; }
    [[nodiscard]] bool last_is_signed_over_its_body() const {
        const bool covered = last().at("x-amz-content-sha256") != kUnsignedPayload;
        EXPECT_EQ(covered, !last().contains("x-amz-checksum-crc32"));
        return covered;
    }

    TemporaryFolder folder_;
    Certificate authority_ = make_authority("proof");
    Certificate made_ = make_certificate(authority_, "IP:127.0.0.1", 3600);
    asio::io_context loop_;
    TestServer::Answer handler_ = [](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "", "ETag: \"e1\"\r\n"));
    };
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handler_(seen, peer); },
                       ServerTls{folder_.write("server.crt", made_.certificate),
                                 folder_.write("server.key", made_.key), "", false}};
    BucketConfig config_;
    std::unique_ptr<BucketRig> rig_;
};

SendBucket put_of(const std::string& head, const std::string& payload) {
    SendBucket request = put_request("k", payload);
    auto body = std::make_shared<ObjectBody>(*request.body);
    body->head = head;
    request.body = body;
    return request;
}

/// Bytes that have to be read, as those of a file.
class Unviewed : public Bytes {
  public:
    explicit Unviewed(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const override {
        return offset >= text_.size() ? 0 : text_.copy(out.data(), out.size(), offset);
    }

  private:
    std::string text_;
};

TEST_F(AgentS3Proof, OverTlsAPutIsNotHashedAgainAndCarriesAChecksum) {
    EXPECT_EQ(call(put_of("HEAD", "payload")).status, 200);
    EXPECT_EQ(server_.seen().back().body, "HEADpayload");
    EXPECT_EQ(last().at("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    EXPECT_EQ(last().at("x-amz-checksum-crc32"), "xOHrmg==") << "CRC-32 of HEADpayload";
    EXPECT_FALSE(last().contains("x-amz-checksum-sha256"));
    EXPECT_NE(last().at("authorization").find("x-amz-checksum-crc32;"), std::string::npos)
        << "nobody may change it";
    EXPECT_EQ(call(put_of("", "")).status, 200);
    EXPECT_EQ(last().at("x-amz-checksum-crc32"), "AAAAAA==");
    // In a file, by the pool.
    SendBucket filed = put_of("HEAD", "payload");
    auto body = std::make_shared<ObjectBody>(*filed.body);
    body->payload.bytes = std::make_shared<Unviewed>("payload");
    filed.body = body;
    EXPECT_EQ(call(filed).status, 200);
    EXPECT_EQ(last().at("x-amz-checksum-crc32"), "xOHrmg==");
    EXPECT_EQ(call(get_request("k")).status, 200);
    EXPECT_EQ(last().at("x-amz-content-sha256"), kEmptySha256);
}

TEST_F(AgentS3Proof, AFileThatRottedIsNotSentAlthoughItsChecksumWouldFit) {
    SendBucket filed = put_of("HEAD", "payload");
    auto body = std::make_shared<ObjectBody>(*filed.body);
    body->payload.bytes = std::make_shared<Unviewed>("pAyload");
    filed.body = body;
    EXPECT_TRUE(call(filed).not_sent);
    EXPECT_TRUE(server_.seen().empty());
}

/// Bytes in a file that were counted as they came in.
class TakenIn : public Unviewed {
  public:
    explicit TakenIn(const std::string& text) : Unviewed(text) { crc_.add(text); }
    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out) const override {
        const std::size_t got = Unviewed::read(offset, out);
        given += got;
        return got;
    }
    [[nodiscard]] std::optional<std::uint32_t> crc32() const override { return crc_.value(); }
    mutable std::size_t given = 0;

  private:
    Crc32 crc_;
};

TEST_F(AgentS3Proof, WhatWasTakenInByThisProcessIsReadOnceAsItIsSent) {
    SendBucket put = put_of("HEAD", "payload");
    auto body = std::make_shared<ObjectBody>(*put.body);
    const auto bytes = std::make_shared<TakenIn>("payload");
    body->payload.bytes = bytes;
    put.body = body;
    EXPECT_EQ(call(put).status, 200);
    EXPECT_EQ(server_.seen().back().body, "HEADpayload");
    EXPECT_EQ(last().at("x-amz-checksum-crc32"), "xOHrmg==");
    EXPECT_EQ(bytes->given, 7U);
    config_.send_content_md5 = true;  // which nobody took
    rig_.reset();
    EXPECT_EQ(call(put).status, 200);
    EXPECT_EQ(bytes->given, 3 * 7U);
    EXPECT_EQ(last().at("x-amz-checksum-crc32"), "xOHrmg==");
}

TEST_F(AgentS3Proof, WhereCertificatesAreNotVerifiedTheSignatureCoversTheBody) {
    config_.tls.verify = false;
    EXPECT_EQ(call(put_of("HEAD", "payload")).status, 200);
    EXPECT_TRUE(last_is_signed_over_its_body());
    EXPECT_EQ(last().at("x-amz-checksum-sha256"), "PacBmpxswIzsNNEqorp9SvI5BsII13/O0NwjfcgFvm4=");
}

TEST_F(AgentS3Proof, Md5GoesAlong) {
    config_.send_content_md5 = true;
    EXPECT_EQ(call(put_of("", "payload")).status, 200);
    EXPECT_FALSE(last_is_signed_over_its_body());
    EXPECT_EQ(last().at("content-md5"), "Mhw89IbtUJFk7eweGYH+yA==");
}

TEST_F(AgentS3Proof, AStoreThatKnowsNoChecksumGetsBodiesThatAreSigned) {
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        if (!seen.headers.contains("x-amz-checksum-crc32"))
            return peer->write(http_answer(200, "", "ETag: \"e\"\r\n"));
        peer->write(http_answer(400, kError + "InvalidArgument</Code><Message>Unsupported header "
                                              "'x-amz-checksum-crc32' received for this API "
                                              "call.</Message></Error>"));
    };
    EXPECT_EQ(call(put_request("k", "x")).status, 400);
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
    EXPECT_TRUE(last_is_signed_over_its_body());
    EXPECT_FALSE(last().contains("x-amz-checksum-sha256"));
}

/// s3:x-amz-content-sha256 in a bucket's policy; a server that takes the words for a digest; one
/// that knows them not.
TEST_F(AgentS3Proof, AStoreThatWantsSignedBodiesGetsThem) {
    const std::string answers[] = {
        error_answer(403, "AccessDenied"), error_answer(400, "XAmzContentSHA256Mismatch"),
        http_answer(501, kError + "NotImplemented</Code><Message>x-amz-content-sha256 "
                                  "UNSIGNED-PAYLOAD is not supported</Message></Error>")};
    for (const std::string& answer : answers) {
        rig_.reset();
        handler_ = [&answer](const Seen& seen, const PeerPtr& peer) {
            const bool covered = seen.headers.at("x-amz-content-sha256") != kUnsignedPayload;
            peer->write(covered ? http_answer(200, "", "ETag: \"e\"\r\n") : answer);
        };
        EXPECT_EQ(
            classify(BucketVerb::put, call(put_request("k", "x", PutCondition::if_none_match))),
            BucketOutcome::denied)
            << answer << ": certainly not stored, and nothing said of conditions";
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(call(put_request("k", "x")).status, 200) << answer;
            EXPECT_TRUE(last_is_signed_over_its_body());
        }
    }
}

/// The keys had no right to write for a while: that says nothing about signatures.
TEST_F(AgentS3Proof, ARefusalThatASignedBodyMeetsTooChangesNothing) {
    bool allowed = false;
    handler_ = [&allowed](const Seen&, const PeerPtr& peer) {
        peer->write(allowed ? http_answer(200, "", "ETag: \"e\"\r\n")
                            : error_answer(403, "AccessDenied"));
    };
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(call(put_request("k", "x")).status, 403);
        EXPECT_EQ(last_is_signed_over_its_body(), i % 2 == 1) << i;
    }
    allowed = true;
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
    EXPECT_FALSE(last_is_signed_over_its_body());
}

/// A key of its own that may not be written says nothing of the others' signatures.
TEST_F(AgentS3Proof, OneForbiddenKeyIsNoProofForAnother) {
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        const bool forbidden = seen.target.find("forbidden") != std::string::npos;
        peer->write(forbidden ? error_answer(403, "AccessDenied")
                              : http_answer(200, "", "ETag: \"e\"\r\n"));
    };
    EXPECT_EQ(call(put_request("forbidden", "x")).status, 403);
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
    EXPECT_TRUE(last_is_signed_over_its_body()) << "until that key tells";
    EXPECT_EQ(call(put_request("forbidden", "x")).status, 403);
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
    EXPECT_FALSE(last_is_signed_over_its_body());
    // Or until it has not come again for long.
    EXPECT_EQ(call(put_request("forbidden", "x")).status, 403);
    for (int i = 0; i < 17; ++i) {
        EXPECT_EQ(call(put_request("k", "x")).status, 200);
        EXPECT_TRUE(last_is_signed_over_its_body()) << i;
    }
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
    EXPECT_FALSE(last_is_signed_over_its_body());
}

TEST_F(AgentS3Proof, AStoreThatWantsSignedBodiesGetsThemWhateverTheOrderOfKeys) {
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        const bool covered = seen.headers.at("x-amz-content-sha256") != kUnsignedPayload;
        peer->write(covered ? http_answer(200, "", "ETag: \"e\"\r\n")
                            : error_answer(403, "AccessDenied"));
    };
    int refused = 0;
    for (int i = 0; i < 20; ++i)
        refused +=
            call(put_request(std::string(1, static_cast<char>('a' + i % 4)), "x")).status == 403;
    EXPECT_EQ(refused, 1);
    EXPECT_TRUE(last_is_signed_over_its_body());
}

/// Amazon repeats the request in its answer to a wrong secret. With Object Lock, a PUT without any
/// checksum is refused.
TEST_F(AgentS3Proof, AnAnswerThatRepeatsTheRequestTakesNoChecksumAway) {
    bool right = false;
    handler_ = [&](const Seen& seen, const PeerPtr& peer) {
        if (right) return peer->write(http_answer(200, "", "ETag: \"e\"\r\n"));
        std::string canonical = seen.method + "\n";
        for (const auto& [name, value] : seen.headers)
            canonical += name + ":" + value + "\n";
        peer->write(
            http_answer(403, kError +
                                 "SignatureDoesNotMatch</Code><Message>It does not match.</Message>"
                                 "<CanonicalRequest>" +
                                 canonical + "</CanonicalRequest></Error>"));
    };
    EXPECT_EQ(call(put_request("k", "x")).status, 403);
    right = true;
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
    EXPECT_FALSE(last_is_signed_over_its_body());
}

std::string refusal(const std::string& code, const std::string& message) {
    return http_answer(400, kError + code + "</Code><Message>" + message + "</Message></Error>");
}

TEST_F(AgentS3Proof, ABodyThatChangedOnItsWayTakesNoChecksumAway) {
    const std::string answers[] = {
        refusal("XAmzContentChecksumMismatch",  // MinIO
                "The provided 'x-amz-checksum' header does not match what was computed."),
        refusal("BadDigest", "The x-amz-checksum-crc32 you specified did not match."),
        refusal("InvalidRequest",  // Amazon, of a bucket with Object Lock
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests "
                "with Object Lock parameters")};
    std::string answer;
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(answer); };
    for (const std::string& one : answers) {
        answer = one;
        EXPECT_EQ(call(put_request("k", "x")).status, 400);
        answer = http_answer(200, "", "ETag: \"e\"\r\n");
        EXPECT_EQ(call(put_request("k", "x")).status, 200);
        EXPECT_FALSE(last_is_signed_over_its_body()) << one;
    }
}

TEST_F(AgentS3Proof, AChecksumThatIsRequiredComesBack) {
    const std::string answers[] = {
        refusal("InvalidArgument", "Unsupported header 'x-amz-checksum-crc32' received"),
        refusal("InvalidRequest", "x-amz-checksum- HTTP header is required"),
        refusal("InvalidArgument", "Unsupported header 'x-amz-checksum-crc32' received")};
    for (const std::string& answer : answers) {
        handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(answer); };
        EXPECT_EQ(call(put_request("k", "x")).status, 400);
    }
    EXPECT_EQ(call(put_request("k", "x")).status, 400);
    EXPECT_FALSE(last_is_signed_over_its_body()) << "and is not taken away again";
}

}  // namespace
}  // namespace leasehold::agent::testing
