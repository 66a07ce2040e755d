#include "agent/bucket/s3_section.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/bucket/endpoint.hpp"
#include "agent/bucket/http_section.hpp"
#include "agent/bucket/secret_map.hpp"
#include "agent/bucket/user_metadata.hpp"
#include "config/nearest.hpp"

namespace leasehold::agent {
namespace {

constexpr std::array<std::string_view, 3> kLookups{"auto", "path", "virtual-hosted"};
constexpr std::array<std::string_view, 3> kSseTypes{"SSE-S3", "SSE-KMS", "SSE-C"};
constexpr std::array<std::string_view, 2> kListVersions{"v1", "v2"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// One of `names`, or "" when the key is absent or empty.
template <std::size_t N>
std::string choice(const SecretMap& map, std::string_view key,
                   const std::array<std::string_view, N>& names) {
    std::string value;
    map.text(key, value);
    if (value.empty() || contains(names, value)) return value;
    const std::string quoted = shown(value, names);
    map.fail_at(key, "unknown name" + (quoted.empty() ? "" : " " + quoted) +
                         config::suggestion(quoted.empty() ? "" : value, names));
}

void read_sse(const config::Node& node, BucketConfig& config) {
    const SecretMap map(node, "config.sse_config", kSseKeys, home_of);
    const std::string type = choice(map, "type", kSseTypes);
    if (type == "SSE-S3") config.encryption = Encryption::sse_s3;
    if (type == "SSE-KMS") config.encryption = Encryption::sse_kms;
    if (type == "SSE-C") config.encryption = Encryption::sse_c;
    map.word("kms_key_id", config.kms_key_id);
    map.text("encryption_key", config.customer_key_file);
    std::map<std::string, std::string> context;
    map.texts("kms_encryption_context", context);
    const bool kms = config.encryption == Encryption::sse_kms;
    if (!kms && !config.kms_key_id.empty()) map.fail_at("kms_key_id", "only with type SSE-KMS");
    if (!kms && !context.empty()) map.fail_at("kms_encryption_context", "only with type SSE-KMS");
    if (!context.empty()) config.kms_context = nlohmann::json(context).dump();
    const bool customer = config.encryption == Encryption::sse_c;
    if (!customer && !config.customer_key_file.empty())
        map.fail_at("encryption_key", "only with type SSE-C");
    if (customer && config.customer_key_file.empty())
        map.fail_at("encryption_key",
                    "missing: SSE-C needs the path of a file with a key of "
                    "32 bytes");
    if (customer && config.insecure)
        map.fail_at("type", "SSE-C sends its key with each request: not with insecure: true");
}

void read_credentials(const SecretMap& map, BucketConfig& config) {
    map.word("access_key", config.access_key);
    map.word("secret_key", config.secret_key);
    map.word("session_token", config.session_token);
    if (config.access_key.empty() != config.secret_key.empty())
        map.fail_at(config.access_key.empty() ? "access_key" : "secret_key",
                    "missing: access_key and secret_key are given both or neither");
    if (!config.session_token.empty() && config.access_key.empty()) {
        // Keys come from the environment then, and a token belongs to its keys.
        config.session_token.clear();
        config.without_effect.emplace_back("session_token (without access_key)");
    }
    bool chain = false;
    map.boolean("aws_sdk_auth", chain);
    if (chain && !config.access_key.empty())
        map.fail_at("aws_sdk_auth",
                    "true excludes access_key and secret_key: keys come from the environment, the "
                    "shared credentials file or a role then");
    map.text("sts_endpoint", config.sts_endpoint);
    if (!config.sts_endpoint.empty() && !config.access_key.empty()) {
        config.sts_endpoint.clear();
        config.without_effect.emplace_back("sts_endpoint (with access_key)");
    }
}

void read_place(const SecretMap& map, BucketConfig& config) {
    map.word("bucket", config.bucket);
    if (config.bucket.empty()) map.fail_at("bucket", "missing: the bucket's name");
    if (!valid_bucket_name(config.bucket))
        map.fail_at("bucket",
                    "not a bucket's name: letters, digits, '.', '-' and '_' only "
                    "(folders go to prefix at the top level)");
    std::string endpoint;
    map.word("endpoint", endpoint);
    if (endpoint.empty())
        map.fail_at("endpoint",
                    "missing: host[:port] of the S3 server, such as "
                    "s3.eu-central-1.amazonaws.com");
    map.boolean("insecure", config.insecure);
    const auto checked = check_endpoint(endpoint, config.insecure);
    if (!checked) map.fail_at("endpoint", checked.error());
    config.endpoint = *checked;
    if (!bucket_in_endpoint(config.endpoint, config.bucket).empty())
        map.fail_at("endpoint",
                    "begins with the bucket's name: leave it out, it is put before by itself");
    map.word("region", config.region);
    if (config.region.empty()) {
        const std::optional<std::string> named = region_of(config.endpoint);
        config.region_guessed = !named;
        config.region = named.value_or("us-east-1");
    }
    if (config.region.find('/') != std::string::npos) map.fail_at("region", "not a region's name");
    const std::string lookup = choice(map, "bucket_lookup_type", kLookups);
    config.virtual_host =
        lookup == "virtual-hosted" ||
        (lookup != "path" && prefers_virtual_host(config.endpoint, config.bucket));
}

/// Keys that are checked, and need no more: what they choose does not exist here. They are named
/// to whoever asks (--check-config), so that nobody waits for their effect.
void read_rest(const SecretMap& map, BucketConfig& config) {
    map.boolean("send_content_md5", config.send_content_md5);
    const auto names = [&](std::string text) { config.without_effect.push_back(std::move(text)); };
    if (choice(map, "list_objects_version", kListVersions) == "v1")
        names("list_objects_version v1 (pages are asked for by version 2)");
    bool old_signature = false;
    map.boolean("signature_version2", old_signature);
    if (old_signature) names("signature_version2 (requests are signed with version 4)");
    for (const auto key : {"disable_dualstack", "disable_multipart"}) {
        bool wanted = false;
        map.boolean(key, wanted);
        if (wanted) names(key);
    }
    map.check_size("part_size");
    map.check_count("max_retries");
    for (const auto key : {"part_size", "max_retries"})
        if (map.find(key) != nullptr) names(key);
    bool traced = false;
    if (const config::Node* trace = map.find("trace"))
        SecretMap(*trace, "config.trace", kTraceKeys, home_of).boolean("enable", traced);
    if (traced) names("trace.enable");
}

}  // namespace

std::string home_of(std::string_view key) {
    if (contains(kTopKeys, key)) return "at the top level, beside type and config";
    if (contains(kS3Keys, key)) return "in config (indent it under \"config:\")";
    if (contains(kFilesystemKeys, key)) return "in config of type FILESYSTEM";
    if (contains(kGcsKeys, key)) return "in config of type GCS";
    if (contains(kHttpKeys, key)) return "in config.http_config";
    if (contains(kTlsKeys, key)) return "in config.http_config.tls_config";
    if (contains(kSseKeys, key)) return "in config.sse_config";
    if (contains(kTraceKeys, key)) return "in config.trace";
    return "";
}

std::string home_in_filesystem(std::string_view key) {
    return contains(kS3Keys, key) ? "in config of type S3" : home_of(key);
}

std::string home_in_gcs(std::string_view key) {
    const bool s3 = contains(kS3Keys, key) && !contains(kGcsKeys, key);
    return s3 ? "in config of type S3" : home_of(key);
}

void read_s3_section(const config::Node& node, BucketConfig& config) {
    const SecretMap map(node, "config", kS3Keys, home_of);
    read_place(map, config);
    read_credentials(map, config);
    std::map<std::string, std::string> metadata;
    map.texts("put_user_metadata", metadata);
    const auto headers = metadata_headers(metadata);
    if (!headers) map.fail_at("put_user_metadata", headers.error());
    config.user_metadata = *headers;
    if (const config::Node* http = map.find("http_config")) read_http_section(*http, config);
    if (const config::Node* sse = map.find("sse_config")) read_sse(*sse, config);
    read_rest(map, config);
}

}  // namespace leasehold::agent
