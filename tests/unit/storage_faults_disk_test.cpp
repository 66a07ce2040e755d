// A local disk that fails: an index that could not be read is no empty disk, what was to be removed
// is removed later, and a copy that could not be read once goes with its object all the same.

#include <algorithm>

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageDisk : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    /// Requests of that verb fail until the disk is well again.
    void fails(FileVerb verb, FileStatus how = FileStatus::io_error) {
        rig.file_fate = [verb, how](const SendFile& one) {
            return one.verb == verb ? how : FileStatus::ok;
        };
    }
    void is_well() { rig.file_fate = nullptr; }
    [[nodiscard]] std::ptrdiff_t asked(FileVerb verb) const {
        return std::ranges::count(rig.sent_files, verb, &SendFile::verb);
    }
    /// A clean copy of the object that lies in the bucket.
    void seed_copy(const ObjectKey& at) {
        const Stamp stamp = bucket.stamp(at);
        rig.seed_file(
            at, bucket.payload(at),
            FileTag{stamp.epoch, bucket.objects.at(at).etag, false, true, stamp.write_id});
    }
    /// It leads, with HA or without.
    static void begin(Rig& one, bool ha, std::uint64_t term) {
        if (!ha) return one.lead_alone();
        one.start();
        one.lead(term);
    }
    [[nodiscard]] bool kept(const ObjectKey& at) const { return rig.files.contains(at); }
};

// ---- the index ----

TEST_F(StorageDisk, AnIndexThatCouldNotBeReadIsAskedForAgainAndNeverTakenForEmpty) {
    bucket.put_fenced(key("a"), blob(1), 5);
    rig.seed_file(key("a"), blob(2), FileTag{Epoch{6}, ETag{}, true, true, 1});
    rig.seed_file(key("b"), blob(3), FileTag{Epoch{6}, ETag{}, true, true, 2});
    fails(FileVerb::list);
    rig.start();
    rig.lead(7);
    EXPECT_EQ(rig.reads.at(rig.read(key("a"))).payload, blob(1));
    rig.advance(20s);
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(2))
        << "what this disk holds is not known, so nothing is stored over it";
    EXPECT_GE(asked(FileVerb::list), 4);
    EXPECT_LE(asked(FileVerb::list), 12);
    is_well();
    rig.advance(10s);
    EXPECT_EQ(bucket.payload(key("a")), blob(2)) << "newer than the object: uploaded";
    EXPECT_EQ(bucket.payload(key("b")), blob(3));
}

TEST_F(StorageDisk, AFollowerWhoseIndexCouldNotBeReadDropsItsCopiesOnceItKnowsThem) {
    bucket.put_fenced(key("a"), blob(1), 5);
    seed_copy(key("a"));
    bucket.put_tombstone(key("a"), 6);
    fails(FileVerb::list);
    rig.start();
    rig.advance(10s);
    is_well();
    rig.advance(1min);
    EXPECT_FALSE(kept(key("a")));
}

TEST_F(StorageDisk, AWriteIsTakenAlthoughTheIndexIsStillAskedFor) {
    fails(FileVerb::list);
    rig.start();
    rig.lead(7);
    rig.advance(2s);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(2s);
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    EXPECT_TRUE(kept(key("a")));
    is_well();
    rig.advance(10s);
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(1));
}

TEST_F(StorageDisk, AStopAsksForNoIndex) {
    fails(FileVerb::list);
    rig.start();
    rig.step(Stop{rig.now() + 1min});
    const auto before = asked(FileVerb::list);
    rig.advance(30s);
    EXPECT_EQ(asked(FileVerb::list), before);
}

// ---- removals ----

TEST_F(StorageDisk, AFileThatCouldNotBeRemovedIsRemovedLater) {
    bucket.put_fenced(key("a"), blob(1), 5);
    rig.start();
    ASSERT_TRUE(kept(key("a")));
    fails(FileVerb::remove);
    bucket.put_tombstone(key("a"), 6);
    rig.advance(90s);
    ASSERT_TRUE(kept(key("a")));
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).outcome, QueryOutcome::not_available_yet);
    EXPECT_GE(asked(FileVerb::remove), 4);
    EXPECT_LE(asked(FileVerb::remove), 40);
    is_well();
    rig.advance(30s);
    EXPECT_FALSE(kept(key("a")));
    const auto before = asked(FileVerb::remove);
    rig.advance(5min);
    EXPECT_EQ(asked(FileVerb::remove), before);
}

TEST_F(StorageDisk, ANewerFileTakesThePlaceOfOneThatCouldNotBeRemoved) {
    bucket.put_fenced(key("a"), blob(1), 5);
    rig.start();
    fails(FileVerb::remove);
    bucket.put_tombstone(key("a"), 6);
    rig.advance(60s);
    bucket.put_fenced(key("a"), blob(2), 7);
    rig.advance(60s);
    is_well();
    rig.advance(60s);
    ASSERT_TRUE(kept(key("a")));
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(2));
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(2));
}

TEST_F(StorageDisk, AFileThatIsNotThereNeedNotBeRemovedAgain) {
    bucket.put_fenced(key("a"), blob(1), 5);
    rig.start();
    fails(FileVerb::remove, FileStatus::missing);
    bucket.put_tombstone(key("a"), 6);
    rig.advance(5min);
    EXPECT_EQ(asked(FileVerb::remove), 1);
}

// ---- a copy that counts no longer lies on the disk all the same ----

TEST_F(StorageDisk, ACopyThatCouldNotBeReadGoesWithItsObject) {
    for (const bool purged : {false, true}) {
        const ObjectKey at = key(purged ? "purged" : "removed");
        bucket.put_fenced(at, blob(1), 5);
        seed_copy(at);
    }
    rig.start();
    for (const char* name : {"removed", "purged"}) {
        fails(FileVerb::load);
        rig.query(key(name));
        is_well();
        ASSERT_TRUE(kept(key(name)));
    }
    bucket.put_tombstone(key("removed"), 6);
    bucket.objects.erase(key("purged"));
    rig.advance(2min);
    EXPECT_FALSE(kept(key("removed"))) << "the next process would serve it";
    EXPECT_FALSE(kept(key("purged")));
}

TEST_F(StorageDisk, AFileThatAFailedStoreLeftGoesAlthoughAQueryMetTheTombstoneFirst) {
    bucket.put_fenced(key("a"), blob(1), 5);
    rig.start();
    fails(FileVerb::store);
    bucket.put_fenced(key("a"), blob(2), 6);
    rig.advance(40s);
    ASSERT_EQ(rig.files.at(key("a")).payload, blob(1));
    is_well();
    bucket.put_tombstone(key("a"), 7);
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).outcome, QueryOutcome::not_available_yet);
    rig.advance(1min);
    EXPECT_FALSE(kept(key("a")));
    const int gets = rig.count(BucketVerb::get, key("a"));
    rig.advance(5min);
    EXPECT_EQ(rig.count(BucketVerb::get, key("a")), gets) << "nothing is left to be learnt";
}

TEST_F(StorageDisk, WhatTheBucketNeverHeldStaysAlthoughItCouldNotBeRead) {
    rig.seed_file(key("a"), blob(1), FileTag{Epoch{6}, ETag{}, true, true, 1});
    rig.start();
    fails(FileVerb::load);
    rig.query(key("a"));
    is_well();
    rig.advance(5min);
    EXPECT_TRUE(kept(key("a"))) << "the next process will read and upload it";
}

TEST_F(StorageDisk, ARemovedKeysFileGoesAlthoughItsTagCouldNotBeWritten) {
    rig.start();
    rig.lead(7);
    fails(FileVerb::retag);
    rig.write(key("a"), blob(1));
    ASSERT_TRUE(kept(key("a")));
    const CallId removal = rig.remove(key("a"));
    rig.advance(2s);
    ASSERT_EQ(rig.writes.at(removal).ack, WriteAck::committed);
    EXPECT_FALSE(kept(key("a"))) << "dirty under its old tag, it would be uploaded again";
}

TEST_F(StorageDisk, ALeaderKeepsItsFileWhoseTagCouldNotBeWritten) {
    rig.start();
    rig.lead(7);
    fails(FileVerb::retag, FileStatus::no_space);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(2s);
    ASSERT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    const int gets = rig.count(BucketVerb::get, key("a"));
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(1));
    EXPECT_EQ(rig.count(BucketVerb::get, key("a")), gets) << "the bytes are on the disk";
    rig.advance(1min);
    EXPECT_LE(asked(FileVerb::retag), 40);
    is_well();
    rig.advance(1min);
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty) << "or the next process would upload it again";
    EXPECT_EQ(rig.files.at(key("a")).tag.etag, bucket.objects.at(key("a")).etag);
}

// Found by a campaign: the tags could not be written, the node died, and another replica leads.
TEST_F(StorageDisk, AFollowerMarksTheFileThatIsTheBucketsObject) {
    bucket.put_fenced(key("a"), blob(1), 5);
    const Stamp stamp = bucket.stamp(key("a"));
    rig.seed_file(key("a"), blob(1), FileTag{Epoch{5}, ETag{"base"}, true, true, stamp.write_id});
    rig.start();
    rig.advance(1min);
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.files.at(key("a")).tag.etag, bucket.objects.at(key("a")).etag);
    EXPECT_EQ(rig.count(BucketVerb::get, key("a")), 1);
}

TEST_F(StorageDisk, AFollowerKeepsAFileOfTheSameNumberAndOtherBytesAsItIs) {
    bucket.put_fenced(key("a"), blob(1), 5);
    const Stamp stamp = bucket.stamp(key("a"));
    rig.seed_file(key("a"), blob(2), FileTag{Epoch{5}, ETag{"base"}, true, true, stamp.write_id});
    rig.start();
    rig.advance(1min);
    EXPECT_TRUE(rig.files.at(key("a")).tag.dirty) << "by content and not by number";
}

// Found by a campaign, with HA off: the disk took no newer file, the older one waited for the
// bucket, and after a restart it was served for ever, though what had replaced it was in the
// bucket.
TEST_F(StorageDisk, AFileThatCouldNotBeReplacedGoesOnceWhatReplacesItIsInTheBucket) {
    for (const bool ha : {true, false}) {
        FakeBucket store;
        StorageConfig config = Rig::default_config();
        config.ha = ha;
        Rig first(store, config);
        begin(first, ha, 7);
        first.advance(5s);
        first.errors[{BucketVerb::put, key("a")}] = FakeBucket::failure(500);
        first.write(key("a"), blob(1));
        first.advance(1s);
        ASSERT_TRUE(first.files.at(key("a")).tag.dirty);
        first.file_fate = [](const SendFile& one) {
            return one.verb == FileVerb::store ? FileStatus::no_space : FileStatus::ok;
        };
        const CallId call = first.write(key("a"), blob(2));
        first.errors.clear();
        first.advance(1min);
        ASSERT_EQ(first.writes.at(call).ack, WriteAck::committed);
        EXPECT_FALSE(first.files.contains(key("a"))) << ha;
        Rig second(store, config);
        second.files = first.files;
        begin(second, ha, 9);
        second.advance(2s);
        EXPECT_EQ(second.queries.at(second.query(key("a"))).payload, blob(2)) << ha;
    }
}

// ---- a leader's own copies ----

// A leader does not poll, and the hourly run is what would find it otherwise.
TEST_F(StorageDisk, ALeaderWhoseDiskWasFullFetchesItsCopiesOnceThereIsRoom) {
    rig.start();
    rig.lead(7);
    rig.advance(5min);  // the run after the largest request age is over
    fails(FileVerb::store, FileStatus::no_space);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(1min);
    ASSERT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    ASSERT_FALSE(kept(key("a")));
    is_well();
    rig.advance(2min);
    ASSERT_TRUE(kept(key("a")));
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(1));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.files.at(key("a")).tag.etag, bucket.objects.at(key("a")).etag);
}

TEST_F(StorageDisk, ALeaderWhoseDiskStaysFullLooksEverMoreRarely) {
    rig.start();
    rig.lead(7);
    rig.advance(5min);
    fails(FileVerb::store, FileStatus::no_space);
    rig.write(key("a"), blob(1));
    rig.advance(55min);
    const int gets = rig.count(BucketVerb::get, key("a"));
    EXPECT_GE(gets, 4);
    EXPECT_LE(gets, 10) << "a full disk must not cost a GET of every object each time";
}

TEST_F(StorageDisk, ALeaderWhoseCopyCouldNotBeReadFetchesItAgain) {
    rig.start();
    rig.lead(7);
    rig.write(key("a"), blob(1));
    rig.advance(5min);
    ASSERT_TRUE(kept(key("a")));
    fails(FileVerb::load, FileStatus::corrupt);
    rig.query(key("a"));
    rig.advance(1s);
    is_well();
    const std::ptrdiff_t stores = asked(FileVerb::store);
    rig.advance(1min);
    EXPECT_EQ(asked(FileVerb::store), stores + 1);
    const int gets = rig.count(BucketVerb::get, key("a"));
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(1));
    EXPECT_EQ(rig.count(BucketVerb::get, key("a")), gets) << "from the disk";
}

}  // namespace
}  // namespace leasehold::rig
