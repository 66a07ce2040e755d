// A run as a Perfetto trace: a protocol buffer of TrackEvents that ui.perfetto.dev, trace_processor
// and whatever else reads Perfetto's format show (README.md).
#pragma once

#include <string>
#include <string_view>

#include "model/check/result.hpp"
#include "reports/record/run_record.hpp"

namespace leasehold::reports {

/// The whole trace. Times are true times in nanoseconds. The same for the same run and program
/// version.
[[nodiscard]] std::string perfetto_trace(const RunRecord& record, const check::RunResult& result,
                                         std::string_view version);

}  // namespace leasehold::reports
