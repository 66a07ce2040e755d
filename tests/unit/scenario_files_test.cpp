// The scenarios of the repository: all read, all say what they expect, all survive resolving.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/scenario/reader.hpp"

namespace leasehold::sim {
namespace {

std::vector<std::string> all_files() {
    const auto files = find_scenarios({"scenarios"});
    EXPECT_TRUE(files);
    return files ? *files : std::vector<std::string>{};
}

TEST(ScenarioFiles, AllAreReadAndFoundInOrder) {
    const auto files = all_files();
    EXPECT_GE(files.size(), 18U);
    EXPECT_TRUE(std::is_sorted(files.begin(), files.end()));
    std::set<std::string> names;
    for (const std::string& path : files) {
        const auto read = read_scenario(path, {});
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_TRUE(names.insert(read->name).second) << read->name << " is there twice";
        EXPECT_FALSE(read->why.empty());
    }
}

TEST(ScenarioFiles, EachThatElectsProvesWhatItIsAbout) {
    for (const std::string& path : all_files()) {
        const auto read = read_scenario(path, {});
        ASSERT_TRUE(read) << read.error().to_string();
        if (read->elects()) {
            EXPECT_FALSE(read->expect.reached.empty()) << path;
        }
    }
}

TEST(ScenarioFiles, TheResolvedFormReadsBackAsItself) {
    for (const std::string& path : all_files()) {
        const auto read = read_scenario(path, {});
        ASSERT_TRUE(read) << read.error().to_string();
        const std::string resolved = resolved_yaml(*read);
        const auto again = parse_scenario(resolved, path, {});
        ASSERT_TRUE(again) << again.error().to_string() << "\n" << resolved;
        EXPECT_EQ(resolved_yaml(*again), resolved);
        EXPECT_EQ(again->faults.size(), read->faults.size());
        EXPECT_EQ(again->expect.reached, read->expect.reached);
    }
}

TEST(ScenarioReader, TextsWithQuotesAndLinesSurviveResolving) {
    const auto first = parse_scenario(
        "scenario: x\nwhy: |\n  it's \"so\": \\ a\n  # b\n"
        "values: {kubecostModel: {etlBucketConfigSecret: s}}\n",
        "x.yaml", {});
    ASSERT_TRUE(first) << first.error().to_string();
    const auto again = parse_scenario(resolved_yaml(*first), "x.yaml", {});
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->why, first->why);
}

}  // namespace
}  // namespace leasehold::sim
