// Helm values as users have them: names in the wrong place, and what is none of our business.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/values.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::config {
namespace {

const std::string kHa =
    "kubecostDeployment: {replicas: 3, leaderFollower: {enabled: true}}\n"
    "kubecostModel: {etlBucketConfigSecret: bucket}\n";

const test::OwnFolder& folder() {
    static const test::OwnFolder one;
    return one;
}

std::string written(const std::string& text, const std::string& name = "values.yaml") {
    return folder().write(name, text);
}

ValuesSpec read(const std::string& text) {
    return read_values(nullptr, ValueSources{{written(text)}, {}, {}, {}, {}, {}});
}

/// Without the file's name.
std::string refusal(const ValueSources& sources) {
    try {
        static_cast<void>(read_values(nullptr, sources));
    } catch (const InputError& error) {
        std::string text = presentable(error.diagnostic).to_string();
        const std::string place = folder().path("values.yaml:");
        return text.starts_with(place) ? text.substr(place.size()) : text;
    }
    return "taken";
}
std::string refusal(const std::string& text) {
    return refusal(ValueSources{{written(text)}, {}, {}, {}, {}, {}});
}

TEST(ConfigValues, NamesAtAnotherDepthAreRefusedWithBothPaths) {
    const std::string where = ", where it means nothing here: give what is below ";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"cost-analyzer:\n  kubecostDeployment: {replicas: 3}\n",
         "2:3: kubecostDeployment belongs to the top level of the values, and stands at "
         "cost-analyzer.kubecostDeployment" +
             where + "cost-analyzer as a values file of its own"},
        {"global:\n  kubecostModel:\n    etl: true\n",
         "2:3: kubecostModel belongs to the top level of the values, and stands at "
         "global.kubecostModel" +
             where + "global as a values file of its own"},
        {"kind: HelmRelease\nspec:\n  values:\n    kubecostDeployment: {replicas: 3}\n",
         "4:5: kubecostDeployment belongs to the top level of the values, and stands at "
         "spec.values.kubecostDeployment" +
             where + "spec.values as a values file of its own"},
        {"kind: Application\nspec:\n  source:\n    helm:\n      values: |\n"
         "        kubecostModel:\n          etl: true\n",
         "5:15: kubecostModel belongs to the top level of the values, and stands at the text at "
         "spec.source.helm.values.kubecostModel" +
             where + "spec.source.helm.values as a values file of its own"},
        {"kind: Application\nspec:\n  sources:\n  - helm:\n      parameters:\n"
         "      - name: kubecostDeployment.replicas\n        value: \"3\"\n",
         "6:15: kubecostDeployment.replicas is a parameter at "
         "spec.sources[0].helm.parameters[0].name, where it means nothing here: give it by --set"},
        {"kubecostProductConfigs:\n  etlBucketConfigSecret: s\n",
         "2:3: etlBucketConfigSecret belongs under kubecostModel, and stands at "
         "kubecostProductConfigs.etlBucketConfigSecret, where it means nothing"},
        {"leaderFollower: {enabled: true}\n",
         "1:1: leaderFollower belongs under kubecostDeployment, and stands at leaderFollower, "
         "where "
         "it means nothing"},
        {"kubecostModel:\n  leaderFollower: {enabled: true}\n",
         "2:3: leaderFollower belongs under kubecostDeployment, and stands at "
         "kubecostModel.leaderFollower, where it means nothing"},
        {"kubecostModel:\n  x: [{etlFileStoreEnabled: true}]\n",
         "2:8: etlFileStoreEnabled belongs under kubecostModel, and stands at "
         "kubecostModel.x[0].etlFileStoreEnabled, where it means nothing"},
    };
    for (const auto& [text, message] : cases)
        EXPECT_EQ(refusal(text), message) << text;
    EXPECT_EQ(
        refusal(ValueSources{{}, {"cost-analyzer.kubecostDeployment.replicas=3"}, {}, {}, {}, {}}),
        "--set:1:15: kubecostDeployment belongs to the top level of the values, and stands at "
        "cost-analyzer.kubecostDeployment, where it means nothing here: give what is below "
        "cost-analyzer as a values file of its own (in "
        "\"cost-analyzer.kubecostDeployment.replicas=3\")");
    EXPECT_EQ(refusal(kHa + "description: |\n  see kubecostModel: in the README\n"), "taken");
}

TEST(ConfigValues, AFileThatSaysNothingKnownIsNoted) {
    EXPECT_TRUE(read(kHa).notes.empty());
    for (const char* const text : {"", "# nothing\n", "---\n", "ingress: {enabled: true}\n"}) {
        const ValuesSpec values = read(text);
        ASSERT_EQ(values.notes.size(), 1U) << text;
        EXPECT_NE(values.notes[0].find("values.yaml: says nothing of kubecostDeployment or "),
                  std::string::npos)
            << values.notes[0];
    }
    const ValuesSpec both = read_values(
        nullptr, ValueSources{{written(kHa), written("x: 1\n", "other.yaml")}, {}, {}, {}, {}, {}});
    ASSERT_EQ(both.notes.size(), 1U);
    EXPECT_NE(both.notes[0].find("other.yaml"), std::string::npos);
}

TEST(ConfigValues, NeighboursThatWorkElsewhereAreNoted) {
    const ValuesSpec values = read(
        "kubecostModel:\n  replicas: 3\n  extraEnv:\n  - {name: A, value: b}\n"
        "  - {name: LEADER_FOLLOWER_ENABLED, value: \"true\"}\n");
    ASSERT_EQ(values.notes.size(), 2U);
    EXPECT_NE(values.notes[0].find(":2:13: kubecostModel.replicas means nothing to the chart"),
              std::string::npos)
        << values.notes[0];
    EXPECT_NE(values.notes[1].find(":5:12: kubecostModel.extraEnv sets LEADER_FOLLOWER_ENABLED"),
              std::string::npos)
        << values.notes[1];
}

TEST(ConfigValues, AQuotedTruthIsExplained) {
    const std::string start = "kubecostDeployment: {leaderFollower: {enabled: ";
    EXPECT_EQ(refusal(start + "'false'}}\n"),
              "1:48: kubecostDeployment.leaderFollower.enabled: expected true or false without "
              "quotes (to the chart every text is true), found \"false\"");
    EXPECT_EQ(refusal(start + "maybe}}\n"),
              "1:48: kubecostDeployment.leaderFollower.enabled: expected true or false, found "
              "\"maybe\"");
}

TEST(ConfigValues, FilesAreSplitAtCommasAndOnlyFilesAreRead) {
    const std::string two = written("kubecostDeployment: {replicas: 4}\n", "two.yaml");
    const ValueSources list{{written(kHa) + "," + two}, {}, {}, {}, {}, {}};
    EXPECT_EQ(read_values(nullptr, list).replicas, 4U);
    EXPECT_EQ(list.file_names(), (std::vector<std::string>{written(kHa), two}));
    EXPECT_EQ(refusal(ValueSources{{"-"}, {}, {}, {}, {}, {}}),
              "-: standard input is not read: give a file");
    EXPECT_EQ(refusal(ValueSources{{"https://h/v.yaml"}, {}, {}, {}, {}, {}}),
              "https://h/v.yaml: nothing is fetched: give a file");
    EXPECT_EQ(refusal(ValueSources{{"a.yaml,"}, {}, {}, {}, {}, {}}), "a.yaml: no such file");
}

TEST(ConfigValues, EachFlagNamesItselfAndItsText) {
    const auto with = [](ValueSources sources) { return refusal(sources); };
    EXPECT_EQ(with({{}, {}, {"kubecostDeployment={"}, {}, {}, {}}),
              "--set-json:1:20: expected JSON (a text needs double quotes) (in "
              "\"kubecostDeployment={\")");
    EXPECT_EQ(with({{}, {}, {}, {"kubecostDeployment.replicas=many"}, {}, {}}),
              "--set-string:1:29: kubecostDeployment.replicas: expected a whole number from 1 to "
              "64, found \"many\" (in \"kubecostDeployment.replicas=many\")");
    EXPECT_EQ(with({{}, {}, {}, {}, {"a=/no/such"}, {}}),
              "--set-file:1:3: /no/such: no such file (in \"a=/no/such\")");
    EXPECT_EQ(with({{}, {}, {}, {}, {}, {"a"}}),
              "--set-literal:1:1: expected KEY=VALUE, found no '=' after \"a\" (in \"a\")");
    EXPECT_EQ(with({{}, {"a[65537]=x"}, {}, {}, {}, {}}),
              "--set:1:2: expected the number of an item from 0 to 65536, found \"65537\" (in "
              "\"a[65537]=x\")");
    std::string deep = "a=";
    for (int i = 0; i < 100'000; ++i)
        deep += '[';
    EXPECT_NE(with({{}, {}, {deep}, {}, {}, {}}).find("expected JSON"), std::string::npos);
}

TEST(ConfigValues, AliasesOfAliasesEndSomewhere) {
    std::string bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        std::string list = before;
        for (int j = 0; j < 9; ++j)
            list += "," + before;
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + "]\n";
    }
    EXPECT_NE(refusal(bomb).find("aliases that stand for more than 100000 values"),
              std::string::npos);
    EXPECT_NE(refusal("a: &a [*a]\n").find("names a value that it is a part of"),
              std::string::npos);
    EXPECT_NE(refusal("a: *b\n").find("an alias (*name) of no anchor"), std::string::npos);
}

}  // namespace
}  // namespace leasehold::config
