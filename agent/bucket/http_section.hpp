// The `http_config` that buckets behind HTTP have in common. Internal to agent/bucket.
#pragma once

#include "agent/bucket/bucket_config.hpp"
#include "config/tree.hpp"

namespace leasehold::agent {

/// Reads `node` into `config`. Throws config::InputError.
void read_http_section(const config::Node& node, BucketConfig& config);

}  // namespace leasehold::agent
