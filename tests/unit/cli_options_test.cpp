#include <gtest/gtest.h>

#include "sim/cli/options.hpp"
#include "sim/search/space.hpp"

namespace leasehold::cli {
namespace {

using Words = std::vector<std::string>;

Options good(const Words& words) {
    const auto parsed = parse_options(words);
    const auto* exit = std::get_if<Exit>(&parsed);
    EXPECT_EQ(exit, nullptr) << (exit ? exit->error : "");
    return exit == nullptr ? std::get<Options>(parsed) : Options{};
}

// The message of a mistake, which must cost exit code 64 and say nothing on stdout.
std::string bad(const Words& words) {
    const auto parsed = parse_options(words);
    const auto* exit = std::get_if<Exit>(&parsed);
    if (exit == nullptr) return "accepted";
    EXPECT_EQ(exit->code, kExitUsage);
    EXPECT_EQ(exit->out, "");
    return exit->error;
}

TEST(Options, RepeatedOptionsDoNotSwallowFiles) {
    const Options options =
        good({"run", "--set", "a=1", "one.yaml", "-f", "v.yaml", "--set", "b=[x]", "two.yaml"});
    EXPECT_EQ(options.command, Command::run);
    EXPECT_EQ(options.paths, (Words{"one.yaml", "two.yaml"}));
    EXPECT_EQ(options.values.sets, (Words{"a=1", "b=[x]"}));
    EXPECT_EQ(options.values.files, (Words{"v.yaml"}));
}

TEST(Options, BracketsAndCommasInSetAreKeptAsTyped) {
    EXPECT_EQ(good({"run", "f", "--set", "[a,b]"}).values.sets, (Words{"[a,b]"}));
    EXPECT_EQ(good({"run", "f", "--set", "a=1,b=2"}).values.sets, (Words{"a=1,b=2"}));
}

TEST(Options, SeedsAreOneOrARange) {
    EXPECT_EQ(good({"run", "f", "--seed", "7"}).seeds->last, 7U);
    const auto seeds = good({"check", "d", "--seed", "3..9"}).seeds;
    ASSERT_TRUE(seeds);
    EXPECT_EQ(seeds->first, 3U);
    EXPECT_EQ(seeds->last, 9U);
    EXPECT_FALSE(good({"check", "d"}).seeds);
    for (const char* text :
         {"x", "9..3", "1..", "-1", "1..2..3", "99999999999999999999", "1..2000000"})
        EXPECT_NE(bad({"run", "f", "--seed", text}).find("--seed"), std::string::npos) << text;
}

TEST(Options, ACampaignsSeedsEndBelowTheOneThatMeansEndless) {
    EXPECT_EQ(good({"campaign", "--seeds", "999999900..999999999"}).seeds->last, 999'999'999U);
    for (const char* text :
         {"999999999..1000000000", "1000000000", "18446744073709551610..18446744073709551615"})
        EXPECT_NE(bad({"campaign", "--seeds", text}).find("expected seeds below 1000000000"),
                  std::string::npos)
            << text;
    EXPECT_EQ(good({"run", "f", "--seed", "1000000000"}).seeds->last, 1'000'000'000U);
}

TEST(Options, AnEmptyArgumentIsAMistakeAndNotADefault) {
    EXPECT_NE(bad({"run", "f", "--seed", ""}).find("empty"), std::string::npos);
    EXPECT_NE(bad({"run", "f", "--json", ""}).find("empty"), std::string::npos);
    EXPECT_NE(bad({"run", ""}).find("empty"), std::string::npos);
    EXPECT_NE(bad({"run", "f", "--seed="}), "accepted");
}

TEST(Options, MistypedCommandsAndOptionsNameTheNearest) {
    EXPECT_NE(bad({"rnu", "f"}).find("did you mean 'run'"), std::string::npos);
    EXPECT_NE(bad({"run", "f", "--sede", "7"}).find("did you mean '--seed'"), std::string::npos);
    EXPECT_NE(bad({"check", "d", "--junti=x"}).find("did you mean '--junit'"), std::string::npos);
    EXPECT_NE(bad({"run", "f", "--color", "allways"}).find("did you mean 'always'"),
              std::string::npos);
    EXPECT_NE(bad({"run", "f", "--log", "inof"}).find("did you mean 'info'"), std::string::npos);
}

TEST(Options, ValuesOutOfRangeAreRefused) {
    for (const char* jobs : {"0", "1025", "many", "-2", "1.5"})
        EXPECT_NE(bad({"check", "d", "--jobs", jobs}).find("--jobs"), std::string::npos) << jobs;
    EXPECT_EQ(good({"check", "d", "--jobs", "3"}).jobs, 3U);
    EXPECT_GE(good({"check", "d"}).jobs, 1U);
}

TEST(Options, WhatDoesNotGoTogetherIsRefused) {
    EXPECT_NE(bad({"run", "a", "b", "--history", "h"}).find("--history"), std::string::npos);
    EXPECT_NE(bad({"run", "a", "--seed", "1..2", "--history", "h"}).find("--history"),
              std::string::npos);
    EXPECT_NE(bad({"check", "d", "--history", "h"}).find("unknown option"), std::string::npos);
    EXPECT_NE(bad({"run", "a", "--junit", "x", "--sarif", "x"}).find("two outputs"),
              std::string::npos);
    EXPECT_NE(bad({"run", "a", "--json", "x", "--junit", "x"}).find("two outputs"),
              std::string::npos);
    EXPECT_NE(bad({"run", "a", "--trace", "./d/../x", "--mermaid", "x"}).find("two outputs"),
              std::string::npos);
    for (const char* file : {"d/results.ndjson", "results.ndjson"})
        EXPECT_NE(bad({"campaign", "--out", "d", "--json", file}).find("calls its results"),
                  std::string::npos);
    EXPECT_NE(
        bad({"merge", "s", "--out", "d", "--junit", "d/./results.ndjson"}).find("its results"),
        std::string::npos);
    for (const char* flag : {"--html", "--trace", "--mermaid"})
        EXPECT_NE(bad({"run", "a", "b", flag, "x"}).find(flag), std::string::npos);
    EXPECT_NE(bad({"check", "d", "--trace", "x"}).find("unknown option"), std::string::npos);
    EXPECT_NE(bad({"list", "--faults", "--marks"}).find("exclude"), std::string::npos);
    EXPECT_NE(bad({"run"}).find("expected a scenario file"), std::string::npos);
    EXPECT_NE(bad({"validate", "--resolved"}).find("expected a scenario file"), std::string::npos);
    EXPECT_NE(bad({"run", "f", "--json"}), "accepted");
    EXPECT_NE(bad({"bench", "f"}).find("--json"), std::string::npos);
    EXPECT_NE(bad({"bench", "--json", "o"}).find("a directory or a scenario"), std::string::npos);
    EXPECT_EQ(good({"bench", "f", "--json", "o", "--seeds", "2..5"}).seeds->last, 5U);
    for (const char* command : {"run", "check"})
        EXPECT_EQ(good({command, "f", "--seeds", "2..5"}).seeds->last, 5U);
}

TEST(Options, HelpAndVersionAreForPeopleAndExitWithZero) {
    for (const Words& words : {Words{"--help"}, Words{"run", "--help"}, Words{"-h"}}) {
        const auto parsed = parse_options(words);
        const auto& exit = std::get<Exit>(parsed);
        EXPECT_EQ(exit.code, 0);
        EXPECT_NE(exit.out.find("Examples:"), std::string::npos) << exit.out;
    }
    for (const char* command : {"run", "check", "list", "validate", "verify", "explore", "shrink",
                                "replay", "campaign", "merge", "bench"}) {
        const std::string help = std::get<Exit>(parse_options({command, "--help"})).out;
        const std::string own = "Examples:\n  leasehold " + std::string(command) + " ";
        EXPECT_NE(help.find(own), std::string::npos) << help;
        for (const search::FamilyInfo& family : search::kFamilies)
            EXPECT_EQ(help.find("\n  " + std::string(family.name) + " ") != std::string::npos,
                      std::string_view(command) == "campaign")
                << family.name << "\n"
                << help;
    }
    const auto parsed = parse_options({"--version"});
    EXPECT_EQ(std::get<Exit>(parsed).out, "leasehold " + std::string(program_version()) + "\n");
    EXPECT_NE(bad({}).find("Examples:"), std::string::npos);
}

}  // namespace
}  // namespace leasehold::cli
