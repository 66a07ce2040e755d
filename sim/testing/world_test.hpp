// WorldTest: the harness as a fixture of GoogleTest.
//
//     class MyElector : public leasehold::testing::WorldTest {};
//     TEST_F(MyElector, NeverLeadsTwice) {
//         world.host([](const PeerStart& start) { return Mine(start.identity); });
//         world.fault(at(60s).pause("leader").lasting(30s));
//         play();
//     }
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "sim/testing/harness.hpp"

namespace leasehold::testing {

class WorldTest : public ::testing::Test {
  protected:
    /// Set up as Harness says, named for the test; files go to log_folder().
    Harness world{name_of_test()};

    WorldTest() { world.folder(log_folder()); }

    /// Plays all seeds; what did not pass fails the test, with the words of Played::failure.
    Played play() {
        try {
            Played played = world.play();
            for (const std::string& file : played.files)
                RecordProperty("file", file);
            if (!played.passed()) ADD_FAILURE() << played.failure;
            return played;
        } catch (const BadScenario& bad) {
            ADD_FAILURE() << bad.what();
            return {};
        }
    }

    /// Beside the test's log: $LEASEHOLD_TEST_FOLDER, or where --gtest_output writes, or the
    /// working directory.
    static std::string log_folder() {
        if (const char* folder = std::getenv("LEASEHOLD_TEST_FOLDER"); folder && *folder)
            return folder;
        std::string output = GTEST_FLAG_GET(output);
        const std::size_t colon = output.find(':');
        if (colon == std::string::npos) return ".";
        output = output.substr(colon + 1);
        if (output.ends_with('/')) return output;
        const auto parent = std::filesystem::path(output).parent_path().string();
        return parent.empty() ? "." : parent;
    }

  private:
    /// "Suite.ATest" as a scenario's name: "suite-a-test".
    static std::string name_of_test() {
        const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
        const std::string words = std::string(test->test_suite_name()) + "." + test->name();
        const auto upper = [&](std::size_t i) { return words[i] >= 'A' && words[i] <= 'Z'; };
        const auto plain = [&](std::size_t i) {
            return i < words.size() &&
                   ((words[i] >= 'a' && words[i] <= 'z') || (words[i] >= '0' && words[i] <= '9'));
        };
        std::string name;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const bool begins =  // a word: "ATest" and "theAPITest" have them where one reads them
                upper(i) && i > 0 && (plain(i - 1) || (upper(i - 1) && plain(i + 1)));
            const bool joint = begins || (!upper(i) && !plain(i));
            if (joint && !name.empty() && name.back() != '-') name += '-';
            if (upper(i)) name += static_cast<char>(words[i] - 'A' + 'a');
            if (plain(i)) name += words[i];
        }
        name = name.substr(0, 50);  // what is derived from it gets longer
        while (name.ends_with('-'))
            name.pop_back();
        return name;
    }
};

}  // namespace leasehold::testing
