// The row about clocks, and --check-bucket before a server whose clock is another.
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "agent/host/bucket_clock.hpp"
#include "tests/unit/agent_host_bucket_rig.hpp"
#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

ClockWitness answered(std::int32_t status, std::optional<ClockOffset> clock,
                      const std::string& word = "") {
    return {status, word, "answered " + std::to_string(status) + " " + word, clock};
}
/// The row as it is printed, without its name.
std::string row(BucketType type, const ClockWitness& seen) {
    const auto finding = clock_finding(type, seen);
    if (!finding) return "(no row)";
    EXPECT_EQ(finding->what, "clock");
    return (finding->usable ? "" : "! ") + finding->found +
           (finding->advice.empty() ? "" : " -> " + finding->advice);
}
ClockOffset off(Duration ahead, Duration within = 510ms) {
    return {ahead, within};
}

constexpr const char* kS3Refuses =
    "S3 refuses requests signed more than 15m off (403 RequestTimeTooSkewed): set this machine's "
    "clock, or the server's";

TEST(AgentBucketClock, BelowAMinuteIsFine) {
    EXPECT_EQ(row(BucketType::s3, answered(200, off(-500ms))),
              "as the server's (within 0.6s), at most 15m allowed by S3");
    EXPECT_EQ(row(BucketType::s3, answered(200, off(59900ms))),
              "59.9s ahead of the server's (within 0.6s), at most 15m allowed by S3");
    EXPECT_EQ(row(BucketType::azure, answered(200, off(-4250ms, 500ms))),
              "4.2s behind the server's (within 0.5s), at most 15m allowed by Azure");
    EXPECT_EQ(row(BucketType::gcs, answered(200, off(0s, 500ms))), "as the server's (within 0.5s)");
}

TEST(AgentBucketClock, AMinuteAndMoreSaysWhatWillHappen) {
    EXPECT_EQ(
        row(BucketType::s3, answered(200, off(1min))),
        std::string("1m0s ahead of the server's (within 0.6s), at most 15m allowed by S3 -> ") +
            kS3Refuses);
    EXPECT_EQ(
        row(BucketType::s3, answered(200, off(-20min))),  // a server that looks at none
        std::string("20m0s behind the server's (within 0.6s), at most 15m allowed by S3 -> ") +
            kS3Refuses);
    EXPECT_EQ(row(BucketType::azure, answered(404, off(-3h))),
              "3h0m behind the server's (within 0.6s), at most 15m allowed by Azure -> Azure "
              "refuses requests signed more than 15m off (403 AuthenticationFailed): set this "
              "machine's clock, or the server's");
    EXPECT_EQ(row(BucketType::gcs, answered(200, off(20786 * 24h))),
              "20786 days ahead of the server's (within 0.6s) -> Google gives no token for a key "
              "that is used by a clock which is off (invalid_grant): set this machine's clock, or "
              "the server's");
}

TEST(AgentBucketClock, WithoutADateNothingIsJudged) {
    EXPECT_EQ(row(BucketType::s3, answered(200, {})), "not known: the server gives no time (Date)");
    EXPECT_EQ(row(BucketType::azure, answered(403, {}, "AuthenticationFailed")),
              "not known: the server gives no time (Date)");
    EXPECT_EQ(clock_advice(BucketType::azure, answered(403, {}, "AuthenticationFailed")), "");
    EXPECT_EQ(row(BucketType::s3, answered(0, {})), "(no row)");
    EXPECT_EQ(row(BucketType::filesystem, answered(200, {})), "(no row)");
}

TEST(AgentBucketClock, ARefusalForTheClockIsNoPermission) {
    const std::string set = "set this machine's clock, or the server's";
    const ClockWitness named = answered(403, off(20min), "RequestTimeTooSkewed");
    EXPECT_EQ(row(BucketType::s3, named),
              "! 20m0s ahead of the server's (within 0.6s), at most 15m allowed by S3 -> refused "
              "for it (RequestTimeTooSkewed): " +
                  set);
    EXPECT_EQ(clock_advice(BucketType::s3, named), "no permission is missing: " + set);
    // The server's word needs no Date, and is believed when what was measured says otherwise.
    EXPECT_EQ(row(BucketType::s3, answered(403, {}, "RequestTimeTooSkewed")),
              "! not known: the server gives no time (Date) -> refused for it "
              "(RequestTimeTooSkewed): " +
                  set);
    EXPECT_EQ(clock_advice(BucketType::s3, answered(403, off(0s), "RequestTimeTooSkewed")),
              "no permission is missing: " + set);
    // Azure's word is that of a wrong key too.
    const ClockWitness azure = answered(403, off(-16min), "AuthenticationFailed");
    EXPECT_EQ(row(BucketType::azure, azure).substr(0, 2), "! ");
    EXPECT_EQ(clock_advice(BucketType::azure, azure), "first " + set + ", then try again");
    EXPECT_EQ(clock_advice(BucketType::azure, answered(403, off(-14min), "AuthenticationFailed")),
              "");
    // Not certain: the answer took its time.
    EXPECT_EQ(clock_advice(BucketType::s3, answered(403, off(15min + 4s, 5s), "AccessDenied")), "");
    EXPECT_EQ(clock_advice(BucketType::s3, answered(403, off(0s), "AccessDenied")), "");
    EXPECT_EQ(clock_advice(BucketType::s3, answered(404, off(3h), "NoSuchBucket")), "");
}

TEST(AgentBucketClock, GooglesWordsForAWrongTimeAreNamed) {
    ClockWitness seen;
    seen.words =
        "no credentials: service account a@b: answered 400 invalid_grant: Invalid JWT: "
        "Token must be a short-lived token (60 minutes) and in a reasonable timeframe.";
    EXPECT_EQ(clock_advice(BucketType::gcs, seen),
              "set this machine's clock: the token was asked for at another time than Google's");
    seen.words = "no credentials: service account a@b: answered 400 invalid_grant: account gone";
    EXPECT_EQ(clock_advice(BucketType::gcs, seen), "");
}

std::string http_date(Duration ahead_of_ours) {
    const std::time_t time = std::time(nullptr) + ahead_of_ours / 1s;
    std::tm fields{};
    ::gmtime_r(&time, &fields);
    std::string text(64, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &fields));
    return text;
}

/// check_bucket() blocks, so the server has a thread of its own.
class AgentBucketCheckOfAServer : public BucketCommand {
  protected:
    AgentBucketCheckOfAServer() {
        lies_nowhere();
        config_.bucket->endpoint = "127.0.0.1:" + std::to_string(server_.port());
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~AgentBucketCheckOfAServer() override {
        loop_.stop();
        thread_.join();
    }
    /// What is printed when every answer is this one.
    std::string table(int status, const std::string& body, const std::string& headers) {
        answer_ = testing::http_answer(status, body, headers);
        findings_ = check_bucket(config_);
        return table_of(findings_);
    }

    std::string answer_;  ///< written before the first request
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    testing::TestServer server_{loop_, [this](const testing::Seen&, const testing::PeerPtr& peer) {
                                    peer->write(answer_);
                                }};
    std::thread thread_;
    std::vector<BucketFinding> findings_;
};

TEST_F(AgentBucketCheckOfAServer, ARefusedClockGoesBeforeWhatItExplains) {
    const std::string text =
        table(403, "<Error><Code>RequestTimeTooSkewed</Code><Message>too large</Message></Error>",
              "Date: " + http_date(-20min) + "\r\n");
    ASSERT_EQ(findings_.size(), 4U) << text;
    EXPECT_FALSE(findings_[2].usable);
    EXPECT_TRUE(findings_[2].found.starts_with("20m0s ahead of the server's (within ") ||
                findings_[2].found.starts_with("19m59s ahead of the server's (within "))
        << text;
    EXPECT_NE(
        text.find("! LIST     answered 403 RequestTimeTooSkewed: too large -> no permission is "
                  "missing: set this machine's clock"),
        text.npos)
        << text;
}

TEST_F(AgentBucketCheckOfAServer, AnotherRefusalKeepsItsAdvice) {
    const std::string text =
        table(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
              "Date: " + http_date(5min) + "\r\n");
    ASSERT_EQ(findings_.size(), 4U) << text;
    EXPECT_TRUE(findings_[2].usable);
    EXPECT_NE(text.find(" behind the server's (within "), text.npos) << text;
    EXPECT_NE(findings_[2].advice.find("403 RequestTimeTooSkewed"), text.npos) << text;
    EXPECT_NE(findings_[3].advice.find("allow s3:ListBucket"), text.npos) << text;
}

TEST_F(AgentBucketCheckOfAServer, NonsenseForADateIsNone) {
    for (const std::string date :
         {"", "Date: \r\n", "Date: soon\r\n", "Date: Sun, 06 Nov 9999 08:49:37 GMT\r\n"}) {
        const std::string text = table(404, "<Error><Code>NoSuchBucket</Code></Error>", date);
        ASSERT_EQ(findings_.size(), 4U) << text;
        EXPECT_EQ(findings_[2].found, "not known: the server gives no time (Date)") << text;
    }
}

}  // namespace
}  // namespace leasehold::agent
