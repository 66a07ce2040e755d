#include "reports/bench_report.hpp"

#include <algorithm>

#include "model/base/digest.hpp"
#include "reports/json_archive.hpp"
#include "reports/text.hpp"

namespace leasehold::reports {
namespace {

double in(Duration span, double unit) {
    return static_cast<double>(span.count()) / unit;
}

constexpr double kMs = 1e6;
constexpr double kSecond = 1e9;

void percentiles_into(Json& json, const std::string& name, const Percentiles& of) {
    json[name + "_count"] = of.count;
    if (of.count == 0) return;  // a zero would be a measurement
    json[name + "_p50_s"] = in(of.p50, kSecond);
    json[name + "_p99_s"] = in(of.p99, kSecond);
    json[name + "_max_s"] = in(of.max, kSecond);
}

Json entry_of(const BenchScenario& scenario) {
    const ScenarioSummary& summary = scenario.summary;
    const auto runs = static_cast<double>(std::max<std::size_t>(summary.runs.size(), 1));
    Json json = Json::object();
    json["name"] = "Scenario/" + summary.name;
    json["run_name"] = json["name"];
    json["run_type"] = "iteration";
    json["repetitions"] = 1;
    json["repetition_index"] = 0;
    json["threads"] = 1;
    json["iterations"] = summary.runs.size();
    json["real_time"] = in(scenario.real, kMs) / runs;
    json["cpu_time"] = in(scenario.cpu, kMs) / runs;
    json["time_unit"] = "ms";
    json["label"] = std::string(check::outcome_name(summary.outcome));
    json["digests"] = format_hex(digest_of(summary.runs));
    std::uint64_t not_passed = 0;
    check::Work work;
    std::uint64_t leaderships = 0;
    for (const check::RunResult& run : summary.runs) {
        not_passed += run.outcome == check::Outcome::pass ? 0U : 1U;
        leaderships += run.leaderships;
        work.events += run.work.events;
        work.lease_requests += run.work.lease_requests;
        work.bucket_requests += run.work.bucket_requests;
        work.committed += run.work.committed;
    }
    percentiles_into(json, "failover", summary.failover);
    percentiles_into(json, "leaderless", summary.leaderless);
    json["not_passed"] = not_passed;
    json["leaderships"] = leaderships;
    json["events"] = work.events;
    json["lease_requests"] = work.lease_requests;
    json["bucket_requests"] = work.bucket_requests;
    json["committed"] = work.committed;
    return json;
}

}  // namespace

std::uint64_t digest_of(const std::vector<check::RunResult>& runs) {
    RunDigest digest;
    for (const check::RunResult& run : runs) {
        digest.add(run.seed);
        digest.add(run.digest);
    }
    return digest.value();
}

std::string bench_report(const std::vector<BenchScenario>& scenarios, const BenchContext& context) {
    Json json = Json::object();
    json["context"] = {{"executable", "leasehold bench"},
                       {"leasehold_version", context.version},
                       {"leasehold_build", context.build},
                       {"workers", context.workers}};
    json["benchmarks"] = Json::array();
    for (const BenchScenario& scenario : scenarios)
        json["benchmarks"].push_back(entry_of(scenario));
    return json.dump(1) + "\n";
}

}  // namespace leasehold::reports
