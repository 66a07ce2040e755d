// URLs of S3 requests, encoded as Signature Version 4 wants them: sent as they are signed.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"

namespace leasehold::agent {

/// A URL in the parts that are signed.
struct S3Url {
    std::string scheme;  ///< "https" or "http"
    std::string host;    ///< with the port when it isn't the scheme's own
    std::string path;    ///< encoded, begins with a slash
    std::string query;   ///< encoded, sorted by name; empty = none
    [[nodiscard]] std::string text() const;
};

/// Percent-encoding by RFC 3986: everything but letters, digits and -._~ (and slashes, if kept).
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slashes);

/// Where requests about the bucket as a whole go, for people: "https://host/bucket/".
[[nodiscard]] std::string bucket_url(const BucketConfig& config);
/// The key as it stands in the bucket, behind the configured prefix.
[[nodiscard]] std::string full_key(const BucketConfig& config, std::string_view key);
[[nodiscard]] S3Url object_url(const BucketConfig& config, std::string_view key);
/// ListObjectsV2 of the keys that begin with `prefix`, after `after` (exclusive, empty: from the
/// start), percent-encoded: XML cannot hold all that a key may. Versity ignores that, and says so.
/// With `token` (NextContinuationToken of the page before) from there instead.
[[nodiscard]] S3Url list_url(const BucketConfig& config, std::string_view prefix,
                             std::string_view after, std::string_view token = {});

}  // namespace leasehold::agent
