// SecondLook: is an object damaged where it lies, or only on its way?
#pragma once

#include <cstdint>

#include "model/base/time.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::storage {

/// An answer may come damaged while its object is whole. Taken for damaged at rest, it would be
/// nobody's: a leader that was set back, or deposed unawares, would write over what a later one
/// stored. At rest it stays as it is, so it is looked at again.
class SecondLook {
  public:
    /// The version `shown` came damaged. May it be whole yet? Looks in a row are counted; they end
    /// after a third of `lease` at the latest, for a leader whose work gets nowhere for a whole one
    /// gives up, and the next would begin to count anew: an object that is spoilt at rest would
    /// stop all writes.
    [[nodiscard]] bool may_be_whole(Instant now, const ETag& shown, Duration lease) {
        if (looks_ == 0 || shown_ != shown) *this = SecondLook(now, shown);
        at_rest_ = ++looks_ > kLooks || now >= saturating_add(since_, lease / 3);
        return !at_rest_;
    }
    /// Has that been answered with no for this version?
    [[nodiscard]] bool lies_damaged(const ETag& shown) const { return at_rest_ && shown_ == shown; }

    SecondLook() = default;
    friend bool operator==(const SecondLook&, const SecondLook&) = default;

  private:
    SecondLook(Instant since, const ETag& shown) : shown_(shown), since_(since) {}

    /// What spoils answers spoils a few in a row. With the usual back-off between them these take
    /// three seconds.
    static constexpr std::uint32_t kLooks = 4;

    ETag shown_;
    Instant since_{};
    std::uint32_t looks_ = 0;
    bool at_rest_ = false;
};

}  // namespace leasehold::storage
