// Web identity, container and instance: what is asked on the wire, and what becomes of answers.
#include <chrono>

#include "agent/bucket/credentials_chain.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

const std::string kSts =
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
    "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>sk</SecretAccessKey>"
    "<SessionToken>st</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration>"
    "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
const std::string kService = R"({"AccessKeyId":"ASIA","SecretAccessKey":"sk","Token":"st",)"
                             R"("Expiration":"2199-01-01T00:00:00Z"})";
const Credentials kIssued{"ASIA", "sk", "st"};

class AgentCredentialsSources : public ::testing::Test {
  protected:
    Result<Grant, std::string> fetch(const RolePlan& plan) {
        if (!source_) source_ = make_role_source(plan, loop_, pool_);
        std::optional<Result<Grant, std::string>> result;
        bool inside = true;
        source_->fetch([&](Result<Grant, std::string> answer) {
            EXPECT_FALSE(inside);
            EXPECT_FALSE(result) << "answered twice";
            result = std::move(answer);
        });
        inside = false;
        EXPECT_TRUE(run_until(loop_, [&] { return result.has_value(); }));
        return result ? *result : Unexpected<std::string>{"(no answer)"};
    }
    std::string error(const RolePlan& plan) {
        const auto result = fetch(plan);
        return result ? "(credentials)" : result.error();
    }
    std::string base() const { return server_.url(""); }
    WebIdentityPlan web() const {
        WebIdentityPlan plan;
        plan.role = "arn:aws:iam::1:role/r";
        plan.token_file = folder_.file("token");
        plan.session = "me";
        plan.url = base();
        return plan;
    }
    ContainerPlan container() const {
        ContainerPlan plan;
        plan.url = server_.url("/v1/credentials");
        plan.token_file = folder_.file("token");
        return plan;
    }
    void answer(int status, const std::string& body) {
        handler_ = [=](const Seen&, const PeerPtr& peer) {
            peer->write(http_answer(status, body));
        };
    }

    TemporaryFolder folder_;
    asio::io_context loop_;
    FilePool pool_{loop_, 1};
    TestServer::Answer handler_;
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handler_(seen, peer); }};
    std::unique_ptr<CredentialsSource> source_;
};

TEST_F(AgentCredentialsSources, WebIdentity) {
    answer(200, kSts);
    folder_.write("token", "eyJ.a+b/c=\n");
    const auto grant = fetch(web());
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials, kIssued);
    EXPECT_TRUE(grant->role);
    EXPECT_EQ(*grant->life - grant->renew_after, Duration(5min));
    const Seen& seen = server_.seen().at(0);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.target, "/");
    EXPECT_EQ(seen.headers.at("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
    EXPECT_FALSE(seen.headers.contains("authorization")) << "it is not signed";
    EXPECT_EQ(seen.body,
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
              "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=me&"
              "WebIdentityToken=eyJ.a%2Bb%2Fc%3D");
    folder_.write("token", "second");
    ASSERT_TRUE(fetch(web()));
    EXPECT_NE(server_.seen().at(1).body.find("WebIdentityToken=second"), std::string::npos)
        << "the file is read anew";
}

TEST_F(AgentCredentialsSources, WebIdentityThatFails) {
    const std::string name = "web identity of arn:aws:iam::1:role/r (token " +
                             folder_.file("token") + ", STS " + base() + "): ";
    EXPECT_EQ(error(web()), name + "the token file " + folder_.file("token") + " can't be opened");
    folder_.write("token", " \n");
    EXPECT_EQ(error(web()),
              name + "the token file " + folder_.file("token") + " is empty or can't be read");
    folder_.write("token", "a\nb");
    EXPECT_EQ(error(web()), name + "the token file " + folder_.file("token") +
                                " holds line breaks or non-ASCII characters: no token");
    folder_.write("token", std::string(70000, 'x'));
    EXPECT_EQ(error(web()),
              name + "the token file " + folder_.file("token") + " is larger than 64 KiB");
    EXPECT_EQ(server_.seen().size(), 0U);
    folder_.write("token", "eyJhbGciOiJSUzI1NiJ9.x.y");
    answer(400,
           "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>No OpenIDConnect "
           "provider found</Message></Error></ErrorResponse>");
    EXPECT_EQ(error(web()),
              name + "answered 400 InvalidIdentityToken: No OpenIDConnect provider found");
    answer(200, "<html/>");
    EXPECT_EQ(error(web()), name + "its answer is not an AssumeRoleWithWebIdentityResponse");
    answer(200, std::string(100000, ' '));
    EXPECT_EQ(error(web()).substr(0, name.size()), name);
    answer(302, "");
    EXPECT_EQ(error(web()), name + "answered 302");
    handler_ = [](const Seen&, const PeerPtr& peer) { peer->close(); };
    EXPECT_EQ(error(web()).substr(0, name.size()), name);
}

TEST_F(AgentCredentialsSources, ASourceMayGoWhileItAsks) {
    folder_.write("token", "t");
    PeerPtr held;
    handler_ = [&](const Seen&, const PeerPtr& peer) { held = peer; };
    source_ = make_role_source(RolePlan(web()), loop_, pool_);
    source_->fetch([](const auto&) { FAIL() << "it is gone"; });
    EXPECT_TRUE(run_until(loop_, [&] { return held != nullptr; }));
    source_.reset();
    source_ = make_role_source(RolePlan(web()), loop_, pool_);
    source_->fetch([](const auto&) { FAIL() << "it is gone"; });
    source_.reset();
    const Instant end = boottime() + 100ms;
    run_until(loop_, [&] { return boottime() >= end; });
}

TEST_F(AgentCredentialsSources, Container) {
    answer(200, kService);
    folder_.write("token", "first\n");
    const auto grant = fetch(container());
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials, kIssued);
    EXPECT_EQ(server_.seen().at(0).method, "GET");
    EXPECT_EQ(server_.seen().at(0).target, "/v1/credentials");
    EXPECT_EQ(server_.seen().at(0).headers.at("authorization"), "first");
    folder_.write("token", "second");
    ASSERT_TRUE(fetch(container()));
    EXPECT_EQ(server_.seen().at(1).headers.at("authorization"), "second");
    answer(400, "{\"code\":\"AccessDenied\",\"message\":\"no association\"}");
    EXPECT_EQ(error(container()), "container credentials at " + container().url + " (token " +
                                      folder_.file("token") +
                                      "): answered 400 AccessDenied: no association");
    source_.reset();
    ContainerPlan plan = container();
    plan.token_file = "";
    plan.token = "Basic of environment";
    answer(200, kService);
    ASSERT_TRUE(fetch(plan));
    EXPECT_EQ(server_.seen().back().headers.at("authorization"), "Basic of environment");
    source_.reset();
    plan.token = "";
    ASSERT_TRUE(fetch(plan));
    EXPECT_FALSE(server_.seen().back().headers.contains("authorization"));
}

TEST_F(AgentCredentialsSources, Instance) {
    handler_ = [](const Seen& seen, const PeerPtr& peer) {
        const std::string roles = "/latest/meta-data/iam/security-credentials/";
        std::string body = "AQAE-session";
        if (seen.target == roles) body = "my-role\nother\n";
        if (seen.target == roles + "my-role") body = kService;
        peer->write(http_answer(200, body));
    };
    const auto grant = fetch(InstancePlan{base()});
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials, kIssued);
    EXPECT_EQ(grant->from, "instance role my-role");
    ASSERT_EQ(server_.seen().size(), 3U);
    EXPECT_EQ(server_.seen().at(0).method, "PUT");
    EXPECT_EQ(server_.seen().at(0).target, "/latest/api/token");
    EXPECT_EQ(server_.seen().at(0).headers.at("x-aws-ec2-metadata-token-ttl-seconds"), "300");
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
        EXPECT_EQ(server_.seen().at(i).method, "GET");
        EXPECT_EQ(server_.seen().at(i).headers.at("x-aws-ec2-metadata-token"), "AQAE-session");
    }
}

TEST_F(AgentCredentialsSources, InstanceThatFails) {
    const InstancePlan plan{base()};
    const std::string name = "instance metadata (IMDSv2) at " + base() + ": ";
    std::map<std::string, std::pair<int, std::string>> answers;
    handler_ = [&](const Seen& seen, const PeerPtr& peer) {
        const auto& [status, body] = answers[seen.target];
        peer->write(http_answer(status, body));
    };
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    auto& token = answers["/latest/api/token"] = {403, ""};
    EXPECT_EQ(error(plan), name + "token: answered 403");
    token = {200, "a b"};
    EXPECT_EQ(error(plan), name + "token: an answer that is no token");
    token = {200, std::string(5000, 't')};
    EXPECT_EQ(error(plan), name + "token: an answer that is no token");
    token = {200, "tok"};
    answers[roles] = {404, "<html/>"};
    EXPECT_EQ(error(plan), name + "role: this instance has none (answered 404)");
    answers[roles] = {200, ""};
    EXPECT_EQ(error(plan), name + "role: an answer that is no role's name");
    answers[roles] = {200, "r"};
    answers[roles + "r"] = {200, R"({"Code":"Failed","Message":"not now"})"};
    EXPECT_EQ(error(plan), name + "role r: it has none: Failed: not now");
    answers[roles + "r"] = {200, "{"};
    EXPECT_EQ(error(plan), name + "role r: its answer is not a JSON object");
    answers[roles + "r"] = {200, R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t",)"
                                 R"("Expiration":"2020-01-01T00:00:00Z"})"};
    EXPECT_EQ(error(plan), name + "role r: credentials that have ended by this machine's clock");
    PeerPtr held;
    handler_ = [&](const Seen&, const PeerPtr& peer) { held = peer; };
    const Instant began = boottime();
    EXPECT_NE(error(plan).find("(within a container the instance's hop limit must be 2)"),
              std::string::npos);
    EXPECT_LT(boottime() - began, Duration(3s)) << "where there is none nobody waits long";
}

TEST_F(AgentCredentialsSources, TheChainTakesKeysFirst) {
    const std::string secret = folder_.write(
        "s.yaml", "type: S3\nconfig: {bucket: b, endpoint: minio, access_key: K, secret_key: s}\n");
    BucketConfig config;
    config.file = secret;
    answer(200, kService);
    const auto nothing = [](const char*) { return std::string(); };
    ContainerPlan plan = container();
    plan.token_file = "";
    const auto chain = [&](bool role) {
        return std::make_unique<ChainSource>(
            KeySource(config, nothing),
            role ? make_role_source(plan, loop_, pool_) : std::unique_ptr<CredentialsSource>(),
            pool_, 45s);
    };
    source_ = chain(true);
    EXPECT_EQ(fetch({})->credentials, (Credentials{"K", "s", ""}));
    EXPECT_FALSE(fetch({})->role);
    folder_.write("s.yaml", "type: S3\nconfig: {bucket: b, endpoint: minio}\n");
    EXPECT_EQ(fetch({})->credentials, kIssued);
    folder_.write("s.yaml", "type: S3\n");
    EXPECT_FALSE(fetch({})) << "a torn file is no reason to become somebody else";
    folder_.write("s.yaml", "type: S3\nconfig: {bucket: b, endpoint: minio}\n");
    source_ = chain(false);
    EXPECT_EQ(error({}).find("no credentials for the bucket: "), 0U);
}

}  // namespace
}  // namespace leasehold::agent::testing
