#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/check/check.hpp"
#include "reports/sarif.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

using nlohmann::json;

ScenarioSummary summary_of(std::vector<check::RunResult> runs, const Bounds& bounds = {}) {
    ScenarioSummary summary;
    summary.name = "leader-crash";
    summary.file = "scenarios/failover/leader-crash.yaml";
    summary.runs = std::move(runs);
    summarise(summary, bounds);
    return summary;
}

json results_of(const ScenarioSummary& summary) {
    const json document = json::parse(sarif_report({summary}, "0.1.0", " -f v.yaml"));
    return document.at("runs").at(0).at("results");
}

int line_of(const json& place) {
    return place.at("physicalLocation").at("region").at("startLine").get<int>();
}

TEST(Sarif, APassLeavesNothingAndNamesAllRules) {
    const json document = json::parse(sarif_report({summary_of({samples::result()})}, "0.1.0", ""));
    EXPECT_EQ(document.at("version"), "2.1.0");
    const json& run = document.at("runs").at(0);
    EXPECT_TRUE(run.at("results").empty());
    EXPECT_EQ(run.at("invocations").at(0).at("exitCode"), 0);
    EXPECT_EQ(run.at("tool").at("driver").at("rules").size(), check::invariants().size() + 4);
}

TEST(Sarif, AViolationLiesAtTheFaultBeforeIt) {
    check::RunResult run = samples::violated();
    run.faults = {{"cut replica-0 at 10s", 10, 1},
                  {"crash leader at 60s", 12, 1},
                  {"pause leader at 70s", 13, 1},
                  {"restart leader at 80s", 14, 0}};
    run.timeline = {{TrueTime(std::chrono::seconds(10)), "-bc", "fault: cut replica-0", 1},
                    {TrueTime(std::chrono::seconds(60)), "a#c", "fault: crash replica-1", 2},
                    {TrueTime(std::chrono::seconds(70)), "a#z", "fault: pause replica-2", 3}};
    check::RunResult other = samples::violated();
    other.seed = 9;
    const json results = results_of(summary_of({samples::result(), run, other}));
    ASSERT_EQ(results.size(), 2U) << results.dump(1);
    const json& broken = results.at(0);
    EXPECT_EQ(broken.at("ruleId"), "leader.at-most-one");
    EXPECT_EQ(broken.at("level"), "error");
    EXPECT_EQ(broken.at("message").at("text"),
              "leader-crash: replica-0 and replica-1 held an open gate at once [61.204s]\n"
              "2 runs of 3, such as leasehold run scenarios/failover/leader-crash.yaml --seed 7 "
              "-f v.yaml");
    const json& place = broken.at("locations").at(0);
    EXPECT_EQ(place.at("physicalLocation").at("artifactLocation").at("uri"),
              "scenarios/failover/leader-crash.yaml");
    EXPECT_EQ(line_of(place), 12) << "the pause came after the violation";
    ASSERT_EQ(broken.at("relatedLocations").size(), 2U) << "the restart took no effect";
    EXPECT_EQ(line_of(broken.at("relatedLocations").at(0)), 10);
    EXPECT_EQ(broken.at("relatedLocations").at(1).at("message").at("text"), "pause leader at 70s");
    EXPECT_EQ(results.at(1).at("ruleId"), "scenario.fault-without-effect");
    EXPECT_EQ(results.at(1).at("level"), "warning");
    EXPECT_EQ(line_of(results.at(1).at("locations").at(0)), 14);
}

TEST(Sarif, WhatWasExpectedIsNoResult) {
    check::RunResult run = samples::violated();
    run.outcome = check::Outcome::pass;
    EXPECT_TRUE(results_of(summary_of({run})).empty());
}

TEST(Sarif, TellsExpectationsBoundsAndTheProgramsOwnErrors) {
    check::RunResult lacking = samples::result();
    lacking.outcome = check::Outcome::inconclusive;
    lacking.expectations[0].met = false;
    lacking.faults.clear();
    check::RunResult broken = samples::result();
    broken.outcome = check::Outcome::internal;
    broken.internal_error = "x < y \xff";
    const json results = results_of(
        summary_of({lacking, broken}, {std::chrono::seconds(1), std::nullopt, std::nullopt}));
    ASSERT_EQ(results.size(), 3U) << results.dump(1);
    EXPECT_EQ(results.at(0).at("ruleId"), "program.internal-error");
    EXPECT_EQ(results.at(1).at("ruleId"), "scenario.bound");
    EXPECT_EQ(results.at(1).at("level"), "error");
    EXPECT_EQ(results.at(2).at("ruleId"), "scenario.expectation");
    EXPECT_EQ(results.at(2).at("level"), "warning");
    EXPECT_EQ(line_of(results.at(2).at("locations").at(0)), 1);
}

TEST(Sarif, APathIsAUri) {
    EXPECT_EQ(path_uri("a b/c#d.yaml"), "a%20b/c%23d.yaml");
    EXPECT_EQ(path_uri("/tmp/\xc3\xa9.yaml"), "file:///tmp/%C3%A9.yaml");
    EXPECT_EQ(path_uri("a:b.yaml"), "a%3Ab.yaml") << "a colon would end a scheme";
}

}  // namespace
}  // namespace leasehold::reports
