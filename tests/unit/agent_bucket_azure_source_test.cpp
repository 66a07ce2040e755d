// Tokens of Microsoft Entra: what is asked on the wire, and what becomes of answers.
#include <map>
#include <optional>

#include "agent/bucket/azure_source.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

const std::string kToken = R"({"token_type":"Bearer","expires_in":3599,"access_token":"eyJ"})";
const std::string kManaged = R"({"expires_in":"86399","access_token":"eyJ","client_id":"u"})";

class AgentAzureSource : public ::testing::Test {
  protected:
    Result<Grant, std::string> fetch(const std::string& lines,
                                     std::map<std::string, std::string> variables) {
        variables["AZURE_AUTHORITY_HOST"] = server_.url("");
        variables["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = server_.url("");
        const auto config = parse_bucket_config(
            "type: AZURE\nconfig: {container: c, storage_account: acc" + lines + "}\n", "s");
        const auto plan = plan_azure(*config, [&](const char* name) { return variables[name]; });
        if (!plan) return Unexpected<std::string>{plan.error()};
        AzureSource source(*config, *plan, loop_, pool_);
        std::optional<Result<Grant, std::string>> result;
        source.fetch([&](Result<Grant, std::string> answer) { result = std::move(answer); });
        EXPECT_TRUE(run_until(loop_, [&] { return result.has_value(); }));
        return result ? *result : Unexpected<std::string>{"(no answer)"};
    }
    void answer(int status, const std::string& body) {
        handler_ = [=, this](const Seen& seen, const PeerPtr& peer) {
            seen_ = seen;
            peer->write(http_answer(status, body));
        };
    }

    TemporaryFolder folder_;
    asio::io_context loop_;
    FilePool pool_{loop_, 1};
    Seen seen_;
    TestServer::Answer handler_;
    TestServer server_{loop_,
                       [this](const Seen& seen, const PeerPtr& peer) { handler_(seen, peer); }};
};

TEST_F(AgentAzureSource, WorkloadIdentityReadsItsFileAnew) {
    answer(200, kToken);
    const std::map<std::string, std::string> variables{
        {"AZURE_TENANT_ID", "ten"},
        {"AZURE_CLIENT_ID", "cli"},
        {"AZURE_FEDERATED_TOKEN_FILE", folder_.file("token")}};
    for (const std::string token : {"first", "second"}) {
        folder_.write("token", token + "\n");
        const auto grant = fetch("", variables);
        ASSERT_TRUE(grant) << grant.error();
        EXPECT_EQ(grant->credentials, (Credentials{"", "", "eyJ"}));
        EXPECT_LT(grant->renew_after, *grant->life);
        EXPECT_NE(seen_.body.find("client_assertion=" + token), std::string::npos);
        EXPECT_NE(seen_.body.find("scope=https%3A%2F%2Fstorage.azure.com%2F.default"),
                  std::string::npos);
    }
}

TEST_F(AgentAzureSource, ClientSecretStaysOutOfErrors) {
    const std::string lines = ", az_tenant_id: ten, client_id: cli, client_secret: longsecretvalue";
    answer(200, kToken);
    ASSERT_TRUE(fetch(lines, {}));
    EXPECT_NE(seen_.body.find("client_secret=longsecretvalue"), std::string::npos);
    answer(401, R"({"message":"bad longsecretvalue"})");
    const auto refused = fetch(lines, {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().find("answered 401"), std::string::npos) << refused.error();
    EXPECT_EQ(refused.error().find("longsecretvalue"), std::string::npos) << refused.error();
}

TEST_F(AgentAzureSource, ManagedIdentityAnswersWithNumbersInQuotes) {
    answer(200, kManaged);
    const auto grant = fetch(", user_assigned_id: u", {});
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->life, std::chrono::seconds(86399));
    answer(200, R"({"expires_in":"soon","access_token":"eyJ"})");
    EXPECT_FALSE(fetch("", {}));
}

TEST_F(AgentAzureSource, KeysOfTheSecret) {
    const auto grant = fetch(", storage_account_key: SmVmZQ==", {});
    ASSERT_TRUE(grant) << grant.error();
    EXPECT_EQ(grant->credentials, (Credentials{"acc", "SmVmZQ==", ""}));
    EXPECT_FALSE(grant->role);
}

}  // namespace
}  // namespace leasehold::agent::testing
