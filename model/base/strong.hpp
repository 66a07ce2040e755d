// Strong ids: integers that don't mix with each other.
#pragma once

#include <compare>
#include <cstdint>

namespace leasehold {

/// An integer with a meaning. Explicit to make, ordered, without arithmetic.
template <class Tag>
class StrongId {
  public:
    constexpr StrongId() = default;
    constexpr explicit StrongId(std::uint64_t value) : value_(value) {}
    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
    friend constexpr auto operator<=>(StrongId, StrongId) = default;

  private:
    std::uint64_t value_ = 0;
};

/// One exchange with the Lease API, the bucket or the file store; unique within a process.
using RequestId = StrongId<struct RequestIdTag>;
/// One watch of the Lease; unique within a process.
using WatchId = StrongId<struct WatchIdTag>;
/// One backup read, write or query that a caller brought; chosen by the driver, unique within a
/// process over all three kinds.
using CallId = StrongId<struct CallIdTag>;

/// A Kubernetes resourceVersion. It is the etcd revision: comparable since KEP-5504 (Kubernetes
/// 1.35), growing over deletion and re-creation, going back only when a cluster is restored.
using Version = StrongId<struct VersionTag>;
/// The resourceVersion of the write that acquired the Lease; orders leaderships.
using Term = StrongId<struct TermTag>;
/// Fencing number of the bucket, claimed by compare-and-swap on `.ha/epoch`; 0 = foreign or plain.
using Epoch = StrongId<struct EpochTag>;

}  // namespace leasehold
