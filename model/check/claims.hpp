// Claims: the part of bucket.epochs-increase that looks at who claims.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// A claimant holds the newest term: its swap of the epoch leaves only after a renewal of the
/// Lease that was sent when it had read the epoch, and that is known to have counted.
class Claims {
  public:
    explicit Claims(Facts& facts) : facts_(facts) {}

    void lease_sent(const ReplicaStepped& step, const SendLease& request);
    void lease_answered(const ReplicaStepped& step, const LeaseAnswered& answer);
    void bucket_sent(const ReplicaStepped& step, const SendBucket& request);
    void bucket_answered(const ReplicaStepped& step, const BucketAnswered& answer);
    void process_ended(ReplicaIndex index);

  private:
    struct Sent {
        std::uint64_t nonce = 0;
        std::uint64_t number = 0;
    };
    struct Station {
        std::array<Sent, 8> sent{};  ///< the newest writes of the Lease
        std::size_t next = 0;
        std::uint64_t renewed = 0;  ///< event that sent the newest one that counted
        RequestId read;             ///< GET of the epoch
        std::uint64_t known = 0;    ///< event that answered it
    };
    [[nodiscard]] Station& station(ReplicaIndex index);

    Facts& facts_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
