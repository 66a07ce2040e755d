// status.truthful, of marks: each is there where its step shows what it names, and nowhere else.
#include <algorithm>

#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kTruthful = "status.truthful";
constexpr std::string_view kKey = "assets/1h";

LeaseAnswered answer_of(std::int32_t status) {
    LeaseAnswered answer;
    answer.reply.status = status;
    return answer;
}

class CheckMarks : public ::testing::Test {
  protected:
    CheckMarks() {
        history_.start_all();
        history_.step(0, 500ms, Timer{}, {Mark{MarkId::watch_lost}});
    }
    /// Is it blamed for this step, and for it alone?
    ::testing::AssertionResult blamed(Duration when, const Event& event,
                                      const std::vector<Effect>& effects) {
        if (!fine()) return ::testing::AssertionFailure() << "blamed before";
        const auto wrong = history_.step(0, when, event, effects);
        return violated(history_.verdict(kTruthful, 1min), wrong);
    }
    bool good(Duration when, const Event& event, const std::vector<Effect>& effects) {
        history_.step(0, when, event, effects);
        return fine();
    }
    bool fine() { return std::ranges::count(history_.checkers().broken(), kTruthful) == 0; }
    static std::vector<Effect> leads(std::vector<Effect> more = {}) {
        std::vector<Effect> effects{GateMoved{Term{1}, mono(1h)},
                                    RoleChanged{Role::leader, Term{1}}};
        effects.insert(effects.end(), more.begin(), more.end());
        return effects;
    }

    History history_;
};

TEST_F(CheckMarks, ALeadershipBeginsInOneWay) {
    EXPECT_TRUE(good(1s, Timer{}, leads({Mark{MarkId::takeover_after_expiry}})));
    history_.follow(0, 2s, 1);
    EXPECT_TRUE(blamed(3s, Timer{}, leads()));
}

TEST_F(CheckMarks, ALeadershipThatBeginsInTwoWaysIsFound) {
    EXPECT_TRUE(blamed(1s, Timer{},
                       leads({Mark{MarkId::takeover_after_expiry}, Mark{MarkId::created_lease},
                              Mark{MarkId::acquired_free_lease}})));
}

TEST_F(CheckMarks, ABeginningWithoutALeadershipIsFound) {
    EXPECT_TRUE(blamed(1s, Timer{}, {Mark{MarkId::takeover_after_end}}));
}

TEST_F(CheckMarks, AnswersAreCountedAsWhatTheyAre) {
    history_.step(0, 1s, backup_write(1, kKey, 9));
    EXPECT_TRUE(good(2s, Timer{}, {Mark{MarkId::write_fenced}, write_done(1, WriteAck::fenced)}));
    history_.step(0, 3s, backup_write(2, kKey, 9));
    EXPECT_TRUE(blamed(4s, Timer{}, {Mark{MarkId::write_fenced}, write_done(2, WriteAck::failed)}));
}

TEST_F(CheckMarks, ANoOpThatIsNotCountedIsFound) {
    EXPECT_TRUE(blamed(1s, backup_write(1, kKey, 9), {write_done(1, WriteAck::skipped_follower)}));
}

TEST_F(CheckMarks, AQueryWithoutDataIsCounted) {
    EXPECT_TRUE(
        good(1s, query(1, kKey, mono(9s)),
             {Mark{MarkId::query_not_available}, query_done(1, QueryOutcome::not_available_yet)}));
    EXPECT_TRUE(
        blamed(2s, query(2, kKey, mono(9s)), {query_done(2, QueryOutcome::not_available_yet)}));
}

TEST_F(CheckMarks, AParkedReadAndAQueryBesideItAreCounted) {
    EXPECT_TRUE(good(1s, backup_read(1, kKey), {Mark{MarkId::read_parked}}));
    EXPECT_TRUE(good(2s, query(2, kKey, mono(9s)), {Mark{MarkId::query_beside_pending_read}}));
    EXPECT_TRUE(blamed(3s, query(3, kKey, mono(9s)), {}));
}

TEST_F(CheckMarks, AReadThatAFollowerKeepsUncountedIsFound) {
    EXPECT_TRUE(blamed(1s, backup_read(1, kKey), {send_file(1, FileVerb::load, kKey)}));
}

TEST_F(CheckMarks, APromotionReleasesAsManyReadsAsWerePending) {
    history_.step(0, 1s, backup_read(1, kKey), {Mark{MarkId::read_parked}});
    history_.step(0, 1s, backup_read(2, kKey), {Mark{MarkId::read_parked}});
    EXPECT_TRUE(
        blamed(2s, Timer{},
               leads({Mark{MarkId::takeover_after_expiry},
                      Mark{MarkId::promoted_with_pending_reads}, Mark{MarkId::read_released}})));
}

TEST_F(CheckMarks, ThousandsOfReadsAreReleasedAtOnce) {
    constexpr std::uint64_t kReads = 1000;
    std::vector<Effect> effects =
        leads({Mark{MarkId::takeover_after_expiry}, Mark{MarkId::promoted_with_pending_reads}});
    for (std::uint64_t i = 1; i <= kReads; ++i) {
        history_.step(0, 1s, backup_read(i, kKey), {Mark{MarkId::read_parked}});
        effects.emplace_back(Mark{MarkId::read_released});
    }
    EXPECT_TRUE(good(2s, Timer{}, effects));
}

TEST_F(CheckMarks, APromotionOverNoReadIsNoneWithPendingReads) {
    EXPECT_TRUE(blamed(
        2s, Timer{},
        leads({Mark{MarkId::takeover_after_expiry}, Mark{MarkId::promoted_with_pending_reads}})));
}

TEST_F(CheckMarks, WhatAMarkSpeaksOfIsInItsStep) {
    const std::pair<MarkId, Event> wrong[] = {
        {MarkId::renewal_throttled, Timer{}},
        {MarkId::created_lease, answer_of(200)},
        {MarkId::takeover_lost_race, answer_of(200)},
        {MarkId::adopted_metadata_edit, Timer{}},
        {MarkId::stale_watch_event, Timer{}},
        {MarkId::gate_expired, Timer{}},
        {MarkId::holder_named, Timer{}},
        {MarkId::epoch_claimed, Timer{}},
        {MarkId::tombstone_seen, Timer{}},
        {MarkId::query_read_through, Timer{}},
        {MarkId::put_aborted, Timer{}},
        {MarkId::read_delivered, Timer{}},
    };
    for (const auto& [mark, event] : wrong) {
        History history;
        history.start_all();
        const auto number = history.step(0, 1s, event, {Mark{mark}});
        EXPECT_TRUE(violated(history.verdict(kTruthful, 1min), number)) << mark_name(mark);
    }
    EXPECT_TRUE(good(1s, answer_of(429), {Mark{MarkId::renewal_throttled}}));
}

TEST_F(CheckMarks, SomebodyElsesMachineNeedNotMark) {
    history_.step(1, 1s, backup_write(1, kKey, 9), {write_done(1, WriteAck::fenced)});
    history_.lead(1, 2s, 1, 1h);
    EXPECT_NE(history_.verdict(kTruthful, 1min).status, Status::violated);
}

}  // namespace
}  // namespace leasehold::check
