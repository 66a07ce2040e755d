// Helm values: layers, --set as Helm reads it, the chart's prerequisites.
#include <gtest/gtest.h>

#include "sim/scenario/reader.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::sim {
namespace {

constexpr const char* kHa =
    "scenario: ha\nwhy: a test\nvalues:\n"
    "  kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}\n"
    "  kubecostModel: {etlBucketConfigSecret: bucket}\n";
constexpr const char* kBare = "scenario: ha\nwhy: a test\n";

Result<Scenario, config::Diagnostic> with_sets(const char* text, std::vector<std::string> sets) {
    return parse_scenario(text, "ha.yaml",
                          config::ValueSources{{}, std::move(sets), {}, {}, {}, {}});
}

void expect_refused(const char* text, const std::string& set, int column,
                    const std::string& words) {
    const auto read = with_sets(text, {set});
    ASSERT_FALSE(read) << set;
    EXPECT_EQ(read.error().file, "--set") << set;
    EXPECT_EQ(read.error().line, 1) << set;
    EXPECT_EQ(read.error().column, column) << set << ": " << read.error().message;
    EXPECT_NE(read.error().message.find(words), std::string::npos) << read.error().message;
    EXPECT_NE(read.error().message.find("(in \"" + set + "\")"), std::string::npos)
        << read.error().message;
}

TEST(ScenarioValues, LaterSetsWin) {
    const auto read = with_sets(kHa, {"kubecostDeployment.replicas=4,kubecostModel.etl=false",
                                      "kubecostDeployment.replicas=5"});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->values.replicas, 5U);
    EXPECT_FALSE(read->values.etl);
    EXPECT_FALSE(read->workload.enabled) << "no pipelines without ETL";
}

TEST(ScenarioValues, TheDocumentedExampleIsTaken) {
    const auto read = with_sets(
        kBare, {"kubecostDeployment.leaderFollower.enabled=true", "kubecostDeployment.replicas=5",
                "kubecostModel.etlBucketConfigSecret=kubecost-bucket-secret"});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_TRUE(read->elects());
    EXPECT_TRUE(read->stores());
    EXPECT_TRUE(read->storage.ha);
    EXPECT_EQ(read->values.replicas, 5U);
    EXPECT_EQ(read->values.bucket_secret, "kubecost-bucket-secret");
}

TEST(ScenarioValues, NullTakesAKeyAwayAndItsDefaultReturns) {
    const auto read = with_sets(kHa, {"kubecostDeployment=null"});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->values.replicas, 1U);
    EXPECT_FALSE(read->elects());
    const auto without = with_sets(kHa, {"kubecostModel.etlBucketConfigSecret=null"});
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error().message,
              "Leader/Follower requires kubecostModel.etlBucketConfigSecret be valid.");
}

TEST(ScenarioValues, EscapesKeepCommasAndDots) {
    const auto read =
        with_sets(kHa, {R"(podAnnotations.example\.com/x=a\,b,kubecostDeployment.replicas=2)"});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->values.replicas, 2U);
    EXPECT_EQ(read->values.ignored_keys, 1U);
}

TEST(ScenarioValues, BadOptionsNameTheirTextAndColumn) {
    expect_refused(kHa, "kubecostDeployment.replicas", 20, "found no '='");
    expect_refused(kHa, "", 1, "expected KEY=VALUE");
    expect_refused(kHa, "=5", 1, "expected a key before '='");
    expect_refused(kHa, "a..b=5", 3, "expected a key before '.'");
    expect_refused(kHa, "a[x]=5", 2, "the number of an item");
    expect_refused(kHa, "a={b,c", 3, "the '{' that stands here is not closed");
    expect_refused(kHa, "a[0=1", 2, "the '[' that stands here is not closed");
    expect_refused(kHa, "a[0]5=1", 2, "expected '=', '.' or '[' after the ']'");
    expect_refused(kHa, "kubecostDeployment.replicas={3}", 29, "expected a single value");
    expect_refused(kHa, "kubecostDeployment.replicas=many", 29, "expected a whole number");
    expect_refused(kHa, "kubecostDeployment.replicas=", 29, "expected a whole number");
    expect_refused(kHa, "kubecostDeployment.leaderFollower.enabled=no", 43,
                   "expected true or false without quotes (to the chart every text is true)");
    expect_refused(kHa, "x=1,kubecostDeployment.replica=4", 24, "did you mean \"replicas\"?");
    expect_refused(kHa, "kubecostModel.etlBucketConfigSecret=", 37, "be valid.");
    expect_refused(kHa, "a=1,a.b=2", 5, "has a value already");
    expect_refused(kBare, "kubecostDeployment.replicas=3", 29, "3 writers would share a bucket");
}

TEST(ScenarioValues, EndlesslyNestedOptionsAreRefused) {
    std::string set = "a";
    for (int i = 0; i < 50'000; ++i)
        set += ".a";
    const auto read = with_sets(kHa, {set + "=1"});
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("nested deeper than 32"), std::string::npos);
}

TEST(ScenarioValues, RealNeighboursOfOurKeysAreIgnoredAndCounted) {
    const std::string text = std::string(kHa) +
                             "    # all of these are keys of the chart\n"
                             "  kubecostToken: \"abc\"\n"
                             "  kubecostMetrics: {exporter: {enabled: false}}\n"
                             "  kubecostFrontend: {image: x}\n"
                             "  persistentVolume: {enabled: true, size: 32Gi}\n";
    const auto read =
        with_sets(text.c_str(), {"kubecostModel.etlToDisk=true", "kubecostModel.env=x",
                                 "kubecostModel.etlStoreReadOnly=false",
                                 "kubecostDeployment.statefulSet.enabled=true"});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->values.ignored_keys, 9U);
}

TEST(ScenarioValues, FilesComeBetweenInlineValuesAndSets) {
    const test::OwnFolder folder;
    const std::string first = folder.write(
        "first.yaml", "kubecostDeployment: {replicas: 7}\nkubecostModel: {etl: false}\n");
    const std::string second = folder.write(
        "second.yaml", "kubecostDeployment: {replicas: 8}\nkubecostModel: {etl: null}\n");
    const auto read =
        parse_scenario(kHa, "ha.yaml", config::ValueSources{{first, second}, {}, {}, {}, {}, {}});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->values.replicas, 8U);
    EXPECT_TRUE(read->values.etl) << "null in a later file takes the key away";
    const auto set = parse_scenario(
        kHa, "ha.yaml",
        config::ValueSources{{first}, {"kubecostDeployment.replicas=9"}, {}, {}, {}, {}});
    ASSERT_TRUE(set) << set.error().to_string();
    EXPECT_EQ(set->values.replicas, 9U);

    folder.write("second.yaml", "kubecostDeployment: {replicas: x}\n");
    const auto bad =
        parse_scenario(kHa, "ha.yaml", config::ValueSources{{second}, {}, {}, {}, {}, {}});
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().file, second);
    EXPECT_EQ(bad.error().line, 1);
    EXPECT_EQ(bad.error().column, 32);
    const auto missing = parse_scenario(
        kHa, "ha.yaml", config::ValueSources{{"no/such/values.yaml"}, {}, {}, {}, {}, {}});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().to_string(), "no/such/values.yaml: no such file");
}

}  // namespace
}  // namespace leasehold::sim
