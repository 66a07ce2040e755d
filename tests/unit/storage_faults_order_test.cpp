// The order of versions: epoch, then write id. Nothing older is served, kept, uploaded over or
// acknowledged in place of something newer, whatever comes late. (Ids: the review's.)

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

StorageConfig as(const char* identity) {
    StorageConfig config = Rig::default_config();
    config.identity = identity;
    return config;
}

/// A disk without room for a file or for the record of a tag.
bool needs_room(const SendFile& request) {
    return request.verb == FileVerb::store || request.verb == FileVerb::retag;
}

class StorageOrder : public testing::Test {
  protected:
    FakeBucket bucket;

    /// It finds the file of a write that was never stored, and the bucket holds a later leader's
    /// object; nobody has looked: GETs of data and LISTs are held.
    void lead_with_a_write_that_others_went_over(Rig& rig) {
        rig.seed_file(key("k"), blob(1), FileTag{Epoch{5}, {}, true, true, 7});
        bucket.put_fenced(key("k"), blob(9), 9, 1, 8);
        rig.fate = [](const SendBucket& r) {
            const bool data = r.verb == BucketVerb::get && !r.key.view().starts_with(".ha/");
            return data || r.verb == BucketVerb::list ? Fate::hold : Fate::answer;
        };
        rig.start();
        rig.lead(12);
    }
    /// A process that finds `files` follows for two minutes and is promoted then: it serves and
    /// keeps `newest` throughout.
    void expect_survives(const std::map<ObjectKey, FileEntry>& files, const Blob& newest) {
        Rig again(bucket, as("replica-0_b"));
        again.files = files;
        again.start();
        again.advance(120s);
        const CallId query = again.query(key("k"));
        EXPECT_EQ(again.queries.at(query).payload, newest) << "served by the follower";
        again.lead(200);
        again.advance(10s);
        EXPECT_EQ(bucket.payload(key("k")), newest) << "in the bucket after the promotion";
        EXPECT_EQ(again.files.at(key("k")).payload, newest) << "kept by the leader";
    }
    [[nodiscard]] static IndexEntry indexed(const Rig& rig, const ObjectKey& at) {
        for (const IndexEntry& entry : rig.machine.index("etl/"))
            if (entry.key == at) return entry;
        return {};
    }
};

// ---- A1: within one epoch the larger write id is newer ----

TEST_F(StorageOrder, ACrashBeforeTheNewerFileIsStoredLosesNoAcknowledgedWrite) {
    bucket.put_fenced(key("k"), blob(9), 5);
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    rig.lead(100);
    rig.advance(2s);
    rig.holds_files = true;
    rig.hold_data(BucketVerb::put);
    const CallId first = rig.write(key("k"), blob(1));
    rig.release_file();
    const CallId second = rig.write(key("k"), blob(2));
    rig.release(BucketVerb::put, key("k"));
    rig.release(BucketVerb::put, key("k"));
    ASSERT_EQ(rig.writes.at(first).ack, WriteAck::committed);
    ASSERT_EQ(rig.writes.at(second).ack, WriteAck::committed);
    ASSERT_EQ(rig.files.at(key("k")).payload, blob(1)) << "the crash leaves the older file";
    expect_survives(rig.files, blob(2));
}

TEST_F(StorageOrder, ADiskThatIsFullFromTheFirstCommitOnLosesNoAcknowledgedWrite) {
    bucket.put_fenced(key("k"), blob(9), 5);
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    rig.lead(100);
    rig.advance(2s);
    bool stored = false;
    rig.file_fate = [&stored](const SendFile& r) {
        const bool fits = !needs_room(r) || !std::exchange(stored, true);
        return fits ? FileStatus::ok : FileStatus::no_space;
    };
    for (std::uint64_t i = 1; i <= 61; ++i) {
        const CallId call = rig.write(key("k"), blob(i));
        ASSERT_EQ(rig.writes.at(call).ack, WriteAck::committed) << i;
        rig.advance(60s);
    }
    expect_survives(rig.files, blob(61));
}

TEST_F(StorageOrder, AFileOfAnOutageThenAFullDiskLosesNoLaterAcknowledgedWrite) {
    bucket.put_fenced(key("k"), blob(9), 5);
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    rig.lead(100);
    rig.advance(2s);
    rig.error = [](const SendBucket&) { return FakeBucket::failure(0); };
    const CallId lost = rig.write(key("k"), blob(1));
    rig.advance(3min);
    EXPECT_EQ(rig.writes.at(lost).ack, WriteAck::unknown);
    rig.file_fate = [](const SendFile& r) {
        return needs_room(r) ? FileStatus::no_space : FileStatus::ok;
    };
    rig.error = nullptr;
    rig.advance(10s);
    for (std::uint64_t i = 2; i <= 61; ++i) {
        const CallId call = rig.write(key("k"), blob(i));
        rig.advance(60s);
        ASSERT_EQ(rig.writes.at(call).ack, WriteAck::committed) << i;
    }
    expect_survives(rig.files, blob(61));
}

// ---- a foreign object has no place in the order ----

TEST_F(StorageOrder, AForeignObjectReplacesACopyOfAnyEpochAtAFollower) {
    bucket.put_fenced(key("k"), blob(1), 12);
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    ASSERT_EQ(rig.files.at(key("k")).payload, blob(1));
    bucket.put_foreign(key("k"), blob(2));
    rig.advance(40s);
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(2)) << "who wrote it, wrote it over epoch 12";
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(2));
    EXPECT_EQ(rig.marked(MarkId::version_went_back), 0);
    bucket.put_fenced(key("k"), blob(3), 13);
    rig.advance(40s);
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(3));
}

TEST_F(StorageOrder, AForeignObjectReplacesWhatALeaderCommittedUntilItsNextWrite) {
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    rig.lead(100);
    rig.advance(2s);
    rig.write(key("k"), blob(1));
    bucket.put_foreign(key("k"), blob(2));
    EXPECT_EQ(rig.reads.at(rig.read(key("k"))).payload, blob(2));
    rig.advance(2h);
    EXPECT_EQ(bucket.payload(key("k")), blob(2)) << "an operator's restore is not undone";
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(2));
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(2));
    const CallId call = rig.write(key("k"), blob(3));
    rig.advance(2s);
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    EXPECT_EQ(bucket.payload(key("k")), blob(3));
}

TEST_F(StorageOrder, AFileThatWaitsToBeWrittenIsKeptBesideAForeignObjectAndUploadedOverIt) {
    bucket.put_foreign(key("k"), blob(1));
    Rig rig(bucket, as("replica-0_a"));
    rig.seed_file(key("k"), blob(2), FileTag{Epoch{6}, ETag{}, true, true, 5});
    rig.start();
    rig.advance(40s);
    ASSERT_EQ(rig.files.at(key("k")).payload, blob(2));
    rig.lead(100);
    rig.advance(5s);
    EXPECT_EQ(bucket.payload(key("k")), blob(2));
}

// ---- C1: a late GET ----

TEST_F(StorageOrder, ALateGetOfAnEndedLeadershipAnswersNoReadThatCameAfterIt) {
    Rig rig(bucket);
    bucket.put_fenced(key("k"), blob(1), 50);
    rig.start();
    rig.lead(100);
    rig.advance(1s);
    rig.hold_data(BucketVerb::get);
    rig.read(key("k"));
    const SendBucket get = rig.find_held(BucketVerb::get, key("k"));
    const BucketReply old = bucket.apply(get);
    const CallId write = rig.write(key("k"), blob(2));
    ASSERT_EQ(rig.writes.at(write).ack, WriteAck::committed);
    rig.follow();
    const CallId late = rig.read(key("k"), rig.writes.at(write).etag);
    rig.answer(get.request, old);
    EXPECT_FALSE(rig.reads.contains(late)) << "version 1, to a caller who named version 2";
    rig.answer_all();
    bucket.put_fenced(key("k"), blob(3), 101);
    rig.advance(31s);
    EXPECT_EQ(rig.reads.at(late).payload, blob(3));
}

TEST_F(StorageOrder, ALateGetOfAnEndedLeadershipBringsNoOlderFileBack) {
    Rig rig(bucket);
    bucket.put_fenced(key("k"), blob(1), 50);
    rig.start();
    rig.lead(100);
    rig.advance(1s);
    rig.hold_data(BucketVerb::get);
    rig.read(key("k"));
    const SendBucket get = rig.find_held(BucketVerb::get, key("k"));
    const BucketReply old = bucket.apply(get);
    rig.write(key("k"), blob(2));
    rig.follow();
    rig.answer(get.request, old);
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(2));
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(2));
}

// ---- C5: an acknowledgement, the index and the file's tag name the stamp that was sent ----

TEST_F(StorageOrder, AWriteIsAcknowledgedUnderTheEpochThatItsObjectCarries) {
    Rig rig(bucket);
    rig.start();
    rig.lead(100);
    rig.advance(2s);
    rig.hold_data(BucketVerb::put);
    const CallId x = rig.write(key("x"), blob(1));
    bucket.put_fenced(key("y"), blob(9), 500);
    rig.write(key("y"), blob(2));
    rig.release(BucketVerb::put, key("y"));  // 412, GET, and the epoch is raised
    rig.advance(4s);
    ASSERT_EQ(bucket.stamp(ObjectKey{".ha/epoch"}).epoch, Epoch{501});
    rig.release(BucketVerb::put, key("x"));
    const Stamp stored = bucket.stamp(key("x"));
    ASSERT_EQ(stored.epoch, Epoch{100});
    ASSERT_EQ(rig.writes.at(x).ack, WriteAck::committed);
    EXPECT_EQ(rig.writes.at(x).epoch, stored.epoch);
    EXPECT_EQ(indexed(rig, key("x")).epoch, stored.epoch);
    EXPECT_EQ(rig.files.at(key("x")).tag.epoch, stored.epoch);
    EXPECT_EQ(rig.files.at(key("x")).tag.write_id, stored.write_id);
}

TEST_F(StorageOrder, AFileCarriesTheWriteIdOfTheObjectThatItCopies) {
    Rig rig(bucket);
    bucket.put_fenced(key("got"), blob(1), 50, 77, 12);
    rig.start();
    EXPECT_EQ(rig.files.at(key("got")).tag.write_id, 12U);
    rig.lead(100);
    rig.write(key("written"), blob(2));
    EXPECT_EQ(rig.files.at(key("written")).tag.write_id, bucket.stamp(key("written")).write_id);
    EXPECT_NE(rig.files.at(key("written")).tag.write_id, 0U);
}

// A suspicion of the review: while the epoch is raised the term stood in for the epoch, although
// one above it had been claimed.
TEST_F(StorageOrder, AFileOfAWriteThatCameDuringARaiseIsNotTaggedBelowTheClaimedEpoch) {
    Rig rig(bucket);
    bucket.put_fenced(ObjectKey{".ha/epoch"}, Blob{}, 40);
    rig.start();
    rig.lead(7);
    rig.advance(2s);
    ASSERT_EQ(bucket.stamp(ObjectKey{".ha/epoch"}).epoch, Epoch{41});
    bucket.put_fenced(key("y"), blob(9), 500);
    rig.renews = false;
    rig.write(key("y"), blob(2));  // the raise waits for a renewal now
    rig.write(key("x"), blob(1));
    ASSERT_FALSE(bucket.objects.contains(key("x")));
    EXPECT_GE(rig.files.at(key("x")).tag.epoch, Epoch{41});
}

// ---- C6: an object that went back ----

TEST_F(StorageOrder, AWriteThatOthersWentOverIsNotServedAfterTheirVersion) {
    // The read's GET left before the LIST that tells of the object: it is an answer, and nothing is
    // noted of it, so the file of the write that was lost is there still.
    Rig rig(bucket);
    lead_with_a_write_that_others_went_over(rig);
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(1)) << "the newest that is known";
    const CallId read = rig.read(key("k"));
    while (rig.is_held(BucketVerb::list, ObjectKey{}))
        rig.release(BucketVerb::list, ObjectKey{});
    rig.release(BucketVerb::get, key("k"));
    ASSERT_EQ(rig.reads.at(read).payload, blob(9));
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(9)) << "older after newer";
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(9)) << "what a reader was given is kept";
}

TEST_F(StorageOrder, AFileThatWasReadBeforeANewerVersionWasServedIsNoAnswerAfterIt) {
    Rig rig(bucket);
    lead_with_a_write_that_others_went_over(rig);
    rig.holds_files = true;
    const CallId query = rig.query(key("k"));
    const FileReply before{FileStatus::ok,
                           std::make_shared<const FileList>(FileList{rig.files.at(key("k"))})};
    const RequestId load = rig.held_files.front().request;
    rig.held_files.pop_front();
    const CallId read = rig.read(key("k"));
    rig.release(BucketVerb::get, key("k"));
    ASSERT_EQ(rig.reads.at(read).payload, blob(9));
    rig.step(FileAnswered{load, before});
    ASSERT_TRUE(rig.queries.contains(query));
    EXPECT_NE(rig.queries.at(query).payload, blob(1)) << "an older version after a newer one";
}

TEST_F(StorageOrder, AFileThatWasReadBeforeAWriteIsNoAnswerAfterIt) {
    // A slow disk, and no epochs: the write's bytes answer from memory, and then the file of before
    // comes.
    StorageConfig config = Rig::default_config();
    config.ha = false;
    Rig rig(bucket, config);
    rig.seed_file(key("k"), blob(1), FileTag{{}, {}, false, false, 0});
    rig.lead_alone();
    rig.holds_files = true;
    const CallId early = rig.query(key("k"));
    ASSERT_FALSE(rig.queries.contains(early)) << "the disk is asked";
    rig.write(key("k"), blob(2));
    ASSERT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(2));
    rig.release_file();
    EXPECT_EQ(rig.queries.at(early).payload, blob(2)) << "an older version after a newer one";
}

TEST_F(StorageOrder, AFollowerKeepsItsCopyWhenAnOlderEpochComesBack) {
    Rig rig(bucket);
    bucket.put_fenced(key("k"), blob(12), 12);
    rig.start();
    const ETag newer = bucket.objects.at(key("k")).etag;
    ASSERT_EQ(rig.queries.at(rig.query(key("k"))).epoch, Epoch{12});
    bucket.put_fenced(key("k"), blob(11), 11);  // a stale commit
    const CallId read = rig.read(key("k"), newer);
    rig.advance(65s);
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).epoch, Epoch{12});
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(12));
    EXPECT_FALSE(rig.reads.contains(read)) << "older is not newer";
    EXPECT_GE(rig.marked(MarkId::older_version_refused) + rig.marked(MarkId::version_went_back), 1);
    bucket.put_fenced(key("k"), blob(13), 13);
    rig.advance(31s);
    EXPECT_EQ(rig.reads.at(read).payload, blob(13));
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(13));
}

TEST_F(StorageOrder, AFollowerKeepsItsCopyWhenAnOlderWriteOfTheSameEpochComesBack) {
    Rig rig(bucket);
    bucket.put_fenced(key("k"), blob(2), 12, 1, 8);
    rig.start();
    bucket.put_fenced(key("k"), blob(1), 12, 1, 7);
    rig.advance(65s);
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(2));
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(2));
    EXPECT_GE(rig.marked(MarkId::older_version_refused) + rig.marked(MarkId::version_went_back), 1);
}

TEST_F(StorageOrder, ALeaderDoesNotServeWhatLiesBelowItsCommitAndWritesTheNewerBytesBack) {
    Rig rig(bucket);
    rig.start();
    rig.lead(100);
    ASSERT_EQ(rig.writes.at(rig.write(key("k"), blob(1))).ack, WriteAck::committed);
    bucket.put_fenced(key("k"), blob(9), 50, 77);  // a store whose conditions failed
    const CallId read = rig.read(key("k"));
    rig.advance(20s);
    ASSERT_TRUE(rig.reads.contains(read));
    if (rig.reads.at(read).outcome == ReadOutcome::data) {
        EXPECT_EQ(rig.reads.at(read).payload, blob(1));
    }
    EXPECT_GE(rig.marked(MarkId::version_went_back), 1);
    rig.advance(70min);
    EXPECT_EQ(bucket.payload(key("k")), blob(1));
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(1));
}

TEST_F(StorageOrder, AnObjectBelowACommitIsFoundByReconcilingToo) {
    Rig rig(bucket);
    rig.start();
    rig.lead(100);
    rig.write(key("k"), blob(1));
    bucket.put_fenced(key("k"), blob(9), 50, 77);
    rig.advance(70min);
    EXPECT_GE(rig.marked(MarkId::version_went_back), 1);
    EXPECT_EQ(bucket.payload(key("k")), blob(1));
}

}  // namespace
}  // namespace leasehold::rig
