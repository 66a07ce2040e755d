#include "agent/bucket/azure_shared_key.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "agent/base/md5.hpp"
#include "agent/base/sha256.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

/// Those that are signed by their place; what x-ms-date says stands for Date.
constexpr std::array<const char*, 2> kBeforeLength{"content-encoding", "content-language"};
constexpr std::array<const char*, 8> kAfterLength{
    "content-md5",   "content-type",        "date", "if-modified-since", "if-match",
    "if-none-match", "if-unmodified-since", "range"};

std::string value_of(const AzureHeaders& headers, const char* name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

}  // namespace

std::optional<std::string> account_key(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 1024) return std::nullopt;
    std::vector<unsigned char> out(text.size() / 4 * 3 + 1);
    const int size =
        EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    return std::string(out.begin(), out.begin() + size - static_cast<std::ptrdiff_t>(padding));
}

std::string http_date(WallTime at) {
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_seconds time{
        std::chrono::floor<std::chrono::seconds>(at.time_since_epoch())};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    std::array<char, 64> text{};
    std::snprintf(
        text.data(), text.size(), "%s, %02u %s %04d %02ld:%02ld:%02ld GMT",
        kDays.at(std::chrono::weekday{day}.c_encoding()), static_cast<unsigned>(date.day()),
        kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    return text.data();
}

std::string string_to_sign(std::string_view method, const AzureUrl& url,
                           const AzureHeaders& headers, std::string_view account,
                           std::uint64_t content_length) {
    std::string text(method);
    text += '\n';
    for (const char* const name : kBeforeLength)
        text += value_of(headers, name) + "\n";
    text += (content_length == 0 ? std::string() : std::to_string(content_length)) + "\n";
    for (const char* const name : kAfterLength)
        text += value_of(headers, name) + "\n";
    for (const auto& [name, value] : headers)
        if (name.starts_with("x-ms-")) text += name + ":" + value + "\n";
    text += "/" + std::string(account) + url.path;
    for (const auto& [name, value] : url.query)
        text += "\n" + name + ":" + value;
    return text;
}

std::string shared_key(std::string_view to_sign, std::string_view account, std::string_view key) {
    const std::string bytes = account_key(key).value_or("");
    Sha256Value value{};
    unsigned length = 0;
    const unsigned char* const done =
        HMAC(EVP_sha256(), bytes.data(), static_cast<int>(bytes.size()),
             reinterpret_cast<const unsigned char*>(to_sign.data()), to_sign.size(), value.data(),
             &length);
    CHECK(done != nullptr && length == value.size());
    return "SharedKey " + std::string(account) + ":" +
           base64(std::string(value.begin(), value.end()));
}

}  // namespace leasehold::agent
