// Rows and advice of --check-bucket about the place of a bucket: its address and its region, and
// what a request that failed says of the secret.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/config/config.hpp"
#include "agent/host/bucket_check.hpp"

namespace leasehold::agent {

/// A request that did not do what was asked.
struct BucketRefusal {
    std::int32_t status = 0;  ///< 0: no answer came
    std::string word;         ///< the server's own, as "NoSuchBucket"; empty: it had none
    std::string words;        ///< all that there is for people
    std::string region;       ///< where the bucket is, if the server said so
};

/// Where requests go; none for a directory, which its configuration names already.
[[nodiscard]] std::optional<BucketFinding> address_finding(const AgentConfig& config);
/// The same bucket with its name in the other part of the URL; none where that makes no sense.
[[nodiscard]] std::optional<AgentConfig> readdressed(const AgentConfig& config);
/// What is known of an S3 bucket's region once it was asked. `named` is what the server called it,
/// if it did; `works`: it answered the question itself. None for other stores.
[[nodiscard]] std::optional<BucketFinding> region_finding(const BucketConfig& config,
                                                          const std::string& named, bool works);
/// What to change when a request failed so; empty: the secret is right as far as can be told, so
/// that it is a permission that is missing.
[[nodiscard]] std::string place_advice(const BucketConfig& config, const BucketRefusal& refusal);

}  // namespace leasehold::agent
