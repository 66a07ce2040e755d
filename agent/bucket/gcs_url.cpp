#include "agent/bucket/gcs_url.hpp"

#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_url.hpp"

namespace leasehold::agent {
namespace {

constexpr const char* kJson = "/storage/v1/b/";

/// A segment of a path or a value of a query.
std::string encoded(std::string_view text) {
    return percent_encode(text, false);
}

}  // namespace

std::string full_key(const GcsPlace& place, std::string_view key) {
    return prefixed(place.prefix, key);
}

std::string content_url(const GcsPlace& place, std::string_view key) {
    const std::string bucket = encoded(place.bucket);
    if (place.emulator)
        return place.url + "/download" + kJson + bucket + "/o/" + encoded(full_key(place, key));
    return place.url + "/" + bucket + "/" + percent_encode(full_key(place, key), true);
}

std::string resource_url(const GcsPlace& place, std::string_view key, std::string_view query) {
    return place.url + kJson + encoded(place.bucket) + "/o/" + encoded(full_key(place, key)) +
           std::string(query);
}

std::string upload_url(const GcsPlace& place, std::string_view query) {
    return place.url + "/upload" + kJson + encoded(place.bucket) + "/o?uploadType=multipart" +
           std::string(query);
}

std::string pages_url(const GcsPlace& place, std::string_view prefix, std::string_view after,
                      std::string_view token) {
    std::string url = place.url + kJson + encoded(place.bucket) + "/o?maxResults=1000&fields=" +
                      encoded("items(name,generation,size),nextPageToken");
    const std::string full_prefix = full_key(place, prefix);
    if (!full_prefix.empty()) url += "&prefix=" + encoded(full_prefix);
    // It is inclusive, and a page short of one entry would not be as long as was asked for. Between
    // a key and the same with a blank behind it are keys with control characters alone, which no
    // object of ours has.
    if (!after.empty()) url += "&startOffset=" + encoded(full_key(place, after) + " ");
    if (!token.empty()) url += "&pageToken=" + encoded(token);
    return url;
}

}  // namespace leasehold::agent
