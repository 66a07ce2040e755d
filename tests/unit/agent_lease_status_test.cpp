// What the Lease API says when it does not answer with a Lease.
#include <gtest/gtest.h>

#include "agent/lease/lease_status.hpp"
#include "agent/lease/micro_time.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

const LeaseName kName{"leasehold", "a"};

std::string status_text(const std::string& reason, const std::string& details) {
    return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"m",)"
           R"("reason":")" +
           reason + R"(","details":)" + details + R"(,"code":409})";
}

TEST(AgentLeaseStatus, TellsTheReasonsApart) {
    const std::vector<std::pair<std::string, StatusReason>> reasons{
        {"NotFound", StatusReason::not_found},
        {"AlreadyExists", StatusReason::already_exists},
        {"Conflict", StatusReason::conflict},
        {"Invalid", StatusReason::invalid},
        {"BadRequest", StatusReason::bad_request},
        {"Unauthorized", StatusReason::unauthorized},
        {"Forbidden", StatusReason::forbidden},
        {"TooManyRequests", StatusReason::too_many_requests},
        {"Timeout", StatusReason::timeout},
        {"Expired", StatusReason::expired},
        {"InternalError", StatusReason::internal_error},
        {"ServiceUnavailable", StatusReason::unavailable},
        {"MethodNotAllowed", StatusReason::other},
        {"", StatusReason::none}};
    for (const auto& [text, reason] : reasons) {
        const ApiStatus status = decode_status(status_text(text, "{}"), kName);
        EXPECT_EQ(status.reason, reason) << text;
        EXPECT_EQ(status.message, "m");
        EXPECT_FALSE(status.about_lease);
    }
}

TEST(AgentLeaseStatus, KnowsWhetherItIsAboutThisLease) {
    const auto about = [](const std::string& details) {
        return decode_status(status_text("NotFound", details), kName).about_lease;
    };
    EXPECT_TRUE(about(R"({"name":"a","group":"coordination.k8s.io","kind":"leases"})"));
    EXPECT_FALSE(about(R"({"name":"b","group":"coordination.k8s.io","kind":"leases"})"));
    EXPECT_FALSE(about(R"({"name":"a","kind":"namespaces"})"));
    EXPECT_FALSE(about(R"({"name":"a","kind":"Lease"})"));
    EXPECT_FALSE(about(R"({"kind":"leases"})"));
    EXPECT_FALSE(about("null"));
    EXPECT_FALSE(about("[]"));
}

TEST(AgentLeaseStatus, ReadsABodyWithoutKindAndPlainText) {
    const ApiStatus timeout = decode_status(
        R"({"metadata":{},"status":"Failure","message":"Timeout: within the allotted timeout",)"
        R"("reason":"Timeout","details":{},"code":504})",
        kName);
    EXPECT_EQ(timeout.reason, StatusReason::timeout);
    const ApiStatus busy = decode_status("Too many requests, please try again later.\n", kName);
    EXPECT_EQ(busy.reason, StatusReason::none);
    EXPECT_EQ(busy.message, "Too many requests, please try again later.");
    EXPECT_EQ(decode_status("", kName).message, "");
    EXPECT_EQ(decode_status("[1]", kName).reason, StatusReason::none);
    EXPECT_EQ(decode_status(R"({"reason":7,"message":null})", kName).reason, StatusReason::none);
}

TEST(AgentLeaseStatus, AMessageIsOneShortLine) {
    EXPECT_EQ(decode_status("a\r\nb\x1b[31m", kName).message, "a  b [31m");
    EXPECT_EQ(decode_status(std::string(5000, 'x'), kName).message.size(), 200U);
}

TEST(AgentLeaseStatus, RetryAfterIsSecondsOrADate) {
    const WallTime now = parse_micro_time("1994-11-06T08:49:30.000000Z").value();
    const auto after = [&](std::string_view text, std::string_view date = "") {
        return decode_retry_after(text, date, now);
    };
    EXPECT_EQ(after(""), 0s);
    EXPECT_EQ(after("1"), 1s);
    EXPECT_EQ(after("0"), 0s);
    EXPECT_EQ(after("86400"), 1h);
    EXPECT_EQ(after("99999999999999999999"), 1h);
    EXPECT_EQ(after("-1"), 0s);
    EXPECT_EQ(after("1.5"), 0s);
    EXPECT_EQ(after("soon"), 0s);
    EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:37 GMT"), 7s);
    EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:29 GMT"), 0s);
    EXPECT_EQ(after("Sun, 06 Nov 1996 08:49:29 GMT"), 1h);
    // The server's clock is another one.
    EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:34 GMT"), 3s);
    EXPECT_EQ(after("Sunday, 06-Nov-94 08:49:37 GMT"), 7s);
    EXPECT_EQ(after("Sun, 31 Feb 1994 08:49:37 GMT"), 0s);
}

}  // namespace
}  // namespace leasehold::agent
