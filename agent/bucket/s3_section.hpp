// The `config` of a bucket secret of type S3. Internal to agent/bucket.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"
#include "config/tree.hpp"

namespace leasehold::agent {

// The keys of each level, as Thanos and OpenCost document them.
inline constexpr std::array<std::string_view, 3> kTopKeys{"type", "config", "prefix"};
inline constexpr std::array<std::string_view, 1> kFilesystemKeys{"directory"};
inline constexpr std::array<std::string_view, 7> kGcsKeys{
    "bucket",      "service_account",  "use_grpc",   "grpc_conn_pool_size",
    "http_config", "chunk_size_bytes", "max_retries"};
inline constexpr std::array<std::string_view, 21> kS3Keys{"bucket",
                                                          "endpoint",
                                                          "region",
                                                          "access_key",
                                                          "secret_key",
                                                          "session_token",
                                                          "insecure",
                                                          "bucket_lookup_type",
                                                          "aws_sdk_auth",
                                                          "signature_version2",
                                                          "put_user_metadata",
                                                          "http_config",
                                                          "trace",
                                                          "list_objects_version",
                                                          "part_size",
                                                          "sse_config",
                                                          "sts_endpoint",
                                                          "send_content_md5",
                                                          "disable_dualstack",
                                                          "disable_multipart",
                                                          "max_retries"};
inline constexpr std::array<std::string_view, 10> kHttpKeys{
    "idle_conn_timeout",       "response_header_timeout", "insecure_skip_verify",
    "tls_handshake_timeout",   "expect_continue_timeout", "max_idle_conns",
    "max_idle_conns_per_host", "max_conns_per_host",      "tls_config",
    "disable_compression"};
inline constexpr std::array<std::string_view, 5> kTlsKeys{"ca_file", "cert_file", "key_file",
                                                          "server_name", "insecure_skip_verify"};
inline constexpr std::array<std::string_view, 4> kSseKeys{
    "type", "kms_key_id", "kms_encryption_context", "encryption_key"};
inline constexpr std::array<std::string_view, 1> kTraceKeys{"enable"};

/// Where a key belongs that is unknown at its level, for messages; empty = nowhere.
[[nodiscard]] std::string home_of(std::string_view key);
/// The same in a secret of type FILESYSTEM.
[[nodiscard]] std::string home_in_filesystem(std::string_view key);
/// The same in a secret of type GCS.
[[nodiscard]] std::string home_in_gcs(std::string_view key);
/// Reads `node` into `config`. Throws config::InputError.
void read_s3_section(const config::Node& node, BucketConfig& config);

}  // namespace leasehold::agent
