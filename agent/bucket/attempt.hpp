// Attempt: the right of one exchange with a directory to change something, across two threads.
#pragma once

#include <atomic>

#include "agent/base/clock.hpp"
#include "agent/base/write_gate.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Either the pool's thread begins to commit, or the loop gives the exchange up: never both.
class Attempt {
  public:
    Attempt(Instant deadline, const WriteGate* gate) : deadline_(deadline), gate_(gate) {}

    /// The loop: answered without it. False when the change may have happened.
    bool give_up() {
        State expected = State::open;
        return state_.compare_exchange_strong(expected, State::given_up);
    }
    /// The pool's thread, right before the one call that changes something.
    [[nodiscard]] bool begin_commit() {
        if (over() || (gate_ != nullptr && !gate_->open(boottime()))) return false;
        State expected = State::open;
        return state_.compare_exchange_strong(expected, State::committing);
    }
    /// Nobody waits for it any more.
    [[nodiscard]] bool over() const {
        return state_.load() == State::given_up || boottime() >= deadline_;
    }

  private:
    enum class State { open, committing, given_up };
    std::atomic<State> state_{State::open};
    Instant deadline_;
    const WriteGate* gate_;
};

}  // namespace leasehold::agent
