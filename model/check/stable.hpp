// Stable: leader.stable.
#pragma once

#include <cstdint>
#include <vector>

#include "model/check/writes.hpp"

namespace leasehold::check {

/// A leadership ends for a cause: its process ends, stops, is paused, loses a server or its clock,
/// or somebody touches the Lease or the bucket. And who gave the Lease up of its own will sits out
/// one lease, so that another may try.
class Stable {
  public:
    Stable(Facts& facts, const Writes& writes)
        : facts_(facts),
          writes_(writes),
          span_(2 * facts.settings.election.lease_duration + facts.settings.storage.put_timeout +
                facts.settings.storage.retry_max + facts.settings.transfer) {}

    void changed(TrueTime at, ReplicaIndex index);
    void disturbed(TrueTime at, ReplicaIndex index);
    /// Somebody who is no replica changed the Lease or an object.
    void touched(TrueTime at) { touched_ = at; }
    void began(const ReplicaStepped& step, const ReplicaFacts& self);
    void ended(const ReplicaStepped& step, const ReplicaFacts& self);
    /// It gave the Lease up.
    void abdicated(const ReplicaStepped& step);
    void process_ended(ReplicaIndex index);

  private:
    struct Station {
        bool able = false;
        TrueTime since{};
        std::uint64_t began = 0;              ///< event; 0 = does not lead
        Instant sits_until = Instant::min();  ///< own clock
        std::uint64_t abdicated = 0;
    };
    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }

    Facts& facts_;
    const Writes& writes_;
    Duration span_;  ///< from a cause to its effect at most
    TrueTime touched_ = TrueTime::min();
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
