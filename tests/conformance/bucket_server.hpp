// The bucket as the suite sees it, real or simulated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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

/// Where keys are paths: this removal may take away a folder that `key` lies in, once it is empty.
[[nodiscard]] inline bool empties_folder_of(const SendBucket& removal, const ObjectKey& key) {
    if (removal.verb != BucketVerb::remove) return false;
    const std::string_view folder =
        removal.key.view().substr(0, removal.key.view().find_last_of('/') + 1);
    return key.view().starts_with(folder);  // all keys of a sequence lie in one folder
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
