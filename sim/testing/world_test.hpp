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
        std::string name;
        bool word_ended = false;
        for (const char c : std::string(test->test_suite_name()) + "." + test->name()) {
            const bool upper = c >= 'A' && c <= 'Z';
            const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if ((upper && word_ended) || (!upper && !plain && !name.empty() && name.back() != '-'))
                name += '-';
            if (upper) name += static_cast<char>(c - 'A' + 'a');
            if (plain) name += c;
            word_ended = plain;
        }
        name = name.substr(0, 50);  // what is derived from it gets longer
        while (name.ends_with('-'))
            name.pop_back();
        return name;
    }
};

}  // namespace leasehold::testing
