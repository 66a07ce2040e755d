// Claims: the part of bucket.epochs-increase that looks at who claims.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// A claimant holds the newest term: its swap of the epoch leaves only after a renewal of the
/// Lease that was sent when the epoch had been read, and that is known to have counted. By its own
/// time and not by event: a process that stood still takes the answer of its look and sends the
/// renewal at one instant, in whatever order, and the server had answered before; and one whose
/// clock stood can tell no order.
class Claims {
  public:
    explicit Claims(Facts& facts) : facts_(facts) {}

    void lease_sent(const ReplicaStepped& step, const SendLease& request);
    void lease_answered(const ReplicaStepped& step, const LeaseAnswered& answer);
    void bucket_sent(const ReplicaStepped& step, const SendBucket& request);
    void bucket_answered(const ReplicaStepped& step, const BucketAnswered& answer);
    void process_ended(ReplicaIndex index);

  private:
    struct Step {
        std::uint64_t number = 0;
        Instant now{};
    };
    struct Sent {
        std::uint64_t nonce = 0;
        Step step;
    };
    struct Station {
        std::array<Sent, 8> sent{};  ///< the newest writes of the Lease
        std::size_t next = 0;
        Step renewed;    ///< that sent the newest one that counted
        RequestId read;  ///< GET of the epoch
        Step known;      ///< that was told its answer
    };
    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }

    Facts& facts_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
