// Reconciling and HA off: what a promotion makes up for, and what a single install never does.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageReconcile : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    void begin(std::uint64_t term = 7) {
        rig.start();
        rig.lead(term);
    }
    static FileTag dirty(std::uint64_t epoch, std::uint64_t write_id = 1) {
        return FileTag{Epoch{epoch}, ETag{}, true, true, write_id};
    }
    static FileTag untagged() { return FileTag{Epoch{}, ETag{}, false, false}; }
};

TEST_F(StorageReconcile, ADirtyFileThatTheBucketLacksIsUploadedUnderTheNewEpoch) {
    rig.seed_file(key("a"), blob(1), dirty(5));
    begin(7);
    ASSERT_TRUE(bucket.objects.contains(key("a")));
    EXPECT_EQ(bucket.stamp(key("a")).epoch, Epoch{7});
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(1));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.marked(MarkId::reconcile_uploaded), 1);
}

TEST_F(StorageReconcile, ADirtyFileThatIsNewerThanTheObjectIsUploadedOverIt) {
    bucket.put_fenced(key("epoch"), blob(8), 4, 1, 9);
    bucket.put_fenced(key("write"), blob(9), 5, 1, 6);
    rig.seed_file(key("epoch"), blob(1), dirty(5, 2));
    rig.seed_file(key("write"), blob(2), dirty(5, 7));
    begin(7);
    EXPECT_EQ(bucket.payload(key("epoch")), blob(1));
    EXPECT_EQ(bucket.payload(key("write")), blob(2));
    EXPECT_EQ(rig.marked(MarkId::reconcile_uploaded), 2);
}

TEST_F(StorageReconcile, ADirtyFileOfAnOlderWriteOfTheObjectsEpochGivesWay) {
    bucket.put_fenced(key("a"), blob(9), 5, 1, 8);
    rig.seed_file(key("a"), blob(1), dirty(5, 7));
    begin(7);
    EXPECT_EQ(bucket.payload(key("a")), blob(9));
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(9));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.marked(MarkId::reconcile_uploaded), 0);
}

// A pass as a follower would have replaced the file: here only reconciling stands between it and
// the object.
TEST_F(StorageReconcile, ADirtyFileOfAnOlderWriteGivesWayBeforeAnyPassOfAFollower) {
    bucket.put_fenced(key("a"), blob(9), 5, 1, 8);
    rig.seed_file(key("a"), blob(1), dirty(5, 7));
    rig.hold(BucketVerb::list);
    rig.start();
    rig.answer_all();
    rig.lead(7);
    EXPECT_EQ(bucket.payload(key("a")), blob(9));
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(9));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.marked(MarkId::reconcile_uploaded), 0);
}

TEST_F(StorageReconcile, ADirtyFileBelowTheObjectsEpochGivesWay) {
    rig.seed_file(key("a"), blob(1), dirty(4));
    rig.hold(BucketVerb::list);
    rig.start();
    bucket.put_fenced(key("a"), blob(9), 5);
    rig.answer_all();
    rig.lead(7);
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(9));
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(9));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.marked(MarkId::reconcile_discarded), 1);
    EXPECT_EQ(rig.marked(MarkId::reconcile_uploaded), 0);
}

TEST_F(StorageReconcile, AFollowersPassKeepsADirtyFileUnlessTheObjectIsNewer) {
    bucket.put_fenced(key("older"), blob(7), 5, 1, 6);
    bucket.put_fenced(key("later write"), blob(8), 5, 1, 8);
    bucket.put_fenced(key("later epoch"), blob(9), 6, 1, 1);
    rig.seed_file(key("older"), blob(1), dirty(5, 7));
    rig.seed_file(key("later write"), blob(2), dirty(5, 7));
    rig.seed_file(key("later epoch"), blob(3), dirty(5, 7));
    rig.start();
    EXPECT_EQ(rig.files.at(key("older")).payload, blob(1));
    EXPECT_EQ(rig.files.at(key("later write")).payload, blob(8));
    EXPECT_EQ(rig.files.at(key("later epoch")).payload, blob(9));
}

TEST_F(StorageReconcile, AnUntaggedFileIsUploadedOnlyIfTheObjectIsMissing) {
    bucket.put_foreign(key("there"), blob(9));
    rig.seed_file(key("there"), blob(1), untagged());
    rig.seed_file(key("missing"), blob(2), untagged());
    begin(7);
    EXPECT_EQ(bucket.objects.at(key("there")).body.payload, blob(9));
    EXPECT_EQ(rig.files.at(key("there")).payload, blob(9));
    EXPECT_EQ(bucket.objects.at(key("missing")).body.payload, blob(2));
}

TEST_F(StorageReconcile, ACleanFileWhoseObjectIsGoneWasDeleted) {
    rig.seed_file(key("a"), blob(1), FileTag{Epoch{5}, ETag{"x"}, false, true});
    begin(7);
    EXPECT_FALSE(rig.files.contains(key("a")));
    EXPECT_FALSE(bucket.objects.contains(key("a")));
}

TEST_F(StorageReconcile, ACommitWhoseReplyWasLostIsRecognisedAndNotUploadedAgain) {
    bucket.put_fenced(key("a"), blob(1), 5);
    rig.seed_file(key("a"), blob(1), dirty(5));
    begin(7);
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 0);
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
}

TEST_F(StorageReconcile, ItComesAgainAfterTheLargestRequestAgeAndThenHourly) {
    begin(7);
    const int first = rig.count_lists();
    rig.advance(59s);
    EXPECT_EQ(rig.count_lists(), first);
    rig.advance(2s);
    EXPECT_EQ(rig.count_lists(), first + 1);
    rig.advance(59min);
    EXPECT_EQ(rig.count_lists(), first + 1);
    rig.advance(2min);
    EXPECT_EQ(rig.count_lists(), first + 2);
}

TEST_F(StorageReconcile, ALatePutOfTheOldLeaderIsFetchedByTheSecondRun) {
    bucket.put_fenced(key("a"), blob(1), 5);
    begin(7);
    ASSERT_EQ(rig.files.at(key("a")).payload, blob(1));
    bucket.put_fenced(key("a"), blob(2), 5);
    rig.advance(61s);
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(2));
}

TEST_F(StorageReconcile, PipelineWritesGoFirst) {
    for (int i = 0; i < 30; ++i)
        rig.seed_file(key("old" + std::to_string(i)), blob(1), dirty(5));
    StorageConfig config = Rig::default_config();
    config.puts_max = 1;
    Rig narrow(bucket, config);
    narrow.files = rig.files;
    narrow.start();
    narrow.hold_data(BucketVerb::put);
    narrow.lead(7);
    ASSERT_EQ(narrow.held.size(), 1U);
    const CallId call = narrow.write(key("now"), blob(2));
    narrow.release(BucketVerb::put, narrow.held.begin()->second.key);
    EXPECT_TRUE(narrow.is_held(BucketVerb::put, key("now")));
    narrow.release(BucketVerb::put, key("now"));
    EXPECT_EQ(narrow.writes.at(call).ack, WriteAck::committed);
}

TEST_F(StorageReconcile, AFailedListIsTriedAgain) {
    rig.seed_file(key("a"), blob(1), dirty(5));
    rig.start();
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::list ? Fate::lose_request : Fate::answer;
    };
    rig.lead(7);
    rig.advance(3s);
    EXPECT_FALSE(bucket.objects.contains(key("a")));
    rig.answer_all();
    rig.advance(6s);
    EXPECT_TRUE(bucket.objects.contains(key("a")));
}

TEST_F(StorageReconcile, TheEpochOfAWaitingFileIsThatOfTheClaimOnceItIsMade) {
    bucket.put_fenced(ObjectKey{".ha/epoch"}, Blob{}, 40);
    rig.start();
    rig.renews = false;
    rig.hold_data(BucketVerb::put);
    rig.lead(7);
    rig.write(key("a"), blob(1));
    EXPECT_EQ(rig.files.at(key("a")).tag.epoch, Epoch{}) << "a term is no epoch";
    rig.jump(1ms);
    rig.renew();
    EXPECT_EQ(rig.files.at(key("a")).tag.epoch, Epoch{41});
}

// ---- HA off ----

class SingleInstall : public testing::Test {
  protected:
    static StorageConfig config() {
        StorageConfig config = Rig::default_config();
        config.ha = false;
        return config;
    }
    FakeBucket bucket;
    Rig rig{bucket, config()};
};

TEST_F(SingleInstall, WritesPlainObjectsUnconditionallyAndNothingElse) {
    rig.lead_alone();
    EXPECT_EQ(rig.writes.at(rig.write(key("a"), blob(1))).ack, WriteAck::committed);
    EXPECT_EQ(rig.writes.at(rig.write(key("a"), blob(2))).ack, WriteAck::committed);
    rig.advance(10min);
    ASSERT_EQ(bucket.objects.size(), 1U);
    EXPECT_EQ(bucket.objects.at(key("a")).body, (ObjectBody{{}, {}, blob(2)}));
    for (const SendBucket& one : rig.sent)
        EXPECT_EQ(one.condition, PutCondition::none);
    EXPECT_EQ(rig.sent.size(), 2U);
}

TEST_F(SingleInstall, WritesAgainWithoutALookWhateverTheBucketAnswered) {
    rig.lead_alone();
    std::int32_t puts = 0;
    rig.error = [&puts](const SendBucket& request) -> std::optional<BucketReply> {
        if (request.verb != BucketVerb::put || ++puts > 2) return std::nullopt;
        return FakeBucket::failure(puts == 1 ? 500 : 403);  // unknown, then certainly not applied
    };
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(1min);
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    // Without a stamp a GET could recognise nothing.
    EXPECT_EQ(rig.sent.size(), 3U);
    for (const SendBucket& one : rig.sent)
        EXPECT_EQ(one.verb, BucketVerb::put);
}

TEST_F(SingleInstall, RemovesWithADelete) {
    rig.lead_alone();
    rig.write(key("a"), blob(1));
    EXPECT_EQ(rig.writes.at(rig.remove(key("a"))).ack, WriteAck::committed);
    EXPECT_TRUE(bucket.objects.empty());
    EXPECT_FALSE(rig.files.contains(key("a")));
}

TEST_F(SingleInstall, ReadsThroughAndAnswersNotFound) {
    bucket.put_foreign(key("a"), blob(3));
    rig.lead_alone();
    EXPECT_EQ(rig.reads.at(rig.read(key("a"))).payload, blob(3));
    EXPECT_EQ(rig.reads.at(rig.read(key("b"))).outcome, ReadOutcome::not_found);
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(3))
        << "the copy that the read left";
}

TEST_F(SingleInstall, UploadsLocalFilesThatTheBucketLacksOnceAtStart) {
    bucket.put_foreign(key("there"), blob(9));
    rig.seed_file(key("there"), blob(1), FileTag{Epoch{}, ETag{}, false, false});
    rig.seed_file(key("missing"), blob(2), FileTag{Epoch{}, ETag{}, false, false});
    rig.lead_alone();
    EXPECT_EQ(bucket.objects.at(key("there")).body.payload, blob(9));
    EXPECT_EQ(rig.files.at(key("there")).payload, blob(1));
    EXPECT_EQ(bucket.objects.at(key("missing")).body, (ObjectBody{{}, {}, blob(2)}));
    rig.advance(3h);
    EXPECT_EQ(rig.count_lists(), 1);
}

TEST_F(SingleInstall, RetriesAWriteOfUnknownOutcome) {
    rig.lead_alone();
    bool lost = false;
    rig.fate = [&](const SendBucket&) {
        return std::exchange(lost, true) ? Fate::answer : Fate::lose_reply;
    };
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(1s);
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    EXPECT_EQ(rig.count(BucketVerb::get), 0);
}

TEST_F(SingleInstall, AStopDrains) {
    rig.lead_alone();
    rig.hold(BucketVerb::put);
    rig.write(key("a"), blob(1));
    rig.step(Stop{rig.now() + 30s});
    EXPECT_FALSE(rig.machine.drained());
    rig.release(BucketVerb::put, key("a"));
    EXPECT_TRUE(rig.machine.drained());
}

}  // namespace
}  // namespace leasehold::rig
