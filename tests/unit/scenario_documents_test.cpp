// README.md and schema.json name every word that the reader knows.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "model/check/check.hpp"
#include "sim/scenario/names.hpp"
#include "sim/scenario/reader.hpp"

namespace leasehold::sim {
namespace {

std::string content(const char* path) {
    std::ifstream in(path);
    EXPECT_TRUE(in) << path;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// Every word that a scenario may use: keys of all blocks, verbs, requests, choices, marks, ids.
std::vector<std::string_view> vocabulary() {
    std::vector<std::string_view> words;
    const auto add = [&](const auto& list) {
        for (const std::string_view word : list)
            words.push_back(word);
    };
    add(names::kRequests);
    add(names::kFaults);
    add(names::kEdits);
    add(names::kDirections);
    add(names::kPeers);
    add(names::kDisks);
    add(names::kSuspendClocks);
    add(names::kFormats);
    add(names::kProfiles);
    add(names::kApiProfiles);
    add(names::kBucketProfiles);
    add(names::kPreconditions);
    add(names::kPreconditionRules);
    add(names::kConditions);
    add(names::kWatchBreaks);
    add(names::kAnswerDamages);
    add(names::kObjectDamages);
    add(names::kObjects);
    add(names::kFileVerbs);
    add(names::kFileFailures);
    add(names::kInvariants);
    add(names::kTop);
    add(names::kElection);
    add(names::kElectors);
    add(names::kLibrary);
    add(names::kClientGo);
    add(names::kClientGoVersions);
    add(names::kStorage);
    add(names::kReplicas);
    add(names::kFiles);
    add(names::kKubelets);
    add(names::kPodEdits);
    add(names::kUpgrade);
    add(names::kClocks);
    add(names::kNetwork);
    add(names::kLatency);
    add(names::kApi);
    add(names::kBucket);
    add(names::kWorkload);
    add(names::kTriggers);
    add(names::kWhen);
    add(names::kModifiers);
    add(names::kExpect);
    add(names::kFailover);
    for (const MarkInfo& mark : kMarks)
        words.push_back(mark.name);
    return words;
}

TEST(ScenarioDocuments, InvariantsAreThoseThatAreJudged) {
    ASSERT_EQ(check::invariants().size(), names::kInvariants.size());
    for (std::size_t i = 0; i < names::kInvariants.size(); ++i)
        EXPECT_EQ(check::invariants()[i].id, names::kInvariants.at(i));
}

TEST(ScenarioDocuments, ReadmeNamesEveryWord) {
    const std::string readme = content("scenarios/README.md");
    for (const std::string_view word : vocabulary())
        EXPECT_NE(readme.find("`" + std::string(word) + "`"), std::string::npos) << word;
    for (const std::string_view role : names::kRoles)
        EXPECT_NE(readme.find("`" + std::string(role) + "`"), std::string::npos) << role;
}

TEST(ScenarioDocuments, ReadmeGivesEachMarkItsMeaning) {
    const std::string readme = content("scenarios/README.md");
    for (const MarkInfo& mark : kMarks)
        EXPECT_NE(
            readme.find("| `" + std::string(mark.name) + "` | " + std::string(mark.meaning) + " |"),
            std::string::npos)
            << mark.name;
}

TEST(ScenarioDocuments, TheTableOfMarksHasNothingButMarks) {
    std::istringstream readme(content("scenarios/README.md"));
    std::string line;
    while (std::getline(readme, line) && line != "| mark | reached when a replica |") {}
    ASSERT_TRUE(std::getline(readme, line)) << "no table of marks";
    std::size_t rows = 0;
    for (; std::getline(readme, line) && line.starts_with("| `"); ++rows) {
        const std::string name = line.substr(3, line.find('`', 3) - 3);
        EXPECT_TRUE(std::any_of(kMarks.begin(), kMarks.end(), [&](const MarkInfo& mark) {
            return mark.name == name;
        })) << name;
    }
    EXPECT_EQ(rows, kMarks.size());
}

TEST(ScenarioDocuments, SchemaNamesEveryWord) {
    const std::string schema = content("scenarios/schema.json");
    for (const std::string_view word : vocabulary())
        EXPECT_NE(schema.find('"' + std::string(word) + '"'), std::string::npos) << word;
}

TEST(ScenarioDocuments, TheSchemaTakesTheMarksAndNothingElse) {
    const std::string schema = content("scenarios/schema.json");
    const std::size_t start = schema.find("\n    \"mark\": {");
    ASSERT_NE(start, std::string::npos);
    const std::string marks = schema.substr(start, schema.find("\n    }", start) - start);
    constexpr std::string_view kConst = "\"const\": \"";
    std::size_t listed = 0;
    for (std::size_t at = marks.find(kConst); at != std::string::npos;
         at = marks.find(kConst, at + 1))
        ++listed;
    EXPECT_EQ(listed, kMarkCount);
    for (const MarkInfo& mark : kMarks)
        EXPECT_NE(marks.find(std::string(kConst) + std::string(mark.name) + '"'), std::string::npos)
            << mark.name;
}

TEST(ScenarioDocuments, TheFirstScenarioOfTheReadmeIsRead) {
    const std::string readme = content("scenarios/README.md");
    const std::size_t start = readme.find("```yaml\nscenario: my-first\n");
    ASSERT_NE(start, std::string::npos);
    const std::size_t begin = readme.find('\n', start) + 1;
    const std::string text = readme.substr(begin, readme.find("```", begin) - begin);
    const auto read = parse_scenario(text, "my-first.yaml", {});
    EXPECT_TRUE(read) << read.error().to_string();
}

}  // namespace
}  // namespace leasehold::sim
