// The parts that the suite's verdicts rest on: relations between names, and the shrinker.
#include <gtest/gtest.h>

#include <optional>

#include "tests/conformance/relation.hpp"
#include "tests/conformance/shrink.hpp"

namespace leasehold::conformance {
namespace {

TEST(Relation, NamesAreOneToOne) {
    NameRelation names;
    EXPECT_FALSE(names.relate("a", "x"));
    EXPECT_FALSE(names.relate("b", "y"));
    EXPECT_FALSE(names.relate("a", "x"));
    EXPECT_TRUE(names.relate("a", "z")) << "another real one";
    EXPECT_TRUE(names.relate("c", "y")) << "another simulated one";
    EXPECT_EQ(names.real_of("b"), "y");
    EXPECT_EQ(names.real_of("d"), std::nullopt);
}

TEST(Relation, NothingGoesWithNothing) {
    NameRelation names;
    EXPECT_FALSE(names.relate("", ""));
    EXPECT_TRUE(names.relate("a", ""));
    EXPECT_TRUE(names.relate("", "x"));
    EXPECT_FALSE(names.relate("a", "x"));
}

TEST(Relation, VersionsAreOneToOneAndInOrder) {
    VersionRelation versions;
    EXPECT_FALSE(versions.relate(Version(10), Version(500)));
    EXPECT_FALSE(versions.relate(Version(20), Version(700)));
    EXPECT_FALSE(versions.relate(Version(15), Version(600))) << "learnt later";
    EXPECT_FALSE(versions.relate(Version(20), Version(700)));
    EXPECT_TRUE(versions.relate(Version(20), Version(701))) << "equal here, unequal there";
    EXPECT_TRUE(versions.relate(Version(21), Version(700))) << "unequal here, equal there";
    EXPECT_TRUE(versions.relate(Version(21), Version(650))) << "newer here, older there";
    EXPECT_TRUE(versions.relate(Version(12), Version(650)));
    EXPECT_TRUE(versions.relate(Version(9), Version(500)));
    EXPECT_EQ(versions.real_of(Version(15)), Version(600));
    EXPECT_EQ(versions.real_of(Version(21)), std::nullopt) << "what was refused is not kept";
}

struct Number {
    std::uint32_t client = 0;
    int value = 0;
};

/// Shows once a 3 and after it a 7 by the same client are there.
std::optional<Difference> three_then_seven(const Sequence<Number>& sequence) {
    std::optional<std::uint32_t> three;
    for (std::size_t r = 0; r < sequence.size(); ++r)
        for (const Number& op : sequence[r]) {
            if (op.value == 3) three = op.client;
            if (op.value == 7 && three == op.client) return Difference{r, "seven", false, {}};
        }
    return std::nullopt;
}

TEST(Shrinker, FindsTheFewestOperationsApartAndByOneClient) {
    Sequence<Number> sequence;
    for (int i = 0; i < 40; ++i) {
        const auto client = static_cast<std::uint32_t>(i % 3);
        sequence.push_back({{client, i}, {5, 100 + i}});
    }
    sequence[20].push_back({0, 7});
    const auto first = three_then_seven(sequence);
    ASSERT_TRUE(first);
    Shrinker<Number> shrinker(
        three_then_seven, [](const Number&) { return std::vector<Number>{}; }, 1000);
    const auto shrunk = shrinker.run(sequence, *first);
    ASSERT_EQ(shrunk.sequence.size(), 2U);
    ASSERT_EQ(shrunk.sequence[0].size(), 1U);
    ASSERT_EQ(shrunk.sequence[1].size(), 1U);
    EXPECT_EQ(shrunk.sequence[0][0].value, 3);
    EXPECT_EQ(shrunk.sequence[1][0].value, 7);
    EXPECT_EQ(shrunk.sequence[0][0].client, 0U);
    EXPECT_EQ(shrunk.difference.round, 1U);
}

TEST(Shrinker, StopsAfterItsTries) {
    Sequence<Number> sequence(64, {{0, 1}});
    int played = 0;
    const auto fails = [&](const Sequence<Number>& tried) -> std::optional<Difference> {
        ++played;
        return Difference{tried.size() - 1, "always", false, {}};
    };
    Shrinker<Number> shrinker(
        fails, [](const Number&) { return std::vector<Number>{}; }, 5);
    shrinker.run(sequence, Difference{63, "always", false, {}});
    EXPECT_LE(played, 5);
}

}  // namespace
}  // namespace leasehold::conformance
