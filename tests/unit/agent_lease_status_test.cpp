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

}  // namespace
}  // namespace leasehold::agent
