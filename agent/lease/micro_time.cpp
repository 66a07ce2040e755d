#include "agent/lease/micro_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>

namespace leasehold::agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// WallTime ends in 2262; room is left for whoever adds to it.
constexpr int kFirstYear = 1700;
constexpr int kLastYear = 2200;

/// Takes digits and fixed characters from the front of a text; once wrong, stays wrong.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    int number(std::size_t digits) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const char c = next();
            if (c < '0' || c > '9') good_ = false;
            value = value * 10 + (c - '0');
        }
        return good_ ? value : 0;
    }
    void expect(std::string_view fixed) {
        for (const char c : fixed)
            if (next() != c) good_ = false;
    }
    char next() {
        if (text_.empty()) {
            good_ = false;
            return '\0';
        }
        const char c = text_.front();
        text_.remove_prefix(1);
        return c;
    }
    void fail() { good_ = false; }
    [[nodiscard]] bool done() const { return good_ && text_.empty(); }
    [[nodiscard]] bool good() const { return good_; }

  private:
    std::string_view text_;
    bool good_ = true;
};

/// Since the epoch; nothing when there is no such day or time of day.
std::optional<seconds> civil(int year, int month, int day, int hour, int minute, int second) {
    const std::chrono::year_month_day date(std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day)));
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const auto since = std::chrono::sys_days(date).time_since_epoch();
    return since + hours(hour) + minutes(minute) + seconds(second);
}

/// RFC 3339, with or without six digits of a second.
std::optional<WallTime> parse_rfc3339(std::string_view text, bool digits) {
    Scanner in(text);
    const int year = in.number(4);
    in.expect("-");
    const int month = in.number(2);
    in.expect("-");
    const int day = in.number(2);
    in.expect("T");
    const int hour = in.number(2);
    in.expect(":");
    const int minute = in.number(2);
    in.expect(":");
    const int second = in.number(2);
    int micro = 0;
    if (digits) {
        in.expect(".");
        micro = in.number(6);
    }
    minutes offset{0};
    if (const char zone = in.next(); zone == '+' || zone == '-') {
        const int offset_hours = in.number(2);
        in.expect(":");
        const int offset_minutes = in.number(2);
        if (offset_hours > 23 || offset_minutes > 59) in.fail();
        offset = hours(offset_hours) + minutes(offset_minutes);
        if (zone == '-') offset = -offset;
    } else if (zone != 'Z') {
        in.fail();
    }
    if (!in.done()) return std::nullopt;
    const auto since = civil(year, month, day, hour, minute, second);
    if (!since) return std::nullopt;
    if (year < kFirstYear) return WallTime(*civil(kFirstYear, 1, 1, 0, 0, 0));
    if (year > kLastYear) return WallTime(*civil(kLastYear, 12, 31, 23, 59, 59));
    return WallTime(*since - offset + microseconds(micro));
}

}  // namespace

std::string format_micro_time(WallTime time) {
    const auto since = std::chrono::floor<microseconds>(time.time_since_epoch());
    const auto whole_days = std::chrono::floor<days>(since);
    const std::chrono::year_month_day date{std::chrono::sys_days(whole_days)};
    const std::chrono::hh_mm_ss<microseconds> clock(since - whole_days);
    std::array<char, 64> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
        static_cast<int>(clock.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<WallTime> parse_micro_time(std::string_view text) {
    return parse_rfc3339(text, true);
}

std::optional<WallTime> parse_time(std::string_view text) {
    return parse_rfc3339(text, false);
}

}  // namespace leasehold::agent
