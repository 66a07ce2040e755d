// Uploads of reconciling: what they were decided over is what they go over, and a file keeps the
// number of the write that made it. (Proved by who read the side of the model that writes.)
#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

const ObjectKey kEpoch{".ha/epoch"};

bool of_k(const SendBucket& r, BucketVerb verb) {
    return r.verb == verb && r.key == key("k");
}

/// A process that restarted with its disk and leads. Leader 5's write 3 stayed on it.
class StorageUploads : public testing::Test {
  protected:
    StorageUploads() { rig.seed_file(key("k"), blob(3), FileTag{Epoch{5}, ETag{}, true, true, 3}); }

    /// The newest epoch that was claimed.
    void claimed(std::uint64_t epoch) {
        const Stamp stamp{Epoch{epoch}, 1, 1, 0, {}, false};
        bucket.put(kEpoch, ObjectBody{encode_header(stamp), {}, Blob{}});
    }
    /// Each PUT of `k` is answered so, as long as `times` are left.
    void answer_puts(std::int32_t status, BucketCode code, int times) {
        rig.error = [status, code, times](const SendBucket& r) mutable {
            return of_k(r, BucketVerb::put) && times-- > 0
                       ? std::optional(FakeBucket::failure(status, code))
                       : std::nullopt;
        };
    }
    FakeBucket bucket;
    Rig rig{bucket};
};

// ---- the number that is claimed is the waiting writes' ------------------------------------------

TEST_F(StorageUploads, ARemovalThatWaitsForTheClaimLendsNoNumberToTheFile) {
    bucket.put_fenced(key("k"), blob(9), 6, 1, 9);  // acknowledged by leader 6
    claimed(6);
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::get && r.key == kEpoch ? Fate::hold : Fate::answer;
    };
    rig.lead(7);
    rig.start();
    const CallId removal = rig.remove(key("k"));
    answer_puts(403, BucketCode::access_denied, 1000);
    rig.release_all();
    rig.advance(3s);
    EXPECT_EQ(rig.files.at(key("k")).tag.epoch, Epoch{5});
    rig.follow();
    rig.error = nullptr;
    ASSERT_EQ(rig.writes.at(removal).ack, WriteAck::fenced);
    rig.advance(65s);
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(9));
    rig.lead(8);
    rig.advance(20s);
    EXPECT_EQ(bucket.payload(key("k")), blob(9));
}

TEST_F(StorageUploads, AnUploadThatMeetsAnotherClaimLendsNoNumberToTheFile) {
    bucket.honours_conditional_delete = true;
    claimed(6);
    bool gone = false;
    rig.fate = [&](const SendBucket& r) {
        const bool before_creation =
            r.verb == BucketVerb::get && r.key == kEpoch && rig.marked(MarkId::epoch_claimed) == 1;
        if (before_creation && !std::exchange(gone, true)) {
            bucket.objects.erase(kEpoch);                   // an operator
            bucket.put_fenced(key("k"), blob(9), 6, 1, 9);  // leader 6's PUT lands late
        }
        return Fate::answer;
    };
    rig.start();
    rig.lead(7);
    rig.advance(90s);
    ASSERT_EQ(rig.marked(MarkId::epoch_claimed), 2);
    EXPECT_EQ(bucket.payload(key("k")), blob(9));
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(9));
}

TEST_F(StorageUploads, AWriteThatWaitsForTheClaimHasItsNumber) {
    claimed(6);
    rig.hold(BucketVerb::get);
    rig.lead(7);
    rig.start();
    rig.write(key("k"), blob(4));
    answer_puts(403, BucketCode::access_denied, 1000);
    ASSERT_EQ(rig.files.at(key("k")).tag.epoch, Epoch{});
    rig.release(BucketVerb::get, kEpoch);
    rig.advance(1s);
    EXPECT_EQ(rig.files.at(key("k")).tag.epoch, Epoch{7});
}

// ---- the object that an upload was decided over -------------------------------------------------

TEST_F(StorageUploads, AnUploadThatWaitsGoesOverNothingButWhatItWasComparedWith) {
    bucket.put_fenced(key("k"), blob(1), 4, 1, 1);
    claimed(6);
    const auto slow_writes = [](const SendBucket& r) {
        return r.verb == BucketVerb::put && r.key.view().starts_with("etl/w") ? Fate::hold
                                                                              : Fate::answer;
    };
    rig.fate = [&](const SendBucket& r) {
        return of_k(r, BucketVerb::get) ? Fate::hold : slow_writes(r);
    };
    rig.start();
    rig.lead(7);
    rig.advance(1s);
    for (int i = 0; i < 8; ++i)
        rig.write(key("w" + std::to_string(i)), blob(static_cast<std::uint64_t>(100 + i)));
    rig.release(BucketVerb::get, key("k"));  // an object of epoch 4; no place is free
    ASSERT_EQ(rig.count(BucketVerb::put, key("k")), 0);
    bucket.put_fenced(key("k"), blob(6), 6, 1, 8);  // leader 6's PUT lands late
    rig.fate = slow_writes;
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).payload, blob(6));
    rig.release_all();
    rig.advance(30s);
    EXPECT_EQ(bucket.payload(key("k")), blob(6));
    EXPECT_EQ(rig.queries.at(rig.query(key("k"))).payload, blob(6));
}

TEST_F(StorageUploads, AnUploadThatWasRefusedGoesOverNoRemovalThatLanded) {
    bucket.put_fenced(key("k"), blob(1), 4, 1, 1);
    claimed(6);
    answer_puts(403, BucketCode::access_denied, 1);
    rig.start();
    rig.lead(7);
    bucket.put_tombstone(key("k"), 6);
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).outcome, ReadOutcome::not_found);
    rig.advance(30s);
    EXPECT_TRUE(bucket.stamp(key("k")).tombstone);
    EXPECT_FALSE(rig.files.contains(key("k")));
}

// The file's load is slow, and a read shows another object meanwhile.
TEST_F(StorageUploads, AFileThatIsLoadedForAnUploadGoesOverNoObjectThatCameMeanwhile) {
    bucket.put_fenced(key("k"), blob(1), 4, 1, 1);
    claimed(6);
    rig.start();
    rig.holds_files = true;
    rig.lead(7);
    rig.advance(1s);
    ASSERT_EQ(rig.held_files.front().verb, FileVerb::load);
    bucket.put_tombstone(key("k"), 6);
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).outcome, ReadOutcome::not_found);
    rig.holds_files = false;
    rig.release_file();
    rig.advance(30s);
    EXPECT_TRUE(bucket.stamp(key("k")).tombstone);
}

TEST_F(StorageUploads, AnUploadIsDecidedAboutAgainSoon) {
    bucket.put_fenced(key("k"), blob(1), 4, 1, 1);
    claimed(6);
    answer_puts(403, BucketCode::access_denied, 1);
    rig.start();
    rig.lead(7);
    bucket.put_fenced(key("k"), blob(2), 4, 1, 2);  // older than the file as well
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).payload, blob(2));
    rig.advance(20s);
    EXPECT_EQ(bucket.payload(key("k")), blob(3));
}

TEST_F(StorageUploads, OneFailureDoesNotPutAnUploadOffToTheNextRun) {
    bucket.put_fenced(key("k"), blob(1), 4, 1, 1);
    claimed(6);
    answer_puts(503, BucketCode::internal_error, 1);
    rig.start();
    rig.lead(7);
    rig.advance(5s);
    EXPECT_EQ(bucket.payload(key("k")), blob(3));
}

// The store is busy for four seconds, or refuses the key for as long: five tries.
TEST_F(StorageUploads, AnUploadThatGaveUpIsDecidedAboutAgainSoon) {
    for (const auto& [status, code] :
         {std::pair(503, BucketCode::internal_error), {403, BucketCode::access_denied}})
        for (const bool ha : {true, false}) {
            FakeBucket store;
            StorageConfig config = Rig::default_config();
            config.ha = ha;
            Rig one{store, config};
            one.seed_file(key("k"), blob(3), FileTag{Epoch{5}, ETag{}, true, true, 3});
            one.error = [status, code, times = 5](const SendBucket& r) mutable {
                return of_k(r, BucketVerb::put) && times-- > 0
                           ? std::optional(FakeBucket::failure(status, code))
                           : std::nullopt;
            };
            if (ha) {
                one.start();
                one.lead(7);
            } else {
                one.lead_alone();
            }
            one.advance(5s);
            EXPECT_FALSE(store.objects.contains(key("k"))) << status << ha;
            // The second run comes after a minute, and a single install has none. It lets pass what
            // may land late.
            one.advance(ha ? 35s : 90s);
            EXPECT_TRUE(store.objects.contains(key("k"))) << status << ha;
        }
}

TEST_F(StorageUploads, AnUploadThatIsRefusedForGoodIsTriedEverMoreRarely) {
    answer_puts(403, BucketCode::access_denied, 1 << 20);
    rig.start();
    rig.lead(7);
    rig.advance(24h);
    EXPECT_LE(rig.count(BucketVerb::put, key("k")), 5 * (24 + 24 + 9)) << "each run, and its own";
}

// ---- large objects -----------------------------------------------------------------------------

// 200 MiB at 20 MiB/s, over a small object: the disk, which would tell the size, is full.
TEST(StorageLooks, ALargeObjectIsLookedForAsLongAsItTravels) {
    FakeBucket bucket;
    Rig rig{bucket};
    rig.start();
    rig.lead(7);
    ASSERT_EQ(rig.writes.at(rig.write(key("a"), blob(9))).ack, WriteAck::committed);
    rig.advance(5min);
    rig.file_fate = [](const SendFile& file) {
        return file.verb == FileVerb::store ? FileStatus::no_space : FileStatus::ok;
    };
    bool lost = false;
    rig.fate = [&](const SendBucket& r) {
        if (r.key != key("a")) return Fate::answer;
        if (r.verb == BucketVerb::put && !std::exchange(lost, true)) return Fate::lose_reply;
        return lost && r.verb == BucketVerb::get && r.timeout < 10s ? Fate::lose_request
                                                                    : Fate::answer;
    };
    Blob large = blob(1);
    large.size = 200U << 20;
    const CallId call = rig.write(key("a"), large);
    rig.advance(5min);
    ASSERT_TRUE(rig.writes.contains(call));
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 2) << "and not written twice";
}

// ---- backends that disagree ---------------------------------------------------------------------

TEST_F(StorageUploads, TwoBackendsThatDisagreeAreNotAskedAtWireSpeed) {
    rig.files.clear();
    rig.start();
    rig.lead(7);
    rig.advance(3s);
    std::uint64_t looks = 0;
    rig.error = [&](const SendBucket& r) -> std::optional<BucketReply> {
        if (of_k(r, BucketVerb::put))
            return FakeBucket::failure(412, BucketCode::precondition_failed);
        if (!of_k(r, BucketVerb::get)) return std::nullopt;
        FakeBucket backend;
        backend.put_foreign(key("k"), blob(looks++ % 2));
        return backend.apply(r);
    };
    const CallId write = rig.write(key("k"), blob(50));
    EXPECT_FALSE(rig.runaway);
    EXPECT_LE(rig.count(BucketVerb::put, key("k")), 10) << "at one instant";
    rig.advance(3min);
    EXPECT_EQ(rig.writes.at(write).ack, WriteAck::failed);
    EXPECT_LE(rig.count(BucketVerb::put, key("k")), 60);
    EXPECT_EQ(rig.give_ups, 0) << "one key";
}

}  // namespace
}  // namespace leasehold::rig
