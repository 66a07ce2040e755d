#include "model/base/stored_etag.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace leasehold {

namespace {

constexpr std::size_t kDigits = 32;
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::uint8_t kNone = 0xff;  ///< no digit

// Both ways by a table: each answer of a query has an ETag.
constexpr auto kPairs = [] {
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs.at(byte) = {kHex[byte >> 4], kHex[byte & 0xf]};
    return pairs;
}();
constexpr auto kValues = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNone);
    for (std::size_t digit = 0; digit < kHex.size(); ++digit)
        values.at(static_cast<unsigned char>(kHex[digit])) = static_cast<std::uint8_t>(digit);
    return values;
}();

std::optional<std::uint64_t> word(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        const std::uint8_t digit = kValues[static_cast<unsigned char>(c)];
        if (digit == kNone) return std::nullopt;
        value = value << 4 | digit;
    }
    return value;
}

}  // namespace

StoredETag::StoredETag(const ETag& etag) {
    const std::string_view text = etag.view();
    if (text.empty()) return;
    value_ = etag;
    if (text.size() != kDigits) return;
    const auto high = word(text.substr(0, kDigits / 2));
    const auto low = word(text.substr(kDigits / 2));
    if (high && low) value_ = Digits{*high, *low};
}

ETag StoredETag::etag() const {
    if (const auto* text = std::get_if<ETag>(&value_)) return *text;
    const auto* digits = std::get_if<Digits>(&value_);
    if (digits == nullptr) return {};
    std::array<char, kDigits> text{};
    for (std::size_t i = 0; i < kDigits; i += 2) {
        const std::uint64_t from = (*digits)[i / 16];
        const auto& pair = kPairs[(from >> (56 - 4 * (i % 16))) & 0xff];
        text[i] = pair[0];
        text[i + 1] = pair[1];
    }
    return ETag(std::string_view(text.data(), text.size()));
}

}  // namespace leasehold
