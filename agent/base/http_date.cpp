#include "agent/base/http_date.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <system_error>

namespace leasehold::agent {
namespace {

/// The whole text in the form `format`, in the C locale: nothing here sets another. The calendar is
/// not looked at.
std::optional<std::tm> read(const std::string& text, const char* format) {
    std::tm fields{};
    const char* const end = ::strptime(text.c_str(), format, &fields);
    if (end != text.c_str() + text.size()) return std::nullopt;
    return fields;
}

/// strptime passes over blanks that are missing or too many: the two forms of one length must have
/// it.
std::optional<std::tm> fields_of(const std::string& text) {
    constexpr std::size_t kFixed = 29;    // Sun, 06 Nov 1994 08:49:37 GMT
    constexpr std::size_t kAsctime = 24;  // Sun Nov  6 08:49:37 1994
    if (text.size() == kFixed)
        if (const auto fields = read(text, "%a, %d %b %Y %H:%M:%S GMT")) return fields;
    if (text.size() == kAsctime) return read(text, "%a %b %e %H:%M:%S %Y");
    return read(text, "%A, %d-%b-%y %H:%M:%S GMT");
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
    const auto fields = fields_of(std::string(text));
    if (!fields) return std::nullopt;
    const int year = fields->tm_year + 1900;
    const std::chrono::year_month_day day{
        std::chrono::year(year), std::chrono::month(static_cast<unsigned>(fields->tm_mon) + 1),
        std::chrono::day(static_cast<unsigned>(fields->tm_mday))};
    // WallTime ends in 2262, and differences are taken.
    if (year < 1971 || year > 2200 || !day.ok() || fields->tm_sec > 60) return std::nullopt;
    return WallTime(std::chrono::sys_days(day).time_since_epoch() +
                    std::chrono::hours(fields->tm_hour) + std::chrono::minutes(fields->tm_min) +
                    std::chrono::seconds(fields->tm_sec));
}

Duration decode_retry_after(std::string_view retry_after, std::string_view date_header,
                            WallTime now, Duration longest) {
    std::uint32_t seconds = 0;
    const char* const end = retry_after.data() + retry_after.size();
    if (const auto [at, error] = std::from_chars(retry_after.data(), end, seconds);
        at == end && error != std::errc::invalid_argument) {
        if (error == std::errc::result_out_of_range) return longest;
        return std::min<Duration>(std::chrono::seconds(seconds), longest);
    }
    const std::optional<WallTime> until = parse_http_date(retry_after);
    if (!until) return Duration(0);
    return std::clamp(*until - parse_http_date(date_header).value_or(now), Duration(0), longest);
}

}  // namespace leasehold::agent
