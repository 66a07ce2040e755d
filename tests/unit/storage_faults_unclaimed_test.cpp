// A file of a write that was accepted before its leadership had claimed an epoch: it waits over the
// very object that it was derived from, and no number says that it is newer than another.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageUnclaimed : public testing::Test {
  protected:
    FakeBucket bucket;
    std::map<ObjectKey, FileEntry> files;  ///< what the process left on its disk

    static StorageConfig as(const char* identity) {
        StorageConfig config = Rig::default_config();
        config.identity = identity;
        return config;
    }
    /// A process leads under term 7, takes a write of "k" before it has claimed, and dies.
    void dies_before_its_claim() {
        bucket.put_fenced(key("k"), blob(1), 3);
        Rig rig(bucket, as("replica-0_a"));
        rig.start();
        rig.renews = false;  // the claim waits for a renewal
        rig.lead(7);
        rig.write(key("k"), blob(2));
        ASSERT_EQ(rig.files.at(key("k")).payload, blob(2));
        ASSERT_TRUE(rig.files.at(key("k")).tag.dirty);
        ASSERT_EQ(bucket.payload(key("k")), blob(1));
        files = rig.files;
    }
    void restarts(Rig& rig) const {
        rig.files = files;
        rig.start();
    }
};

// The API server is set back, so terms begin again: the next leader claims 4 and commits under it.
// The file's 7 was a term only, claimed by nobody; taken for an epoch, it beat an acknowledged 4.
TEST_F(StorageUnclaimed, AFileDoesNotGoOverAWriteOfASmallerEpoch) {
    dies_before_its_claim();
    bucket.put_fenced(key("k"), blob(3), 4);
    Rig rig(bucket, as("replica-0_b"));
    restarts(rig);
    rig.lead(5);
    rig.advance(10s);
    EXPECT_EQ(bucket.payload(key("k")), blob(3)) << "acknowledged, and written over";
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(3));
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(3));
    EXPECT_GE(rig.marked(MarkId::reconcile_discarded), 1);
}

TEST_F(StorageUnclaimed, AFollowerGivesItUpForAnotherVersionOfWhateverEpoch) {
    dies_before_its_claim();
    bucket.put_fenced(key("k"), blob(3), 4);
    Rig rig(bucket, as("replica-0_b"));
    restarts(rig);
    rig.advance(31s);
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(3));
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(3));
}

// The same without a restart: the leadership ends before it has claimed.
TEST_F(StorageUnclaimed, ADemotedReplicaGivesItUpToo) {
    bucket.put_fenced(key("k"), blob(1), 3);
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    rig.renews = false;
    rig.lead(7);
    rig.write(key("k"), blob(2));
    rig.follow();
    bucket.put_fenced(key("k"), blob(3), 4);
    rig.advance(31s);
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(3));
    rig.renews = true;
    rig.lead(8);
    rig.advance(10s);
    EXPECT_EQ(bucket.payload(key("k")), blob(3));
}

TEST_F(StorageUnclaimed, OverTheObjectThatItWasDerivedFromItIsUploaded) {
    dies_before_its_claim();
    Rig rig(bucket, as("replica-0_b"));
    restarts(rig);
    rig.advance(31s);
    EXPECT_EQ(rig.files.at(key("k")).payload, blob(2)) << "nobody wrote since: the file waits";
    rig.lead(8);
    rig.advance(10s);
    EXPECT_EQ(bucket.payload(key("k")), blob(2));
    EXPECT_FALSE(rig.files.at(key("k")).tag.dirty);
}

TEST_F(StorageUnclaimed, WhereNothingIsItIsUploaded) {
    dies_before_its_claim();
    bucket.objects.erase(key("k"));
    Rig rig(bucket, as("replica-0_b"));
    restarts(rig);
    rig.lead(8);
    rig.advance(10s);
    EXPECT_EQ(bucket.payload(key("k")), blob(2)) << "it may be all that there is";
}

TEST_F(StorageUnclaimed, OnceItIsClaimedTheFileHasItsPlaceInTheOrder) {
    bucket.put_fenced(key("k"), blob(1), 3);
    Rig rig(bucket, as("replica-0_a"));
    rig.start();
    rig.renews = false;
    rig.lead(7);
    rig.hold_data(BucketVerb::put);
    rig.write(key("k"), blob(2));
    EXPECT_EQ(rig.files.at(key("k")).tag.epoch, Epoch{});
    rig.renews = true;
    rig.renew();
    rig.advance(2s);
    ASSERT_TRUE(rig.files.at(key("k")).tag.dirty);
    EXPECT_EQ(rig.files.at(key("k")).tag.epoch, Epoch{7});
}

}  // namespace
}  // namespace leasehold::rig
