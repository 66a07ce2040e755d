#include "config/units.hpp"

#include <array>
#include <limits>
#include <span>

#include "model/base/random.hpp"

namespace leasehold::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t size;
};
// Largest first: formatting takes the first that divides, and "1m30s" must descend.
constexpr std::array kTimeUnits{Unit{"d", 86'400'000'000'000},
                                Unit{"h", 3'600'000'000'000},
                                Unit{"m", 60'000'000'000},
                                Unit{"s", 1'000'000'000},
                                Unit{"ms", 1'000'000},
                                Unit{"us", 1'000},
                                Unit{"ns", 1}};
constexpr std::array kSizeUnits{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20},
                                Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};
constexpr std::uint64_t kLongest = 365ULL * 86'400'000'000'000;  // nanoseconds

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A decimal number at the start of a text: mantissa / 10^decimals, and what follows it.
struct Number {
    std::uint64_t mantissa = 0;
    std::uint64_t divisor = 1;
    std::string_view rest;
};

Result<Number, std::string> read_number(std::string_view text, std::string_view whole) {
    Number number;
    std::size_t at = 0;
    bool fraction = false;
    bool digits = false;
    for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !fraction)); ++at) {
        if (text[at] == '.') {
            if (!digits || at + 1 == text.size() || !is_digit(text[at + 1])) break;
            fraction = true;
            continue;
        }
        digits = true;
        const auto digit = static_cast<std::uint64_t>(text[at] - '0');
        if (number.mantissa > (std::numeric_limits<std::uint64_t>::max() - digit) / 10 ||
            number.divisor > 1'000'000'000'000)
            return Unexpected{quoted(whole) + " has too many digits"};
        number.mantissa = number.mantissa * 10 + digit;
        if (fraction) number.divisor *= 10;
    }
    if (!digits) return Unexpected{std::string()};
    number.rest = text.substr(at);
    return number;
}

/// number * unit as an exact integer of at most `limit`.
Result<std::uint64_t, std::string> scale(const Number& number, std::uint64_t unit,
                                         std::uint64_t limit, std::string_view whole,
                                         std::string_view smallest, std::string_view limit_text) {
    const Uint128 product = static_cast<Uint128>(number.mantissa) * unit;
    if (product / number.divisor > limit)
        return Unexpected{quoted(whole) + " is too large (at most " + std::string(limit_text) +
                          ")"};
    if (product % number.divisor != 0)
        return Unexpected{quoted(whole) + " is not a whole number of " + std::string(smallest)};
    return static_cast<std::uint64_t>(product / number.divisor);
}

std::string unit_list(std::span<const Unit> units) {
    std::string text;
    for (std::size_t i = units.size(); i-- > 0;)
        text += std::string(units[i].name) + (i ? " " : "");
    return text;
}

/// The unit that `text` starts with, up to the next digit; or why there is none.
Result<Unit, std::string> read_unit(std::string_view text, std::span<const Unit> units,
                                    std::string_view whole) {
    std::size_t end = 0;
    while (end < text.size() && !is_digit(text[end]))
        ++end;
    const std::string_view name = text.substr(0, end);
    if (name.empty())
        return Unexpected{quoted(whole) + " has no unit (expected one of " + unit_list(units) +
                          ")"};
    for (const Unit& unit : units)
        if (unit.name == name) return unit;
    return Unexpected{quoted(whole) + " has the unknown unit " + quoted(name) +
                      " (expected one of " + unit_list(units) + ")"};
}

std::string expected(std::string_view text, std::string_view what) {
    return "expected " + std::string(what) + ", found " + quoted(text);
}

}  // namespace

Result<Duration, std::string> parse_duration(std::string_view text) {
    constexpr std::string_view kWhat = "a duration such as 15s";
    if (text.starts_with('-')) return Unexpected{"a duration can't be negative: " + quoted(text)};
    std::uint64_t total = 0;
    std::uint64_t last_unit = std::numeric_limits<std::uint64_t>::max();
    std::string_view rest = text;
    do {
        const auto number = read_number(rest, text);
        if (!number)
            return Unexpected{number.error().empty() ? expected(text, kWhat) : number.error()};
        const auto unit = read_unit(number->rest, kTimeUnits, text);
        if (!unit) return Unexpected{unit.error()};
        if (unit->size >= last_unit)
            return Unexpected{quoted(text) + " must name larger units first, each once"};
        last_unit = unit->size;
        const auto part = scale(*number, unit->size, kLongest, text, "nanoseconds", "365d");
        if (!part) return Unexpected{part.error()};
        total += *part;
        if (total > kLongest) return Unexpected{quoted(text) + " is too large (at most 365d)"};
        rest = number->rest.substr(unit->name.size());
    } while (!rest.empty());
    return Duration(static_cast<std::int64_t>(total));
}

Result<Duration, std::string> parse_signed_duration(std::string_view text) {
    const bool negative = text.starts_with('-');
    const bool sign = negative || text.starts_with('+');
    const auto size = parse_duration(sign ? text.substr(1) : text);
    if (!size) return Unexpected{size.error()};
    return negative ? -*size : *size;
}

Result<std::uint64_t, std::string> parse_size(std::string_view text) {
    const auto number = read_number(text, text);
    if (!number)
        return Unexpected{number.error().empty() ? expected(text, "a size such as 2MiB")
                                                 : number.error()};
    const auto unit = read_unit(number->rest, kSizeUnits, text);
    if (!unit) return Unexpected{unit.error()};
    if (unit->name.size() != number->rest.size())
        return Unexpected{expected(text, "one number with one unit, such as 2MiB")};
    return scale(*number, unit->size, 1ULL << 50, text, "bytes", "1048576GiB");
}

Result<std::uint64_t, std::string> parse_bandwidth(std::string_view text) {
    if (!text.ends_with("/s") || text.size() < 3)
        return Unexpected{expected(text, "a bandwidth such as 125MiB/s")};
    const auto bytes = parse_size(text.substr(0, text.size() - 2));
    if (!bytes) return Unexpected{bytes.error()};
    if (*bytes == 0) return Unexpected{std::string("a bandwidth must be more than 0")};
    return *bytes;
}

Result<std::uint64_t, std::string> parse_rate(std::string_view text) {
    const auto number = read_number(text, text);
    if (!number)
        return Unexpected{number.error().empty() ? expected(text, "a rate such as 5/s")
                                                 : number.error()};
    if (number->rest != "/s")
        return Unexpected{number->rest.empty() ? quoted(text) + " has no unit (expected N/s)"
                                               : expected(text, "a rate such as 5/s")};
    return scale(*number, 1000, 10'000'000, text, "events per 1000 s", "10000/s");
}

Result<std::int64_t, std::string> parse_ppm(std::string_view text) {
    const bool sign = text.starts_with('-') || text.starts_with('+');
    const auto number = read_number(sign ? text.substr(1) : text, text);
    if (!number)
        return Unexpected{number.error().empty() ? expected(text, "a rate error such as 200ppm")
                                                 : number.error()};
    const bool percent = number->rest == "%";
    if (!percent && number->rest != "ppm")
        return Unexpected{number->rest.empty()
                              ? quoted(text) + " has no unit (expected ppm or %)"
                              : expected(text, "a rate error such as 200ppm or 0.2%")};
    const auto size = scale(*number, percent ? 10'000 : 1, 500'000, text, "ppm", "500000ppm");
    if (!size) return Unexpected{size.error()};
    const auto ppm = static_cast<std::int64_t>(*size);
    return text.starts_with('-') ? -ppm : ppm;
}

Result<std::uint64_t, std::string> parse_count(std::string_view text) {
    if (text.empty() || (text.size() > 1 && text.front() == '0'))
        return Unexpected{expected(text, "a whole number")};
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return Unexpected{expected(text, "a whole number")};
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
            return Unexpected{quoted(text) + " is too large"};
        value = value * 10 + digit;
    }
    return value;
}

std::string format_duration(Duration value) {
    const std::int64_t count = value.count();
    if (count == 0) return "0s";
    // Negating the smallest value would overflow, so the magnitude is taken unsigned.
    const std::uint64_t size =
        count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
    for (const Unit& unit : kTimeUnits)
        if (size % unit.size == 0)
            return (count < 0 ? "-" : "") + std::to_string(size / unit.size) +
                   std::string(unit.name);
    return {};
}

std::string format_size(std::uint64_t bytes) {
    for (const Unit& unit : kSizeUnits)
        if (bytes % unit.size == 0 && bytes != 0)
            return std::to_string(bytes / unit.size) + std::string(unit.name);
    return "0B";
}

std::string format_rate(std::uint64_t per_1000s) {
    std::string text = std::to_string(per_1000s / 1000);
    if (const std::uint64_t rest = per_1000s % 1000; rest != 0) {
        std::string digits = std::to_string(1000 + rest).substr(1);
        while (digits.back() == '0')
            digits.pop_back();
        text += '.' + digits;
    }
    return text + "/s";
}

}  // namespace leasehold::config
