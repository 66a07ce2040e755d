#include "agent/bucket/sigv4.hpp"

#include <array>
#include <chrono>
#include <cstdio>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "agent/base/sha256.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

std::string hmac(std::string_view key, std::string_view text) {
    Sha256Value value{};
    unsigned length = 0;
    const unsigned char* const done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                           reinterpret_cast<const unsigned char*>(text.data()),
                                           text.size(), value.data(), &length);
    CHECK(done != nullptr && length == value.size());
    return std::string(value.begin(), value.end());
}

std::string hex(std::string_view bytes) {
    Sha256Value value{};
    CHECK(bytes.size() == value.size());
    std::copy(bytes.begin(), bytes.end(), value.begin());
    return to_hex(value);
}

std::string sha256_hex(std::string_view text) {
    Sha256 hash;
    hash.add(text);
    return to_hex(hash.finish());
}

/// The value as it is signed: without blanks at its ends, runs of blanks as one.
std::string collapsed(std::string_view value) {
    std::string out;
    for (const char c : value)
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

}  // namespace

std::string amz_date(WallTime at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
    const std::chrono::sys_seconds time{seconds};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02ld%02ld%02ldZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                  clock.seconds().count());
    return text.data();
}

std::string authorization(const SignedHeaders& headers, std::string_view method, const S3Url& url,
                          std::string_view content_sha256, const Credentials& credentials,
                          std::string_view region, std::string_view service,
                          std::string_view date) {
    std::string request(method);
    request += "\n" + url.path + "\n" + url.query + "\n";
    std::string names;
    for (const auto& [name, value] : headers) {
        request += name + ":" + collapsed(value) + "\n";
        names += (names.empty() ? "" : ";") + name;
    }
    request += "\n" + names + "\n" + std::string(content_sha256);

    const std::string day(date.substr(0, 8));
    const std::string scope =
        day + "/" + std::string(region) + "/" + std::string(service) + "/aws4_request";
    const std::string to_sign =
        "AWS4-HMAC-SHA256\n" + std::string(date) + "\n" + scope + "\n" + sha256_hex(request);
    std::string key = hmac("AWS4" + credentials.secret_key, day);
    key = hmac(key, region);
    key = hmac(key, service);
    key = hmac(key, "aws4_request");
    return "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
           ", SignedHeaders=" + names + ", Signature=" + hex(hmac(key, to_sign));
}

void sign(SignedHeaders& headers, std::string_view method, const S3Url& url,
          std::string_view content_sha256, const Credentials& credentials, std::string_view region,
          WallTime at) {
    const std::string date = amz_date(at);
    headers["host"] = url.host;
    headers["x-amz-date"] = date;
    headers["x-amz-content-sha256"] = std::string(content_sha256);
    if (!credentials.session_token.empty())
        headers["x-amz-security-token"] = credentials.session_token;
    headers["authorization"] =
        authorization(headers, method, url, content_sha256, credentials, region, "s3", date);
}

}  // namespace leasehold::agent
