// The `config` of a bucket secret of type GCS. Internal to agent/bucket.
#pragma once

#include "agent/bucket/bucket_config.hpp"
#include "config/tree.hpp"

namespace leasehold::agent {

/// Reads `node` into `config`. Throws config::InputError.
void read_gcs_section(const config::Node& node, BucketConfig& config);

}  // namespace leasehold::agent
