#include "agent/bucket/retry_after.hpp"

#include <chrono>

#include "agent/base/clock.hpp"
#include "agent/base/http_date.hpp"

namespace leasehold::agent {

Duration retry_after(const Response& response) {
    return decode_retry_after(response.header("retry-after"), response.header("date"),
                              read_now().wall, std::chrono::hours(24));
}

}  // namespace leasehold::agent
