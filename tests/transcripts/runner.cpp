// Plays the stories of this folder, each as a test. With REWRITE=1 in the environment what happened
// becomes what is expected; a command that isn't understood fails in either mode.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/transcripts/stage.hpp"
#include "tests/transcripts/story.hpp"

namespace leasehold::transcripts {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// The file as it would be if all that happened were expected.
std::string play(const std::string& name, const std::string& text) {
    Story story = parse_story(name, text);
    Stage stage;
    for (Block& block : story.blocks) {
        Command command(name + ":" + std::to_string(block.line), block.command);
        block.expected = stage.perform(command);
    }
    return to_file(story);
}

class StoryTest : public testing::Test {
  public:
    explicit StoryTest(fs::path path) : path_(std::move(path)) {}

    void TestBody() override {
        const std::string name = path_.filename().string();
        const std::string text = read_file(path_);
        std::string happened;
        ASSERT_NO_THROW(happened = play_or_report(name, text)) << report_;
        const char* rewrite = std::getenv("REWRITE");
        if (rewrite && std::string(rewrite) == "1") {
            std::ofstream(path_, std::ios::binary) << happened;
        } else {
            EXPECT_EQ(text, happened) << "REWRITE=1 writes what happened into " << name;
        }
    }

  private:
    std::string play_or_report(const std::string& name, const std::string& text) {
        try {
            return play(name, text);
        } catch (const std::exception& error) {
            report_ = error.what();
            throw;
        }
    }

    fs::path path_;
    std::string report_;
};

class StrayFile : public testing::Test {
  public:
    explicit StrayFile(fs::path path) : path_(std::move(path)) {}
    void TestBody() override { FAIL() << path_ << " is read by nobody"; }

  private:
    fs::path path_;
};

void register_stories(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
        const std::string extension = path.extension().string();
        const bool ours = path.filename() == "CMakeLists.txt" || path.filename() == "README.md" ||
                          extension == ".cpp" || extension == ".hpp";
        if (ours) continue;
        // What follows a '-' in a filter of GoogleTest is left out: a test's name has none.
        std::string name = path.stem().string();
        std::replace(name.begin(), name.end(), '-', '_');
        if (extension == ".txt") {
            testing::RegisterTest("Story", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                  [path]() -> testing::Test* { return new StoryTest(path); });
        } else {
            testing::RegisterTest("StrayFile", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                                  [path]() -> testing::Test* { return new StrayFile(path); });
        }
    }
}

// ---- the harness itself -------------------------------------------------------------------------

constexpr const char* kReplica = "# why\nreplica self=a\n----\n";

TEST(TranscriptHarness, AnUnknownCommandIsRefusedWithItsPlace) {
    try {
        static_cast<void>(play("x.txt", std::string(kReplica) + "\ndance at=1s\n----\n"));
        FAIL();
    } catch (const StoryError& error) {
        EXPECT_STREQ(error.what(), "x.txt:5: dance: unknown command");
    }
}

TEST(TranscriptHarness, AnUnknownArgumentIsRefused) {
    EXPECT_THROW(static_cast<void>(play("x.txt", std::string(kReplica) + "\nstart on=1s\n----\n")),
                 StoryError);
}

TEST(TranscriptHarness, TimeThatGoesBackIsRefused) {
    EXPECT_THROW(static_cast<void>(play("x.txt", std::string(kReplica) +
                                                     "\nstart at=2s\n----\n\ntimer at=1s\n----\n")),
                 StoryError);
}

TEST(TranscriptHarness, AStoryWithoutAReasonIsRefused) {
    EXPECT_THROW(static_cast<void>(play("x.txt", "replica self=a\n----\n")), StoryError);
}

TEST(TranscriptHarness, WhatHappensDiffersFromAWrongExpectation) {
    const std::string wrong = std::string(kReplica) + "= something else\n";
    EXPECT_NE(play("x.txt", wrong), wrong);
}

}  // namespace
}  // namespace leasehold::transcripts

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const char* const folder = "tests/transcripts";
    if (!std::filesystem::is_directory(folder)) {
        std::fprintf(stderr, "%s: not here; run this from the repository's root\n", folder);
        return 64;
    }
    leasehold::transcripts::register_stories(folder);
    return RUN_ALL_TESTS();
}
