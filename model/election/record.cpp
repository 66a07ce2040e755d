#include "model/election/record.hpp"

#include <tuple>

#include "model/base/check.hpp"
#include "model/base/random.hpp"

namespace leasehold {

bool same_record(const Lease& a, const Lease& b) {
    const auto key = [](const LeaseRecord& record) {
        return std::tie(record.nonce, record.renew_time, record.acquire_time,
                        record.duration_seconds, record.transitions, record.holder);
    };
    return key(a.record) == key(b.record) && a.uid == b.uid;
}

bool carries_annotations(const LeaseRecord& record) {
    return record.nonce != 0 || record.acquisition != 0 || record.released != 0;
}

Duration stretched(Duration span, std::int64_t drift_ppm) {
    CHECK(span >= Duration::zero() && drift_ppm >= 0 && drift_ppm <= 100'000);
    const Int128 extra = (static_cast<Int128>(span.count()) * drift_ppm + 999'999) / 1'000'000;
    return span + Duration(static_cast<Duration::rep>(extra));
}

}  // namespace leasehold
