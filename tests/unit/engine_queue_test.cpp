#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "sim/engine/event_queue.hpp"

namespace leasehold {
namespace {

std::vector<std::uint64_t> order_of_equal_dates(std::uint64_t seed, std::uint64_t count) {
    EventQueue queue;
    queue.reset(seed);
    for (std::uint64_t i = 0; i < count; ++i)
        queue.push(5, 1, 2, i);
    std::vector<std::uint64_t> order;
    while (!queue.empty())
        order.push_back(queue.pop().data);
    return order;
}

TEST(EventQueue, GivesEveryElementOnceInTheOrderOfDates) {
    EventQueue queue;
    Random random(3);
    for (std::uint64_t round = 0; round < 20; ++round) {
        queue.reset(round);
        std::multiset<std::int64_t> model;
        std::set<std::uint64_t> inside;
        std::uint64_t next = 0;
        for (int step = 0; step < 4000; ++step) {
            if (model.empty() || random.below(100) < 52) {
                const auto at = static_cast<std::int64_t>(random.below(500));
                queue.push(at, 7, 8, next);
                model.insert(at);
                inside.insert(next++);
            } else {
                const std::int64_t first = queue.first_date();
                const EventQueue::Element element = queue.pop();
                ASSERT_EQ(first, element.at);
                ASSERT_EQ(*model.begin(), element.at);
                ASSERT_EQ(7U, element.kind);
                ASSERT_EQ(8U, element.target);
                model.erase(model.begin());
                ASSERT_EQ(1U, inside.erase(element.data));
            }
            ASSERT_EQ(model.size(), queue.size());
        }
    }
}

TEST(EventQueue, OrdersEqualDatesByTheSeedAndBySeedAlone) {
    const auto one = order_of_equal_dates(1, 64);
    EXPECT_EQ(one, order_of_equal_dates(1, 64));
    EXPECT_NE(one, order_of_equal_dates(2, 64));
    EXPECT_FALSE(std::is_sorted(one.begin(), one.end()));
    auto sorted = one;
    std::sort(sorted.begin(), sorted.end());
    for (std::uint64_t i = 0; i < sorted.size(); ++i)
        EXPECT_EQ(i, sorted[i]);
}

TEST(EventQueue, LetsEachOfTwoEqualDatesBeFirstInAboutHalfOfTheSeeds) {
    int first = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed)
        first += order_of_equal_dates(seed, 2)[0] == 0;
    EXPECT_GT(first, 400);
    EXPECT_LT(first, 600);
}

// Only the nearest lie sorted: where an element waits must not show in when it leaves.
TEST(EventQueue, HowMuchElseWaitsLeavesTheOrderAsItIs) {
    const auto order = [](std::uint64_t before, std::uint64_t after) {
        EventQueue queue;
        queue.reset(3);
        for (std::uint64_t i = 0; i < 200; ++i) {
            queue.push(5, 1, 2, i);
            if (i < before) queue.push(1, 9, 0, 1000);
            if (i < after) queue.push(9, 9, 1, 1000);
        }
        std::vector<std::uint64_t> told;
        while (!queue.empty())
            if (const EventQueue::Element element = queue.pop(); element.at == 5)
                told.push_back(element.data);
        return told;
    };
    const auto alone = order(0, 0);
    ASSERT_EQ(alone.size(), 200U);
    for (const std::uint64_t others : {10U, 31U, 32U, 33U, 200U}) {
        EXPECT_EQ(order(others, 0), alone) << others;
        EXPECT_EQ(order(0, others), alone) << others;
        EXPECT_EQ(order(others, others), alone) << others;
    }
}

// A fault more, injected early, must not be another run from the beginning on.
TEST(EventQueue, WhatOneComponentDoesMoreLeavesTheOrderOfTheOthers) {
    const auto order = [](std::uint64_t more) {
        EventQueue queue;
        queue.reset(3);
        for (std::uint64_t i = 0; i < more; ++i)
            queue.push(1, 9, 0, 1000 + i);
        for (std::uint64_t i = 0; i < 64; ++i)
            queue.push(5, 1, static_cast<std::uint32_t>(i % 3), i);
        std::vector<std::uint64_t> found;
        while (!queue.empty())
            if (const std::uint64_t data = queue.pop().data; data < 1000) found.push_back(data);
        return found;
    };
    EXPECT_EQ(order(0), order(1));
    EXPECT_EQ(order(0), order(17));
    EXPECT_FALSE(std::is_sorted(order(0).begin(), order(0).end()));
}

TEST(EventQueue, StartsAnewAfterReset) {
    EventQueue queue;
    queue.reset(9);
    for (std::uint64_t i = 0; i < 5; ++i)
        queue.push(1, 0, 0, i);
    queue.reset(9);
    EXPECT_TRUE(queue.empty());
    std::vector<std::uint64_t> order;
    for (std::uint64_t i = 0; i < 64; ++i)
        queue.push(5, 1, 2, i);
    while (!queue.empty())
        order.push_back(queue.pop().data);
    EXPECT_EQ(order_of_equal_dates(9, 64), order);
}

}  // namespace
}  // namespace leasehold
