// Dates of HTTP.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "agent/base/http_date.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds k1994(784111777);  // RFC 9110's own example

TEST(AgentHttpDate, ReadsTheThreeFormsOfADate) {
    for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                             "Sun Nov  6 08:49:37 1994"})
        EXPECT_EQ(parse_http_date(text), WallTime(k1994)) << text;
    EXPECT_EQ(parse_http_date("Mon, 29 Feb 2028 00:00:00 GMT"), WallTime(1835395200s));
    EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT"), WallTime(1483228800s))
        << "a leap second";
}

TEST(AgentHttpDate, NonsenseIsNoDate) {
    for (const char* text : {"",
                             "0",
                             "nonsense",
                             "784111777",
                             "20040911",
                             "Sun, 06 Nov 1994",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 PST",
                             "Sun, 06 Nov 1994 08:49:37 +0000",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             " Sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun,06 Nov 1994 08:49:37 GMT",
                             "Tue, 31 Feb 2026 08:49:37 GMT",
                             "Sun, 06 Nov 1994 25:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Nov 9999 08:49:37 GMT",
                             "Sun, 06 Nov 0000 08:49:37 GMT",
                             "Sun, 06 Nov 1970 08:49:37 GMT",
                             "Sun, 06 Nov 99999999999999999 08:49:37 GMT",
                             "1994-11-06T08:49:37Z"})
        EXPECT_FALSE(parse_http_date(text)) << text;
    EXPECT_FALSE(parse_http_date({"Sun, 06 Nov 1994 08:49:37 GMT\0", 30}));
    EXPECT_FALSE(parse_http_date(std::string(100'000, '9')));
}

TEST(AgentHttpDate, RetryAfterIsSecondsOrADate) {
    const WallTime now = parse_http_date("Sun, 06 Nov 1994 08:49:30 GMT").value();
    const auto after = [&](std::string_view text, std::string_view date = "") {
        return decode_retry_after(text, date, now, 1h);
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
