#include "model/base/stored_etag.hpp"

#include <cstddef>
#include <optional>

namespace leasehold {

namespace {

constexpr std::size_t kDigits = 32;
constexpr std::string_view kHex = "0123456789abcdef";

std::optional<std::uint64_t> word(std::string_view digits) {
    std::uint64_t value = 0;
    for (const char c : digits) {
        const bool number = c >= '0' && c <= '9';
        if (!number && (c < 'a' || c > 'f')) return std::nullopt;
        value = value << 4 | static_cast<std::uint64_t>(number ? c - '0' : c - 'a' + 10);
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
    for (std::size_t i = 0; i < kDigits; ++i) {
        const std::uint64_t from = (*digits)[i / 16];
        text[i] = kHex[(from >> (60 - 4 * (i % 16))) & 0xf];
    }
    return ETag(std::string_view(text.data(), text.size()));
}

}  // namespace leasehold
