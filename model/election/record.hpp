// Pure rules over one Lease record, without any state of the elector.
#pragma once

#include <cstdint>

#include "model/base/time.hpp"
#include "model/protocol/lease.hpp"

namespace leasehold {

/// Are these the same record? (uid, holder, times, duration, transitions, nonce): what a renewal
/// changes. Other metadata may differ; an edit of it neither renews nor ends a leadership.
[[nodiscard]] bool same_record(const Lease& a, const Lease& b);

/// Has the record ever been written by an elector of ours, as far as it shows?
[[nodiscard]] bool carries_annotations(const LeaseRecord& record);

/// `span` * (1 + drift), rounded up: a wait on a slow clock that still covers `span` on a fast one.
/// `span` >= 0 and below 150 years, `drift_ppm` in [0, 100000].
[[nodiscard]] Duration stretched(Duration span, std::int64_t drift_ppm);

}  // namespace leasehold
