// Slab: things in flight, addressed by handles that an event of the queue can carry.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "model/base/check.hpp"

namespace leasehold::sim {

/// Reusable slots. A handle holds a slot and its generation: a stale one finds nothing.
template <class T>
class Slab {
  public:
    /// A thing, and the handle by which it is found; it stays where it is until it is dropped.
    struct Made {
        std::uint64_t handle;
        T& value;
    };
    /// An empty thing, to be filled in.
    Made make() {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.emplace_back();
        } else {
            slot = free_.back();
            free_.pop_back();
        }
        return {handle(slot), slots_[slot].value.emplace()};
    }
    template <class U>
    std::uint64_t put(U&& value) {
        const Made made = make();
        made.value = std::forward<U>(value);
        return made.handle;
    }
    /// The thing, or nullptr when it has been taken out.
    [[nodiscard]] T* find(std::uint64_t handle) {
        const std::uint32_t slot = static_cast<std::uint32_t>(handle);
        if (slot >= slots_.size()) return nullptr;
        Slot& found = slots_[slot];
        return found.value && found.generation == handle >> 32 ? &*found.value : nullptr;
    }
    T take(std::uint64_t handle) {
        T* found = find(handle);
        CHECK(found != nullptr);
        T value = std::move(*found);
        drop(handle);
        return value;
    }
    void drop(std::uint64_t handle) {
        const std::uint32_t slot = static_cast<std::uint32_t>(handle);
        CHECK(slots_[slot].value.has_value());
        slots_[slot].value.reset();
        ++slots_[slot].generation;
        free_.push_back(slot);
    }
    /// Calls `visit(handle, thing)` for each, in the order of the slots.
    template <class Visit>
    void each(Visit visit) {
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
            if (slots_[slot].value) visit(handle(slot), *slots_[slot].value);
    }

  private:
    struct Slot {
        std::optional<T> value;
        std::uint32_t generation = 0;
    };
    [[nodiscard]] std::uint64_t handle(std::uint32_t slot) const {
        return static_cast<std::uint64_t>(slots_[slot].generation) << 32 | slot;
    }
    std::deque<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace leasehold::sim
