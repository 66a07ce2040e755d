// Reaper: what others leave to the first process of a container is not left lying about.
#pragma once

#include "agent/base/asio.hpp"
#include "agent/base/timer.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Takes the ends of orphans (what a credential command or `kubectl exec` left behind) now and
/// then. By the clock and not by SIGCHLD, which would interrupt the calls of all threads.
class Reaper {
  public:
    /// Each `period`, on the loop.
    Reaper(asio::io_context& loop, Duration period);

  private:
    void reap();

    Duration period_;
    BoottimeTimer timer_;
};

}  // namespace leasehold::agent
