// Deadlines: one timer for the time limits of all connections.
#pragma once

#include <set>
#include <utility>

#include "agent/base/asio.hpp"
#include "agent/base/timer.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Something with at most one time limit at a time.
class Expirable {
  public:
    /// Its time has come; it has no limit any more.
    virtual void expired() = 0;

  protected:
    ~Expirable() = default;

  private:
    friend class Deadlines;
    Instant due_ = kNever;
};

class Deadlines {
  public:
    explicit Deadlines(asio::io_context& loop) : timer_(loop, [this] { fire(); }) {}

    /// Replaces the limit; kNever takes it away.
    void set(Expirable& what, Instant due);

  private:
    void fire();
    void arm();

    // By time, then by address: the address only tells two of one instant apart.
    std::set<std::pair<Instant, Expirable*>> pending_;
    BoottimeTimer timer_;
};

}  // namespace leasehold::agent
