#include <gtest/gtest.h>

#include "reports/timeline.hpp"
#include "tests/unit/reports_samples.hpp"

namespace leasehold::reports {
namespace {

using namespace std::chrono_literals;

// Feeds records as a run would.
class Story {
  public:
    Timeline timeline{6, 3};

    void start(Duration at, ReplicaIndex replica) {
        const std::string name = "replica-" + std::to_string(replica);
        timeline.on(
            ProcessStarted{base(at), replica, name, name, true, {TrueTime(at), Instant(at), 0}});
    }
    void step(Duration at, ReplicaIndex replica, const std::vector<Effect>& effects) {
        const Event timer = Timer{};
        timeline.on(
            ReplicaStepped{base(at), replica, {Instant(at), WallTime(at)}, &timer, effects});
    }
    void fault(Duration at, std::string_view what, std::vector<ReplicaIndex> targets, bool began) {
        timeline.on(FaultTookEffect{base(at), 0, began, what, std::move(targets)});
    }
    void lead(Duration at, ReplicaIndex replica, std::uint64_t term, MarkId why) {
        step(at, replica,
             {GateMoved{Term(term), Instant(at + 15s)}, RoleChanged{Role::leader, Term(term)},
              Mark{why}});
    }
    RecordBase base(Duration at) { return {++number_, TrueTime(at)}; }

    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> texts;
        for (const check::TimelineLine& line : timeline.lines())
            texts.push_back(line.columns + " " + line.text);
        return texts;
    }

  private:
    std::uint64_t number_ = 0;
};

using Lines = std::vector<std::string>;

TEST(Timeline, TellsAFailoverInALineForEachChange) {
    Story story;
    story.start(0s, 0);
    story.start(0s, 1);
    story.lead(1s, 0, 5, MarkId::acquired_free_lease);
    story.step(3s, 0, {GateMoved{Term(5), Instant(18s)}});  // a renewal is not a change
    story.timeline.on(ProcessEnded{story.base(10s), 0, EndCause::crashed});
    story.fault(10s, "crash replica-0", {0}, true);
    story.lead(25s, 1, 9, MarkId::takeover_after_expiry);
    EXPECT_EQ(story.lines(),
              (Lines{"ab 2 replicas start", "Ab replica-0 leads, term 5 (acquired-free-lease)",
                     "#b fault: crash replica-0",
                     "#B replica-1 leads, term 9, after 15.000s without a leader "
                     "(takeover-after-expiry)"}));
}

TEST(Timeline, AGateThatRanOutCountsFromItsEndAndNotFromItsStep) {
    Story story;
    story.start(0s, 0);
    story.start(0s, 1);
    story.lead(1s, 0, 5, MarkId::acquired_free_lease);
    story.lead(17s, 1, 9, MarkId::takeover_after_expiry);
    EXPECT_NE(story.lines().back().find("after 1.000s without"), std::string::npos)
        << story.lines().back();
}

TEST(Timeline, ShowsSleepCutsAndStops) {
    Story story;
    story.start(0s, 0);
    story.start(0s, 1);
    story.fault(5s, "pause replica-0", {0}, true);
    EXPECT_EQ(story.timeline.columns(), "zb");
    story.step(6s, 0, {});
    EXPECT_EQ(story.timeline.columns(), "ab");
    story.fault(7s, "cut replica-1", {1}, true);
    EXPECT_EQ(story.timeline.columns(), "a-");
    story.timeline.on(PathChanged{story.base(8s), 1, true, true});
    EXPECT_EQ(story.timeline.columns(), "ab");
    story.timeline.on(ProcessEnded{story.base(9s), 1, EndCause::stopped});
    EXPECT_EQ(story.timeline.columns(), "a.");
}

TEST(Timeline, WhatRepeatsIsOneLineWithACount) {
    Story story;
    story.start(0s, 0);
    for (int i = 1; i <= 5; ++i)
        story.step(i * 1s, 0, {Mark{MarkId::renewal_unknown}});
    EXPECT_EQ(story.lines().size(), 2U);
    EXPECT_TRUE(story.lines().back().ends_with("(5 times, until 5.000s)")) << story.lines().back();
    story.fault(6s, "cut replica-0", {0}, true);
    story.step(7s, 0, {Mark{MarkId::renewal_unknown}});
    EXPECT_EQ(story.lines().size(), 4U);
}

TEST(Timeline, OfALongRunTheFirstAndTheLastLinesAreKept) {
    Story story;
    story.start(0s, 0);
    for (int i = 1; i <= 1000; ++i)
        story.fault(i * 1s, "delay replica-0", {0}, i % 2 == 0);
    const auto lines = story.timeline.lines();
    ASSERT_EQ(lines.size(), 6U + 1 + 3);
    EXPECT_EQ(lines[6].text, "... 992 lines left out ...");
    EXPECT_EQ(lines.back().at, TrueTime(1000s));
}

TEST(Timeline, ForgetsLinesOfEqualMarksOnlyWithTheirEra) {
    Story story;
    story.start(0s, 0);
    story.start(0s, 1);
    story.step(1s, 0, {Mark{MarkId::renewal_unknown}});
    story.step(2s, 1, {Mark{MarkId::renewal_unknown}});
    story.step(3s, 0, {Mark{MarkId::renewal_unknown}});
    EXPECT_EQ(story.lines().size(), 3U);
}

}  // namespace
}  // namespace leasehold::reports
