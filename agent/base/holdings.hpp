// Holdings: what somebody still holds of what was handed out.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "agent/base/bytes.hpp"

namespace leasehold::agent {

/// Any thread. Whoever reads an answer slowly holds its bytes until all of it has gone out, and
/// there may be thousands of those.
class Holdings {
  public:
    /// The weights of all that is held. Two threads that ask at once may both find room.
    [[nodiscard]] std::uint64_t sum() const { return *sum_; }
    /// The same bytes, which count for `weight` until their last reference has gone.
    [[nodiscard]] BytesPtr counted(BytesPtr bytes, std::uint64_t weight) const {
        *sum_ += weight;
        const Bytes* const same = bytes.get();
        return {same, [bytes = std::move(bytes), sum = sum_, weight](const Bytes*) mutable {
                    bytes.reset();
                    *sum -= weight;
                }};
    }

  private:
    std::shared_ptr<std::atomic<std::uint64_t>> sum_ =
        std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace leasehold::agent
