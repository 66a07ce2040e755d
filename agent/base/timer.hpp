// BoottimeTimer: calls back when CLOCK_BOOTTIME has reached an instant, also over a suspend.
//
// Asio's own timers run on CLOCK_MONOTONIC, which stops while the machine sleeps.
#pragma once

#include <functional>
#include <memory>

#include "agent/base/asio.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

class BoottimeTimer {
  public:
    /// Calls `due` on the loop each time an armed instant has come. Throws std::system_error.
    BoottimeTimer(asio::io_context& loop, std::function<void()> due);
    ~BoottimeTimer();
    BoottimeTimer(const BoottimeTimer&) = delete;
    BoottimeTimer& operator=(const BoottimeTimer&) = delete;

    /// Replaces the instant; kNever disarms. One that is past is due at once.
    void arm(Instant at);

  private:
    struct State;
    void wait();
    void set();
    void fired();

    std::shared_ptr<State> state_;
    Instant armed_ = kNever;
    Instant set_ = kNever;  ///< what the kernel has; never later than `armed_`
};

}  // namespace leasehold::agent
