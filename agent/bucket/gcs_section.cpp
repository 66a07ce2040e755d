#include "agent/bucket/gcs_section.hpp"

#include <string>

#include "agent/bucket/endpoint.hpp"
#include "agent/bucket/google_key.hpp"
#include "agent/bucket/http_section.hpp"
#include "agent/bucket/s3_section.hpp"
#include "agent/bucket/secret_map.hpp"

namespace leasehold::agent {
namespace {

/// A document of several lines, which no other key is.
void read_service_account(const SecretMap& map, BucketConfig& config) {
    const config::Node* const node = map.find("service_account");
    if (node == nullptr) return;
    if (node->kind != config::NodeKind::scalar)
        map.fail_at("service_account",
                    "expected the credentials file as a text (\"service_account: |-\", and the "
                    "file below it, indented)");
    if (node->text.empty()) return;
    if (const auto key = parse_google_key(node->text); !key)
        map.fail_at("service_account", key.error());
    config.service_account = node->text;
}

/// As in a secret of type S3: checked, and named to whoever asks.
void read_rest(const SecretMap& map, BucketConfig& config) {
    bool grpc = false;
    map.boolean("use_grpc", grpc);
    if (grpc) config.without_effect.emplace_back("use_grpc (requests go by HTTP)");
    map.check_count("grpc_conn_pool_size");
    map.check_size("chunk_size_bytes");
    map.check_count("max_retries");
    for (const auto key : {"grpc_conn_pool_size", "chunk_size_bytes", "max_retries"})
        if (map.find(key) != nullptr) config.without_effect.emplace_back(key);
}

}  // namespace

void read_gcs_section(const config::Node& node, BucketConfig& config) {
    const SecretMap map(node, "config", kGcsKeys, home_in_gcs);
    map.word("bucket", config.bucket);
    if (config.bucket.empty()) map.fail_at("bucket", "missing: the bucket's name");
    if (!valid_bucket_name(config.bucket))
        map.fail_at("bucket",
                    "not a bucket's name: letters, digits, '.', '-' and '_' only "
                    "(folders go to prefix at the top level)");
    read_service_account(map, config);
    if (const config::Node* http = map.find("http_config")) read_http_section(*http, config);
    read_rest(map, config);
}

}  // namespace leasehold::agent
