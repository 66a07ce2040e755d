#include "agent/http/deadlines.hpp"

#include <algorithm>

#include "agent/base/clock.hpp"

namespace leasehold::agent {

void Deadlines::set(Expirable& what, Instant due) {
    if (what.due_ == due) return;
    if (what.due_ != kNever) pending_.erase({what.due_, &what});
    what.due_ = due;
    if (due != kNever) pending_.emplace(due, &what);
    arm();
}

/// A limit that was put off leaves the timer as it is: it fires early once and looks again. So a
/// connection that makes progress costs no system call.
void Deadlines::arm() {
    if (pending_.empty() || pending_.begin()->first >= armed_) return;
    armed_ = pending_.begin()->first;
    timer_.arm(armed_);
}

void Deadlines::fire() {
    armed_ = kNever;
    const Instant now = boottime();
    while (!pending_.empty() && pending_.begin()->first <= now) {
        Expirable& what = *pending_.begin()->second;
        pending_.erase(pending_.begin());
        what.due_ = kNever;
        what.expired();
    }
    arm();
}

}  // namespace leasehold::agent
