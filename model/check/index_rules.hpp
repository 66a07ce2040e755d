// Index rules: index.complete.
#pragma once

#include <string>
#include <vector>

#include "model/check/contents.hpp"
#include "model/check/copies.hpp"
#include "model/check/floors.hpp"
#include "model/replica/told.hpp"

namespace leasehold::check {

/// The index that a replica tells is that of one who knows what it holds: keys in their order, each
/// once; all of which it has a local copy, and all that it was told or told others the bucket
/// holds, as long as that holds it; nothing of what nobody ever wrote or of what it removed itself;
/// and of each what is so, a local copy, one that waits for the bucket, a version that was there.
class IndexRules {
  public:
    IndexRules(Facts& facts, const Contents& contents, const Floors& floors, const Copies& copies)
        : facts_(facts), contents_(contents), floors_(floors), copies_(copies) {}

    void told(const ReplicaTold& told);
    /// LISTs that leave keys out: two that agree are believed.
    void fault(const FaultTookEffect& record);

  private:
    // Each says what is wrong, or nothing.
    [[nodiscard]] std::string named(const ReplicaTold& told, const IndexEntry& entry,
                                    const KeyContents& key) const;
    [[nodiscard]] std::string left_out(const ReplicaTold& told, const ObjectKey& name,
                                       const KeyContents& key) const;
    /// Have LISTs left keys out at it?
    [[nodiscard]] bool misled(ReplicaIndex replica) const {
        return replica < misled_.size() && misled_[replica];
    }
    [[nodiscard]] std::string compare(const ReplicaTold& told) const;

    Facts& facts_;
    const Contents& contents_;
    const Floors& floors_;
    const Copies& copies_;
    std::vector<bool> misled_;  ///< by replica: not all that it was told was so
};

}  // namespace leasehold::check
