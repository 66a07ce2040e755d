// The bucket secret in the Thanos form (object-store.yaml): type, config, prefix.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/transfer/client.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

enum class BucketType : std::uint8_t { s3, gcs, azure, filesystem };
enum class Encryption : std::uint8_t { none, sse_s3, sse_kms, sse_c };

/// Of a secret of type AZURE, beside `bucket`, which is its container.
struct AzureConfig {
    std::string url;      ///< of the account's blobs, without a slash at its end
    std::string account;  ///< may be empty with a SAS
    std::string key;      ///< base64; empty: none
    std::string sas;      ///< without a question mark; empty: none
    std::string tenant;   ///< with client and client_secret; empty: elsewhere (azure_plan.hpp)
    std::string client;
    std::string client_secret;
    std::string user_assigned;  ///< client id of a managed identity

    friend bool operator==(const AzureConfig&, const AzureConfig&) = default;
};

struct BucketConfig {
    BucketType type = BucketType::s3;
    std::string file;       ///< where it was read, so that rotated keys are found; empty = nowhere
    std::string prefix;     ///< of every key, without slashes at its ends; empty = none
    std::string directory;  ///< filesystem

    // gcs
    std::string service_account;  ///< a credentials file's text, JSON; empty: elsewhere

    AzureConfig azure;

    // s3, and of gcs and azure: bucket, tls, the proxies
    std::string bucket;
    std::string endpoint;  ///< host[:port], lower case, without scheme
    std::string region;    ///< never empty: as configured, else the endpoint's, else us-east-1
    bool region_guessed = false;  ///< neither configured nor in the endpoint's name
    bool insecure = false;        ///< plain HTTP
    bool virtual_host = false;    ///< bucket in the host's name instead of the path
    std::string access_key;       ///< empty: elsewhere (credentials_plan.hpp)
    std::string secret_key;
    std::string session_token;
    std::string sts_endpoint;  ///< URL, for a web identity; empty: by variables and the region
    std::map<std::string, std::string> user_metadata;  ///< put_user_metadata, as headers
    bool send_content_md5 = false;                     ///< with each PUT
    TlsOptions tls;
    std::string proxy;        ///< URL, from the environment; empty: none
    std::string https_proxy;  ///< likewise, for STS, which is met by HTTPS whatever the bucket is
    std::string no_proxy;     ///< hosts that are reached without it, as NO_PROXY lists them
    Encryption encryption = Encryption::none;
    std::string kms_key_id;
    std::string kms_context;        ///< JSON; empty = none
    std::string customer_key_file;  ///< SSE-C: where the key is
    std::string customer_key;       ///< SSE-C: the key's 32 bytes, once loaded
    /// Keys that were given and choose nothing here, with what they ask for where it matters.
    std::vector<std::string> without_effect;

    friend bool operator==(const BucketConfig&, const BucketConfig&) = default;
};

/// Reads and checks a secret's text; `file` names it in messages. Opens no file. An error is one
/// line with file, line, column, what was expected and the nearest valid name; it shows no value
/// that could be a secret.
[[nodiscard]] Result<BucketConfig, std::string> parse_bucket_config(const std::string& text,
                                                                    const std::string& file);
/// The same for a file, and for the files that it names: a missing, unreadable or unusable one is
/// an error too.
[[nodiscard]] Result<BucketConfig, std::string> load_bucket_config(const std::string& file);

}  // namespace leasehold::agent
