// Every file of tests/scenarios/bad is refused at its place and in its words; so are inputs that
// are too large or too odd to keep as files.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "config/tree.hpp"
#include "sim/scenario/reader.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::sim {
namespace {

constexpr const char* kFolder = "tests/scenarios/bad";

struct Expected {
    int line = 0;
    int column = 0;
    std::string words;
};

/// The second line: "# expect: LINE:COLUMN: part of the message" (0:0 = no place).
Expected expectation(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    std::getline(in, line);
    constexpr std::string_view kStart = "# expect: ";
    EXPECT_TRUE(line.starts_with(kStart)) << path;
    Expected expected;
    char colon = 0;
    std::istringstream words(line.substr(std::min(line.size(), kStart.size())));
    words >> expected.line >> colon >> expected.column >> colon >> std::ws;
    std::getline(words, expected.words);
    EXPECT_FALSE(expected.words.empty()) << path;
    return expected;
}

TEST(ScenarioBadFiles, EachIsRefusedAtItsPlaceAndInItsWords) {
    const auto files = find_scenarios({kFolder});
    ASSERT_TRUE(files) << files.error().to_string();
    EXPECT_GE(files->size(), 40U);
    for (const std::string& path : *files) {
        const Expected expected = expectation(path);
        const auto read = read_scenario(path, {});
        if (read) {
            ADD_FAILURE() << path << " was accepted";
            continue;
        }
        EXPECT_EQ(read.error().file, path);
        EXPECT_EQ(read.error().line, expected.line) << read.error().to_string();
        EXPECT_EQ(read.error().column, expected.column) << read.error().to_string();
        EXPECT_NE(read.error().message.find(expected.words), std::string::npos)
            << read.error().to_string() << "\nexpected: " << expected.words;
        EXPECT_EQ(read.error().message.find('\n'), std::string::npos) << "one line each";
    }
}

config::Diagnostic refused(const std::string& text) {
    const auto read = parse_scenario(text, "x.yaml", {});
    EXPECT_FALSE(read);
    return read ? config::Diagnostic{} : read.error();
}

TEST(ScenarioBadFiles, HugeNestingIsRefusedByDepthAndNotByTheStack) {
    std::string dashes;
    std::string questions;
    for (int i = 0; i < 100'000; ++i) {
        dashes += "- ";
        questions += "? ";
    }
    std::string stairs;
    for (std::size_t i = 0; i < 1000; ++i)
        stairs += std::string(i, ' ') + "a:\n";
    for (const std::string& text :
         {"a: " + std::string(100'000, '[') + std::string(100'000, ']'), std::string(100'000, '['),
          std::string(100'000, '{'), dashes, questions, stairs}) {
        const config::Diagnostic found = refused(text);
        EXPECT_EQ(found.message, "nested deeper than 32 lists and maps") << text.substr(0, 10);
        EXPECT_GT(found.line, 0);
    }
}

TEST(ScenarioBadFiles, BytesThatAreNoTextAreRefusedByPlace) {
    const std::string head = "scenario: x\nwhy: ";
    const config::Diagnostic nul = refused(head + std::string("a\0b\n", 4));
    EXPECT_NE(nul.message.find("NUL"), std::string::npos);
    EXPECT_EQ(nul.line, 2);
    EXPECT_EQ(nul.column, 7);
    // A stray continuation, an overlong '/', a surrogate, beyond U+10FFFF, cut off, no UTF-8.
    for (const char* bytes :
         {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"}) {
        const config::Diagnostic found = refused(head + bytes);
        EXPECT_EQ(found.message, "not valid UTF-8");
        EXPECT_EQ(found.line, 2);
        EXPECT_EQ(found.column, 6);
    }
    EXPECT_NE(refused(head + "a\x1b[31m\n").message.find("control character"), std::string::npos);
    const auto good = parse_scenario(head + "\xe2\x82\xac \xf0\x9f\x98\x80\n" +
                                         "values: {kubecostModel: {etlBucketConfigSecret: s}}\n",
                                     "x.yaml", {});
    EXPECT_TRUE(good) << good.error().to_string();
}

TEST(ScenarioBadFiles, MessagesAreOneBearableLineWhateverTheInputHolds) {
    const std::string head = "scenario: x\nwhy: a test\n";
    const config::Diagnostic broken = refused(head + "\"two\\nlines\": 1\n");
    EXPECT_EQ(broken.message.find('\n'), std::string::npos) << broken.message;
    EXPECT_LT(refused(head + "duration: " + std::string(500'000, 'x') + "\n").message.size(), 500U);
    const auto set =
        parse_scenario(head, "x.yaml", config::ValueSources{{}, {"two\nlines"}, {}, {}, {}, {}});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().message.find('\n'), std::string::npos) << set.error().message;
}

TEST(ScenarioBadFiles, SizeIsLimited) {
    const config::Diagnostic found = refused(std::string(config::kLargestFile + 1, '#'));
    EXPECT_NE(found.message.find("larger than 1 MiB"), std::string::npos);
    EXPECT_NE(refused("").message.find("empty"), std::string::npos);
    EXPECT_NE(refused(std::string(config::kLargestFile, '#')).message.find("empty"),
              std::string::npos);
}

TEST(ScenarioBadFiles, WhatIsNoRegularFileIsRefused) {
    const auto read = [](const std::string& path) {
        const auto result = read_scenario(path, {});
        return result ? std::string("accepted") : result.error().to_string();
    };
    EXPECT_EQ(read("scenarios"), "scenarios: a directory, not a file");
    EXPECT_EQ(read("scenarios/no-such.yaml"), "scenarios/no-such.yaml: no such file");
    EXPECT_EQ(read("/dev/null"), "/dev/null: not a regular file");
    EXPECT_EQ(read(""), ": no such file");
}

TEST(ScenarioBadFiles, FoldersAndFilesThatAreNotThereAreRefused) {
    const auto missing = find_scenarios({"no-such-folder"});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().to_string(), "no-such-folder: no such file or directory");
    const test::OwnFolder folder;
    const auto none = find_scenarios({folder.path()});
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("no scenarios"), std::string::npos);
}

}  // namespace
}  // namespace leasehold::sim
