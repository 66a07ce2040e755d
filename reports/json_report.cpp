#include "reports/json_report.hpp"

#include "reports/result_codec.hpp"

namespace leasehold::reports {
namespace {

Json percentiles_json(const Percentiles& of) {
    Json json = Json::object();
    json["count"] = of.count;
    json["p50Ns"] = of.p50.count();
    json["p99Ns"] = of.p99.count();
    json["maxNs"] = of.max.count();
    return json;
}

Json scenario_json(const ScenarioSummary& scenario) {
    Json json = Json::object();
    json["name"] = text_to_json(scenario.name);
    json["file"] = text_to_json(scenario.file);
    json["why"] = text_to_json(scenario.why);
    json["outcome"] = std::string(check::outcome_name(scenario.outcome));
    json["failover"] = percentiles_json(scenario.failover);
    json["leaderless"] = percentiles_json(scenario.leaderless);
    json["bounds"] = Json::array();
    for (const check::Expectation& bound : scenario.bounds) {
        Json entry = Json::object();
        entry["what"] = bound.what;
        entry["met"] = bound.met;
        entry["found"] = bound.found;
        json["bounds"].push_back(std::move(entry));
    }
    json["runs"] = Json::array();
    for (const check::RunResult& run : scenario.runs)
        json["runs"].push_back(result_to_json(run));
    return json;
}

}  // namespace

std::string json_report(const std::vector<ScenarioSummary>& scenarios,
                        std::string_view program_version) {
    const check::Outcome outcome = worst(scenarios);
    Json json = Json::object();
    json["schemaVersion"] = kReportSchemaVersion;
    json["program"] = "leasehold";
    json["version"] = std::string(program_version);
    json["outcome"] = std::string(check::outcome_name(outcome));
    json["exitCode"] = check::exit_code(outcome);
    json["scenarios"] = Json::array();
    for (const ScenarioSummary& scenario : scenarios)
        json["scenarios"].push_back(scenario_json(scenario));
    return json.dump(1) + "\n";
}

}  // namespace leasehold::reports
