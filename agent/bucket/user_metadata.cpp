#include "agent/bucket/user_metadata.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace leasehold::agent {
namespace {

constexpr std::array<std::string_view, 10> kOwnName{
    "cache-control",    "content-disposition",
    "content-encoding", "content-language",
    "content-type",     "expires",
    "x-amz-acl",        "x-amz-storage-class",
    "x-amz-tagging",    "x-amz-website-redirect-location"};

/// A character of a header's name (RFC 9110, token).
bool token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

Result<std::map<std::string, std::string>, std::string> metadata_headers(
    const std::map<std::string, std::string>& entries) {
    std::map<std::string, std::string> headers;
    for (const auto& [key, value] : entries) {
        std::string name = key;
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (name.empty() || !std::all_of(name.begin(), name.end(), token_char))
            return Unexpected{std::string("a name that no header can have")};
        const bool as_is = std::find(kOwnName.begin(), kOwnName.end(), name) != kOwnName.end() ||
                           name.starts_with("x-amz-grant-") || name.starts_with("x-amz-meta-");
        if (!as_is && name.starts_with("x-amz-"))
            return Unexpected{
                std::string("an x-amz-* header that is not X-Amz-Acl, X-Amz-Grant-*, "
                            "X-Amz-Storage-Class, X-Amz-Tagging or X-Amz-Meta-* "
                            "(encryption goes to sse_config)")};
        if (!as_is) name.insert(0, "x-amz-meta-");
        if (name == kStampHeader)
            return Unexpected{std::string("\"leasehold\" is kept for this program")};
        const auto visible = [](char c) { return c >= 0x20 && c < 0x7f; };
        if (!std::all_of(value.begin(), value.end(), visible))
            return Unexpected{std::string("a value with other characters than printable ASCII")};
        // As a server reads it: blanks at the ends are none of a header's value.
        const std::size_t first = value.find_first_not_of(' ');
        if (first == std::string::npos)
            return Unexpected{std::string("a value that is empty: leave the entry out")};
        const std::size_t last = value.find_last_not_of(' ');
        if (!headers.emplace(name, value.substr(first, last - first + 1)).second)
            return Unexpected{std::string("two entries for one header")};
    }
    return headers;
}

}  // namespace leasehold::agent
