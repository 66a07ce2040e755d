#include "reports/html/check_page.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "reports/html/coverage_matrix.hpp"
#include "reports/html/page.hpp"

namespace leasehold::reports {
namespace {

// Why a run did not pass, in the words that many runs may share.
std::string reason_of(const check::RunResult& run) {
    if (!run.internal_error.empty()) return "internal: " + run.internal_error;
    std::set<std::string> expected;
    std::string unmet;
    for (const check::Expectation& one : run.expectations) {
        if (one.met)
            expected.insert(one.what);
        else
            unmet += (unmet.empty() ? "not met: " : ", ") + one.what;
    }
    std::string violated;
    for (const check::Verdict& verdict : run.verdicts)
        if (verdict.status == check::Status::violated &&
            !expected.contains("violates " + std::string(verdict.id)))
            violated += (violated.empty() ? "violated: " : ", ") + std::string(verdict.id);
    if (!violated.empty()) return violated;
    return unmet.empty() ? std::string(check::outcome_name(run.outcome)) : unmet;
}

Json percentiles_json(const Percentiles& of) {
    return Json::array({of.count, of.p50.count(), of.p99.count(), of.max.count()});
}

Json durations_json(const ScenarioSummary& scenario) {
    Json list = Json::array();
    for (const check::RunResult& run : scenario.runs)
        for (const Duration failover : run.failovers)
            list.push_back(failover.count());
    return list;
}

Json scenario_json(const ScenarioSummary& scenario, const std::string& page) {
    Json json = Json::object();
    json["name"] = text_to_json(scenario.name);
    json["file"] = text_to_json(scenario.file);
    json["why"] = text_to_json(scenario.why);
    json["outcome"] = std::string(check::outcome_name(scenario.outcome));
    json["seeds"] = scenario.runs.size();
    json["failover"] = percentiles_json(scenario.failover);
    json["leaderless"] = percentiles_json(scenario.leaderless);
    json["failovers"] = durations_json(scenario);
    json["bounds"] = Json::array();
    for (const check::Expectation& bound : scenario.bounds)
        if (!bound.met) json["bounds"].push_back(bound.what + ": " + bound.found);
    json["page"] = page;
    const check::RunResult* worst = scenario.worst_run();
    json["shown"] = worst != nullptr        ? worst->seed
                    : scenario.runs.empty() ? 0
                                            : scenario.runs.front().seed;
    return json;
}

Json matrix_json(const std::vector<ScenarioSummary>& scenarios) {
    CoverageMatrix matrix;
    for (const ScenarioSummary& scenario : scenarios)
        for (const check::RunResult& run : scenario.runs)
            matrix.add(run);
    return matrix.json();
}

Json failures_json(const std::vector<ScenarioSummary>& scenarios) {
    std::map<std::pair<std::string, std::string>, Json::array_t> groups;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
        for (const check::Expectation& bound : scenarios[i].bounds)
            if (!bound.met)  // of all seeds together: of no single run
                groups[{std::string(check::outcome_name(scenarios[i].outcome)),
                        "not met over all seeds: " + bound.what}]
                    .emplace_back(Json::array({i, nullptr}));
        for (const check::RunResult& run : scenarios[i].runs)
            if (run.outcome != check::Outcome::pass)
                groups[{std::string(check::outcome_name(run.outcome)), reason_of(run)}]
                    .emplace_back(Json::array({i, run.seed}));
    }
    Json json = Json::array();
    for (auto& [key, runs] : groups) {
        Json group = Json::object();
        group["outcome"] = key.first;
        group["reason"] = text_to_json(key.second);
        group["runs"] = std::move(runs);
        json.push_back(std::move(group));
    }
    return json;
}

}  // namespace

std::string check_page(const std::vector<ScenarioSummary>& scenarios, const CheckPageWords& words) {
    Json data = Json::object();
    data["page"] = "check";
    data["schemaVersion"] = kPageSchemaVersion;
    data["version"] = std::string(words.version);
    data["command"] = text_to_json(words.command);
    const std::string outcome(check::outcome_name(worst(scenarios)));
    data["outcome"] = outcome;
    data["scenarios"] = Json::array();
    for (std::size_t i = 0; i < scenarios.size(); ++i)
        data["scenarios"].push_back(scenario_json(
            scenarios[i], i < words.run_pages.size() ? words.run_pages[i] : std::string()));
    data["matrix"] = matrix_json(scenarios);
    data["failures"] = failures_json(scenarios);
    return page_around(PageKind::check, std::to_string(scenarios.size()) + " scenarios: " + outcome,
                       data);
}

}  // namespace leasehold::reports
