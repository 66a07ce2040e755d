// BusyUntil: how long somebody else's gate may still be open, by the records seen (clause 2).
#pragma once

#include <algorithm>

#include "model/base/time.hpp"

namespace leasehold::election {

/// The latest end that any record seen still binds. It passes with time: a long lease is not
/// remembered beyond its own end.
///
/// What earlier holders' records bind is told apart, because a release proves that its holder's
/// gate is closed, and only one of ours proves that nobody else's is open: it took the Lease when
/// that was free. A foreign elector may have taken it by the wall clock, or from an operator.
class BusyUntil {
  public:
    /// A record was seen that binds until `end`.
    void bind(Instant end) { until_ = std::max(until_, end); }
    /// What is bound from now on is bound by another holder.
    void next_holder() { earlier_ = until_; }
    /// The present holder's gate is closed: a foreign elector has released, or one of ours is dead.
    void holder_gone() { until_ = earlier_; }
    /// Nobody's gate is open: a release of ours, or an own write, proves it.
    void clear() { until_ = earlier_ = Instant::min(); }

    [[nodiscard]] Instant until() const { return until_; }
    /// What is left of it at `now`, 0 if nothing.
    [[nodiscard]] Duration left(Instant now) const {
        return until_ > now ? until_ - now : Duration::zero();
    }

    friend bool operator==(const BusyUntil&, const BusyUntil&) = default;

    /// Shows what still matters (StateVisitor). `earlier`: may one holder be gone, and not all?
    template <class Visitor>
    void visit(Visitor& visitor, bool earlier) const {
        visitor.until(until_);
        if (earlier) visitor.until(earlier_);
    }

  private:
    Instant until_ = Instant::min();
    Instant earlier_ = Instant::min();
};

}  // namespace leasehold::election
