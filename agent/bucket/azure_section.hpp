// The `config` of a bucket secret of type AZURE. Internal to agent/bucket.
#pragma once

#include <array>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"
#include "config/tree.hpp"

namespace leasehold::agent {

// The keys of each level, as Thanos documents them.
inline constexpr std::array<std::string_view, 16> kAzureKeys{"storage_account",
                                                             "storage_account_key",
                                                             "storage_connection_string",
                                                             "storage_create_container",
                                                             "container",
                                                             "endpoint",
                                                             "user_assigned_id",
                                                             "max_retries",
                                                             "msi_resource",
                                                             "az_tenant_id",
                                                             "client_id",
                                                             "client_secret",
                                                             "azure_storage_account_type",
                                                             "pipeline_config",
                                                             "reader_config",
                                                             "http_config"};
inline constexpr std::array<std::string_view, 4> kPipelineKeys{"max_tries", "try_timeout",
                                                               "retry_delay", "max_retry_delay"};
inline constexpr std::array<std::string_view, 1> kReaderKeys{"max_retry_requests"};

/// Reads `node` into `config`. Throws config::InputError.
void read_azure_section(const config::Node& node, BucketConfig& config);

}  // namespace leasehold::agent
