#include "agent/lease/lease_url.hpp"

#include <chrono>

namespace leasehold::agent {

std::string encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kDigits[byte >> 4];
            out += kDigits[byte & 15];
        }
    }
    return out;
}

std::string timeout_parameter(Duration timeout) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
    return "?timeout=" + std::to_string(seconds < 1 ? 1 : seconds) + "s";
}

}  // namespace leasehold::agent
