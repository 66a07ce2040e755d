#include "agent/bucket/server_clock.hpp"

#include <chrono>

#include "agent/base/http_date.hpp"

namespace leasehold::agent {

using namespace std::chrono_literals;

namespace {

/// A Date is cut to the whole second, and servers write it anew once in a second (fasthttp by a
/// ticker of its own, which Versity shows).
constexpr Duration kOld = 2s;

}  // namespace

std::optional<ClockOffset> clock_offset(const Response& response, const Now& sent,
                                        const Now& received) {
    if (!response.header("age").empty()) return std::nullopt;
    const auto date = parse_http_date(response.header("date"));
    if (!date) return std::nullopt;
    // Sent at some time of the round trip.
    const Duration round_trip = received.monotonic - sent.monotonic;
    const Duration latest = received.wall - *date;
    const Duration earliest = latest - round_trip - kOld;
    return ClockOffset{earliest + (latest - earliest) / 2, (latest - earliest) / 2};
}

}  // namespace leasehold::agent
