// What one answer says of two clocks.
#include <gtest/gtest.h>

#include <chrono>

#include "agent/bucket/server_clock.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds k1994(784111777);  // RFC 9110's own example

std::optional<ClockOffset> offset(const Headers& headers, Duration wall, Duration round_trip) {
    Response response;
    response.headers = headers;
    const Now sent{Instant(1000s), WallTime(k1994 + wall)};
    const Now received{Instant(1000s) + round_trip, WallTime(k1994 + wall + round_trip)};
    return clock_offset(response, sent, received);
}

const Headers kDated{{"date", "Sun, 06 Nov 1994 08:49:37 GMT"}};

TEST(AgentServerClock, TheDifferenceIsKnownToTheRoundTripAndTheDatesTwoSeconds) {
    const auto together = offset(kDated, 1s, 0s);
    ASSERT_TRUE(together);
    EXPECT_EQ(together->ahead, 0s);
    EXPECT_EQ(together->within, 1s);
    const auto slow = offset(kDated, 10s, 4s);  // the server's clock was at 37 to 39 s
    ASSERT_TRUE(slow);
    EXPECT_EQ(slow->ahead, 11s);  // from 8 s, to 14 s when it was answered at once
    EXPECT_EQ(slow->within, 3s);
    const auto behind = offset(kDated, -20min, 0s);
    ASSERT_TRUE(behind);
    EXPECT_EQ(behind->ahead, -20min - 1s);
}

TEST(AgentServerClock, AStepOfTheWallClockMeanwhileIsNoRoundTrip) {
    Response response;
    response.headers = kDated;
    const auto found = clock_offset(response, {Instant(1s), WallTime(k1994 + 3h)},
                                    {Instant(1s), WallTime(k1994 + 1s)});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->ahead, 0s) << "as the clock stands now";
    EXPECT_EQ(found->within, 1s);
}

TEST(AgentServerClock, NoDateNonsenseAndACachesDateSayNothing) {
    EXPECT_FALSE(offset({}, 0s, 0s));
    EXPECT_FALSE(offset({{"date", "yesterday"}}, 0s, 0s));
    EXPECT_FALSE(offset({{"age", "3600"}, kDated[0]}, 0s, 0s));
    // As far apart as dates go.
    EXPECT_GT(offset({{"date", "Fri, 01 Jan 1971 00:00:00 GMT"}}, 200 * 8766h, 0s)->ahead, 0s);
    EXPECT_LT(offset({{"date", "Wed, 31 Dec 2200 23:59:59 GMT"}}, -24 * 8766h, 0s)->ahead, 0s);
}

}  // namespace
}  // namespace leasehold::agent
