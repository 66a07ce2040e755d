// Absence: a local copy goes when a GET says so or when two complete LISTs agree, never for one
// LIST; what was removed stays removed. (Ids: the review's, C; F of the field reports; S of the
// servers.)

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

class StorageAbsence : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    [[nodiscard]] bool kept(const ObjectKey& at) const { return rig.files.contains(at); }
};

// ---- C2: one object that can't be read ----

TEST_F(StorageAbsence, AnObjectThatIsRefusedHidesNeitherNewKeysNorRemovals) {
    for (const char* name : {"archived", "kept", "removed"})
        bucket.put_fenced(key(name), blob(1), 3);
    rig.errors[{BucketVerb::get, key("archived")}] =
        FakeBucket::failure(403, BucketCode::access_denied);
    rig.start();
    ASSERT_TRUE(kept(key("removed")));
    bucket.objects.erase(key("removed"));
    bucket.put_fenced(key("fresh"), blob(2), 3);
    rig.advance(95s);
    EXPECT_TRUE(kept(key("fresh")));
    EXPECT_TRUE(kept(key("kept")));
    EXPECT_FALSE(kept(key("removed"))) << "two complete LISTs did not show it";
    EXPECT_EQ(rig.queries.at(rig.query(key("removed"))).outcome, QueryOutcome::not_available_yet);
    EXPECT_GE(rig.marked(MarkId::pass_completed), 2) << "a GET's failure is that key's";
}

TEST_F(StorageAbsence, AnObjectThatIsRefusedIsGotOnceItMayBeRead) {
    bucket.put_fenced(key("archived"), blob(1), 3);
    rig.errors[{BucketVerb::get, key("archived")}] =
        FakeBucket::failure(403, BucketCode::access_denied);
    rig.start();
    rig.advance(10min);
    rig.errors.clear();
    rig.advance(61min);
    EXPECT_TRUE(kept(key("archived")));
}

TEST_F(StorageAbsence, AnObjectThatIsRefusedIsAskedForEverMoreRarely) {
    bucket.put_fenced(key("archived"), blob(1), 3);
    rig.errors[{BucketVerb::get, key("archived")}] =
        FakeBucket::failure(403, BucketCode::access_denied);
    rig.start();
    rig.advance(1h);
    EXPECT_LE(rig.count(BucketVerb::get, key("archived")), 20);
}

// ---- C7: HA off, a slow GET ----

TEST_F(StorageAbsence, WithHaOffASlowGetBringsNoRemovedFileBack) {
    StorageConfig config = Rig::default_config();
    config.ha = false;
    std::map<ObjectKey, FileEntry> disk;
    {
        // A file of an earlier run: nothing that happened to its key is remembered.
        bucket.put_foreign(key("a"), blob(1));
        Rig single(bucket, config);
        single.seed_file(key("a"), blob(1), FileTag{Epoch{}, ETag{}, false, false});
        single.lead_alone();
        single.hold(BucketVerb::get);
        single.read(key("a"));
        const SendBucket get = single.find_held(BucketVerb::get, key("a"));
        const BucketReply old = bucket.apply(get);
        const CallId removal = single.remove(key("a"));
        single.advance(1s);
        ASSERT_EQ(single.writes.at(removal).ack, WriteAck::committed);
        single.answer(get.request, old);
        single.answer_all();
        const CallId query = single.query(key("a"));
        single.advance(5s);
        EXPECT_NE(single.queries.at(query).outcome, QueryOutcome::data);
        EXPECT_FALSE(single.files.contains(key("a")));
        disk = single.files;
    }
    Rig again(bucket, config);
    again.files = disk;
    again.lead_alone();
    again.advance(10s);
    EXPECT_FALSE(bucket.objects.contains(key("a"))) << "uploaded by the next start";
}

TEST_F(StorageAbsence, ASlowGetOfALeaderBringsNoRemovedFileBack) {
    bucket.honours_conditional_delete = true;
    bucket.put_fenced(key("a"), blob(1), 3);
    StorageConfig config = Rig::default_config();
    config.get_timeout = 3min;
    Rig slow(bucket, config);
    slow.seed_file(key("a"), blob(1),
                   FileTag{Epoch{3}, bucket.objects.at(key("a")).etag, false, true, 1});
    slow.start();
    slow.lead(7);
    slow.advance(2s);
    slow.hold_data(BucketVerb::get);
    slow.read(key("a"));
    const SendBucket get = slow.find_held(BucketVerb::get, key("a"));
    const BucketReply old = bucket.apply(get);
    slow.answer_all();  // this one alone is slow
    slow.remove(key("a"));
    slow.advance(2min);  // and its tombstone is purged: nothing is known of the key
    ASSERT_FALSE(bucket.objects.contains(key("a")));
    slow.answer(get.request, old);
    EXPECT_FALSE(slow.files.contains(key("a")));
    EXPECT_EQ(slow.queries.at(slow.query(key("a"))).outcome, QueryOutcome::not_available_yet);
}

// ---- C10, F14: one LIST is no proof ----

TEST_F(StorageAbsence, ACopyOfAnObjectThatCameAfterItsPageOfTheListIsKept) {
    rig.start();
    rig.hold(BucketVerb::list);
    rig.lead(7);
    const SendBucket list = rig.find_held(BucketVerb::list, {});
    const BucketReply page = bucket.apply(list);
    bucket.put_foreign(key("a"), blob(1));
    ASSERT_EQ(rig.reads.at(rig.read(key("a"))).payload, blob(1));
    ASSERT_TRUE(kept(key("a")));
    rig.answer_all();
    rig.answer(list.request, page);
    EXPECT_TRUE(kept(key("a")));
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(1));
}

TEST_F(StorageAbsence, ALeadersListThatOmitsAKeyDoesNotDropItsCopy) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    ASSERT_TRUE(kept(key("a")));
    bucket.unlisted.insert(key("a"));
    rig.lead(7);
    rig.advance(5s);
    EXPECT_TRUE(kept(key("a"))) << "a GET would have shown it";
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).payload, blob(1));
    bucket.unlisted.clear();
    rig.advance(2h);
    EXPECT_TRUE(kept(key("a")));
}

TEST_F(StorageAbsence, AFollowersListThatOmitsAKeyNowAndThenDoesNotDropItsCopy) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    for (int i = 0; i < 10; ++i) {
        bucket.unlisted = {key("a")};
        rig.advance(30s);
        EXPECT_TRUE(kept(key("a"))) << i;
        bucket.unlisted.clear();
        rig.advance(30s);
    }
}

TEST_F(StorageAbsence, ALeaderDropsTheCopyOfAnObjectThatIsReallyGone) {
    bucket.put_fenced(key("a"), blob(1), 3);
    rig.start();
    rig.lead(7);
    rig.advance(2s);
    bucket.objects.erase(key("a"));  // an operator
    rig.advance(3h);
    EXPECT_FALSE(kept(key("a")));
    EXPECT_FALSE(bucket.objects.contains(key("a"))) << "and it is not uploaded again";
}

TEST_F(StorageAbsence, ASlowGetBringsAFollowerNoKeyBackThatIsGone) {
    StorageConfig config = Rig::default_config();
    config.get_timeout = 5min;
    Rig slow(bucket, config);
    slow.hold(BucketVerb::get);
    bucket.put_fenced(key("a"), blob(1), 3);
    slow.start();
    const SendBucket get = slow.find_held(BucketVerb::get, key("a"));
    const BucketReply reply = bucket.apply(get);
    bucket.objects.erase(key("a"));
    slow.advance(61s);
    slow.answer(get.request, reply);
    EXPECT_FALSE(slow.files.contains(key("a")));
    EXPECT_EQ(slow.queries.at(slow.query(key("a"))).outcome, QueryOutcome::not_available_yet);
}

// ---- S7: HA off, and the local files are lost ----

TEST_F(StorageAbsence, WithHaOffAndTheFilesLostAQueryReadsThrough) {
    StorageConfig config = Rig::default_config();
    config.ha = false;
    bucket.put_foreign(key("a"), blob(1));
    Rig single(bucket, config);
    single.lead_alone();
    const CallId query = single.query(key("a"));
    EXPECT_EQ(single.queries.at(query).outcome, QueryOutcome::data);
    EXPECT_EQ(single.queries.at(query).payload, blob(1));
    const CallId missing = single.query(key("b"));
    EXPECT_EQ(single.queries.at(missing).outcome, QueryOutcome::not_available_yet);
    EXPECT_LE(single.count(BucketVerb::get, key("b")), 1);
}

TEST_F(StorageAbsence, WithHaOffAReadThroughEndsWithItsQuerysDeadline) {
    StorageConfig config = Rig::default_config();
    config.ha = false;
    bucket.put_foreign(key("a"), blob(1));
    Rig single(bucket, config);
    single.lead_alone();
    single.hold(BucketVerb::get);
    const CallId query = single.query(key("a"), 500ms);
    single.advance(500ms);
    EXPECT_EQ(single.queries.at(query).outcome, QueryOutcome::deadline);
    EXPECT_EQ(single.count(BucketVerb::get, key("a")), 1);
}

TEST_F(StorageAbsence, WithHaOffWhatAListLeftOutIsBroughtBackUnderTheTagThatItsFileHas) {
    StorageConfig config = Rig::default_config();
    config.ha = false;
    Rig single(bucket, config);
    single.lead_alone();
    single.write(key("a"), blob(1));
    single.advance(1s);
    Rig next(bucket, config);
    next.files = single.files;
    const auto kept = bucket.objects.extract(key("a"));  // as a LIST shows it that leaves keys out
    next.lead_alone();
    next.advance(1s);
    EXPECT_EQ(next.count(BucketVerb::put, key("a")), 1);
    EXPECT_EQ(std::ranges::count(next.sent_files, FileVerb::retag, &SendFile::verb), 0);
}

}  // namespace
}  // namespace leasehold::rig
