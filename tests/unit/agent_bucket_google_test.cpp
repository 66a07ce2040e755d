// Google's credentials: files, assertions, what is asked on the wire, and what becomes of answers.
#include <chrono>

#include <nlohmann/json.hpp>

#include "agent/bucket/google_jwt.hpp"
#include "agent/bucket/google_plan.hpp"
#include "agent/bucket/google_source.hpp"
#include "tests/unit/agent_bucket_google_key.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

std::string error_of(const Json& json) {
    const auto key = parse_google_key(json.dump());
    return key ? "accepted" : key.error();
}

Json service_account(const std::string& token_url = "https://oauth2.googleapis.com/token") {
    return {{"type", "service_account"},
            {"project_id", "p"},
            {"private_key_id", "k1"},
            {"private_key", test_key()},
            {"client_email", "etl@p.iam.gserviceaccount.com"},
            {"client_id", "1"},
            {"token_uri", token_url}};
}

Json external_account(const std::string& base, const Json& source) {
    return {{"type", "external_account"},
            {"audience", "//iam.googleapis.com/projects/1/locations/global/x"},
            {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
            {"token_url", base + "/sts"},
            {"credential_source", source}};
}

TEST(AgentGoogleKey, ServiceAccount) {
    const auto key = parse_google_key(service_account().dump());
    ASSERT_TRUE(key) << key.error();
    const auto& account = std::get<ServiceAccountKey>(*key);
    EXPECT_EQ(account.email, "etl@p.iam.gserviceaccount.com");
    EXPECT_EQ(account.key_id, "k1");
    EXPECT_EQ(account.token_url, "https://oauth2.googleapis.com/token");
    EXPECT_EQ(name_of(*key), "service account etl@p.iam.gserviceaccount.com");
    Json json = service_account();
    json.erase("token_uri");
    EXPECT_EQ(std::get<ServiceAccountKey>(*parse_google_key(json.dump())).token_url,
              "https://oauth2.googleapis.com/token");
}

TEST(AgentGoogleKey, WhatIsWrongIsNamedAndNotShown) {
    EXPECT_EQ(parse_google_key("{").error(),
              "not a JSON object: expected a Google credentials file");
    EXPECT_EQ(error_of({{"type", "impersonated_service_account"}}),
              "type: impersonated_service_account is not supported");
    EXPECT_EQ(error_of({{"type", "s3cret"}}),
              "type: expected service_account, authorized_user or external_account");
    Json json = service_account();
    json["private_key"] = "-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----";
    EXPECT_EQ(error_of(json), "private_key: not an RSA key in PEM form (are its \\n still there?)");
    json["private_key"] = "";
    EXPECT_EQ(error_of(json), "private_key: missing");
    json = service_account();
    json["client_email"] = "a b";
    EXPECT_EQ(error_of(json), "client_email: blanks or non-ASCII characters");
    json["client_email"] = 7;
    EXPECT_EQ(error_of(json), "client_email: missing");
    EXPECT_EQ(error_of(service_account("http://example.com/token")),
              "token_uri: plain HTTP goes to this machine alone (use https)");
    EXPECT_EQ(error_of({{"type", "authorized_user"}, {"client_id", "i"}}),
              "client_secret: missing");
    EXPECT_EQ(error_of(external_account("https://x", {{"environment_id", "aws1"}})),
              "credential_source.environment_id: not supported (expected file or url)");
    json = external_account("https://x", {{"file", "f"}});
    json["service_account_impersonation"] = {{"token_lifetime_seconds", 60}};
    EXPECT_EQ(error_of(json),
              "service_account_impersonation.token_lifetime_seconds: expected 600 to 43200");
}

TEST(AgentGoogleKey, AnAssertionIsSignedByTheKey) {
    const auto key = std::get<ServiceAccountKey>(*parse_google_key(service_account().dump()));
    const auto jwt = service_account_assertion(key, "scope", WallTime(1795841747s));
    ASSERT_TRUE(jwt);
    const auto [header, claims] = verified_jwt(*jwt);
    EXPECT_EQ(Json::parse(header), Json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "k1"}}));
    EXPECT_EQ(Json::parse(claims), Json({{"iss", "etl@p.iam.gserviceaccount.com"},
                                         {"scope", "scope"},
                                         {"aud", "https://oauth2.googleapis.com/token"},
                                         {"iat", 1795841747},
                                         {"exp", 1795841747 + 3600}}));
}

class AgentGoogleSource : public ::testing::Test {
  protected:
    AgentGoogleSource() {
        plan_.store_url = "https://storage.googleapis.com";
        plan_.metadata_url = server_.url("");
        plan_.named_file = folder_.file("adc.json");
    }
    Result<Grant, std::string> fetch() {
        GoogleSource source(plan_, loop_, pool_);
        std::optional<Result<Grant, std::string>> result;
        bool inside = true;
        source.fetch([&](Result<Grant, std::string> answer) {
            EXPECT_FALSE(inside);
            EXPECT_FALSE(result) << "answered twice";
            result = std::move(answer);
        });
        inside = false;
        EXPECT_TRUE(run_until(loop_, [&] { return result.has_value(); }));
        return result ? *result : Unexpected<std::string>{"(no answer)"};
    }
    std::string error() {
        const auto result = fetch();
        return result ? "(a token)" : result.error();
    }
    void answer(int status, const std::string& body, const std::string& headers = "") {
        handler_ = [=](const Seen&, const PeerPtr& peer) {
            peer->write(http_answer(status, body, headers));
        };
    }
    const Seen& seen(std::size_t index = 0) const { return server_.seen().at(index); }

    TemporaryFolder folder_;
    asio::io_context loop_;
    FilePool pool_{loop_, 1};
    TestServer::Answer handler_;
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handler_(seen, peer); }};
    GooglePlan plan_;
};

const std::string kToken = R"({"access_token":"ya29.t","expires_in":3599,"token_type":"Bearer"})";

TEST_F(AgentGoogleSource, AServiceAccountsKey) {
    answer(200, kToken);
    folder_.write("adc.json", service_account(server_.url("/token")).dump());
    const auto grant = fetch();
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials, (Credentials{"", "", "ya29.t"}));
    EXPECT_TRUE(grant->role);
    EXPECT_GT(*grant->life, Duration(3590s));
    EXPECT_EQ(*grant->life - grant->renew_after, Duration(5min));
    EXPECT_EQ(seen().method, "POST");
    EXPECT_EQ(seen().target, "/token");
    EXPECT_EQ(seen().headers.at("content-type"), "application/x-www-form-urlencoded");
    const std::string begin =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    ASSERT_TRUE(seen().body.starts_with(begin)) << seen().body;
    const auto claims = Json::parse(verified_jwt(seen().body.substr(begin.size())).second);
    EXPECT_EQ(claims.at("aud"), server_.url("/token"));
    EXPECT_EQ(claims.at("scope"), "https://www.googleapis.com/auth/devstorage.read_write");
}

TEST_F(AgentGoogleSource, AKeyThatIsRefused) {
    folder_.write("adc.json", service_account(server_.url("/token")).dump());
    const std::string name = "service account etl@p.iam.gserviceaccount.com: ";
    answer(400, R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})");
    EXPECT_EQ(error(), name + "answered 400 invalid_grant: Invalid JWT Signature.");
    answer(200, "{}");
    EXPECT_EQ(error(), name + "an answer without a usable access_token");
    answer(200, R"({"access_token":"a\nb","expires_in":3599})");
    EXPECT_EQ(error(), name + "an answer without a usable access_token");
    answer(200, R"({"access_token":"a","expires_in":"soon"})");
    EXPECT_EQ(error(), name + "an answer without a usable expires_in");
    answer(200, R"({"access_token":"a","expires_in":0})");
    EXPECT_EQ(error(), name + "credentials that have ended by this machine's clock");
    answer(200, "<html/>");
    EXPECT_EQ(error(), name + "its answer is not a JSON object");
    handler_ = [](const Seen&, const PeerPtr& peer) { peer->close(); };
    EXPECT_EQ(error().substr(0, name.size()), name);
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        peer->write(http_answer(400, seen.body));
    };
    EXPECT_EQ(error(), name + "answered 400: (its words repeat the token)");
}

TEST_F(AgentGoogleSource, TheFileIsReadAnew) {
    answer(200, kToken);
    EXPECT_EQ(error(),
              "GOOGLE_APPLICATION_CREDENTIALS: the file " + plan_.named_file + " can't be opened");
    folder_.write("adc.json", "{}");
    EXPECT_EQ(error(), plan_.named_file +
                           ": type: expected service_account, authorized_user or "
                           "external_account");
    folder_.write("adc.json", service_account(server_.url("/token")).dump());
    EXPECT_TRUE(fetch());
}

TEST_F(AgentGoogleSource, TheSecretGoesFirstAndTheUsualFileLast) {
    answer(200, kToken);
    plan_.usual_file = folder_.file("usual.json");
    folder_.write("usual.json", Json({{"type", "authorized_user"},
                                      {"client_id", "i"},
                                      {"client_secret", "s&s"},
                                      {"refresh_token", "1//r"},
                                      {"token_uri", server_.url("/usual")}})
                                    .dump());
    folder_.write("adc.json", service_account(server_.url("/named")).dump());
    plan_.service_account = service_account(server_.url("/secret")).dump();
    ASSERT_TRUE(fetch());
    plan_.service_account.clear();
    ASSERT_TRUE(fetch());
    plan_.named_file.clear();
    ASSERT_TRUE(fetch());
    EXPECT_EQ(seen(0).target, "/secret");
    EXPECT_EQ(seen(1).target, "/named");
    EXPECT_EQ(seen(2).target, "/usual");
    EXPECT_EQ(seen(2).body,
              "grant_type=refresh_token&client_id=i&client_secret=s%26s&refresh_token=1%2F%2Fr");
}

TEST_F(AgentGoogleSource, TheMetadataServer) {
    plan_.named_file.clear();
    answer(200, kToken, "Metadata-Flavor: Google\r\n");
    const auto grant = fetch();
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials.session_token, "ya29.t");
    EXPECT_EQ(seen().target, "/computeMetadata/v1/instance/service-accounts/default/token");
    EXPECT_EQ(seen().headers.at("metadata-flavor"), "Google");
    const std::string name = "metadata server at " + server_.url("") + ": ";
    answer(200, kToken);
    EXPECT_EQ(error(), name + "its answer is not a metadata server's (no Metadata-Flavor)");
    answer(404, "Not Found\n", "Metadata-Flavor: Google\r\n");
    EXPECT_EQ(error(), name + "answered 404: Not Found");
}

TEST_F(AgentGoogleSource, WorkloadIdentityFederation) {
    folder_.write("adc.json",
                  external_account(server_.url(""), {{"file", folder_.file("token")}}).dump());
    folder_.write("token", "eyJ.a.b\n");
    answer(200, kToken);
    const auto grant = fetch();
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials.session_token, "ya29.t");
    EXPECT_EQ(seen().target, "/sts");
    EXPECT_EQ(seen().body,
              "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
              "&audience=%2F%2Fiam.googleapis.com%2Fprojects%2F1%2Flocations%2Fglobal%2Fx"
              "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
              "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
              "&subject_token=eyJ.a.b"
              "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdevstorage.read_write");
}

TEST_F(AgentGoogleSource, FederationThatImpersonatesAServiceAccount) {
    Json json = external_account(
        server_.url(""), {{"url", server_.url("/subject")},
                          {"headers", {{"X-Who", "me"}}},
                          {"format", {{"type", "json"}, {"subject_token_field_name", "value"}}}});
    json["service_account_impersonation_url"] = server_.url("/impersonate");
    json["service_account_impersonation"] = {{"token_lifetime_seconds", 1200}};
    folder_.write("adc.json", json.dump());
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        if (seen.target == "/subject") return peer->write(http_answer(200, R"({"value":"sub"})"));
        if (seen.target == "/sts")
            return peer->write(http_answer(200, R"({"access_token":"f","expires_in":3600})"));
        peer->write(
            http_answer(200, R"({"accessToken":"imp","expireTime":"2199-01-01T00:00:00Z"})"));
    };
    const auto grant = fetch();
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials.session_token, "imp");
    EXPECT_EQ(seen(0).headers.at("x-who"), "me");
    EXPECT_NE(seen(1).body.find("subject_token=sub&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth"
                                "%2Fcloud-platform"),
              std::string::npos)
        << seen(1).body;
    EXPECT_EQ(seen(2).headers.at("authorization"), "Bearer f");
    EXPECT_EQ(Json::parse(seen(2).body),
              Json({{"scope", {"https://www.googleapis.com/auth/devstorage.read_write"}},
                    {"lifetime", "1200s"}}));
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        if (seen.target == "/subject") return peer->write(http_answer(200, R"({"value":"sub"})"));
        if (seen.target == "/sts")
            return peer->write(http_answer(200, R"({"access_token":"f","expires_in":3600})"));
        peer->write(http_answer(403, R"({"error":{"code":403,"message":"Permission denied",)"
                                     R"("status":"PERMISSION_DENIED"}})"));
    };
    EXPECT_EQ(error(), "workload identity federation (token " + server_.url("/subject") +
                           "): answered 403 PERMISSION_DENIED: Permission denied");
}

VariableLookup variables(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const char* name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
    };
}

TEST(AgentGooglePlan, WhatTheVariablesSay) {
    const BucketConfig config;
    const auto plain = plan_google(config, variables({{"HOME", "/none"}}));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->store_url, "https://storage.googleapis.com");
    EXPECT_FALSE(plain->emulator);
    EXPECT_EQ(plain->metadata_url, "http://metadata.google.internal");
    EXPECT_EQ(plain->usual_file, "/none/.config/gcloud/application_default_credentials.json");
    EXPECT_EQ(*describe_google(config, variables({{"HOME", "/none"}})),
              "the metadata server at http://metadata.google.internal");
    for (const char* const host : {"localhost:4443", "http://localhost:4443/"}) {
        const auto emulated = plan_google(config, variables({{"STORAGE_EMULATOR_HOST", host}}));
        ASSERT_TRUE(emulated);
        EXPECT_EQ(emulated->store_url, "http://localhost:4443");
        EXPECT_TRUE(emulated->emulator);
    }
    EXPECT_EQ(plan_google(config, variables({{"STORAGE_EMULATOR_HOST", "http://:1"}})).error(),
              "STORAGE_EMULATOR_HOST: expected a URL with a host's name or address, and no user");
    EXPECT_EQ(plan_google(config, variables({{"GCE_METADATA_HOST", "10.0.0.1:8080"}}))
                  .value()
                  .metadata_url,
              "http://10.0.0.1:8080");
    EXPECT_EQ(plan_google(config, variables({{"GCE_METADATA_HOST", "a b"}})).error(),
              "GCE_METADATA_HOST: expected a URL with a host's name or address, and no user");
}

TEST(AgentGooglePlan, ACloudOfItsOwn) {
    TemporaryFolder folder;
    Json json = service_account();
    json["universe_domain"] = "cloud.example";
    folder.write("adc.json", json.dump());
    const auto environment =
        variables({{"GOOGLE_APPLICATION_CREDENTIALS", folder.file("adc.json")}});
    EXPECT_EQ(plan_google({}, environment).value().store_url, "https://storage.cloud.example");
    EXPECT_EQ(*describe_google({}, environment),
              "service account etl@p.iam.gserviceaccount.com (" + folder.file("adc.json") + ")");
}

}  // namespace
}  // namespace leasehold::agent::testing
