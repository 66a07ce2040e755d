// Waits: the part of follower.freshness that concerns backup reads that wait.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "model/check/calls.hpp"
#include "model/check/contents.hpp"
#include "model/check/copies.hpp"

namespace leasehold::check {

/// A read that waits at a follower ends with a pass that shows a version other than its caller's,
/// of which the replica has a copy. Judged where one pass after another came to its end and the
/// read waits all the same: what one of them missed, because the copy came meanwhile or its file
/// was being read, the next has to show.
class Waits {
  public:
    Waits(Facts& facts, Calls& calls, const Copies& copies, Contents& contents)
        : facts_(facts), calls_(calls), copies_(copies), contents_(contents) {}

    /// A LIST that leaves keys out shows nothing of them.
    void fault(const FaultTookEffect& record);
    void pass_completed(const ReplicaStepped& step) { station(step.replica).passed = true; }
    /// After the effects of a step.
    void after(const ReplicaStepped& step, const ReplicaFacts& self);
    void process_ended(ReplicaIndex index) { station(index).waiting.clear(); }

  private:
    struct Station {
        bool passed = false;  ///< a pass came to its end in this step
        bool misled = false;
        std::map<CallId, std::uint64_t> waiting;  ///< left so by the last pass, which ended then
    };
    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }
    [[nodiscard]] bool could_end(ReplicaIndex index, const ObjectKey& key, const ETag& known);

    Facts& facts_;
    Calls& calls_;
    const Copies& copies_;
    Contents& contents_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
