// CausalGraph: which events led to an event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace leasehold {

/// The way from a root to an event.
struct CausalChain {
    /// From the oldest to the event asked for; each one is a direct predecessor of the next.
    std::vector<std::uint64_t> events;
    /// False: the first one has predecessors that were forgotten already.
    bool complete = true;
};

/// Remembers the direct predecessors of the last `capacity` events: the message that an event
/// delivers, the previous step of its machine, the fault that struck. Memory is bounded.
class CausalGraph {
  public:
    /// capacity >= 1.
    explicit CausalGraph(std::size_t capacity);

    /// Adds an event. Numbers grow from call to call; predecessors have smaller ones.
    void add(std::uint64_t event, std::span<const std::uint64_t> predecessors);
    void clear();
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool remembers(std::uint64_t event) const;

    /// The shortest chain to `event` from an event without predecessors, or, if none of those is
    /// remembered, from one whose predecessors are forgotten. Of equally short ones that whose
    /// root is the latest. Empty if the event itself isn't remembered.
    [[nodiscard]] CausalChain chain(std::uint64_t event) const;

  private:
    struct Entry {
        std::uint64_t event = 0;
        std::vector<std::uint64_t> predecessors;
    };
    /// The i-th of the remembered ones, from the oldest.
    [[nodiscard]] const Entry& entry(std::size_t i) const {
        return ring_[(first_ + i) % capacity_];
    }
    /// The position of an event among the remembered ones; size() if there is none.
    [[nodiscard]] std::size_t position(std::uint64_t event) const;

    std::size_t capacity_;
    std::vector<Entry> ring_;  ///< grows up to the capacity
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::uint64_t last_ = 0;
    bool any_ = false;
};

}  // namespace leasehold
