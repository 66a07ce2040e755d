// Values with units, as files and flags write them: exact integers, or a message that says why not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/base/time.hpp"

namespace leasehold::config {

/// "15s", "14.89s", "1m30s": numbers with ns us ms s m h d. Not negative, whole nanoseconds.
[[nodiscard]] Result<Duration, std::string> parse_duration(std::string_view text);
/// The same with an optional sign: "-3s".
[[nodiscard]] Result<Duration, std::string> parse_signed_duration(std::string_view text);
/// "2MiB", "1.5GiB", "300B": bytes, whole.
[[nodiscard]] Result<std::uint64_t, std::string> parse_size(std::string_view text);
/// "125MiB/s": bytes per second, whole, at least 1.
[[nodiscard]] Result<std::uint64_t, std::string> parse_bandwidth(std::string_view text);
/// "5/s", "0.5/s": events per 1000 seconds, whole.
[[nodiscard]] Result<std::uint64_t, std::string> parse_rate(std::string_view text);
/// "200ppm", "-50ppm", "0.2%": parts per million, whole.
[[nodiscard]] Result<std::int64_t, std::string> parse_ppm(std::string_view text);
/// A decimal integer without sign, leading zeros or underscores.
[[nodiscard]] Result<std::uint64_t, std::string> parse_count(std::string_view text);

/// The shortest text that reads back as the same value: "15s", "14890ms", "1h".
[[nodiscard]] std::string format_duration(Duration value);
[[nodiscard]] std::string format_size(std::uint64_t bytes);
[[nodiscard]] std::string format_rate(std::uint64_t per_1000s);

}  // namespace leasehold::config
