#include "agent/http/turns.hpp"

#include <utility>

namespace leasehold::agent {

void Turns::take(const Taken& taken) {
    if (state_->free == 0) {
        state_->waiting.push_back(taken);
        return;
    }
    --state_->free;
    taken(turn(state_));
}

void Turns::close() {
    const auto left = std::exchange(state_->waiting, {});
}

Turns::Turn Turns::turn(const std::shared_ptr<State>& state) {
    return {state.get(), [state](void*) { hand_on(state); }};
}

void Turns::hand_on(const std::shared_ptr<State>& state) {
    if (state->waiting.empty()) {
        ++state->free;
        return;
    }
    // Not within whatever has let it go.
    asio::post(state->loop,
               [state, taken = std::move(state->waiting.front())] { taken(turn(state)); });
    state->waiting.pop_front();
}

}  // namespace leasehold::agent
