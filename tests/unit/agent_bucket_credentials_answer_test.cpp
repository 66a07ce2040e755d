// Answers of services that hand out credentials: what is read of them, and what is not believed.
#include <chrono>

#include <gtest/gtest.h>

#include "agent/bucket/credentials_answer.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

std::string sts(const std::string& credentials) {
    return "<AssumeRoleWithWebIdentityResponse "
           "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>"
           "<Credentials>" +
           credentials +
           "</Credentials><SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken>"
           "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
}

const std::string kKeys = "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/+=</SecretAccessKey>";
const std::string kToken = "<SessionToken>t0k</SessionToken>";
const std::string kEnd = "<Expiration>2026-11-28T02:00:00Z</Expiration>";

std::int64_t seconds_of(std::string_view text) {
    const auto time = parse_utc(text);
    return time ? time->time_since_epoch() / 1s : -1;
}

TEST(AgentCredentialsAnswer, Times) {
    EXPECT_EQ(seconds_of("2026-11-28T02:00:00Z"), 1795831200);
    EXPECT_EQ(seconds_of("2026-11-28T02:00:00.123456Z"), 1795831200);
    EXPECT_EQ(seconds_of("2026-11-28T02:00:00+00:00"), 1795831200);
    EXPECT_EQ(seconds_of("2028-02-29T23:59:59Z"), 1835481599);
    for (const char* const bad :
         {"", "2026-11-28", "2026-11-28T02:00:00", "2026-11-28 02:00:00Z", "2026-02-29T02:00:00Z",
          "2026-13-01T02:00:00Z", "2026-11-28T24:00:00Z", "2026-11-28T02:60:00Z",
          "2026-11-28T02:00:99Z", "2026-11-28T02:00:00.Z", "2026-11-28T02:00:00+01:00",
          "2026-11-28T02:00:00Zx", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
          "-026-11-28T02:00:00Z", "20a6-11-28T02:00:00Z", "1795831200"})
        EXPECT_EQ(seconds_of(bad), -1) << bad;
}

TEST(AgentCredentialsAnswer, OfSts) {
    const auto issued = parse_web_identity_answer(sts(kKeys + kToken + kEnd));
    ASSERT_TRUE(issued) << issued.error();
    EXPECT_EQ(issued->credentials, (Credentials{"ASIA1", "s/+=", "t0k"}));
    EXPECT_EQ(issued->ends->time_since_epoch() / 1s, 1795831200);
}

TEST(AgentCredentialsAnswer, OfStsThatAreOdd) {
    const std::string usable = "an answer without usable credentials: ";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "its answer is not XML"},
        {"{}", "its answer is not XML"},
        {"<html/>", "its answer is not an AssumeRoleWithWebIdentityResponse"},
        {sts(""), usable + "no AccessKeyId, or a long one"},
        {sts("<AccessKeyId>a</AccessKeyId>" + kKeys + kToken + kEnd),
         usable + "no AccessKeyId, or a long one"},
        {sts(kKeys + kEnd), usable + "no SessionToken, or a long one"},
        {sts(kKeys + kToken), usable + "Expiration is no time of UTC"},
        {sts(kKeys + kToken + "<Expiration>soon</Expiration>"),
         usable + "Expiration is no time of UTC"},
        {sts("<AccessKeyId>" + std::string(2000, 'a') +
             "</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" + kToken + kEnd),
         usable + "no AccessKeyId, or a long one"},
        {sts("<AccessKeyId>a\r\nX: y</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" + kToken +
             kEnd),
         "the answer: a key or token with blanks, line breaks or non-ASCII characters"},
    };
    for (const auto& [body, error] : cases) {
        const auto issued = parse_web_identity_answer(body);
        ASSERT_FALSE(issued) << body;
        EXPECT_EQ(issued.error(), error);
    }
}

TEST(AgentCredentialsAnswer, OfAService) {
    const auto issued = parse_service_answer(
        R"({"Code":"Success","LastUpdated":"x","Type":"AWS-HMAC","AccessKeyId":"ASIA2",)"
        R"("SecretAccessKey":"s","Token":"t","Expiration":"2026-11-28T02:00:00Z"})");
    ASSERT_TRUE(issued) << issued.error();
    EXPECT_EQ(issued->credentials, (Credentials{"ASIA2", "s", "t"}));
    ASSERT_TRUE(issued->ends);
    const auto endless =
        parse_service_answer(R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t"})");
    ASSERT_TRUE(endless) << endless.error();
    EXPECT_FALSE(endless->ends);
}

TEST(AgentCredentialsAnswer, OfAServiceThatAreOdd) {
    const std::string usable = "an answer without usable credentials: ";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "its answer is not a JSON object"},
        {"[]", "its answer is not a JSON object"},
        {"17", "its answer is not a JSON object"},
        {"{\"AccessKeyId\":\"\xff\"}", "its answer is not a JSON object"},
        {std::string(60000, '['), "its answer is not a JSON object"},
        {std::string(30000, '[') + std::string(30000, ']'), "its answer is not a JSON object"},
        {"{\"a\":1e999999}", "its answer is not a JSON object"},
        {"{}", usable + "no AccessKeyId, or a long one"},
        {R"({"AccessKeyId":17})", usable + "no AccessKeyId, or a long one"},
        {R"({"AccessKeyId":"A","SecretAccessKey":["s"],"Token":"t"})",
         usable + "no SecretAccessKey, or a long one"},
        {R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":null})",
         usable + "no Token, or a long one"},
        {R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t\u0000"})",
         "the answer: a key or token with blanks, line breaks or non-ASCII characters"},
        {R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"never"})",
         usable + "Expiration is no time of UTC"},
        {R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume\nthe role"})",
         "it has none: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role"},
    };
    for (const auto& [body, error] : cases) {
        const auto issued = parse_service_answer(body);
        ASSERT_FALSE(issued) << body;
        EXPECT_EQ(issued.error(), error);
    }
}

TEST(AgentCredentialsAnswer, FailuresInTheServicesOwnWords) {
    const auto words = [](int status, const std::string& body) {
        Response response;
        response.end = TransferEnd::answered;
        response.status = status;
        response.body = body;
        return failure(response, "eyJhbGciOiJSUzI1NiJ9.payload.signature");
    };
    EXPECT_EQ(
        words(403,
              "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not "
              "authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>"
              "<RequestId>r</RequestId></ErrorResponse>"),
        "answered 403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity");
    EXPECT_EQ(words(400, R"({"code":"InvalidToken","message":"no\r\nway"})"),
              "answered 400 InvalidToken: no  way");
    EXPECT_EQ(words(404, "Service account token cannot be empty"),
              "answered 404: Service account token cannot be empty");
    EXPECT_EQ(words(502, "<html><body>Bad gateway</body></html>"), "answered 502");
    EXPECT_EQ(words(500, ""), "answered 500");
    EXPECT_EQ(words(400,
                    "<ErrorResponse><Error><Code>ValidationError</Code><Message>Value "
                    "'eyJhbGciOiJSUzI1NiJ9' failed</Message></Error></ErrorResponse>"),
              "answered 400 ValidationError: (its words repeat the token)");
    Response silent;
    silent.end = TransferEnd::timed_out;
    EXPECT_EQ(failure(silent, ""), "no answer");
}

TEST(AgentCredentialsAnswer, LivesAndRenewals) {
    const WallTime now{1000h};
    const auto of = [&](std::optional<WallTime> ends) {
        return granted(Issued{{"A", "s", "t"}, ends}, now, "x");
    };
    EXPECT_EQ(of(now + 1h)->life, Duration(1h));
    EXPECT_EQ(of(now + 1h)->renew_after, Duration(55min));
    EXPECT_EQ(of(now + 8min)->renew_after, Duration(4min));
    EXPECT_EQ(of(std::nullopt)->life, std::nullopt);
    EXPECT_GT(of(std::nullopt)->renew_after, Duration(0));
    EXPECT_FALSE(of(now));
    EXPECT_EQ(of(now - 1h).error(), "credentials that have ended by this machine's clock");
}

}  // namespace
}  // namespace leasehold::agent
