// check_bucket: what a bucket does with the requests of a leader, tried before a rollout
// (leasehold-agent --check-bucket).
//
// It writes and removes objects of its own below .ha/probe/, and nothing else.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.hpp"

namespace leasehold::agent {

/// One thing that was tried.
struct BucketFinding {
    std::string what;    ///< "If-Match on PUT"
    std::string found;   ///< "honoured", "403 AccessDenied: ..."
    std::string advice;  ///< what the agent does about it, or what to do; empty: nothing
    bool usable = true;  ///< false: backups cannot work
};

/// Tries the configured bucket; blocks until it is known, at most a few minutes. Throws
/// std::exception when no client can be made.
[[nodiscard]] std::vector<BucketFinding> check_bucket(const AgentConfig& config);
/// The findings as a table, one line each.
[[nodiscard]] std::string table_of(const std::vector<BucketFinding>& findings);

}  // namespace leasehold::agent
