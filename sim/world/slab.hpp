// Slab: things in flight, addressed by handles that an event of the queue can carry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
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
        if (free_.empty()) grow();
        const std::uint32_t number = free_.back();
        free_.pop_back();
        Slot& slot = at(number);
        return {handle(number, slot), slot.value.emplace()};
    }
    template <class U>
    std::uint64_t put(U&& value) {
        const Made made = make();
        made.value = std::forward<U>(value);
        return made.handle;
    }
    /// The thing, or nullptr when it has been taken out.
    [[nodiscard]] T* find(std::uint64_t handle) {
        const std::uint32_t number = static_cast<std::uint32_t>(handle);
        if (number >= size()) return nullptr;
        Slot& slot = at(number);
        return slot.value && slot.generation == handle >> 32 ? &*slot.value : nullptr;
    }
    T take(std::uint64_t handle) {
        T* found = find(handle);
        CHECK(found != nullptr);
        T value = std::move(*found);
        drop(handle);
        return value;
    }
    void drop(std::uint64_t handle) {
        const std::uint32_t number = static_cast<std::uint32_t>(handle);
        Slot& slot = at(number);
        CHECK(slot.value.has_value());
        slot.value.reset();
        ++slot.generation;
        free_.push_back(number);
    }
    /// Calls `visit(handle, thing)` for each, in the order of the slots.
    template <class Visit>
    void each(Visit visit) {
        for (std::uint32_t number = 0; number < size(); ++number)
            if (Slot& slot = at(number); slot.value) visit(handle(number, slot), *slot.value);
    }

  private:
    struct Slot {
        std::optional<T> value;
        std::uint32_t generation = 0;
    };
    static constexpr std::uint32_t kChunk = 32;
    using Chunk = std::array<Slot, kChunk>;

    [[nodiscard]] Slot& at(std::uint32_t number) {
        return (*chunks_[number / kChunk])[number % kChunk];
    }
    [[nodiscard]] std::size_t size() const { return chunks_.size() * kChunk; }
    [[nodiscard]] static std::uint64_t handle(std::uint32_t number, const Slot& slot) {
        return static_cast<std::uint64_t>(slot.generation) << 32 | number;
    }
    /// A chunk more, its first slot to be used first.
    void grow() {
        for (std::size_t number = size() + kChunk; number > size(); --number)
            free_.push_back(static_cast<std::uint32_t>(number - 1));
        chunks_.push_back(std::make_unique<Chunk>());
    }

    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::vector<std::uint32_t> free_;
};

}  // namespace leasehold::sim
