// The client of Google Cloud Storage before a server of the test's own: tokens, steps, pages. And
// its secret, key by key.
#include <map>

#include <nlohmann/json.hpp>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/gcs_client.hpp"
#include "agent/bucket/s3_section.hpp"
#include "tests/unit/agent_bucket_google_key.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class AgentGcsClient : public ::testing::Test {
  protected:
    AgentGcsClient() {
        plan_.store_url = server_.url("");
        plan_.service_account = Json({{"type", "service_account"},
                                      {"private_key", test_key()},
                                      {"client_email", "etl@p"},
                                      {"token_uri", server_.url("/token")}})
                                    .dump();
        config_.type = BucketType::gcs;
        config_.bucket = "b";
        config_.prefix = "pre";
    }
    BucketRig& rig() {
        if (!rig_)
            rig_ = std::make_unique<BucketRig>(
                [this](const BucketContext& context, BucketClient::Deliver deliver) {
                    return std::make_unique<GcsClient>(config_, context, std::move(deliver), plan_);
                });
        return *rig_;
    }
    BucketReply call(const SendBucket& request, Duration timeout = 10s) {
        const RequestId id = rig().send(request, timeout);
        for (const Instant end = boottime() + 20s; !rig().answered(id) && boottime() < end;) {
            loop_.restart();
            loop_.poll();
            rig().idle(1ms);
        }
        return rig().wait(id);
    }
    /// Tokens are numbered; everything else is the test's.
    void serve(const TestServer::Answer& store) {
        handler_ = [this, store](const Seen& seen, const PeerPtr& peer) {
            if (seen.target != "/token") return store(seen, peer);
            peer->write(http_answer(
                200, Json({{"access_token", "t" + std::to_string(++tokens_)}, {"expires_in", 3599}})
                         .dump()));
        };
    }
    std::vector<std::string> targets() const {
        std::vector<std::string> all;
        for (const Seen& seen : server_.seen())
            if (seen.target != "/token") all.push_back(seen.method + " " + seen.target);
        return all;
    }

    asio::io_context loop_;
    TestServer::Answer handler_;
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handler_(seen, peer); }};
    int tokens_ = 0;
    GooglePlan plan_;
    BucketConfig config_;
    std::unique_ptr<BucketRig> rig_;
};

TEST_F(AgentGcsClient, OneTokenServesAllRequests) {
    serve([](const Seen&, const PeerPtr& peer) {
        peer->write(
            http_answer(200, "content", "X-Goog-Generation: 7\r\nX-Goog-Meta-Leasehold: s\r\n"));
    });
    for (int i = 0; i < 2; ++i) {
        const BucketReply reply = call(get_request("k"));
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.etag, ETag("7"));
        EXPECT_EQ(content_of(reply), "content");
        EXPECT_EQ(std::get<ObjectBodyPtr>(reply.content)->metadata, "s");
    }
    EXPECT_EQ(tokens_, 1);
    EXPECT_EQ(targets(), (std::vector<std::string>{"GET /b/pre/k", "GET /b/pre/k"}));
    EXPECT_EQ(server_.seen().at(1).headers.at("authorization"), "Bearer t1");
    EXPECT_EQ(server_.seen().at(1).headers.at("accept-encoding"), "gzip");
}

TEST_F(AgentGcsClient, AConditionalReadAsksForTheVersionFirst) {
    std::string generation = "7";
    serve([&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.starts_with("/storage/v1/b/b/o/pre%2Fk?fields=generation"))
            return peer->write(http_answer(200, Json({{"generation", generation}}).dump()));
        peer->write(http_answer(200, "new", "X-Goog-Generation: 8\r\n"));
    });
    const BucketReply same = call(get_request("k", "7"));
    EXPECT_EQ(same.status, 304);
    EXPECT_EQ(same.etag, ETag("7"));
    EXPECT_EQ(targets().size(), 1U) << "what is known already is not loaded again";
    generation = "8";
    const BucketReply changed = call(get_request("k", "7"));
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.etag, ETag("8"));
    EXPECT_EQ(content_of(changed), "new");
    EXPECT_EQ(targets().back(), "GET /b/pre/k");
}

TEST_F(AgentGcsClient, TheObjectMayBeGoneBetweenVersionAndContent) {
    serve([&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.starts_with("/storage"))
            return peer->write(http_answer(200, R"({"generation":"8"})"));
        peer->write(http_answer(404, "<Error><Code>NoSuchKey</Code></Error>"));
    });
    const BucketReply reply = call(get_request("k", "7"));
    EXPECT_EQ(classify(BucketVerb::get, reply), BucketOutcome::missing);
}

TEST_F(AgentGcsClient, TheDeadlineIsThatOfBothExchanges) {
    serve([&](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.starts_with("/storage"))
            peer->write(http_answer(200, R"({"generation":"8"})"));
    });
    const Instant before = boottime();
    EXPECT_EQ(call(get_request("k", "7"), 300ms).status, 0);
    EXPECT_LT(boottime() - before, Duration(5s));
}

TEST_F(AgentGcsClient, AnUploadIsOneRequestWithItsConditionAndDigest) {
    serve([](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, R"({"generation":"9"})"));
    });
    const BucketReply reply = call(put_request("k", "hello", PutCondition::if_match, "8"));
    EXPECT_EQ(reply.etag, ETag("9"));
    const Seen& seen = server_.seen().at(1);
    EXPECT_EQ(seen.method + " " + seen.target,
              "POST /upload/storage/v1/b/b/o?uploadType=multipart&fields=generation"
              "&ifGenerationMatch=8");
    EXPECT_NE(seen.body.find("\"md5Hash\":\"XUFAKrxLKna5cZ2REBfFkg==\""), std::string::npos);
    EXPECT_NE(seen.body.find("\r\n\r\nhello\r\n--"), std::string::npos);
}

TEST_F(AgentGcsClient, AnEmptyPageThatIsNotTheLastIsPassedOver) {
    serve([](const Seen& seen, const PeerPtr& peer) {
        if (seen.target.find("pageToken=T") == std::string::npos)
            return peer->write(http_answer(200, R"({"nextPageToken":"T"})"));
        peer->write(
            http_answer(200, R"({"items":[{"name":"pre/e/k","generation":"5","size":"1"}]})"));
    });
    EXPECT_EQ(keys_of(call(list_request("e/"))), "e/k");
    EXPECT_EQ(targets().size(), 2U);
}

TEST_F(AgentGcsClient, AnothersKeyNeedsNoGeneration) {
    serve([](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(
            200,
            R"({"items":[{"name":"pre/e/"},{"name":"pre/e/k","generation":"5","size":"1"}]})"));
    });
    EXPECT_EQ(keys_of(call(list_request("e/"))), "e/k");
}

TEST_F(AgentGcsClient, APageTokenThatComesAgainLeadsNowhere) {
    for (const char* items : {"[]", R"([{"name":"pre/e/","generation":"5","size":"0"}])"}) {
        rig_.reset();
        const std::size_t before = targets().size();
        serve([&](const Seen&, const PeerPtr& peer) {
            peer->write(
                http_answer(200, std::string(R"({"nextPageToken":"T","items":)") + items + "}"));
        });
        EXPECT_EQ(classify(BucketVerb::list, call(list_request("e/"), 500ms)),
                  BucketOutcome::unknown);
        EXPECT_EQ(targets().size() - before, 2U) << "again and again until the deadline";
        EXPECT_EQ(rig().lines.size(), 1U);
    }
}

/// Compressed on the way, since it is said that gzip is understood: what an object is stored in
/// comes in it, and nothing else. Or cut.
TEST_F(AgentGcsClient, ContentThatIsNotAsItIsStoredIsNone) {
    std::string stored = "7";
    serve([&](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(200, "\x1f\x8b...",
                                "X-Goog-Generation: 7\r\nX-Goog-Stored-Content-Encoding: identity"
                                "\r\nContent-Encoding: gzip\r\nX-Goog-Stored-Content-Length: " +
                                    stored + "\r\n"));
    });
    EXPECT_EQ(classify(BucketVerb::get, call(get_request("k"))), BucketOutcome::unknown);
    EXPECT_EQ(rig().lines, std::vector<std::string>{
                               "warning: bucket: GET k: the content came with 5 bytes, and is "
                               "stored with 7: something on the way changes it"});
    stored = "5";
    EXPECT_EQ(content_of(call(get_request("k"))), "\x1f\x8b...");
}

TEST_F(AgentGcsClient, ATokenThatIsRefusedIsReplaced) {
    serve([](const Seen& seen, const PeerPtr& peer) {
        const bool good = seen.headers.at("authorization") == "Bearer t2";
        peer->write(good ? http_answer(204, "") : http_answer(401, ""));
    });
    EXPECT_EQ(call(remove_request("k")).status, 401);
    for (const Instant end = boottime() + 5s; tokens_ < 2 && boottime() < end;) {
        loop_.restart();
        loop_.poll();
        rig().idle(1ms);
    }
    EXPECT_EQ(call(remove_request("k")).status, 204);
    EXPECT_EQ(tokens_, 2);
}

TEST_F(AgentGcsClient, WithoutATokenNothingLeaves) {
    handler_ = [](const Seen&, const PeerPtr& peer) {
        peer->write(http_answer(400, R"({"error":"invalid_grant","error_description":"no"})"));
    };
    const BucketReply reply = call(put_request("k", "x"), 2s);
    EXPECT_TRUE(reply.not_sent);
    EXPECT_TRUE(targets().empty());
    ASSERT_FALSE(rig().lines.empty());
    EXPECT_EQ(rig().lines.front(),
              "warning: bucket: PUT k: no credentials: service account etl@p: answered 400 "
              "invalid_grant: no");
}

TEST_F(AgentGcsClient, AnEmulatorIsAskedWithoutAToken) {
    plan_.emulator = true;
    serve([](const Seen&, const PeerPtr& peer) { peer->write(http_answer(404, "Not Found\n")); });
    EXPECT_EQ(classify(BucketVerb::get, call(get_request("k"))), BucketOutcome::missing);
    EXPECT_EQ(tokens_, 0);
    EXPECT_FALSE(server_.seen().at(0).headers.contains("authorization"));
    EXPECT_EQ(targets().at(0), "GET /download/storage/v1/b/b/o/pre%2Fk")
        << "it knows no other path under a name that is not its own";
}

std::string secret_of(const std::string& line) {
    const std::string bucket = line.starts_with("bucket:") ? "" : "  bucket: b\n";
    return "type: GCS\nconfig:\n" + bucket + (line.empty() ? "" : "  " + line + "\n");
}

TEST(AgentGcsSecret, EachKeyIsInForceOrNamedAsWithoutEffect) {
    const std::string account = Json(Json({{"type", "service_account"},
                                           {"private_key", test_key()},
                                           {"client_email", "e@p"}})
                                         .dump())
                                    .dump();
    std::map<std::string_view, std::string> lines{
        {"bucket", "bucket: other"},
        {"service_account", "service_account: " + account},
        {"use_grpc", "use_grpc: true"},
        {"grpc_conn_pool_size", "grpc_conn_pool_size: 4"},
        {"http_config", "http_config: {insecure_skip_verify: true}"},
        {"chunk_size_bytes", "chunk_size_bytes: 16777216"},
        {"max_retries", "max_retries: 3"}};
    const auto base = parse_bucket_config(secret_of(""), "s");
    ASSERT_TRUE(base) << base.error();
    EXPECT_EQ(base->type, BucketType::gcs);
    EXPECT_TRUE(base->without_effect.empty());
    for (const auto key : kGcsKeys) {
        const auto with = parse_bucket_config(secret_of(lines.at(key)), "s");
        ASSERT_TRUE(with) << with.error();
        EXPECT_NE(*with, *base) << key << " is accepted and does nothing";
        const auto blank = parse_bucket_config(secret_of(std::string(key) + ":"), "s");
        if (key != "bucket") {
            EXPECT_EQ(*blank, *base) << key;
        }
    }
    for (const auto key : kHttpKeys) {
        const std::string value = key == "tls_config"        ? "{ca_file: f}"
                                  : key.ends_with("timeout") ? "5s"
                                  : key.starts_with("max")   ? "7"
                                                             : "true";
        const auto with = parse_bucket_config(
            secret_of("http_config: {" + std::string(key) + ": " + value + "}"), "s");
        ASSERT_TRUE(with) << with.error();
        EXPECT_NE(*with, *base) << key << " is accepted and does nothing";
    }
}

TEST(AgentGcsSecret, AServiceAccountAsItIsDocumented) {
    std::string text = "type: GCS\nconfig:\n  bucket: \"kc\"\n  service_account: |-\n";
    std::istringstream lines(
        Json({{"type", "service_account"}, {"private_key", test_key()}, {"client_email", "e@p"}})
            .dump(2));
    for (std::string line; std::getline(lines, line);)
        text += "    " + line + "\n";
    const auto config = parse_bucket_config(text + "prefix: \"a\"\n", "s");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(Json::parse(config->service_account).at("client_email"), "e@p");
    EXPECT_EQ(config->prefix, "a");
}

TEST(AgentGcsSecret, WhatIsWrongHasItsPlaceAndShowsNoSecret) {
    const auto error = [](const std::string& line) {
        const auto config = parse_bucket_config(secret_of(line), "s");
        return config ? "accepted" : config.error();
    };
    EXPECT_EQ(error("bucket:"), "s:3:3: config.bucket: missing: the bucket's name");
    EXPECT_EQ(error("service_account: '{}'"),
              "s:4:20: config.service_account: type: expected service_account, authorized_user or "
              "external_account");
    EXPECT_EQ(error("service_account: {type: service_account, private_key: s3cret}"),
              "s:4:20: config.service_account: expected the credentials file as a text "
              "(\"service_account: |-\", and the file below it, indented)");
    EXPECT_EQ(error("acces_key: a"),
              "s:4:3: unknown key \"acces_key\" in config (expected one of "
              "bucket, service_account, use_grpc, grpc_conn_pool_size, "
              "http_config, chunk_size_bytes, max_retries)");
    EXPECT_EQ(error("endpoint: a"),
              "s:4:3: misplaced key \"endpoint\" in config: it belongs in config of type S3");
    EXPECT_EQ(error("prefix: a"),
              "s:4:3: misplaced key \"prefix\" in config: it belongs at the top level, beside type "
              "and config");
}

}  // namespace
}  // namespace leasehold::agent::testing
