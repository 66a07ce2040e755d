// The S3 client on the wire: what it says, and what it makes of answers.
#include <stdexcept>

#include "agent/bucket/s3_client.hpp"
#include "model/protocol/stamp.hpp"
#include "tests/unit/agent_bucket_fake_s3.hpp"

namespace leasehold::agent::testing {
namespace {

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
    EXPECT_EQ(sent.at("x-amz-checksum-sha256"), "PacBmpxswIzsNNEqorp9SvI5BsII13/O0NwjfcgFvm4=")
        << "the same, for the store to verify";
    EXPECT_FALSE(sent.contains("content-md5"));
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
         BucketCode::slow_down, 24h},
        {error_answer(503, "SlowDown",
                      "Date: Sun, 06 Nov 1994 08:49:30 GMT\r\n"
                      "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
         503, BucketCode::slow_down, 7s},
        {error_answer(409, "ObjectParentIsFile"), 400, BucketCode::other, 0s},
        {error_answer(409, "ExistingObjectIsDirectory"), 400, BucketCode::other, 0s},
        {error_answer(409, "InvalidBucketState"), 409, BucketCode::other, 0s},
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

TEST_F(AgentS3Client, Md5GoesWithEachPutThatWantsIt) {
    config_.send_content_md5 = true;
    for (const std::string& payload : {std::string("payload"), std::string()}) {
        call(put_request("k", payload));
        EXPECT_EQ(headers(server_.seen().size() - 1).at("content-md5"),
                  payload.empty() ? "1B2M2Y8AsgTpgAmY7PhCfg==" : "Mhw89IbtUJFk7eweGYH+yA==");
    }
    const std::string large(9U << 20, 'x');  // hashed by the pool
    call(put_request("k", large));
    EXPECT_EQ(headers(2).at("content-md5").size(), 24U);
    EXPECT_NE(headers(2).at("authorization").find("content-md5;"), std::string::npos);
    call(get_request("k"));
    EXPECT_FALSE(headers(3).contains("content-md5"));
}

/// Backblaze B2, in its words; others say 501.
TEST_F(AgentS3Client, AStoreThatKnowsNoChecksumGetsNone) {
    int status = 400;
    handler_ = [&](const Seen& seen, const PeerPtr& peer) {
        if (!seen.headers.contains("x-amz-checksum-sha256"))
            return peer->write(http_answer(200, "", "ETag: \"e\"\r\n"));
        peer->write(http_answer(status, kError +
                                            "InvalidArgument</Code><Message>Unsupported header "
                                            "'x-amz-checksum-sha256' received for this API "
                                            "call.</Message></Error>"));
    };
    for (const int one : {400, 501}) {
        status = one;
        BucketRig rig(config_);
        const auto put = [&] {
            const RequestId id = rig.send(put_request("k", "x", PutCondition::if_none_match));
            for (const Instant end = boottime() + 10s; !rig.answered(id) && boottime() < end;) {
                loop_.restart();
                loop_.poll();
                rig.idle(1ms);
            }
            return rig.wait(id);
        };
        EXPECT_EQ(classify(BucketVerb::put, put()), BucketOutcome::denied)
            << one << ": certainly not stored, and nothing said of conditions";
        EXPECT_EQ(put().status, 200) << one;
    }
}

TEST_F(AgentS3Client, AGuessedRegionIsLearntFromTheFirstRefusal) {
    const std::string answers[] = {
        http_answer(400, kError + "AuthorizationHeaderMalformed</Code><Message>the region is "
                                  "wrong</Message><Region>eu-central-1</Region></Error>"),
        http_answer(301, kError + "PermanentRedirect</Code></Error>",
                    "x-amz-bucket-region: eu-central-1\r\n")};
    for (const std::string& answer : answers) {
        for (const bool guessed : {true, false}) {
            config_.region_guessed = guessed;
            handler_ = [&](const Seen& seen, const PeerPtr& peer) {
                const std::string& text = seen.headers.at("authorization");
                const bool right = text.find("/eu-central-1/s3/") != std::string::npos;
                peer->write(right ? http_answer(200, "x", "ETag: \"e\"\r\n") : answer);
            };
            rig_.reset();
            EXPECT_NE(call(get_request("k")).status, 200);
            EXPECT_EQ(call(get_request("k")).status == 200, guessed)
                << "what is configured is not second-guessed";
        }
    }
}

TEST_F(AgentS3Client, TheProxyOfTheEnvironmentIsAsked) {
    config_.proxy = "http://" + config_.endpoint;
    config_.endpoint = "store.invalid";
    EXPECT_EQ(call(get_request("k")).status, 200);
    EXPECT_EQ(server_.seen().at(0).target, "http://store.invalid/backup/k");
    EXPECT_EQ(headers().at("host"), "store.invalid");
    rig_.reset();
    config_.no_proxy = "10.0.0.0/8,.invalid";
    EXPECT_EQ(call(get_request("k")).status, 0) << "reached without it, and not there";
}

TEST_F(AgentS3Client, ItTellsWhatFailsAndWhenAWriteIsStoredAgain) {
    const std::string busy =
        http_answer(507, kError +
                             "XMinioStorageFull</Code><Message>Storage "
                             "backend has reached its limit</Message></Error>");
    std::string answer = busy;
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(answer); };
    for (int i = 0; i < 20; ++i) {
        answer = busy;
        call(put_request("k" + std::to_string(i), "x"));
        answer = http_answer(200, "x", "ETag: \"e\"\r\n");
        call(get_request(".ha/epoch"));  // reads work all the time
        answer = error_answer(412, "PreconditionFailed");
        call(put_request("k", "x"));  // and says nothing of storing
    }
    const RequestId aborted = rig().send(get_request("k"));
    rig().abort(aborted);
    wait(aborted);
    EXPECT_EQ(rig().lines, std::vector<std::string>{
                               "warning: bucket: PUT k0: answered 507 XMinioStorageFull: Storage "
                               "backend has reached its limit"});
    answer = http_answer(200, "", "ETag: \"e\"\r\n");
    call(put_request("k", "x"));
    ASSERT_EQ(rig().lines.size(), 2U);
    EXPECT_TRUE(rig().lines[1].starts_with("info: bucket: PUT works again, after 20 failures in "));
}

TEST_F(AgentS3Client, ARefusedConditionIsToldFromAnOutage) {
    struct Case {
        std::string answer;
        BucketOutcome outcome;
    };
    const std::string header = "<Header>If-None-Match</Header></Error>";
    const Case cases[] = {
        {error_answer(501, "NotImplemented"), BucketOutcome::refused},
        {http_answer(400, kError + "InvalidArgument</Code>" + header), BucketOutcome::refused},
        {error_answer(400, "InvalidArgument"), BucketOutcome::denied},
        {error_answer(500, "InternalError"), BucketOutcome::unknown},
    };
    for (const Case& one : cases) {
        handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(one.answer); };
        const BucketReply reply = call(put_request("k", "x", PutCondition::if_none_match));
        EXPECT_EQ(classify(BucketVerb::put, reply), one.outcome) << one.answer;
    }
}

TEST_F(AgentS3Client, AStalledPutLeavesInTwoParts) {
    SendBucket request = put_request("k", std::string(1000, 'p'), PutCondition::if_match, "old");
    request.stalled = true;
    const RequestId id = rig().send(request);
    for (const Instant end = boottime() + 5s; server_.body_bytes() < 500 && boottime() < end;)
        turn();
    idle(100ms);
    EXPECT_EQ(server_.body_bytes(), 500U);
    EXPECT_TRUE(server_.seen().empty());
    EXPECT_EQ(call(put_request("k", "between")).status, 200);
    EXPECT_EQ(server_.seen().size(), 1U);
    rig().resume(id);
    EXPECT_EQ(wait(id).status, 200);
    EXPECT_EQ(server_.seen().at(1).body, std::string(1000, 'p'));
    EXPECT_EQ(headers(1).at("if-match"), "\"old\"");
    rig().resume(id);  // too late, and ignored
    idle(20ms);
}

TEST_F(AgentS3Client, AStalledPutEndsAsOthersDo) {
    SendBucket request = put_request("k", std::string(1000, 'p'));
    request.stalled = true;
    auto half_has_left = [&, halves = std::size_t{0}]() mutable {
        const std::size_t bytes = 500 * ++halves;
        for (const Instant end = boottime() + 5s; server_.body_bytes() < bytes && boottime() < end;)
            turn();
    };
    const RequestId slow = rig().send(request, 2s);
    half_has_left();
    const BucketReply late = wait(slow);
    EXPECT_EQ(late.status, 0);
    EXPECT_FALSE(late.not_sent) << "half of it has left";
    const RequestId aborted = rig().send(request);
    half_has_left();
    rig().abort(aborted);
    EXPECT_EQ(wait(aborted).status, 0);
    const RequestId gated = rig().send(request);
    half_has_left();
    rig().gate.publish(boottime());
    rig().resume(gated);
    const BucketReply cut = wait(gated);
    EXPECT_EQ(cut.status, 0);
    EXPECT_FALSE(cut.not_sent);
    idle(50ms);
    for (const Seen& seen : server_.seen())
        EXPECT_FALSE(seen.whole) << "the rest left without a permit, or after its end";
    rig().gate.publish(kNever);
    EXPECT_EQ(call(put_request("k", "x")).status, 200);
}

TEST_F(AgentS3Client, AStalledPutThatIsResumedAtOnceIsAPut) {
    SendBucket request = put_request("k", "payload");
    request.stalled = true;
    const RequestId id = rig().send(request);
    rig().resume(id);
    EXPECT_EQ(wait(id).status, 200);
    EXPECT_EQ(server_.seen().at(0).body, "payload");
    request.body = put_request("k", "").body;
    EXPECT_EQ(call(request).status, 200) << "of nothing, nothing is held back";
}

TEST_F(AgentS3Client, ListTakesOnlyWholePages) {
    const std::string page =
        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>etl/a</Key>"
        "<ETag>&quot;e&quot;</ETag><Size>1</Size></Contents></ListBucketResult>";
    config_.prefix = "etl";
    handler_ = [&](const Seen&, const PeerPtr& peer) { peer->write(http_answer(200, page)); };
    EXPECT_EQ(keys_of(call(list_request("", "A"))), "a ...");
    EXPECT_EQ(server_.seen().at(0).target,
              "/backup/?encoding-type=url&list-type=2&max-keys=1000&prefix=etl%2F"
              "&start-after=etl%2FA");
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
            [](const char* name) {
                return std::string(name) == "AWS_EC2_METADATA_DISABLED" ? "true" : "";
            });
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "no credentials for the bucket: none in the bucket's secret (access_key, "
                     "secret_key), the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and "
                     "a shared credentials file (no HOME); no role (AWS_WEB_IDENTITY_TOKEN_FILE, "
                     "AWS_CONTAINER_CREDENTIALS_FULL_URI), and AWS_EC2_METADATA_DISABLED is true");
    }
}

}  // namespace
}  // namespace leasehold::agent::testing
