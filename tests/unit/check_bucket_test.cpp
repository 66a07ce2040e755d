// bucket.* and follower.writes-are-no-ops: planted violations, clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kEpochs = ".ha/epoch";
constexpr std::string_view kKey = "assets/1h";

Settings plain_settings() {
    Settings settings = test_settings();
    settings.elects = false;
    settings.replicas = 1;
    settings.storage.ha = false;
    return settings;
}

TEST(CheckEpochsIncrease, AClaimThatIsNotLargerIsFound) {
    History history;
    history.start_all();
    const auto first = history.object(0, 1s, kEpochs, "a", 5);
    const auto second = history.object(1, 2s, kEpochs, "b", 5);
    const Verdict verdict = history.verdict("bucket.epochs-increase", 10s);
    EXPECT_TRUE(violated(verdict, second));
    EXPECT_EQ(verdict.evidence.front(), first);
}

TEST(CheckEpochsIncrease, GrowingClaimsPassAndNoneIsNotApplicable) {
    History history;
    history.start_all();
    history.object(0, 1s, kEpochs, "a", 5);
    history.object(1, 2s, kEpochs, "b", 9);
    EXPECT_TRUE(passes(history.verdict("bucket.epochs-increase", 10s)));
    History empty;
    EXPECT_TRUE(has_status(empty.verdict("bucket.epochs-increase", 1s), Status::not_applicable));
    History plain(plain_settings());
    EXPECT_TRUE(has_status(plain.verdict("bucket.epochs-increase", 1s), Status::not_applicable));
}

TEST(CheckNoStaleCommit, AnAlarmWithoutAnObjectThatWentBackIsFalse) {
    for (const std::uint64_t write_id : {2U, 4U}) {
        History history;
        history.start_all();
        history.store(0, 1s, kKey, "a", 5, 3, 1);
        history.store(0, 2s, kKey, "b", 5, write_id, 2);
        const auto alarm = history.step(1, 3s, Timer{}, {Mark{MarkId::version_went_back}});
        EXPECT_EQ(violated(history.verdict("bucket.no-stale-commit", 10s), alarm), write_id > 3);
    }
    // What strangers do, nobody can know.
    History history;
    history.start_all();
    history.store(0, 1s, kKey, "a", 5, 3, 1);
    history.store(kNobody, 2s, kKey, "b", 5, 4, 2);
    history.step(1, 3s, Timer{}, {Mark{MarkId::version_went_back}});
    EXPECT_TRUE(passes(history.verdict("bucket.no-stale-commit", 10s)));
}

TEST(CheckNoStaleCommit, AnOlderEpochOverANewerOneIsFound) {
    History history;
    history.start_all();
    const auto newer = history.object(1, 1s, kKey, "a", 6);
    const auto stale = history.object(0, 2s, kKey, "b", 5);
    const Verdict verdict = history.verdict("bucket.no-stale-commit", 10s);
    EXPECT_TRUE(violated(verdict, stale));
    EXPECT_EQ(verdict.evidence.front(), newer);
    EXPECT_EQ(verdict.what,
              "replica-0's write of 'assets/1h' with epoch 5 was stored at 2s over "
              "replica-1's of epoch 6");
}

TEST(CheckNoStaleCommit, AStaleTombstoneCountsAndAForeignWriteBetweenHidesNothing) {
    History history;
    history.start_all();
    history.object(1, 1s, kKey, "a", 6);
    history.object(kNobody, 2s, kKey, "f", 0);
    const auto stale = history.object(0, 3s, kKey, "t", 5, true);
    EXPECT_TRUE(violated(history.verdict("bucket.no-stale-commit", 10s), stale));
}

// Found by a campaign: plain tombstones have one ETag, so a deposed leader's removal goes over its
// successor's, and changes nothing.
TEST(CheckNoStaleCommit, ATombstoneOverItsEqualIsNoOlderOne) {
    for (const bool equal : {true, false}) {
        History history;
        history.start_all();
        history.object(1, 1s, kKey, "t", 6, true);
        const auto last = history.object(0, 2s, kKey, equal ? "t" : "u", 5, true);
        const Verdict verdict = history.verdict("bucket.no-stale-commit", 10s);
        EXPECT_TRUE(equal ? passes(verdict) : violated(verdict, last));
    }
}

TEST(CheckNoStaleCommit, AProbeBeforeTheClaimMayCarryALowerEpoch) {
    History history;
    history.start_all();
    history.object(0, 1s, ".ha/probe/replica-0", "a", 6);
    history.object(0, 2s, ".ha/probe/replica-0", "b", 5);
    EXPECT_TRUE(passes(history.verdict("bucket.no-stale-commit", 10s)));
}

TEST(CheckNoStaleCommit, AStaleDeleteCountsUnderTheEpochThatItsSenderClaimed) {
    History history;
    history.start_all();
    history.object(0, 1s, kEpochs, "e1", 5);
    history.object(1, 2s, kEpochs, "e2", 6);
    history.object(1, 3s, kKey, "a", 6);
    const auto stale = history.object(0, 4s, kKey, "", 0);
    EXPECT_TRUE(violated(history.verdict("bucket.no-stale-commit", 10s), stale));
}

TEST(CheckNoStaleCommit, GrowingEpochsOnManyKeysPass) {
    History history;
    history.start_all();
    history.object(0, 1s, kKey, "a", 5);
    history.object(0, 1s, "assets/1d", "a", 5);
    history.object(1, 2s, kKey, "b", 6);
    history.object(0, 3s, "assets/1d", "b", 5);  // another key
    EXPECT_TRUE(passes(history.verdict("bucket.no-stale-commit", 10s)));
    History empty;
    EXPECT_TRUE(has_status(empty.verdict("bucket.no-stale-commit", 1s), Status::not_applicable));
}

TEST(CheckAcknowledgedSurvives, AnAckWithoutACommitSinceTheWriteBeganIsFound) {
    History history;
    history.start_all();
    history.object(0, 1s, kKey, "old", 5);
    history.step(0, 2s, backup_write(9, kKey));
    const auto ack = history.step(0, 3s, Timer{}, {write_done(9, WriteAck::committed, "old")});
    EXPECT_TRUE(violated(history.verdict("bucket.acknowledged-survives", 10s), ack));
}

TEST(CheckAcknowledgedSurvives, ReplacementByAnOlderEpochIsFound) {
    History history;
    history.start_all();
    history.step(1, 1s, backup_write(9, kKey));
    history.object(1, 2s, kKey, "a", 6);
    const auto ack = history.step(1, 3s, Timer{}, {write_done(9, WriteAck::committed, "a")});
    const auto stale = history.object(0, 4s, kKey, "b", 5);
    const Verdict verdict = history.verdict("bucket.acknowledged-survives", 10s);
    EXPECT_TRUE(violated(verdict, stale));
    EXPECT_EQ(verdict.evidence.front(), ack);
}

TEST(CheckAcknowledgedSurvives, ADeletionForGoodOfWhatNobodyRemovedIsFound) {
    History history;
    history.start_all();
    history.object(1, 1s, kEpochs, "e", 6);
    history.step(1, 1s, backup_write(9, kKey));
    history.object(1, 2s, kKey, "a", 6);
    const auto ack = history.step(1, 3s, Timer{}, {write_done(9, WriteAck::committed, "a")});
    const auto gone = history.object(1, 4s, kKey, "", 0);
    const Verdict verdict = history.verdict("bucket.acknowledged-survives", 10s);
    EXPECT_TRUE(violated(verdict, gone));
    EXPECT_EQ(verdict.evidence.front(), ack);
}

TEST(CheckAcknowledgedSurvives, ADeletionForGoodOfATombstonePassesAndAStaleCreateAfterItDoesNot) {
    History history;
    history.start_all();
    history.object(1, 1s, kEpochs, "e", 6);
    history.step(1, 1s, BackupRemove{CallId{9}, key_of(kKey)});
    history.object(1, 2s, kKey, "t", 6, true);
    history.step(1, 3s, Timer{}, {write_done(9, WriteAck::committed, "t")});
    history.object(1, 63s, kKey, "", 0);
    EXPECT_TRUE(passes(history.verdict("bucket.acknowledged-survives", 64s)));
    History stale;
    stale.start_all();
    stale.object(1, 1s, kEpochs, "e", 6);
    stale.object(1, 2s, kKey, "t", 6, true);
    stale.object(1, 63s, kKey, "", 0);
    const auto create = stale.object(0, 64s, kKey, "b", 5);
    EXPECT_TRUE(violated(stale.verdict("bucket.no-stale-commit", 70s), create));
}

TEST(CheckAcknowledgedSurvives, ReplacementByAnOlderEpochBeforeTheAckIsFound) {
    History history;
    history.start_all();
    history.step(1, 1s, backup_write(9, kKey));
    history.object(1, 2s, kKey, "a", 6);
    history.object(0, 3s, kKey, "b", 5);
    const auto ack = history.step(1, 4s, Timer{}, {write_done(9, WriteAck::committed, "a")});
    EXPECT_TRUE(violated(history.verdict("bucket.acknowledged-survives", 10s), ack));
}

TEST(CheckAcknowledgedSurvives, LaterAndForeignWritesAndLostRepliesPass) {
    History history;
    history.start_all();
    history.step(1, 1s, backup_write(9, kKey));
    history.object(1, 2s, kKey, "a", 6);
    history.object(kNobody, 3s, kKey, "f", 0);
    history.object(2, 4s, kKey, "b", 7);
    history.step(1, 5s, Timer{}, {write_done(9, WriteAck::committed, "a")});
    history.step(1, 6s, backup_write(10, kKey));
    history.step(1, 7s, Timer{}, {write_done(10, WriteAck::unknown)});
    const Verdict verdict = history.verdict("bucket.acknowledged-survives", 10s);
    EXPECT_TRUE(passes(verdict));
    EXPECT_EQ(verdict.checked, 1U);
    History empty;
    EXPECT_TRUE(
        has_status(empty.verdict("bucket.acknowledged-survives", 1s), Status::not_applicable));
}

TEST(CheckAcknowledgedSurvives, RemovalsNeedAbsence) {
    for (const bool gone : {false, true}) {
        History history(plain_settings());
        history.start_all();
        history.object(0, 1s, kKey, "a", 0);
        history.step(0, 2s, BackupRemove{CallId{9}, key_of(kKey)});
        if (gone) history.object(0, 3s, kKey, "", 0);
        const auto ack = history.step(0, 4s, Timer{}, {write_done(9, WriteAck::committed)});
        const Verdict verdict = history.verdict("bucket.acknowledged-survives", 10s);
        if (gone)
            EXPECT_TRUE(passes(verdict));
        else
            EXPECT_TRUE(violated(verdict, ack));
    }
}

TEST(CheckAcknowledgedSurvives, RemovingWhatNeverWasOrIsGoneAlreadyPasses) {
    History history;
    history.start_all();
    history.step(0, 1s, BackupRemove{CallId{1}, key_of("never")});
    history.step(0, 2s, Timer{}, {write_done(1, WriteAck::committed)});
    history.object(0, 3s, kKey, "t", 5, true);
    history.step(0, 4s, BackupRemove{CallId{2}, key_of(kKey)});
    history.step(0, 5s, Timer{}, {write_done(2, WriteAck::committed, "t")});
    EXPECT_TRUE(passes(history.verdict("bucket.acknowledged-survives", 10s)));
}

TEST(CheckWritesAreNoOps, APermitWithAClosedGateIsFound) {
    History never;
    never.start_all();
    const auto wrong = never.left(1, 1s);
    EXPECT_TRUE(violated(never.verdict("follower.writes-are-no-ops", 10s), wrong));

    History expired;
    expired.start_all();
    expired.lead(0, 1s, 1, 15s);
    const auto late = expired.left(0, 15s, true, BucketVerb::remove);
    const Verdict verdict = expired.verdict("follower.writes-are-no-ops", 20s);
    EXPECT_TRUE(violated(verdict, late));
    EXPECT_NE(verdict.what.find("had closed at 15s"), std::string::npos);
}

TEST(CheckWritesAreNoOps, PermitsOfALeaderAndRefusalsPass) {
    History history;
    history.start_all();
    history.lead(0, 1s, 1, 15s);
    history.left(0, 14s);
    history.left(1, 14s, false);
    EXPECT_TRUE(passes(history.verdict("follower.writes-are-no-ops", 20s)));
    History empty;
    EXPECT_TRUE(
        has_status(empty.verdict("follower.writes-are-no-ops", 1s), Status::not_applicable));
    History plain(plain_settings());
    plain.start_all();
    plain.left(0, 1s);
    EXPECT_EQ(plain.verdict("follower.writes-are-no-ops", 1s).status, Status::not_applicable);
}

}  // namespace
}  // namespace leasehold::check
