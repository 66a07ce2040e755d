// Backoff: how long to wait after one more failure. The one rule for all that is tried again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/base/time.hpp"

namespace leasehold {

/// The first wait and the longest; both positive, `longest` not below `first`.
struct BackoffLimits {
    Duration first{};
    Duration longest{};
    friend bool operator==(const BackoffLimits&, const BackoffLimits&) = default;
};

/// Counts failures in a row and doubles the wait from one to the next.
///
/// A server's Retry-After lengthens a wait, and is capped like the rest: a bucket that once asked
/// for an hour must not stop the backups for an hour, nor hide from BucketHealth that nothing gets
/// on (it needs a second try to be sure).
class Backoff {
  public:
    /// One more failure: how long to wait before the next try, at most `limits.longest`.
    Duration fail(const BackoffLimits& limits, Duration retry_after = Duration{0}) {
        Duration wait = limits.first;
        for (std::uint32_t i = 0; i < tries_ && wait < limits.longest; ++i)
            wait *= 2;
        ++tries_;
        return std::min(std::max(wait, retry_after), limits.longest);
    }
    void succeed() { tries_ = 0; }
    /// Failures since the last success.
    [[nodiscard]] std::uint32_t tries() const { return tries_; }

    friend bool operator==(const Backoff&, const Backoff&) = default;

  private:
    std::uint32_t tries_ = 0;
};

}  // namespace leasehold
