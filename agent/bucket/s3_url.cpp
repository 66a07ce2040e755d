#include "agent/bucket/s3_url.hpp"

#include "agent/bucket/key_rule.hpp"

namespace leasehold::agent {
namespace {

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

S3Url url_of_bucket(const BucketConfig& config) {
    S3Url url;
    url.scheme = config.insecure ? "http" : "https";
    url.host = config.virtual_host ? config.bucket + "." + config.endpoint : config.endpoint;
    url.path = config.virtual_host ? "/" : "/" + config.bucket + "/";
    return url;
}

}  // namespace

std::string S3Url::text() const {
    return scheme + "://" + host + path + (query.empty() ? "" : "?" + query);
}

std::string percent_encode(std::string_view text, bool keep_slashes) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        if (unreserved(c) || (keep_slashes && c == '/')) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

std::string bucket_url(const BucketConfig& config) {
    return url_of_bucket(config).text();
}

std::string full_key(const BucketConfig& config, std::string_view key) {
    return prefixed(config.prefix, key);
}

S3Url object_url(const BucketConfig& config, std::string_view key) {
    S3Url url = url_of_bucket(config);
    url.path += percent_encode(full_key(config, key), true);
    return url;
}

S3Url list_url(const BucketConfig& config, std::string_view prefix, std::string_view after,
               std::string_view token) {
    S3Url url = url_of_bucket(config);
    if (!token.empty()) url.query = "continuation-token=" + percent_encode(token, false) + "&";
    url.query += "encoding-type=url&list-type=2&max-keys=1000";
    const std::string full_prefix = full_key(config, prefix);
    if (!full_prefix.empty()) url.query += "&prefix=" + percent_encode(full_prefix, false);
    if (!after.empty() && token.empty())
        url.query += "&start-after=" + percent_encode(full_key(config, after), false);
    return url;
}

}  // namespace leasehold::agent
