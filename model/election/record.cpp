#include "model/election/record.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold {

// The nonce alone would do between ours; a foreign renewal changes the renewTime alone.
bool same_record(const Lease& a, const Lease& b) {
    const auto key = [](const LeaseRecord& record) {
        return std::tie(record.nonce, record.renew_time, record.acquire_time,
                        record.duration_seconds, record.transitions, record.holder);
    };
    // The uid too: a Lease that was deleted and made anew with the same spec is another one, and
    // what was proven of the first says nothing of a leader that was cut off from both.
    return key(a.record) == key(b.record) && a.uid == b.uid;
}

// Foreign electors keep the annotations that they find, so a mark outlives its release. What they
// do change is the record: renewTime or, where a library writes none, its absence; mostly the
// transitions too. A mark that names all of it is void in every record but its own.
std::uint64_t release_mark(const std::string& uid, const LeaseRecord& record) {
    std::uint64_t mark = hash_text(uid);
    const auto add = [&mark](std::uint64_t word) { mark = mix64(mark ^ mix64(word + 1)) + word; };
    add(record.acquisition);
    add(record.renew_time ? static_cast<std::uint64_t>(record.renew_time->time_since_epoch() /
                                                       std::chrono::microseconds(1))
                          : ~std::uint64_t{0});
    add(static_cast<std::uint32_t>(record.transitions));
    return std::max<std::uint64_t>(mark, 1);
}

Duration stretched(Duration span, std::int64_t drift_ppm) {
    CHECK(span >= Duration::zero() && drift_ppm >= 0 && drift_ppm <= 100'000);
    return span + share_of(span, drift_ppm, true);
}

}  // namespace leasehold
