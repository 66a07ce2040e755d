// Where an Azure container is, and URLs of requests to it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

/// What a storage connection string says of blobs; empty: it does not say it.
struct AzureConnection {
    std::string account;
    std::string key;
    std::string sas;       ///< without a question mark
    std::string endpoint;  ///< URL of the account's blobs, without a slash at its end
};
/// "AccountName=...;AccountKey=...;EndpointSuffix=..." or with BlobEndpoint and
/// SharedAccessSignature. An error shows nothing of it.
[[nodiscard]] Result<AzureConnection, std::string> parse_azure_connection(std::string_view text);

/// Where the blobs lie.
struct AzurePlace {
    std::string url;  ///< of the account, without a slash at its end
    std::string account;
    std::string container;
    std::string prefix;  ///< of every key, as in BucketConfig
};
[[nodiscard]] AzurePlace azure_place(const BucketConfig& config);

/// A URL in the parts that are signed.
struct AzureUrl {
    std::string base;                          ///< scheme, host and port
    std::string path;                          ///< encoded, begins with a slash
    std::map<std::string, std::string> query;  ///< lower-case names, values not encoded
    /// `sas` is appended to the query as it is.
    [[nodiscard]] std::string text(std::string_view sas) const;
};

/// The key as it stands in the container, behind the configured prefix.
[[nodiscard]] std::string full_key(const AzurePlace& place, std::string_view key);
[[nodiscard]] AzureUrl blob_url(const AzurePlace& place, std::string_view key);
/// List Blobs of the names that begin with `prefix`, from a marker on (empty: from the start).
[[nodiscard]] AzureUrl blobs_url(const AzurePlace& place, std::string_view prefix,
                                 std::string_view marker);
/// Of requests about the container as a whole, for people.
[[nodiscard]] std::string container_url(const BucketConfig& config);

}  // namespace leasehold::agent
