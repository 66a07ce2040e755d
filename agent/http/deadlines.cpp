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

void Deadlines::arm() {
    timer_.arm(pending_.empty() ? kNever : pending_.begin()->first);
}

void Deadlines::fire() {
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
