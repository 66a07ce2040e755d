// EventQueue: the one ordered queue of a run, (date, seeded priority, sequence).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/base/time.hpp"

namespace leasehold {

/// The nearest few elements lie sorted, the next one last; all others in a heap behind them. Nearly
/// every event causes another, most of them soon, and such a one finds its place after a comparison
/// or two and leaves from there, where in a heap both ways would lead through all of it.
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
        near_count_ = 0;
        far_.clear();
        sequence_ = 0;
        counts_.fill(0);
        priorities_ = mix64(seed + 0x9e3779b97f4a7c15ULL);
    }

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const { return near_count_ + far_.size(); }
    /// The date of the first element; the queue must not be empty.
    [[nodiscard]] std::int64_t first_date() {
        if (near_count_ == 0) fetch();
        return near_[near_count_ - 1].at;
    }

    void push(std::int64_t at, std::uint32_t kind, std::uint32_t target, std::uint64_t data) {
        const std::uint32_t place =
            (kind < kKinds ? kind : kKinds - 1) * kTargets + target % kTargets;
        const std::uint64_t component = (static_cast<std::uint64_t>(kind) << 32) | target;
        put(at, mix64(mix64(priorities_ ^ component) + ++counts_[place]), kind, target, data);
    }
    /// Its priority is drawn by `name` in place of its component and a count.
    void push_as(std::int64_t at, std::uint32_t kind, std::uint64_t name, std::uint64_t data) {
        put(at, mix64(mix64(priorities_ ^ kind) + mix64(name)), kind, 0, data);
    }

    /// Takes the first element out; the queue must not be empty.
    Element pop() {
        if (near_count_ == 0) fetch();
        return near_[--near_count_];
    }

  private:
    static constexpr std::size_t kNear = 32;  ///< fewer than this are kept sorted
    static constexpr std::size_t kFetched = kNear / 2;
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

    static bool later(const Element& a, const Element& b) { return key(b) < key(a); }

    void put(std::int64_t at, std::uint64_t drawn, std::uint32_t kind, std::uint32_t target,
             std::uint64_t data) {
        const std::uint64_t sequence = sequence_++;
        CHECK(sequence <= kSequenceMask);
        const Element element{at, (drawn & ~kSequenceMask) | sequence, data, kind, target};
        if (far_.empty() || key(element) < key(far_.front()))
            insert(element);
        else
            put_far(element);
    }

    /// Puts it into its place among the nearest; the further half of too many goes to the others.
    void insert(const Element& element) {
        const Uint128 own = key(element);
        Element* hole = near_.data() + near_count_++;
        for (; hole != near_.data() && key(hole[-1]) < own; --hole)
            *hole = hole[-1];
        *hole = element;
        if (near_count_ < near_.size()) return;
        const auto half = near_.begin() + kFetched;
        std::for_each(near_.begin(), half, [this](const Element& one) { put_far(one); });
        near_count_ -= kFetched;
        std::copy_n(half, near_count_, near_.begin());
    }

    void put_far(const Element& element) {
        far_.push_back(element);
        std::push_heap(far_.begin(), far_.end(), later);
    }

    /// Brings the nearest of the others, half of what there is room for.
    void fetch() {
        near_count_ = std::min(far_.size(), kFetched);
        for (std::size_t i = near_count_; i > 0; --i) {
            std::pop_heap(far_.begin(), far_.end(), later);
            near_[i - 1] = far_.back();
            far_.pop_back();
        }
    }

    std::array<Element, kNear> near_{};  ///< the latest first; each before all of far_
    std::size_t near_count_ = 0;         ///< less than kNear
    std::vector<Element> far_;           ///< a heap, the earliest on top
    std::array<std::uint32_t, std::size_t{kKinds} * kTargets> counts_{};
    std::uint64_t sequence_ = 0;
    std::uint64_t priorities_ = 0;
};

}  // namespace leasehold
