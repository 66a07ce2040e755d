// Which credentials are in force by what is configured, before anybody is asked.
#include <map>

#include <gtest/gtest.h>

#include "agent/bucket/credentials_plan.hpp"
#include "agent/bucket/service_url.hpp"

namespace leasehold::agent {
namespace {

using Variables = std::map<std::string, std::string>;

VariableLookup lookup(const Variables& variables) {
    return [variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

BucketConfig bucket() {
    BucketConfig config;
    config.bucket = "b";
    config.endpoint = "s3.eu-central-1.amazonaws.com";
    return config;
}

const Variables kIrsa{{"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/backups"},
                      {"AWS_WEB_IDENTITY_TOKEN_FILE", "/t/token"}};

Variables with(Variables variables, const Variables& more) {
    for (const auto& [name, value] : more)
        variables[name] = value;
    return variables;
}

std::string error_of(const Variables& variables) {
    const auto plan = plan_role(bucket(), lookup(variables));
    return plan ? "(none)" : plan.error();
}

std::string described(const Variables& variables, const BucketConfig& config = bucket()) {
    const auto text = describe_credentials(config, lookup(variables));
    return text ? *text : "error: " + text.error();
}

TEST(AgentCredentialsPlan, InTheOrderOfTheSdks) {
    Variables all = with(kIrsa, {{"AWS_ACCESS_KEY_ID", "A"},
                                 {"AWS_SECRET_ACCESS_KEY", "s"},
                                 {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c"},
                                 {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"},
                                 {"AWS_REGION", "eu-west-1"}});
    BucketConfig keys = bucket();
    keys.access_key = keys.secret_key = "k";
    EXPECT_EQ(described(all, keys), "the bucket's secret");
    EXPECT_EQ(described(all), "environment (AWS_ACCESS_KEY_ID)");
    all.erase("AWS_ACCESS_KEY_ID");
    all.erase("AWS_SECRET_ACCESS_KEY");
    EXPECT_EQ(described(all),
              "web identity of arn:aws:iam::123456789012:role/backups (token /t/token, STS "
              "https://sts.eu-west-1.amazonaws.com)");
    all.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
    EXPECT_EQ(described(all), "container credentials at http://169.254.170.2/v2/x");
    all.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    all["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/t/pod";
    all["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "sesame";
    EXPECT_EQ(described(all), "container credentials at http://127.0.0.1/c (token /t/pod)");
    all.erase("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    EXPECT_EQ(described(all),
              "container credentials at http://127.0.0.1/c (token of the environment)");
    all.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    EXPECT_EQ(described(all), "instance metadata (IMDSv2) at http://169.254.169.254");
    all["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
    EXPECT_EQ(described(all), "instance metadata (IMDSv2) at http://[fd00:ec2::254]");
    all["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://localhost:1338/";
    EXPECT_EQ(described(all), "instance metadata (IMDSv2) at http://localhost:1338");
    all["AWS_EC2_METADATA_DISABLED"] = "True";
    EXPECT_EQ(described(all),
              "no credentials for the bucket: none in the bucket's secret (access_key, "
              "secret_key), the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and a "
              "shared credentials file (no HOME); no role (AWS_WEB_IDENTITY_TOKEN_FILE, "
              "AWS_CONTAINER_CREDENTIALS_FULL_URI), and AWS_EC2_METADATA_DISABLED is true");
}

TEST(AgentCredentialsPlan, RegionsOfSts) {
    const auto url = [](const Variables& more, BucketConfig config = bucket()) {
        const auto plan = plan_role(config, lookup(with(kIrsa, more)));
        return plan ? std::get<WebIdentityPlan>(*plan).url : plan.error();
    };
    EXPECT_EQ(url({}), "https://sts.eu-central-1.amazonaws.com") << "of the bucket's endpoint";
    EXPECT_EQ(url({{"AWS_DEFAULT_REGION", "us-east-2"}}), "https://sts.us-east-2.amazonaws.com");
    EXPECT_EQ(url({{"AWS_DEFAULT_REGION", "us-east-2"}, {"AWS_REGION", "cn-north-1"}}),
              "https://sts.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(url({{"AWS_REGION", "us-gov-west-1"}}), "https://sts.us-gov-west-1.amazonaws.com");
    const Variables legacy{{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}};
    EXPECT_EQ(url(legacy), "https://sts.amazonaws.com");
    EXPECT_EQ(url(with(legacy, {{"AWS_REGION", "ap-east-1"}})),
              "https://sts.ap-east-1.amazonaws.com");
    EXPECT_EQ(url({{"AWS_ENDPOINT_URL_STS", "http://moto:5000/"}}), "http://moto:5000");
    BucketConfig other = bucket();
    other.endpoint = "minio:9000";
    EXPECT_EQ(url({}, other), "https://sts.amazonaws.com");
    other.sts_endpoint = "https://minio:9000";
    EXPECT_EQ(url({{"AWS_ENDPOINT_URL_STS", "http://moto:5000"}}, other), "https://minio:9000");
    other.sts_endpoint = "sts";
    EXPECT_EQ(url({}, other),
              "the bucket secret's sts_endpoint: expected a URL that begins with http:// or "
              "https://");
    EXPECT_EQ(url({{"AWS_REGION", "x.evil.example/"}}), "AWS_REGION: not a region's name");
    EXPECT_EQ(url({{"AWS_STS_REGIONAL_ENDPOINTS", "global"}}),
              "AWS_STS_REGIONAL_ENDPOINTS: expected regional or legacy");
    EXPECT_EQ(url({{"AWS_ENDPOINT_URL_STS", "https://user@sts"}}),
              "AWS_ENDPOINT_URL_STS: expected a URL with a host's name or address, and no user");
}

TEST(AgentCredentialsPlan, SessionsAndRoles) {
    const auto session = [](const Variables& more) {
        const auto plan = plan_role(bucket(), lookup(with(kIrsa, more)));
        return plan ? std::get<WebIdentityPlan>(*plan).session : plan.error();
    };
    EXPECT_EQ(session({}), "leasehold-agent");
    EXPECT_EQ(session({{"POD_NAME", "cost-0"}}), "leasehold-cost-0");
    EXPECT_EQ(session({{"POD_NAME", std::string(200, 'p')}}).size(), 64U);
    EXPECT_EQ(session({{"AWS_ROLE_SESSION_NAME", "me@x"}}), "me@x");
    const std::string expected =
        "AWS_ROLE_SESSION_NAME: expected 2 to 64 letters, digits and characters of _=,.@+-";
    for (const std::string& bad : {std::string("x"), std::string("a b"), std::string(65, 'x')})
        EXPECT_EQ(session({{"AWS_ROLE_SESSION_NAME", bad}}), expected);
    EXPECT_EQ(error_of({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}}),
              "AWS_ROLE_ARN is missing: AWS_WEB_IDENTITY_TOKEN_FILE needs it");
    EXPECT_EQ(session({{"AWS_ROLE_ARN", "backups"}}),
              "AWS_ROLE_ARN: expected a role's ARN, arn:aws:iam::ACCOUNT:role/NAME");
}

TEST(AgentCredentialsPlan, ForeignHostsGetNoPlainHttp) {
    const auto full = [](const std::string& url) {
        return error_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}});
    };
    for (const char* const good :
         {"http://127.0.0.1:8080/c", "http://127.9.9.9/c", "http://localhost/c",
          "http://[::1]:80/c", "http://169.254.170.2/c", "http://169.254.170.23/v1/credentials",
          "http://[fd00:ec2::23]/v1/credentials", "https://credentials.example/c"})
        EXPECT_EQ(full(good), "(none)") << good;
    EXPECT_EQ(full("http://credentials.example/c"),
              "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain HTTP goes to loopback, 169.254.170.2, "
              "169.254.170.23 and [fd00:ec2::23] alone, not to credentials.example (use https)");
    for (const char* const bad : {"http://169.254.169.254/c",
                                  "http://10.0.0.1/c",
                                  "http://[::2]/c",
                                  "http://127.1/c",
                                  "http://localhost.evil.example/c",
                                  "http://0x7f000001/c",
                                  "http://127.0.0.1.evil/c",
                                  "http://127.0.0.1@evil/c",
                                  "http://evil\\@127.0.0.1/c",
                                  "http://[::1/c",
                                  "http://[]/c",
                                  "http://[::1]evil/c",
                                  "ftp://127.0.0.1/c",
                                  "127.0.0.1/c",
                                  "http:///c",
                                  "http://",
                                  "http://127.0.0.1:0/c",
                                  "http://127.0.0.1:99999/c",
                                  "http://127.0.0.1:80:90/c",
                                  "http://127.0.0.1/a b",
                                  "http://127.0.0.1/\r\nX: y",
                                  "http://127.0.0.1/#f"})
        EXPECT_NE(full(bad), "(none)") << bad;
    EXPECT_NE(error_of({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil/c"}}), "(none)");
    EXPECT_EQ(error_of({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c"},
                        {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nX: y"}}),
              "AWS_CONTAINER_AUTHORIZATION_TOKEN: line breaks or non-ASCII characters");
    EXPECT_EQ(error_of({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254"}}),
              "AWS_EC2_METADATA_SERVICE_ENDPOINT: expected a URL that begins with http:// or "
              "https://");
}

TEST(AgentCredentialsPlan, AQueryIsNotShown) {
    EXPECT_EQ(described({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c?key=sesame"}}),
              "container credentials at http://127.0.0.1/c");
}

}  // namespace
}  // namespace leasehold::agent
