// ClockPiece: a replica's clock is exact in integers, in both directions.

#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "model/protocol/history.hpp"

namespace leasehold {
namespace {

using namespace std::chrono_literals;

TrueTime at(std::int64_t ns) {
    return TrueTime{Duration{ns}};
}
Instant mono(std::int64_t ns) {
    return Instant{Duration{ns}};
}

TEST(ReplicaClockPiece, AClockWithoutDriftIsAnOffset) {
    const ClockPiece piece{at(100), mono(5000), 0};
    EXPECT_EQ(piece.reading(at(100)), mono(5000));
    EXPECT_EQ(piece.reading(at(350)), mono(5250));
    EXPECT_EQ(piece.reaches(mono(5250)), at(350));
    EXPECT_EQ(piece.reaches(mono(4000)), at(100)) << "already reached";
}

TEST(ReplicaClockPiece, AFrozenClockReachesNothingNew) {
    const ClockPiece piece{at(100), mono(5000), -1'000'000'000};
    EXPECT_EQ(piece.reading(at(1'000'000)), mono(5000));
    EXPECT_EQ(piece.reaches(mono(5000)), at(100));
    EXPECT_EQ(piece.reaches(mono(5001)), TrueTime::max());
}

TEST(ReplicaClockPiece, ReachesIsTheFirstInstantWhoseReadingIsNotBelowTheTarget) {
    Random random(3);
    for (int i = 0; i < 200'000; ++i) {
        const auto rate = static_cast<std::int64_t>(random.below(1'999'999'999)) - 999'999'999;
        const ClockPiece piece{at(static_cast<std::int64_t>(random.below(1ULL << 40))),
                               mono(static_cast<std::int64_t>(random.below(1ULL << 50))),
                               i % 2 == 0 ? rate : rate / 1'000'000};
        const Instant target =
            piece.monotonic + Duration{static_cast<std::int64_t>(random.below(1ULL << (i % 50)))};
        const TrueTime when = piece.reaches(target);
        if (when == TrueTime::max()) continue;
        ASSERT_GE(piece.reading(when), target);
        if (when > piece.since) {
            ASSERT_LT(piece.reading(when - 1ns), target);
        }
    }
}

TEST(ReplicaClockPiece, AMonthAtTwoHundredPpmIsExactToTheNanosecond) {
    const ClockPiece piece{at(0), mono(0), 200'000};
    const std::int64_t month = 30LL * 86'400 * 1'000'000'000;
    EXPECT_EQ(piece.reading(at(month)), mono(month + month / 5000));
    EXPECT_EQ(piece.reaches(mono(month + month / 5000)), at(month));
}

TEST(ReplicaClockPiece, WhatIsBeyondTheRangeIsNever) {
    const ClockPiece slow{at(0), mono(0), -999'999'999};
    EXPECT_EQ(slow.reaches(mono(1LL << 60)), TrueTime::max());
    EXPECT_EQ(slow.reaches(kNever), TrueTime::max());
}

}  // namespace
}  // namespace leasehold
