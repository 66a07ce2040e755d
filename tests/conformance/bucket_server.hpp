// The bucket as the suite sees it, real or simulated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::conformance {

struct BucketCall {
    std::uint32_t client = 0;
    SendBucket request;
    std::uint32_t fill = 1;  ///< a put of so many keys, numbered after `key`; answered by the last
};

/// The key of one of the puts of a call that fills.
[[nodiscard]] inline ObjectKey filled_key(const ObjectKey& key, std::uint32_t number) {
    return ObjectKey(key.str() + std::to_string(10'000 + number));
}

class BucketServer {
  public:
    virtual ~BucketServer() = default;
    /// From now on an empty bucket.
    virtual void fresh() = 0;
    /// Sends all at once, each by its own client; the answers in the same order.
    virtual std::vector<BucketReply> perform(std::span<const BucketCall> calls) = 0;
};

}  // namespace leasehold::conformance
