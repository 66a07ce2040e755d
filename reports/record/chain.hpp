// What led to the first violation of a run: which events of its record, and the first wrong one.
#pragma once

#include <cstdint>
#include <vector>

#include "model/check/result.hpp"
#include "reports/record/run_record.hpp"

namespace leasehold::reports {

struct Explanation {
    std::uint64_t wrong = 0;            ///< event number of the first wrong step; 0 = none
    std::vector<std::uint64_t> events;  ///< that led to it, growing; the last is `wrong`
};

/// Of the invariant that was violated first: its evidence, and the way back from the wrong event by
/// what caused each, up to a change (a role, a fault, a start). Empty when nothing was violated, or
/// when the record has no details of that time.
[[nodiscard]] Explanation explain(const RunRecord& record, const check::RunResult& result);

/// The event of that number; null when the record has none.
[[nodiscard]] const RecordedEvent* event_of(const RunRecord& record, std::uint64_t number);

}  // namespace leasehold::reports
