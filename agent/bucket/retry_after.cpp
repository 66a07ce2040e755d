#include "agent/bucket/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>

namespace leasehold::agent {

Duration retry_after(const Response& response) {
    constexpr std::int64_t kLongest = 24 * 3600;  // seconds
    const std::string_view text = response.header("retry-after");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongest));
}

}  // namespace leasehold::agent
