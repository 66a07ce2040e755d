// What broke in a run as a sequence diagram in Mermaid's language, which GitHub and GitLab draw in
// Markdown (README.md).
#pragma once

#include <string>

#include "model/check/result.hpp"
#include "reports/record/run_record.hpp"

namespace leasehold::reports {

/// Participants are the replicas concerned, the Lease and the bucket. Of a run in which something
/// broke: what led to the first wrong step, and the messages around it; of another: its changes. At
/// most some hundred lines: the diagram is read by people.
[[nodiscard]] std::string sequence_diagram(const RunRecord& record, const check::RunResult& result);

}  // namespace leasehold::reports
