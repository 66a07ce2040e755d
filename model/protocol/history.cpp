#include "model/protocol/history.hpp"

#include <limits>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold {
namespace {

constexpr Int128 kBillion = 1'000'000'000;
constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();

/// Nanoseconds of the clock per 10^9 true ones.
Int128 rate_of(const ClockPiece& piece) {
    const Int128 rate = kBillion + piece.rate_ppb;
    CHECK_MSG(rate >= 0, "a clock that runs backwards");
    return rate;
}

}  // namespace

Instant ClockPiece::reading(TrueTime at) const {
    const Int128 rate = rate_of(*this);
    const Int128 passed = Int128{at.time_since_epoch().count()} - since.time_since_epoch().count();
    CHECK_MSG(passed >= 0, "a clock's piece read before its beginning");
    Int128 value = Int128{monotonic.time_since_epoch().count()} + passed * rate / kBillion;
    if (value > kMax) value = kMax;
    return Instant{Duration{static_cast<std::int64_t>(value)}};
}

// floor(d * rate / 1e9) >= n holds for whole n exactly when d * rate >= n * 1e9, so the first such
// d is a division rounded up: no search, no error.
TrueTime ClockPiece::reaches(Instant target) const {
    const Int128 rate = rate_of(*this);
    const Int128 ahead =
        Int128{target.time_since_epoch().count()} - monotonic.time_since_epoch().count();
    if (ahead <= 0) return since;
    if (rate == 0 || target == kNever) return TrueTime::max();
    const Int128 wait = (ahead * kBillion + rate - 1) / rate;
    // One instant too late would show in no verdict: so it is asked at each timer that is set.
    CHECK_MSG(wait * rate >= ahead * kBillion && (wait - 1) * rate < ahead * kBillion,
              "a timer is set to another instant than the first one that reaches it");
    const Int128 value = Int128{since.time_since_epoch().count()} + wait;
    return value >= kMax ? TrueTime::max() : TrueTime{Duration{static_cast<std::int64_t>(value)}};
}

}  // namespace leasehold
