// What others wrote over what this process has: a file that waits to be written and lies below what
// a read was given, and what went back. (Found by a campaign, and by who reviewed the first mend.)
#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

bool data_get(const SendBucket& r) {
    return r.verb == BucketVerb::get && !r.key.view().starts_with(".ha/");
}
bool data_put(const SendBucket& r) {
    return r.verb == BucketVerb::put && !r.key.view().starts_with(".ha/");
}

class StorageOutdone : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    /// Leads under epoch 7; the Lease API is slow from now on: a raise waits for its renewal.
    void lead_without_renewals() {
        rig.start();
        rig.lead(7);
        rig.advance(5s);
        rig.renews = false;
    }
    Blob asked() { return rig.queries.at(rig.query(key("k"))).payload; }
};

TEST_F(StorageOutdone, AWriteThatWasAcceptedOverAVersionIsNotHiddenByIt) {
    lead_without_renewals();
    bucket.put_fenced(key("k"), blob(8), 8, 1, 1);
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).payload, blob(8));
    rig.write(key("k"), blob(9));
    ASSERT_EQ(asked(), blob(9));
    rig.jump(10ms);
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).payload, blob(8)) << "what the bucket holds";
    EXPECT_EQ(asked(), blob(9)) << "the write goes over it";
    rig.renews = true;
    rig.advance(5s);
    EXPECT_EQ(bucket.payload(key("k")), blob(9));
    EXPECT_EQ(asked(), blob(9));
}

TEST_F(StorageOutdone, AReadThatNobodyWaitsForHidesNothing) {
    lead_without_renewals();
    rig.hold_data(BucketVerb::get);
    const CallId read = rig.read(key("k"));
    bucket.put_fenced(key("k"), blob(8), 8, 1, 1);
    rig.fate = [](const SendBucket& r) {
        return data_get(r) || data_put(r) ? Fate::hold : Fate::answer;
    };
    rig.write(key("k"), blob(9));
    rig.step(Cancel{read});
    rig.release(BucketVerb::get, key("k"));
    EXPECT_EQ(asked(), blob(9)) << "nobody was given another one";
}

// Its claim was under way, and a read was given what the successor wrote: the first pass fetches
// it.
TEST_F(StorageOutdone, AnUnclaimedWriteOfADeposedLeaderGivesWayWithTheNextPass) {
    rig.start();
    rig.fate = [](const SendBucket& r) {
        return r.key.view().starts_with(".ha/") ? Fate::hold : Fate::answer;
    };
    rig.lead(7);
    rig.write(key("k"), blob(9));
    ASSERT_EQ(asked(), blob(9));
    bucket.put_fenced(key("k"), blob(8), 8, 1, 1);
    ASSERT_EQ(rig.reads.at(rig.read(key("k"))).payload, blob(8));
    rig.follow();
    rig.advance(1s);
    EXPECT_EQ(asked(), blob(8));
}

// A file of before, a read's GET that leaves, and a successor that removes the key: two LISTs drop
// the file, and then the answer comes.
TEST_F(StorageOutdone, AGetThatTwoListsOvertookBringsNothingBack) {
    StorageConfig config = Rig::default_config();
    config.poll_period = 5s;
    config.get_timeout = 60s;
    Rig slow{bucket, config};
    bucket.put_fenced(key("k"), blob(3), 7, 1, 3);
    slow.seed_file(key("k"), blob(3),
                   FileTag{Epoch{7}, bucket.objects.at(key("k")).etag, false, true, 3});
    slow.fate = [](const SendBucket& r) {
        return data_get(r) || r.verb == BucketVerb::list ? Fate::hold : Fate::answer;
    };
    slow.start();
    slow.lead(9);
    slow.read(key("k"));
    const SendBucket get = slow.find_held(BucketVerb::get, key("k"));
    const BucketReply old = bucket.apply(get);
    slow.follow();
    bucket.objects.erase(key("k"));
    slow.fate = [](const SendBucket& r) { return data_get(r) ? Fate::hold : Fate::answer; };
    while (slow.is_held(BucketVerb::list, ObjectKey{}))
        slow.release(BucketVerb::list, ObjectKey{});
    slow.advance(16s);
    ASSERT_FALSE(slow.files.contains(key("k")));
    slow.answer(get.request, old);
    EXPECT_FALSE(slow.files.contains(key("k")));
    EXPECT_EQ(slow.queries.at(slow.query(key("k"))).outcome, QueryOutcome::not_available_yet);
}

// The bucket was set back, and the newer copy is here. A read's answer comes before the look's that
// the first read's had caused, and shows the same.
TEST_F(StorageOutdone, ALookAtWhatWentBackIsNotTooLateBecauseAReadSawTheSame) {
    rig.start();
    rig.lead(9);
    rig.advance(5s);
    ASSERT_EQ(rig.writes.at(rig.write(key("k"), blob(2))).ack, WriteAck::committed);
    rig.hold_data(BucketVerb::get);
    bucket.put_fenced(key("k"), blob(1), 6, 1, 1);
    rig.read(key("k"), {}, 2s);
    rig.release(BucketVerb::get, key("k"));
    ASSERT_EQ(rig.marked(MarkId::version_went_back), 1);
    const SendBucket look = rig.find_held(BucketVerb::get, key("k"));
    for (int wait = 0; wait < 100 && rig.held.size() < 2; ++wait) {
        rig.read(key("k"), {}, 2s);
        rig.advance(100ms);
    }
    ASSERT_EQ(rig.held.size(), 2U);
    const SendBucket read = rig.held.rbegin()->second;
    rig.answer(read.request, bucket.apply(read));
    rig.answer(look.request, bucket.apply(look));
    rig.advance(10ms);
    EXPECT_EQ(bucket.payload(key("k")), blob(2)) << "it was acknowledged";
}

// Found by seeds 1..1000: a read was given the version that replaced it, by a GET that left before
// the LIST which showed that.
TEST_F(StorageOutdone, AForeignObjectsCopyIsNotGivenAfterTheVersionThatReplacedIt) {
    bucket.put_foreign(key("k"), blob(3));
    rig.start();
    rig.advance(5s);
    ASSERT_EQ(asked(), blob(3));
    ASSERT_TRUE(rig.files.contains(key("k")));
    const CallId read = rig.read(key("k"), bucket.objects.at(key("k")).etag);
    bucket.put_fenced(key("k"), blob(8), 7, 1, 1);
    rig.hold_data(BucketVerb::get);
    rig.lead(9);
    rig.advance(5s);
    rig.release(BucketVerb::get, key("k"));
    ASSERT_EQ(rig.reads.at(read).payload, blob(8));
    rig.fate = [](const SendBucket&) { return Fate::answer; };
    while (rig.is_held(BucketVerb::get, key("k")))
        rig.release(BucketVerb::get, key("k"));
    EXPECT_EQ(asked(), blob(8));
    rig.advance(1s);
    const int gets = rig.count(BucketVerb::get, key("k"));
    EXPECT_EQ(asked(), blob(8));
    EXPECT_EQ(rig.count(BucketVerb::get, key("k")), gets) << "the leader has fetched it";
}

// An operator puts the foreign object back: a reader who knows what was between waits for it.
TEST_F(StorageOutdone, AForeignObjectThatComesBackIsGivenToWhoKnowsWhatWasBetween) {
    bucket.put_foreign(key("k"), blob(3));
    rig.start();
    rig.advance(5s);
    rig.fate = [](const SendBucket& r) {
        return data_get(r) || r.verb == BucketVerb::list ? Fate::hold : Fate::answer;
    };
    rig.lead(9);
    const CallId read = rig.read(key("k"));
    bucket.put_fenced(key("k"), blob(8), 7, 1, 1);
    const ETag between = bucket.objects.at(key("k")).etag;
    rig.advance(1s);
    while (rig.is_held(BucketVerb::list, ObjectKey{}))
        rig.release(BucketVerb::list, ObjectKey{});
    rig.release(BucketVerb::get, key("k"));
    ASSERT_EQ(rig.reads.at(read).payload, blob(8));
    rig.follow();
    while (!rig.held.empty())
        rig.answer(rig.held.begin()->first, FakeBucket::failure(0));
    rig.answer_all();
    bucket.put_foreign(key("k"), blob(3));
    const CallId waits = rig.read(key("k"), between);
    rig.advance(2min);
    ASSERT_TRUE(rig.reads.contains(waits));
    EXPECT_EQ(rig.reads.at(waits).payload, blob(3));
    EXPECT_EQ(asked(), blob(3));
}

}  // namespace
}  // namespace leasehold::rig
