// Commits: the history of the Lease and of the bucket, put together from sightings.
#pragma once

#include <vector>

#include "model/protocol/history.hpp"
#include "sim/verify/sightings.hpp"

namespace leasehold::verify {

/// In the order of versions, dated by the first sighting and never later than their successor's.
/// The writer is who sent a write with the record's nonce; an outsider's write, and an edit that
/// leaves the nonce, is nobody's.
[[nodiscard]] std::vector<LeaseCommitted> lease_commits(const Sightings& sightings);

/// In the order of time. Fenced objects have an ETag of their own for each write; a confirmed
/// rewrite of equal plain bytes is dated by its answer.
[[nodiscard]] std::vector<ObjectCommitted> object_commits(const Sightings& sightings);

}  // namespace leasehold::verify
