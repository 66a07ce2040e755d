// What is asked of each pair of servers: the scripted cases, each with the statuses that it is
// about, and random sequences by seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "tests/conformance/bucket_domain.hpp"
#include "tests/conformance/lease_domain.hpp"
#include "tests/conformance/play.hpp"

namespace leasehold::conformance {

template <class Op>
struct Case {
    std::string name;  ///< "lease.put-of-equal-content-writes-nothing"
    Sequence<Op> sequence;
};

[[nodiscard]] std::vector<Case<LeaseOp>> lease_cases();
[[nodiscard]] std::vector<Case<BucketOp>> bucket_cases(const sim::BucketSpec& spec);

/// Sequence `number` of a seed, for so many clients. Sequences don't depend on one another.
[[nodiscard]] Sequence<LeaseOp> random_lease_sequence(std::uint64_t seed, std::uint64_t number,
                                                      std::uint32_t clients);
[[nodiscard]] Sequence<BucketOp> random_bucket_sequence(std::uint64_t seed, std::uint64_t number,
                                                        std::uint32_t clients);

}  // namespace leasehold::conformance
