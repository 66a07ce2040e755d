// EventQueue: the one ordered queue of a run, (date, seeded priority, sequence).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/base/time.hpp"

namespace leasehold {

/// A 4-ary heap of 32-byte elements. What was taken out leaves its place at the top vacant for the
/// next push: nearly every event causes another, most of them soon, and such a one comes to rest
/// after one comparison where closing the heap first would walk through all of it, twice.
/// Elements of one date leave in an order that is drawn from the
/// seed, the element's component (kind and target) and how many that component had before: a
/// machine that relies on first-in-first-out between equal dates is wrong in some seed, and what
/// one component does more or less, an injected fault for one, leaves the order of all others as it
/// was. A count over all components would not: one event more at the beginning draws every later
/// order anew, and a scenario that was edited is another run from the first instant on.
/// Nothing can be taken out early; obsolete events are their owner's business.
class EventQueue {
  public:
    struct Element {
        std::int64_t at = 0;      ///< nanoseconds since the beginning of the run, >= 0
        std::uint64_t order = 0;  ///< drawn priority above, sequence below: unique
        std::uint64_t data = 0;
        std::uint32_t kind = 0;
        std::uint32_t target = 0;
    };
    static_assert(sizeof(Element) == 32, "the heap moves elements; two share a cache line");

    /// Empties the queue, keeps its memory, starts the sequence anew.
    void reset(std::uint64_t seed) {
        heap_.clear();
        vacant_ = false;
        sequence_ = 0;
        counts_.fill(0);
        priorities_ = mix64(seed + 0x9e3779b97f4a7c15ULL);
    }

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const { return heap_.size() - (vacant_ ? 1 : 0); }
    /// The date of the first element; the queue must not be empty.
    [[nodiscard]] std::int64_t first_date() {
        close();
        return heap_.front().at;
    }

    void push(std::int64_t at, std::uint32_t kind, std::uint32_t target, std::uint64_t data) {
        const std::uint64_t sequence = sequence_++;
        CHECK(sequence <= kSequenceMask);
        const std::uint32_t place =
            (kind < kKinds ? kind : kKinds - 1) * kTargets + target % kTargets;
        const std::uint64_t component = (static_cast<std::uint64_t>(kind) << 32) | target;
        const std::uint64_t drawn = mix64(mix64(priorities_ ^ component) + ++counts_[place]);
        const std::uint64_t order = (drawn & ~kSequenceMask) | sequence;
        const Element element{at, order, data, kind, target};
        if (vacant_) {
            vacant_ = false;
            sink(element);
        } else {
            heap_.emplace_back();
            rise(heap_.size() - 1, element);
        }
    }

    /// Takes the first element out; the queue must not be empty.
    Element pop() {
        close();
        vacant_ = true;
        return heap_.front();
    }

  private:
    static constexpr std::size_t kArity = 4;
    // Kinds beyond (the engine's own) share the last place, targets beyond share theirs: a place
    // too few costs a little independence and nothing else, as the draw has the whole names.
    static constexpr std::uint32_t kKinds = 32;
    static constexpr std::uint32_t kTargets = 64;
    // 2^36 events per run; the 28 bits above are the priority. Where they collide, the sequence
    // decides, so the order stays total.
    static constexpr std::uint64_t kSequenceMask = (1ULL << 36) - 1;

    /// Both words as one number, so that a comparison needs no branch. Dates are not negative.
    static Uint128 key(const Element& element) {
        return (static_cast<Uint128>(static_cast<std::uint64_t>(element.at)) << 64) | element.order;
    }

    /// Fills a vacant top with the last element: nothing was pushed since it was taken.
    void close() {
        if (!vacant_) return;
        vacant_ = false;
        const Element last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) sink(last);
    }

    void rise(std::size_t hole, const Element& element) {
        const Uint128 own = key(element);
        while (hole > 0) {
            const std::size_t parent = (hole - 1) / kArity;
            if (key(heap_[parent]) < own) break;
            heap_[hole] = heap_[parent];
            hole = parent;
        }
        heap_[hole] = element;
    }

    void sink(const Element& element) {
        const Uint128 own = key(element);
        const std::size_t count = heap_.size();
        std::size_t hole = 0;
        for (;;) {
            const std::size_t child = hole * kArity + 1;
            if (child >= count) break;
            const std::size_t end = child + kArity < count ? child + kArity : count;
            std::size_t least = child;
            Uint128 least_key = key(heap_[child]);
            for (std::size_t other = child + 1; other < end; ++other) {
                const Uint128 other_key = key(heap_[other]);
                const bool less = other_key < least_key;
                least = less ? other : least;
                least_key = less ? other_key : least_key;
            }
            if (own < least_key) break;
            heap_[hole] = heap_[least];
            hole = least;
        }
        heap_[hole] = element;
    }

    std::vector<Element> heap_;
    std::array<std::uint32_t, std::size_t{kKinds} * kTargets> counts_{};
    std::uint64_t sequence_ = 0;
    std::uint64_t priorities_ = 0;
    bool vacant_ = false;  ///< the top was taken, and waits for the next push
};

}  // namespace leasehold
