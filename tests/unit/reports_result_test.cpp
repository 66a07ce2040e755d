#include <gtest/gtest.h>

#include "reports/json_report.hpp"
#include "reports/result_codec.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

TEST(ResultCodec, AResultReadsBackAndWritesTheSameBytes) {
    check::RunResult run = samples::violated();
    run.internal_error = "x\nbytes that are no text: \xff";
    const std::string line = to_line(result_to_json(run));
    const check::RunResult back = result_from_json(parse_json(line));
    EXPECT_EQ(to_line(result_to_json(back)), line);
    EXPECT_EQ(back.digest, run.digest);
    EXPECT_EQ(back.marks, run.marks);
    EXPECT_EQ(back.failovers, run.failovers);
    EXPECT_EQ(back.internal_error, run.internal_error);
    EXPECT_EQ(back.chain.at(1).number, 9955U);
    EXPECT_EQ(back.verdicts.at(0).evidence, run.verdicts.at(0).evidence);
}

TEST(ResultCodec, MissingAndUnknownFieldsAreErrors) {
    Json json = result_to_json(samples::result());
    json["more"] = 1;
    EXPECT_THROW(static_cast<void>(result_from_json(json)), JsonError);
    json.erase("more");
    EXPECT_NO_THROW(static_cast<void>(result_from_json(json)));
    json.erase("seed");
    EXPECT_THROW(static_cast<void>(result_from_json(json)), JsonError);
}

TEST(JsonArchive, NestingBeyondTheLimitIsAnError) {
    EXPECT_THROW(static_cast<void>(parse_json(std::string(100'000, '['))), JsonError);
}

TEST(JsonReport, StatesItsSchemaAndTheWorstOutcome) {
    ScenarioSummary summary;
    summary.name = "leader-crash";
    summary.runs = {samples::result(), samples::violated()};
    summarise(summary, {});
    const Json json = parse_json(json_report({summary}, "1.2.3"));
    EXPECT_EQ(json["schemaVersion"], 1);
    EXPECT_EQ(json["version"], "1.2.3");
    EXPECT_EQ(json["outcome"], "safety");
    EXPECT_EQ(json["exitCode"], 1);
    EXPECT_EQ(json["scenarios"][0]["runs"].size(), 2U);
    EXPECT_EQ(json["scenarios"][0]["failover"]["p99Ns"], 14'307'000'000);
}

}  // namespace
}  // namespace leasehold::reports
