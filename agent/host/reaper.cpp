#include "agent/host/reaper.hpp"

#include "agent/base/clock.hpp"
#include "agent/lease/child_process.hpp"

namespace leasehold::agent {

Reaper::Reaper(asio::io_context& loop, Duration period)
    : period_(period), timer_(loop, [this] { reap(); }) {
    reap();
}

void Reaper::reap() {
    reap_orphans();
    timer_.arm(saturating_add(boottime(), period_));
}

}  // namespace leasehold::agent
