#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "sim/topology/topology.hpp"

namespace leasehold {
namespace {

/// Zones a (r0, r1), b (r2, r3) and c (api, bucket); links ab, bc, ac.
class TopologyTest : public testing::Test {
  protected:
    TopologyTest() {
        const ZoneId a = net.add_zone("a");
        const ZoneId b = net.add_zone("b");
        const ZoneId c = net.add_zone("c");
        r0 = net.add_node("r0", a);
        r1 = net.add_node("r1", a);
        r2 = net.add_node("r2", b);
        r3 = net.add_node("r3", b);
        api = net.add_node("api", c);
        bucket = net.add_node("bucket", c);
        ab = net.add_link("ab", a, b);
        bc = net.add_link("bc", b, c);
        ac = net.add_link("ac", a, c);
    }

    CutId cut(std::vector<NodeId> first, std::vector<NodeId> second, CutDirection direction) {
        return net.cut(first, second, direction);
    }
    /// Each node's row of answers, '1' and '0', in the order of nodes.
    std::string rows() const {
        std::string text;
        for (std::size_t from = 0; from < net.node_count(); ++from) {
            if (from > 0) text += ' ';
            for (std::size_t to = 0; to < net.node_count(); ++to)
                text += net.reaches(NodeId(from), NodeId(to)) ? '1' : '0';
        }
        return text;
    }

    Topology net;
    NodeId r0, r1, r2, r3, api, bucket;
    ZoneLinkId ab, bc, ac;
    const std::string all = "111111 111111 111111 111111 111111 111111";
};

TEST_F(TopologyTest, ReachesEverythingWithoutCuts) {
    EXPECT_EQ(all, rows());
}

TEST_F(TopologyTest, CutsASingleDirection) {
    const CutId sends = cut({r0}, {api}, CutDirection::send);
    EXPECT_EQ("111101 111111 111111 111111 111111 111111", rows());
    net.heal(sends);
    const CutId receives = cut({r0}, {api}, CutDirection::receive);
    EXPECT_EQ("111111 111111 111111 111111 011111 111111", rows());
    net.heal(receives);
    cut({r0}, {api}, CutDirection::both);
    EXPECT_EQ("111101 111111 111111 111111 011111 111111", rows());
    EXPECT_EQ(1U, net.cuts());
    net.heal_all();
    EXPECT_EQ(all, rows());
}

TEST_F(TopologyTest, CutsGroupsAndNeverANodeFromItself) {
    cut({r0, r1}, {r1, r2, r3}, CutDirection::both);
    EXPECT_EQ("100011 010011 001111 001111 111111 111111", rows());
}

TEST_F(TopologyTest, AddsCutsUp) {
    const CutId one = cut({r0}, {api, bucket}, CutDirection::send);
    const CutId two = cut({r0, r1}, {api}, CutDirection::both);
    net.heal(one);
    EXPECT_EQ("111101 111101 111111 111111 001111 111111", rows());
    net.heal(two);
    EXPECT_EQ(all, rows());
    EXPECT_THROW(net.heal(two), CheckFailure);
}

TEST_F(TopologyTest, GoesAroundACutLinkWhileThereIsAnotherWay) {
    const CutId first = net.cut_link(ac, CutDirection::both);
    EXPECT_EQ(all, rows());  // a - b - c
    const CutId second = net.cut_link(ab, CutDirection::both);
    EXPECT_EQ("110000 110000 001111 001111 001111 001111", rows());
    net.heal(first);
    EXPECT_EQ(all, rows());  // a - c - b
    net.heal(second);
}

TEST_F(TopologyTest, CutsLinksInOneDirection) {
    net.cut_link(ac, CutDirection::send);
    net.cut_link(ab, CutDirection::send);  // nothing leaves zone a, all comes in
    EXPECT_EQ("110000 110000 111111 111111 111111 111111", rows());
    net.heal_all();
    net.cut_link(bc, CutDirection::receive);
    net.cut_link(ac, CutDirection::receive);  // nothing leaves zone c
    EXPECT_EQ("111111 111111 111111 111111 000011 000011", rows());
}

TEST_F(TopologyTest, PassesNothingOnThroughANode) {
    Topology two;
    const ZoneId left = two.add_zone("left");
    const ZoneId right = two.add_zone("right");
    const NodeId a = two.add_node("a", left);
    const NodeId b = two.add_node("b", left);
    const NodeId c = two.add_node("c", right);
    EXPECT_TRUE(two.reaches(a, b));
    EXPECT_FALSE(two.reaches(a, c));  // no link
    two.add_link("bridge", left, right);
    EXPECT_TRUE(two.reaches(a, c));
    const std::array<NodeId, 1> from{a};
    const std::array<NodeId, 1> to{c};
    two.cut(from, to, CutDirection::send);
    EXPECT_FALSE(two.reaches(a, c));  // although a reaches b and b reaches c
    EXPECT_TRUE(two.reaches(b, c));
}

TEST_F(TopologyTest, KnowsNamesAndZones) {
    EXPECT_EQ(api, net.node("api"));
    EXPECT_EQ(std::nullopt, net.node("nobody"));
    EXPECT_EQ(bc, net.link("bc"));
    EXPECT_EQ("r2", net.name(r2));
    EXPECT_EQ((std::vector<NodeId>{r2, r3}), net.nodes_of(*net.zone("b")));
    EXPECT_EQ(*net.zone("c"), net.zone_of(bucket));
    EXPECT_THROW(net.add_node("api", ZoneId(0)), CheckFailure);
    EXPECT_THROW(net.add_zone("a"), CheckFailure);
    EXPECT_THROW((void)net.reaches(NodeId(99), r0), CheckFailure);
    EXPECT_THROW((void)net.reaches(r0, NodeId(99)), CheckFailure);
}

TEST_F(TopologyTest, ChangesItsEpochWithEveryChange) {
    const std::uint64_t first = net.epoch();
    const CutId id = cut({r0}, {api}, CutDirection::send);
    const std::uint64_t second = net.epoch();
    net.heal(id);
    EXPECT_NE(first, second);
    EXPECT_NE(second, net.epoch());
    EXPECT_NE(first, net.epoch());
}

TEST_F(TopologyTest, AgreesWithATableOfPairsUnderRandomCuts) {
    // Without cut links the answer is a plain count for each pair.
    Random random(8);
    std::vector<std::vector<int>> table(6, std::vector<int>(6, 0));
    struct Made {
        CutId id;
        std::vector<std::pair<std::size_t, std::size_t>> pairs;
    };
    std::vector<Made> made;
    for (int step = 0; step < 2000; ++step) {
        if (made.size() > 6 || (!made.empty() && random.below(2) == 0)) {
            const std::size_t which = random.below(made.size());
            net.heal(made[which].id);
            for (const auto& [a, b] : made[which].pairs)
                --table[a][b];
            made.erase(made.begin() + static_cast<std::ptrdiff_t>(which));
        } else {
            const auto direction = static_cast<CutDirection>(random.below(3));
            std::vector<NodeId> first, second;
            for (std::size_t i = 0; i < 6; ++i) {
                if (random.below(3) == 0) first.emplace_back(i);
                if (random.below(3) == 0) second.emplace_back(i);
            }
            Made one{net.cut(first, second, direction), {}};
            for (const NodeId a : first)
                for (const NodeId b : second) {
                    if (a == b) continue;
                    if (direction != CutDirection::receive)
                        one.pairs.emplace_back(a.value(), b.value());
                    if (direction != CutDirection::send)
                        one.pairs.emplace_back(b.value(), a.value());
                }
            for (const auto& [a, b] : one.pairs)
                ++table[a][b];
            made.push_back(one);
        }
        for (std::size_t a = 0; a < 6; ++a)
            for (std::size_t b = 0; b < 6; ++b)
                ASSERT_EQ(table[a][b] == 0, net.reaches(NodeId(a), NodeId(b))) << a << b;
    }
}

}  // namespace
}  // namespace leasehold
