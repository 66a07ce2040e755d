// The storage controller at random: the bucket's promises under faults of every kind.

#include "tests/unit/storage_world.hpp"

namespace leasehold::rig {
namespace {

TEST(StorageAtRandom, NoStaleCommitNoLostAcknowledgementAndOneAnswerPerCall) {
    int committed = 0;
    std::map<MarkId, int> marks;
    for (std::uint64_t seed = 1; seed <= 600 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed);
        world.work(300ms);
        for (int i = 0; i < 12; ++i)
            world.reign();
        world.settle_down();
        world.expect_converged();
        const int before = world.promises.committed;
        world.write_all();
        EXPECT_EQ(world.promises.committed, before + 6)
            << "a healed leader's writes are all committed";
        world.stop_all();
        committed += world.promises.committed;
        for (const auto& [mark, times] : world.marks)
            marks[mark] += times;
    }
    EXPECT_GT(committed, 10'000) << "too little was written to show anything";
    for (const MarkId mark :
         {MarkId::epoch_claim_contended, MarkId::write_resolved, MarkId::write_retried,
          MarkId::stale_put_refused, MarkId::write_fenced, MarkId::put_aborted, MarkId::read_parked,
          MarkId::read_delivered, MarkId::read_released, MarkId::query_not_available,
          MarkId::pass_failed, MarkId::poll_tick_skipped, MarkId::tombstone_seen,
          MarkId::reconcile_uploaded, MarkId::reconcile_discarded, MarkId::preconditions_honoured,
          MarkId::stale_answer})
        EXPECT_GT(marks[mark], 0) << mark_name(mark);
}

TEST(StorageAtRandom, DeletionForGoodBringsNoOlderEpochBack) {
    std::map<MarkId, int> marks;
    int committed = 0;
    for (std::uint64_t seed = 1; seed <= 200 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, {.purges = true});
        world.work(300ms);
        for (int i = 0; i < 8; ++i)
            world.reign();
        const int purged = world.marks[MarkId::tombstone_purged];
        world.settle_down();
        world.expect_converged();
        EXPECT_TRUE(world.no_tombstones()) << "the last leader deletes all of them for good";
        world.stop_all();
        for (const auto& [mark, times] : world.marks)
            marks[mark] += times;
        marks[MarkId::tombstone_purged] -= world.marks[MarkId::tombstone_purged] - purged;
        committed += world.promises.committed;
    }
    EXPECT_GT(committed, 10'000) << "too little was written to show anything";
    EXPECT_GT(marks[MarkId::tombstone_purged], 100) << "under faults, not only after them";
    EXPECT_GT(marks[MarkId::conditional_delete_honoured], 0);
}

/// Eight leaderships; then nothing fails any more, and all must agree.
void live_through(World& world) {
    world.work(300ms);
    for (int i = 0; i < 8; ++i)
        world.reign();
    world.settle_down();
    world.expect_converged();
    world.stop_all();
}

TEST(StorageAtRandom, RoughDisksCrashesAndEqualBytesShowNoOlderVersionAfterANewerOne) {
    int given = 0, crashes = 0, file_failures = 0, committed = 0;
    for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, {.purges = seed % 3 == 0, .rough = true});
        live_through(world);
        given += world.promises.given;
        crashes += world.crashes;
        file_failures += world.file_failures;
        committed += world.promises.committed;
    }
    EXPECT_GT(given, 5'000);
    EXPECT_GT(committed, 5'000);
    EXPECT_GT(crashes, 300);
    EXPECT_GT(file_failures, 1'000);
}

// Where conditions don't fence, this world's requests, which land long after their time-out, may
// well bring an older version back. What must hold all the same: each call has one answer, what is
// called committed was stored, no belief of the machines breaks, and in the end all agree.
TEST(StorageAtRandom, BadStoresBreakNoBeliefAndEachCallHasItsAnswer) {
    std::map<MarkId, int> marks;
    int committed = 0;
    for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        constexpr std::array kStores{Kind::Store::ignores, Kind::Store::refuses,
                                     Kind::Store::not_atomic};
        World world(seed, {.purges = seed % 2 == 0,
                           .rough = seed % 4 < 2,
                           .store = kStores[seed % kStores.size()]});
        live_through(world);
        committed += world.promises.committed;
        for (const auto& [mark, times] : world.marks)
            marks[mark] += times;
    }
    EXPECT_GT(committed, 2'000);
    for (const MarkId mark : {MarkId::preconditions_ignored, MarkId::preconditions_refused,
                              MarkId::preconditions_not_atomic, MarkId::version_went_back})
        EXPECT_GT(marks[mark], 0) << mark_name(mark);
}

}  // namespace
}  // namespace leasehold::rig
