// Clocks, latencies and handles: the small parts on which the world stands.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "sim/world/clock.hpp"
#include "sim/world/draw.hpp"
#include "sim/world/slab.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr TrueTime kLate{Duration(4'000'000'000'000'000)};  // 46 days

TrueTime at(Duration since_start) {
    return TrueTime(since_start);
}
Duration below(Random& random, Duration bound) {
    const auto span = static_cast<std::uint64_t>(bound.count());
    return Duration(static_cast<std::int64_t>(random.below(span)));
}

TEST(MachineClock, ReadsAsItsPieceDoesAtEveryRate) {
    Random random(1);
    for (const std::int64_t ppb :
         {0L, 1L, -1L, 2'000'000L, -2'000'000L, 100'000'000L, -1'000'000'000L}) {
        const Instant booted{5000s};
        const MachineClock clock(booted, 0s, ppb);
        const ClockPiece piece{TrueTime{}, booted, ppb};
        EXPECT_EQ(clock.piece(), piece);
        for (int n = 0; n < 2000; ++n) {
            const TrueTime when = at(below(random, kLate.time_since_epoch()));
            ASSERT_EQ(clock.monotonic(when), piece.reading(when)) << ppb;
            const Instant target = booted + below(random, 10'000s) - 100s;
            ASSERT_EQ(clock.reaches(target), piece.reaches(target)) << ppb;
        }
        EXPECT_EQ(clock.reaches(kNever), piece.reaches(kNever)) << ppb;
        EXPECT_EQ(clock.reaches(kNever), TrueTime::max()) << ppb;
    }
}

TEST(MachineClock, ReachesATargetAtTheFirstInstantAndNotOneEarlier) {
    Random random(2);
    for (const std::int64_t ppb : {0L, 3L, -7L, 1'999'999L, -2'000'000L, 500'000'000L}) {
        MachineClock clock(Instant(1000s), 0s, ppb);
        clock.set_rate(at(77s), ppb);
        for (int n = 0; n < 2000; ++n) {
            const Instant target = clock.monotonic(at(77s)) + Duration(1) + below(random, 500s);
            const TrueTime first = clock.reaches(target);
            ASSERT_GE(clock.monotonic(first), target);
            ASSERT_LT(clock.monotonic(first - Duration(1)), target);
        }
    }
}

TEST(MachineClock, ATargetThatIsPastIsReachedAtThePiecesBeginning) {
    MachineClock clock(Instant(1000s), 0s, 0);
    EXPECT_EQ(clock.reaches(Instant(1s)), at(0s));
    clock.set_rate(at(50s), 0);
    EXPECT_EQ(clock.reaches(Instant(1001s)), at(50s));
}

TEST(MachineClock, NeverJumpsWhenItsRateChanges) {
    Random random(3);
    MachineClock clock(Instant(1000s), 0s, 1234);
    TrueTime when{};
    Instant last = clock.monotonic(when);
    for (int n = 0; n < 500; ++n) {
        when += below(random, 30s);
        const Instant before = clock.monotonic(when);
        EXPECT_GE(before, last);
        clock.set_rate(when, static_cast<std::int64_t>(random.below(4'000'001)) - 2'000'000);
        ASSERT_EQ(clock.monotonic(when), before);
        last = before;
    }
}

TEST(MachineClock, AFrozenClockStandsStillAndGoesOnWhereItStood) {
    MachineClock clock(Instant(1000s), 0s, 0);
    clock.set_rate(at(10s), -1'000'000'000);
    EXPECT_EQ(clock.monotonic(at(500s)), Instant(1010s));
    EXPECT_EQ(clock.reaches(Instant(1010s) + 1ns), TrueTime::max());
    clock.set_rate(at(500s), 0);
    EXPECT_EQ(clock.monotonic(at(501s)), Instant(1011s));
}

TEST(MachineClock, DriftAddsUpAtItsRate) {
    const MachineClock fast(Instant(0s), 0s, 2'000'000);
    const MachineClock slow(Instant(0s), 0s, -2'000'000);
    EXPECT_EQ(fast.monotonic(at(1000s)), Instant(1002s));
    EXPECT_EQ(slow.monotonic(at(1000s)), Instant(998s));
}

TEST(MachineClock, TheWallClockStepsAloneAndGoesWithTheMonotonicOne) {
    MachineClock clock(Instant(1000s), 3s, 0);
    EXPECT_EQ(clock.read(at(0s)).wall, kWallEpoch + 3s);
    EXPECT_EQ(clock.read(at(20s)).wall, kWallEpoch + 23s);
    clock.step_wall(-1h);
    EXPECT_EQ(clock.read(at(20s)).wall, kWallEpoch + 23s - 1h);
    EXPECT_EQ(clock.read(at(20s)).monotonic, Instant(1020s));
    clock.step_wall(2h);
    EXPECT_EQ(clock.read(at(20s)).wall, kWallEpoch + 23s + 1h);
    clock.set_rate(at(20s), 1'000'000);
    EXPECT_EQ(clock.read(at(1020s)).wall, kWallEpoch + 23s + 1h + 1001s);
}

std::vector<std::int64_t> draws(const LatencySpec& spec, std::size_t count) {
    const LatencyDraw draw(spec);
    Random random(4);
    std::vector<std::int64_t> all(count);
    for (std::int64_t& one : all)
        one = draw(random).count();
    std::ranges::sort(all);
    EXPECT_LE(all.back(), draw.longest().count());
    return all;
}
double quantile(const std::vector<std::int64_t>& sorted, double q) {
    const auto position = static_cast<std::size_t>(q * static_cast<double>(sorted.size()));
    return static_cast<double>(sorted[position]);
}

TEST(LatencyDraw, HoldsItsMedianAndIts99thPercentileWithinTwoPercent) {
    for (const LatencySpec& spec :
         {ApiSpec{}.latency, BucketSpec{}.get, BucketSpec{}.put, BucketSpec{}.list,
          LatencySpec{0s, 10ms, 11ms}, LatencySpec{0s, 5ms, 100ms}}) {
        const auto sorted = draws(spec, 1'000'000);
        const auto median = static_cast<double>(spec.p50.count());
        const auto p99 = static_cast<double>(spec.p99.count());
        EXPECT_NEAR(quantile(sorted, 0.50) / median, 1.0, 0.02);
        EXPECT_NEAR(quantile(sorted, 0.99) / p99, 1.0, 0.02) << spec.p99.count();
        // In between it is the lognormal through the two, by straight lines of a sixteenth.
        const double sigma = std::log(p99 / median) / 2.326348;
        EXPECT_NEAR(quantile(sorted, 0.25) / (median * std::exp(-0.674490 * sigma)), 1.0, 0.02);
        EXPECT_NEAR(quantile(sorted, 0.90) / (median * std::exp(1.281552 * sigma)), 1.0, 0.08);
        EXPECT_NEAR(quantile(sorted, 0.95) / (median * std::exp(1.644854 * sigma)), 1.0, 0.02);
    }
}

TEST(LatencyDraw, ReachesItsBoundAndDrawsNothingBeyond) {
    const LatencySpec spec{0s, 2ms, 20ms};
    const auto sorted = draws(spec, 1'000'000);
    const double bound = 2e6 * std::exp(std::log(10.0) / 2.3263 * 3.09);
    EXPECT_NEAR(static_cast<double>(LatencyDraw(spec).longest().count()) / bound, 1.0, 0.001);
    EXPECT_GT(static_cast<double>(sorted.back()), 0.99 * bound);
}

TEST(LatencyDraw, NeverFallsBelowItsMinimum) {
    const auto sorted = draws(LatencySpec{8ms, 10ms, 100ms}, 100'000);
    EXPECT_EQ(sorted.front(), 8'000'000);
    EXPECT_GT(std::ranges::count(sorted, 8'000'000), 20'000) << "the minimum cuts what lies below";
    EXPECT_LT(draws(LatencySpec{0s, 10ms, 100ms}, 100'000).front(), 1'000'000);
}

TEST(LatencyDraw, IsConstantWhereItsQuantilesAreEqualAndTakesNoRandomness) {
    const LatencyDraw draw(LatencySpec{0s, 5ms, 5ms});
    Random random(5);
    const Random before = random;
    for (int n = 0; n < 100; ++n)
        EXPECT_EQ(draw(random), 5ms);
    EXPECT_EQ(random, before);
    EXPECT_EQ(draw.longest(), 5ms);
    EXPECT_EQ(LatencyDraw{}(random), 0s);
}

TEST(LatencyDraw, IsTheSameForTheSameSeedAndAnotherForAnother) {
    const LatencyDraw draw(BucketSpec{}.get);
    Random a(1);
    Random b(1);
    Random c(2);
    int differ = 0;
    for (int n = 0; n < 100; ++n) {
        const Duration one = draw(a);
        EXPECT_EQ(one, draw(b));
        differ += one != draw(c) ? 1 : 0;
    }
    EXPECT_GT(differ, 95);
}

TEST(Slab, AStaleHandleFindsNothingEvenWhenItsSlotIsUsedAgain) {
    Slab<int> slab;
    const std::uint64_t first = slab.put(1);
    const std::uint64_t second = slab.put(2);
    EXPECT_EQ(slab.take(first), 1);
    EXPECT_EQ(slab.find(first), nullptr);
    const std::uint64_t third = slab.put(3);
    EXPECT_NE(third, first);
    EXPECT_EQ(slab.find(first), nullptr);
    ASSERT_NE(slab.find(third), nullptr);
    EXPECT_EQ(*slab.find(third), 3);
    EXPECT_EQ(*slab.find(second), 2);
    EXPECT_THROW(slab.take(first), CheckFailure);
    EXPECT_EQ(slab.find(~0ULL), nullptr);
}

TEST(Slab, EachVisitsWhatIsThereInTheOrderOfSlotsAlsoWhenTheVisitDropsIt) {
    Slab<int> slab;
    std::vector<std::uint64_t> handles;
    for (int n = 0; n < 5; ++n)
        handles.push_back(slab.put(n));
    slab.drop(handles[3]);
    std::vector<int> seen;
    slab.each([&](std::uint64_t handle, int& thing) {
        seen.push_back(thing);
        if (thing == 1) slab.drop(handle);
    });
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 4}));
    EXPECT_EQ(slab.find(handles[1]), nullptr);
}

}  // namespace
}  // namespace leasehold::sim
