// WriteGate: the end of this process's write privilege, for every thread to look at.
//
// The loop publishes each GateMoved; uploads ask for each chunk; the watchdog closes it when the
// loop is stuck. It closes by time alone.
#pragma once

#include <atomic>
#include <cstdint>

#include "model/base/time.hpp"

namespace leasehold::agent {

class WriteGate {
  public:
    /// Open until `valid_until` on CLOCK_BOOTTIME; kNever with HA off.
    void publish(Instant valid_until) {
        until_.store(valid_until.time_since_epoch().count(), std::memory_order_release);
    }
    [[nodiscard]] Instant valid_until() const {
        return Instant(Duration(until_.load(std::memory_order_acquire)));
    }
    [[nodiscard]] bool open(Instant now) const { return now < valid_until(); }

  private:
    std::atomic<Duration::rep> until_{Instant::min().time_since_epoch().count()};
};

}  // namespace leasehold::agent
