// The tombstone that keeps the place of a large creation: it names what is to come, and is no
// removal of it. (Proved by who read the side of the model that writes.)
#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

const Blob kLarge{100ULL << 20, {5, 5}, nullptr};
const Blob kOther{90ULL << 20, {6, 6}, nullptr};
const FileTag kBeforeHa{Epoch{}, ETag{}, false, false, 0};
const FileTag kDirty{Epoch{5}, ETag{}, true, true, 3};  // its leader had claimed 5

bool large_put(const SendBucket& r) {
    return r.verb == BucketVerb::put && r.key == key("k") && r.body->payload.size > 0;
}

class StoragePlacesKept : public testing::Test {
  protected:
    StoragePlacesKept() { bucket.honours_conditional_delete = true; }

    static StorageConfig named(const char* identity) {
        StorageConfig config = Rig::default_config();
        config.identity = identity;
        return config;
    }
    /// Leads, keeps the place of the file under `k`, and has the object on its way.
    void place(Rig& one) {
        one.fate = [](const SendBucket& r) { return large_put(r) ? Fate::hold : Fate::answer; };
        one.start();
        one.lead(7);
        one.advance(10s);
        ASSERT_TRUE(one.is_held(BucketVerb::put, key("k")));
        ASSERT_TRUE(bucket.stamp(key("k")).tombstone);
    }
    FakeBucket bucket;
};

TEST_F(StoragePlacesKept, AFileOfBeforeHaOutlivesThePlaceOfItsOwnUpload) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, kBeforeHa);
    place(one);
    one.follow();  // the upload is aborted
    one.advance(61s);
    EXPECT_TRUE(one.files.contains(key("k"))) << "the only copy";
    one.answer_all();
    one.lead(8);
    one.advance(30s);
    EXPECT_EQ(bucket.payload(key("k")), kLarge);
}

TEST_F(StoragePlacesKept, AFileThatWaitsIsUploadedIntoItsPlaceAfterARefusal) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, kDirty);
    int tries = 0;
    one.error = [&](const SendBucket& r) -> std::optional<BucketReply> {
        if (!large_put(r) || ++tries > 2) return std::nullopt;
        return FakeBucket::failure(503, BucketCode::slow_down);
    };
    one.start();
    one.lead(7);
    one.advance(30s);
    EXPECT_EQ(bucket.payload(key("k")), kLarge);
    EXPECT_TRUE(one.files.contains(key("k")));
    one.advance(2min);
    EXPECT_EQ(one.queries.at(one.query(key("k"))).payload, kLarge);
}

TEST_F(StoragePlacesKept, AFileThatWaitsOutlivesAllTriesOfItsUpload) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, kDirty);
    bool bad = true;
    one.error = [&](const SendBucket& r) -> std::optional<BucketReply> {
        if (!bad || !large_put(r)) return std::nullopt;
        return FakeBucket::failure(503, BucketCode::slow_down);
    };
    one.start();
    one.lead(7);
    one.advance(5min);
    EXPECT_TRUE(one.files.contains(key("k")));
    bad = false;
    one.advance(1h);
    EXPECT_EQ(bucket.payload(key("k")), kLarge);
}

TEST_F(StoragePlacesKept, APlaceWhoseAnswerWasLostIsTheUploadsOwn) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, kDirty);
    one.fate = [](const SendBucket& r) {
        const bool small = r.verb == BucketVerb::put && r.key == key("k") && !large_put(r);
        return small ? Fate::lose_reply : Fate::answer;
    };
    one.start();
    one.lead(7);
    one.advance(10s);
    EXPECT_EQ(bucket.payload(key("k")), kLarge);
}

// The place is in the bucket, and the process dies before the object is.
TEST_F(StoragePlacesKept, TheNextProcessUploadsWhatAPlaceOfItsOwnBytesWaitsFor) {
    std::map<ObjectKey, FileEntry> disk;
    {
        Rig one(bucket, named("replica-0_a"));
        one.seed_file(key("k"), kLarge, kDirty);
        place(one);
        disk = one.files;
    }
    Rig next(bucket, named("replica-0_b"));
    next.files = disk;
    next.start();
    next.advance(65s);
    EXPECT_TRUE(next.files.contains(key("k"))) << "followed for a while";
    next.lead(8);
    next.advance(30s);
    EXPECT_EQ(bucket.payload(key("k")), kLarge);
}

// Written by a leader that had claimed no epoch yet: the place is none of what it was derived from.
TEST_F(StoragePlacesKept, AFileWithoutANumberOutlivesThePlaceOfItsOwnUpload) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, FileTag{Epoch{}, ETag{}, true, true, 3});
    place(one);
    one.follow();
    one.advance(61s);
    one.answer_all();
    one.lead(8);
    one.advance(30s);
    EXPECT_EQ(bucket.payload(key("k")), kLarge);
}

TEST_F(StoragePlacesKept, AFileThatIsListedAfterItsPlaceWasSeenCounts) {
    for (const FileTag& tag : {kDirty, kBeforeHa}) {
        bucket.objects.clear();
        const Stamp place{Epoch{6}, 1, 9, 0, kLarge.digest, true};
        bucket.put(key("k"), ObjectBody{encode_header(place), {}, Blob{}});
        Rig one(bucket, named("replica-0_a"));
        one.seed_file(key("k"), kLarge, tag);
        one.holds_files = true;  // a directory of many files
        one.start();
        one.lead(7);
        const CallId read = one.read(key("k"));
        ASSERT_EQ(one.reads.at(read).outcome, ReadOutcome::not_found);
        one.holds_files = false;
        while (!one.held_files.empty())
            one.release_file();
        one.advance(30s);
        EXPECT_EQ(bucket.payload(key("k")), kLarge);
    }
}

TEST_F(StoragePlacesKept, AFollowersFileOfBeforeHaWaitsForTheObjectThatIsToCome) {
    Rig one(bucket, named("replica-0_a"));
    Rig two(bucket, named("replica-1_a"));
    one.seed_file(key("k"), kLarge, kBeforeHa);
    two.seed_file(key("k"), kOther, kBeforeHa);
    two.start();
    place(one);
    const int gets = two.count(BucketVerb::get, key("k"));
    two.advance(65s);
    EXPECT_TRUE(two.files.contains(key("k"))) << "while the upload is merely under way";
    EXPECT_EQ(two.queries.at(two.query(key("k"))).payload, kOther);
    EXPECT_LE(two.count(BucketVerb::get, key("k")) - gets, 3) << "one a pass";
    one.release(BucketVerb::put, key("k"));
    two.advance(35s);
    EXPECT_EQ(two.queries.at(two.query(key("k"))).payload, kLarge) << "the bucket is the truth";
}

TEST_F(StoragePlacesKept, AFileOfBeforeHaGoesIntoThePlaceOfALeaderThatIsGone) {
    Rig one(bucket, named("replica-0_a"));
    Rig two(bucket, named("replica-1_a"));
    one.seed_file(key("k"), kLarge, kBeforeHa);
    two.seed_file(key("k"), kOther, kBeforeHa);
    place(one);
    two.start();
    two.advance(40s);
    two.lead(8);
    two.advance(30s);
    EXPECT_EQ(bucket.payload(key("k")), kOther);
    one.release_all();
    EXPECT_EQ(bucket.payload(key("k")), kOther) << "the old leader's upload is refused";
}

TEST_F(StoragePlacesKept, ARemovalStillTakesFilesOfBeforeHaWithIt) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, kBeforeHa);
    bucket.put_tombstone(key("k"), 6);
    one.start();
    one.advance(40s);
    EXPECT_FALSE(one.files.contains(key("k")));
}

TEST_F(StoragePlacesKept, AStoppingLeaderBeginsNoUploadInItsPlace) {
    Rig one(bucket, named("replica-0_a"));
    one.seed_file(key("k"), kLarge, kDirty);
    one.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::put && r.key == key("k") ? Fate::hold : Fate::answer;
    };
    one.start();
    one.lead(7);
    one.advance(10s);
    ASSERT_TRUE(one.is_held(BucketVerb::put, key("k"))) << "the place";
    one.step(Stop{one.now() + 30s});
    one.release(BucketVerb::put, key("k"));
    EXPECT_EQ(one.count(BucketVerb::put, key("k")), 1);
    EXPECT_TRUE(one.files.contains(key("k")));
}

}  // namespace
}  // namespace leasehold::rig
