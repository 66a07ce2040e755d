// Slots: a few places, and who holds each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "model/base/check.hpp"

namespace leasehold {

/// At most `limit` holders at a time. A place belongs to a holder by name, so that "who holds what
/// although nothing of it is under way" can be asked and checked.
template <class Holder>
class Slots {
  public:
    explicit Slots(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] bool free() const { return holders_.size() < limit_; }
    [[nodiscard]] bool holds(Holder holder) const { return holders_.contains(holder); }
    [[nodiscard]] std::size_t held() const { return holders_.size(); }
    /// Takes a place, which must be free and not held already.
    void take(Holder holder) {
        CHECK_MSG(free(), "more holders than places");
        CHECK_MSG(holders_.insert(holder).second, "a place taken twice");
    }
    /// Gives the place back; nothing if it holds none.
    void give(Holder holder) { holders_.erase(holder); }
    void clear() { holders_.clear(); }

    friend bool operator==(const Slots&, const Slots&) = default;

  private:
    std::size_t limit_;
    std::set<Holder> holders_;
};

}  // namespace leasehold
