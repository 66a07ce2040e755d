// Status rules: status.truthful.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/check/bucket_rules.hpp"
#include "model/check/calls.hpp"
#include "model/check/requests.hpp"
#include "model/check/writes.hpp"
#include "model/replica/told.hpp"

namespace leasehold::check {

/// What a replica tells who asks is what the history shows of it: its role, its gate and term;
/// whether it drains, and stops; the epoch that it has in the bucket, and what it found out about
/// the store; how many reads, queries and writes are open. The line for people says the same, each
/// word of a condition while that lasts and no longer.
class StatusRules {
  public:
    StatusRules(Facts& facts, const Calls& calls, const Requests& requests, const Writes& writes,
                const BucketRules& bucket)
        : facts_(facts), calls_(calls), requests_(requests), writes_(writes), bucket_(bucket) {}

    /// A point that the replica reached, which its status speaks of.
    void marked(const ReplicaStepped& step, const ReplicaFacts& self, MarkId mark);
    void told(const ReplicaTold& told);

  private:
    /// What one tenure has shown of the bucket.
    struct Station {
        std::uint32_t era = 0;
        Epoch epoch;          ///< that it found claimed
        bool raises = false;  ///< it may have to claim a higher epoch before it goes on
        bool doubts = false;  ///< some answer contradicted others
        storage::Capabilities store;
    };
    /// Of the replica's present tenure; a fresh one if it has shown nothing.
    [[nodiscard]] Station of(ReplicaIndex index, const ReplicaFacts& self) const;
    // Each says what is wrong, or nothing.
    [[nodiscard]] static std::string of_election(const ReplicaTold& told, const ReplicaFacts& self);
    [[nodiscard]] std::string of_storage(const ReplicaTold& told, const ReplicaFacts& self) const;
    [[nodiscard]] std::string of_writes(const ReplicaTold& told, const ReplicaFacts& self) const;
    [[nodiscard]] std::string of_line(const ReplicaTold& told, const ReplicaFacts& self) const;

    Facts& facts_;
    const Calls& calls_;
    const Requests& requests_;
    const Writes& writes_;
    const BucketRules& bucket_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
