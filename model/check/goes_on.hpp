// Backup goes on: backup.goes-on.
#pragma once

#include <cstdint>
#include <vector>

#include "model/check/facts.hpp"
#include "model/check/writes.hpp"

namespace leasehold::check {

/// While some running replica reached the API and a store that takes its writes for as long as the
/// bound, something was committed: a leader that can't write gives way to one that can. Counts
/// from the first write that a leader accepted since the last commit; a write that is accepted
/// when by the bound the able replica should have led must see a commit.
class GoesOn {
  public:
    GoesOn(Facts& facts, const Writes& writes)
        : facts_(facts), writes_(writes), election_bound_(election_bound(facts.settings)) {}

    /// Something about this replica may have changed: could it do the work?
    void changed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// A leader accepted a write of `size` bytes.
    void accepted(TrueTime at, std::uint64_t number, std::uint64_t size);
    /// A write was answered Committed.
    void committed(TrueTime at, std::uint64_t number);
    /// A leadership ended.
    void leadership_ended() { ++fruitless_; }
    void finish(TrueTime end);
    [[nodiscard]] Duration longest_gap() const { return longest_gap_; }

  private:
    struct Candidate {
        bool able = false;
        TrueTime since{};
        std::uint32_t fruitless = 0;  ///< leaderships without a commit before `since`
    };

    [[nodiscard]] Candidate& candidate(ReplicaIndex index) { return part_of(candidates_, index); }
    [[nodiscard]] Duration bound(std::uint32_t fruitless) const;
    void ends(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void judge(TrueTime at, std::uint64_t number);

    Facts& facts_;
    const Writes& writes_;
    Duration election_bound_;
    std::vector<Candidate> candidates_;
    TrueTime last_commit_{};
    Duration longest_gap_{0};
    std::uint32_t fruitless_ = 0;            ///< leaderships that ended since the last commit
    TrueTime debt_since_ = TrueTime::max();  ///< first acceptance since the last commit
    std::uint64_t debt_number_ = 0;
    TrueTime owed_by_ = TrueTime::max();  ///< until then something must be committed
    TrueTime owed_since_{};
    ReplicaIndex owed_for_ = kNobody;  ///< ... because this one could do it
};

}  // namespace leasehold::check
