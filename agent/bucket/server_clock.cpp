#include "agent/bucket/server_clock.hpp"

#include <chrono>

#include "agent/base/http_date.hpp"

namespace leasehold::agent {

using namespace std::chrono_literals;

std::optional<ClockOffset> clock_offset(const Response& response, const Now& sent,
                                        const Now& received) {
    if (!response.header("age").empty()) return std::nullopt;
    const auto date = parse_http_date(response.header("date"));
    if (!date) return std::nullopt;
    // The server read its clock at some time of the round trip, and cut it to the whole second.
    const Duration round_trip = received.monotonic - sent.monotonic;
    const Duration latest = received.wall - *date;
    const Duration earliest = latest - round_trip - 1s;
    return ClockOffset{earliest + (latest - earliest) / 2, (latest - earliest) / 2};
}

}  // namespace leasehold::agent
