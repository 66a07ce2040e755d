// Mark rules: the part of status.truthful that looks at marks.
#pragma once

#include <cstddef>
#include <vector>

#include "model/check/calls.hpp"
#include "model/check/facts.hpp"

namespace leasehold::check {

/// A mark says that something was reached; metrics count them, and a scenario's `expect: reached`
/// rests on them. So what a mark names is there, in the very step: the answer or the effect of
/// which it speaks. And where the effects alone show that the point was reached (how a leadership
/// began, an answer `Fenced`, a read that waits), the mark is there too, as often. A replica that
/// never marks anything is somebody else's machine, and is not judged.
class MarkRules {
  public:
    MarkRules(Facts& facts, const Calls& calls) : facts_(facts), calls_(calls) {}

    // Before Calls enters them: what is open then.
    void asked(const ReplicaStepped& step, const Query& query);
    void role_changes(const ReplicaStepped& step);
    /// After the step's effects. `self` as the step left it.
    void after(const ReplicaStepped& step, const ReplicaFacts& self);

  private:
    struct Station {
        bool marks = false;    ///< it has marked something
        bool created = false;  ///< its last write of the Lease was a POST
    };

    Facts& facts_;
    const Calls& calls_;
    std::vector<Station> stations_;
    // Of the present step.
    std::size_t reads_before_ = 0;  ///< open when its role changed
    bool awaited_before_ = false;   ///< a read of the key that its query asks for was open
};

}  // namespace leasehold::check
