// What a person is told: the name that was probably meant, one line, its place.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/nearest.hpp"

namespace leasehold::config {
namespace {

constexpr std::array<std::string_view, 4> kVerbs{"crash", "restart", "deleteLease", "editLease"};
constexpr std::array<std::string_view, 2> kKeys{"leaseDuration", "retryPeriod"};

TEST(ConfigNearest, TheNearestNameIsTheOneMeant) {
    EXPECT_EQ(nearest("crahs", kVerbs), "crash");
    EXPECT_EQ(nearest("DELETELEASE", kVerbs), "deleteLease");
    EXPECT_EQ(nearest("retry_period", kKeys), "retryPeriod");
    EXPECT_EQ(nearest("explode", kVerbs), "");
    EXPECT_EQ(nearest("", kVerbs), "");
    EXPECT_EQ(nearest(std::string(100'000, 'a'), kVerbs), "");
}

TEST(ConfigNearest, AHelmKeyIsTakenForASlipWithinAFewEditsOnly) {
    EXPECT_EQ(nearest("retryPer", kKeys), "retryPeriod");
    EXPECT_EQ(nearest_within("retryPer", kKeys, 2), "");
    EXPECT_EQ(nearest_within("retryPerio", kKeys, 2), "retryPeriod");
}

TEST(ConfigNearest, ASuggestionIsTheNearNameOrAShortList) {
    EXPECT_EQ(suggestion("crahs", kVerbs), "; did you mean \"crash\"?");
    EXPECT_EQ(suggestion("zzz", kKeys), " (expected one of leaseDuration, retryPeriod)");
    const std::vector<std::string_view> many(21, "leaseDuration");
    EXPECT_EQ(suggestion("zzz", many), "");
}

TEST(ConfigDiagnostic, ItsPlaceHasNoUnknownParts) {
    EXPECT_EQ((Diagnostic{"a.yaml", 3, 7, "m"}).to_string(), "a.yaml:3:7: m");
    EXPECT_EQ((Diagnostic{"a.yaml", 3, 0, "m"}).to_string(), "a.yaml:3: m");
    EXPECT_EQ((Diagnostic{"a.yaml", 0, 0, "m"}).to_string(), "a.yaml: m");
}

TEST(ConfigDiagnostic, APersonGetsOneBearableLine) {
    EXPECT_EQ(presentable({"a.yaml", 1, 1, "two\nlines"}).message, "two lines");
    // Cut between characters, never within one.
    const std::string long_text = std::string(399, 'x') + "\xc3\xa4" + "and more";
    EXPECT_EQ(presentable({"a.yaml", 1, 1, long_text}).message, std::string(399, 'x') + "...");
}

TEST(ConfigDiagnostic, AnOptionsTextStandsInTheMessage) {
    const Diagnostic found = presentable({"--set a.b=c", 1, 3, "unknown key"});
    EXPECT_EQ(found.to_string(), "--set:1:3: unknown key (in \"a.b=c\")");
}

}  // namespace
}  // namespace leasehold::config
