#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "model/base/check.hpp"
#include "sim/topology/causal_graph.hpp"

namespace leasehold {
namespace {

using Events = std::vector<std::uint64_t>;

void add(CausalGraph& graph, std::uint64_t event, std::initializer_list<std::uint64_t> causes) {
    graph.add(event, std::span<const std::uint64_t>(causes.begin(), causes.size()));
}

TEST(CausalGraph, FindsTheShortestWayBackToARoot) {
    CausalGraph graph(100);
    add(graph, 1, {});
    add(graph, 2, {1});
    add(graph, 3, {2});
    add(graph, 5, {});
    add(graph, 8, {3, 5});
    add(graph, 9, {8});
    EXPECT_EQ((Events{5, 8, 9}), graph.chain(9).events);
    EXPECT_EQ((Events{1, 2, 3}), graph.chain(3).events);
    EXPECT_EQ((Events{5}), graph.chain(5).events);
    EXPECT_TRUE(graph.chain(9).complete);
}

TEST(CausalGraph, PrefersTheLatestOfEquallyNearRoots) {
    CausalGraph graph(100);
    add(graph, 1, {});
    add(graph, 2, {});
    add(graph, 3, {1, 2});
    EXPECT_EQ((Events{2, 3}), graph.chain(3).events);
}

TEST(CausalGraph, KeepsTheLastEventsAndSaysWhenTheChainGoesFurtherBack) {
    CausalGraph graph(4);
    add(graph, 1, {});
    for (std::uint64_t event = 2; event <= 10; ++event)
        add(graph, event, {event - 1});
    EXPECT_EQ(4U, graph.size());
    EXPECT_FALSE(graph.remembers(6));
    EXPECT_TRUE(graph.remembers(7));
    const CausalChain chain = graph.chain(10);
    EXPECT_EQ((Events{7, 8, 9, 10}), chain.events);
    EXPECT_FALSE(chain.complete);
    EXPECT_TRUE(graph.chain(6).events.empty());
    EXPECT_TRUE(graph.chain(11).events.empty());
}

TEST(CausalGraph, PrefersARememberedRootToANearerForgottenOne) {
    CausalGraph graph(3);
    add(graph, 1, {});
    add(graph, 2, {});
    add(graph, 3, {2});
    add(graph, 4, {1, 3});
    const CausalChain chain = graph.chain(4);
    EXPECT_EQ((Events{2, 3, 4}), chain.events);
    EXPECT_TRUE(chain.complete);
}

TEST(CausalGraph, RefusesCausesThatComeLater) {
    CausalGraph graph(3);
    add(graph, 5, {});
    EXPECT_THROW(add(graph, 5, {}), CheckFailure);
    EXPECT_THROW(add(graph, 6, {6}), CheckFailure);
    EXPECT_THROW(CausalGraph(0), CheckFailure);
}

TEST(CausalGraph, StartsAnewAfterClear) {
    CausalGraph graph(3);
    add(graph, 5, {});
    graph.clear();
    EXPECT_EQ(0U, graph.size());
    add(graph, 1, {});
    EXPECT_EQ((Events{1}), graph.chain(1).events);
}

}  // namespace
}  // namespace leasehold
