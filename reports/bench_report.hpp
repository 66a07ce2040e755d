// The JSON of `leasehold bench`: the form in which Google Benchmark writes its results.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/summary.hpp"

namespace leasehold::reports {

/// A scenario with the runs of all its seeds, and what playing them cost.
struct BenchScenario {
    ScenarioSummary summary;
    Duration cpu{0};   ///< of all processes that played it, their beginnings included
    Duration real{0};  ///< by the wall
};

/// What the JSON says of the program and the machine.
struct BenchContext {
    std::string version;        ///< of the program
    std::string build;          ///< a name of its sources: equal sources, equal name
    std::uint32_t workers = 1;  ///< processes that played at once
};

/// One hash over the digests of all runs, in their order: another one says that a run is another.
[[nodiscard]] std::uint64_t digest_of(const std::vector<check::RunResult>& runs);

/// A benchmark for each scenario, "Scenario/NAME". An iteration is a run of one seed. Times are of
/// this machine; the counters beside them (spans in seconds) and `digests` are not, and so they are
/// the same on each.
[[nodiscard]] std::string bench_report(const std::vector<BenchScenario>& scenarios,
                                       const BenchContext& context);

}  // namespace leasehold::reports
