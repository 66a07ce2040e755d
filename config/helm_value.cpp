#include "config/helm_value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "config/yaml_words.hpp"

namespace leasehold::config {
namespace {

struct Base {
    std::string_view start;
    int base;
};
constexpr std::array kBases{Base{"0x", 16}, Base{"0X", 16}, Base{"0b", 2},
                            Base{"0B", 2},  Base{"0o", 8},  Base{"0O", 8}};

std::optional<std::int64_t> in_base(std::string_view digits, int base) {
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.starts_with('-'))
        return std::nullopt;
    return value;
}

/// "3.0", "30e-1", "1e1" without a sign: whole, or nothing.
std::optional<std::int64_t> whole_float(const std::string& digits) {
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    constexpr double kMost = 1e15;
    const auto number = static_cast<std::int64_t>(value < kMost && value > -kMost ? value : -1);
    const bool whole = static_cast<double>(number) == value;
    if (error != std::errc() || end != digits.data() + digits.size() || !whole) return std::nullopt;
    return number;
}

/// A number of YAML 1.1 without its sign: 3, 0x3, 0b11, 0o3, 03 (to the base of 8), 1_0, 3.0, 3e0.
std::optional<std::int64_t> yaml_number(std::string_view text) {
    std::string digits(text);
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    if (digits.empty() || text.starts_with('_')) return std::nullopt;
    for (const auto& [start, base] : kBases)
        if (digits.starts_with(start)) return in_base(std::string_view(digits).substr(2), base);
    if (digits.size() > 1 && digits.front() == '0')
        if (const auto octal = in_base(digits, 8)) return octal;
    if (const auto decimal = in_base(digits, 10)) return decimal;
    return digits.find_first_of("iInN") == std::string::npos ? whole_float(digits) : std::nullopt;
}

/// What the templates' `int` makes of a text: a number as Go writes them (a zero in front is the
/// base of 8), zeros after a point left out.
std::optional<std::int64_t> text_number(std::string_view text) {
    if (const std::size_t point = text.find('.'); point != std::string_view::npos) {
        if (text.find_first_not_of('0', point + 1) != std::string_view::npos) return std::nullopt;
        text = text.substr(0, point);
    }
    std::string digits(text);
    digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
    for (const auto& [start, base] : kBases)
        if (digits.starts_with(start)) return in_base(std::string_view(digits).substr(2), base);
    return in_base(digits, digits.starts_with('0') ? 8 : 10);
}

}  // namespace

std::optional<std::int64_t> helm_number(const Node& value) {
    if (value.kind != NodeKind::scalar) return std::nullopt;
    std::string_view text = value.text;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto number = value.quoted ? text_number(text) : yaml_number(text);
    if (!number) return std::nullopt;
    return negative ? -*number : *number;
}

std::optional<bool> helm_truth(const Node& value) {
    if (value.kind != NodeKind::scalar) return std::nullopt;
    const std::optional<bool> word = yaml_boolean(value.text);
    if (value.quoted) {
        if (value.text.empty()) return false;
        if (word && *word) return true;
        return helm_number(value) == 1 ? std::optional(true) : std::nullopt;
    }
    if (word) return word;
    const auto number = helm_number(value);
    return number ? std::optional(*number != 0) : std::nullopt;
}

}  // namespace leasehold::config
