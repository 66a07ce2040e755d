// URLs of Google Cloud Storage, for both of its interfaces.
//
// Content is read by the XML interface: a media download of the JSON interface brings no user
// metadata, and names a missing bucket and a missing object alike. Everything else is JSON.
#pragma once

#include <string>
#include <string_view>

namespace leasehold::agent {

/// Where the objects lie.
struct GcsPlace {
    std::string url;  ///< of the store, without a slash at its end
    std::string bucket;
    std::string prefix;     ///< of every key, as in BucketConfig
    bool emulator = false;  ///< STORAGE_EMULATOR_HOST: it may go by another name than its own
};

/// The key as it stands in the bucket, behind the configured prefix.
[[nodiscard]] std::string full_key(const GcsPlace& place, std::string_view key);
/// An object's content (XML). fake-gcs-server knows that path by its own Host alone and answers 404
/// to any other, as of an object that is not there: an emulator is asked by another path.
[[nodiscard]] std::string content_url(const GcsPlace& place, std::string_view key);
/// An object's resource (JSON); `query` begins with a question mark, or is empty.
[[nodiscard]] std::string resource_url(const GcsPlace& place, std::string_view key,
                                       std::string_view query);
/// For uploads in one request of several parts (JSON); `query` is appended.
[[nodiscard]] std::string upload_url(const GcsPlace& place, std::string_view query);
/// Objects whose keys begin with `prefix`, after `after` (empty: from the start), or
/// the page that a token of an earlier one names.
[[nodiscard]] std::string pages_url(const GcsPlace& place, std::string_view prefix,
                                    std::string_view after, std::string_view token);

}  // namespace leasehold::agent
