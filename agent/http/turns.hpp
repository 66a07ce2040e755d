// Turns: so many at once; more wait, in their order.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "agent/base/asio.hpp"

namespace leasehold::agent {

/// On one loop.
class Turns {
  public:
    /// A turn is handed on when the last copy of it goes.
    using Turn = std::shared_ptr<void>;
    using Taken = std::function<void(const Turn&)>;

    Turns(asio::io_context& loop, std::size_t most)
        : state_(std::make_shared<State>(State{loop, most, {}})) {}

    /// Calls `taken` with a turn: within this call, or when those before have had theirs. Whoever
    /// has no use for it any more lets it go.
    void take(const Taken& taken);
    /// Those that wait are not called any more.
    void close();

  private:
    struct State {
        asio::io_context& loop;
        std::size_t free;
        std::deque<Taken> waiting;
    };
    static Turn turn(const std::shared_ptr<State>& state);
    static void hand_on(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
