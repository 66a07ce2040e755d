// Deletion for good: the probe of conditional DELETE, the age of tombstones, late requests.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

const ObjectKey kEpoch{".ha/epoch"};
const ObjectKey kProbe{".ha/probe/replica-0_a"};
constexpr Duration kAge = 60s;  // StorageConfig::largest_request_age

class StorageRetention : public testing::Test {
  protected:
    StorageRetention() { bucket.honours_conditional_delete = true; }

    FakeBucket bucket;
    Rig rig{bucket};

    void begin(std::uint64_t term = 7) {
        rig.start();
        rig.lead(term);
    }
    /// A leader has removed `a`, whose tombstone is in the bucket since now.
    ETag removed(const ObjectKey& at = key("a")) {
        rig.write(at, blob(1));
        EXPECT_EQ(rig.writes.at(rig.remove(at)).ack, WriteAck::committed);
        EXPECT_TRUE(bucket.stamp(at).tombstone);
        return bucket.objects.at(at).etag;
    }
    [[nodiscard]] bool holds(const ObjectKey& at) const { return bucket.objects.contains(at); }
    [[nodiscard]] SendBucket last(BucketVerb verb, const ObjectKey& at) const {
        SendBucket found;
        for (const SendBucket& one : rig.sent)
            if (one.verb == verb && one.key == at) found = one;
        return found;
    }
};

TEST_F(StorageRetention, TheProbeAsksForADeleteUnderAWrongETagAndThenTidiesUp) {
    begin();
    EXPECT_EQ(rig.marked(MarkId::conditional_delete_honoured), 1);
    EXPECT_EQ(rig.marked(MarkId::conditional_delete_ignored), 0);
    ASSERT_EQ(rig.count(BucketVerb::remove, kProbe), 2);  // asked, and tidied up
    std::vector<SendBucket> deletes;
    for (const SendBucket& one : rig.sent)
        if (one.verb == BucketVerb::remove) deletes.push_back(one);
    EXPECT_FALSE(deletes.at(0).etag.empty());
    EXPECT_TRUE(deletes.at(1).etag.empty());
    EXPECT_FALSE(holds(kProbe));
    rig.follow();
    rig.lead(8);
    EXPECT_EQ(rig.count(BucketVerb::remove, kProbe), 4) << "asked by each leadership";
}

TEST_F(StorageRetention, AStoreThatDeletesAllTheSameIsFoundOutAndKeepsItsTombstones) {
    bucket.honours_conditional_delete = false;
    begin();
    EXPECT_EQ(rig.marked(MarkId::conditional_delete_ignored), 1);
    EXPECT_EQ(rig.count(BucketVerb::remove, kProbe), 2);
    EXPECT_FALSE(holds(kProbe));
    removed();
    rig.advance(3h);
    EXPECT_TRUE(bucket.stamp(key("a")).tombstone);
    EXPECT_EQ(rig.marked(MarkId::tombstone_purged), 0);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 0);
}

TEST_F(StorageRetention, AProbeWithoutAnAnswerIsRepeatedAndAtLastGivenUp) {
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::remove ? Fate::lose_request : Fate::answer;
    };
    begin();
    removed();
    rig.advance(3h);
    EXPECT_EQ(rig.count(BucketVerb::remove, kProbe), 8);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 0) << "what is not known is not relied on";
    rig.answer_all();
    rig.follow();
    rig.lead(8);
    EXPECT_EQ(rig.marked(MarkId::conditional_delete_honoured), 1) << "the next leadership asks";
}

TEST_F(StorageRetention, ATombstoneIsDeletedForGoodAfterTheLargestRequestAgeAndNotBefore) {
    begin();
    const ETag tombstone = removed();
    rig.advance(kAge - 1ms);
    EXPECT_TRUE(holds(key("a")));
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 0);
    rig.advance(1ms);
    EXPECT_FALSE(holds(key("a")));
    EXPECT_EQ(last(BucketVerb::remove, key("a")).etag, tombstone);
    EXPECT_EQ(rig.marked(MarkId::tombstone_purged), 1);
    rig.advance(3h);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 1);
}

TEST_F(StorageRetention, AfterItTheKeyIsNeverSeenAndIsCreated) {
    begin();
    removed();
    rig.advance(kAge);
    ASSERT_FALSE(holds(key("a")));
    EXPECT_EQ(rig.reads.at(rig.read(key("a"))).outcome, ReadOutcome::not_found);
    EXPECT_EQ(rig.writes.at(rig.write(key("a"), blob(2))).ack, WriteAck::committed);
    EXPECT_EQ(last(BucketVerb::put, key("a")).condition, PutCondition::if_none_match);
    rig.advance(3h);
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(2));
}

TEST_F(StorageRetention, AWriteOverTheTombstoneTakesItOutOfTheGrave) {
    begin();
    removed();
    rig.advance(kAge / 2);
    rig.write(key("a"), blob(2));
    rig.advance(3h);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 0);
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(2));
}

TEST_F(StorageRetention, ARemovalAfterThatCountsFromItself) {
    begin();
    removed();
    rig.advance(kAge / 2);
    removed();
    rig.advance(kAge - 1ms);
    EXPECT_TRUE(holds(key("a")));
    rig.advance(1ms);
    EXPECT_FALSE(holds(key("a")));
}

TEST_F(StorageRetention, ATombstoneThatAFollowerHasSeenCountsFromItsClaim) {
    bucket.put_tombstone(key("a"), 5);
    rig.start();
    rig.advance(10min);
    ASSERT_GE(rig.marked(MarkId::tombstone_seen), 1);
    EXPECT_EQ(rig.count(BucketVerb::remove), 0) << "a follower deletes nothing";
    rig.lead(7);
    rig.advance(kAge - 1ms);
    EXPECT_TRUE(holds(key("a"))) << "the last leader may have created it a moment ago";
    rig.advance(2ms);
    EXPECT_FALSE(holds(key("a")));
}

TEST_F(StorageRetention, AnInheritedTombstoneIsFoundByReconcilingAndPurged) {
    bucket.put_tombstone(key("a"), 5);
    bucket.put_fenced(key("b"), blob(3), 5);
    begin();
    rig.advance(kAge + 1s);
    EXPECT_FALSE(holds(key("a")));
    EXPECT_TRUE(holds(key("b"))) << "live objects are never deleted";
    EXPECT_EQ(rig.count(BucketVerb::remove, key("b")), 0);
}

TEST_F(StorageRetention, ADeleteThatMeetsAnotherVersionLeavesItAndLooksAgain) {
    begin();
    removed();
    rig.hold_data(BucketVerb::remove);
    rig.advance(kAge);
    ASSERT_TRUE(rig.is_held(BucketVerb::remove, key("a")));
    // Somebody's, newer than ours and of an epoch that is not above it.
    bucket.put(key("a"), ObjectBody{encode_header(Stamp{Epoch{7}, 1, 1000, 0, {}, true}), {}, {}});
    rig.answer_all();
    rig.release(BucketVerb::remove, key("a"));
    EXPECT_TRUE(holds(key("a")));
    EXPECT_EQ(rig.marked(MarkId::tombstone_purged), 0);
    rig.advance(1h + kAge + 1s);
    EXPECT_FALSE(holds(key("a"))) << "the next reconciling found it, and its age began anew";
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 2);
}

TEST_F(StorageRetention, ADeleteWithoutAnAnswerIsForgottenUntilTheNextReconciling) {
    begin();
    removed();
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::remove ? Fate::lose_request : Fate::answer;
    };
    rig.advance(kAge + 30min);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 1);
    rig.answer_all();
    rig.advance(1h);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 2);
    EXPECT_FALSE(holds(key("a")));
}

TEST_F(StorageRetention, ADeleteWhoseReplyIsLostIsResolvedByTheNextWrite) {
    begin();
    removed();
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::remove ? Fate::lose_reply : Fate::answer;
    };
    rig.advance(kAge);
    ASSERT_FALSE(holds(key("a")));
    EXPECT_EQ(rig.writes.at(rig.write(key("a"), blob(2))).ack, WriteAck::committed);
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(2));
}

TEST_F(StorageRetention, AWriteMeanwhileWaitsForTheDeletesAnswerWhateverItIs) {
    for (const bool deleted : {true, false}) {
        FakeBucket own;
        own.honours_conditional_delete = true;
        Rig leader(own);
        leader.start();
        leader.lead(7);
        leader.write(key("a"), blob(1));
        leader.remove(key("a"));
        leader.fate = [](const SendBucket& r) {
            const bool gated = r.verb == BucketVerb::put || r.verb == BucketVerb::remove;
            return gated && r.key == key("a") ? Fate::hold : Fate::answer;
        };
        leader.advance(kAge);
        ASSERT_TRUE(leader.is_held(BucketVerb::remove, key("a")));
        const CallId write = leader.write(key("a"), blob(2));
        // Real stores let both succeed, and the acknowledged object is gone.
        ASSERT_FALSE(leader.is_held(BucketVerb::put, key("a")));
        leader.answer_all();
        if (deleted)
            leader.release(BucketVerb::remove, key("a"));
        else
            leader.fail(BucketVerb::remove, key("a"));
        leader.advance(1s);
        EXPECT_EQ(leader.writes.at(write).ack, WriteAck::committed) << deleted;
        leader.advance(2h);
        EXPECT_EQ(own.objects.at(key("a")).body.payload, blob(2)) << deleted;
        EXPECT_EQ(leader.reads.at(leader.read(key("a"))).payload, blob(2)) << deleted;
    }
}

TEST_F(StorageRetention, NoDeleteLeavesAfterTheGateHasClosed) {
    begin();
    removed();
    rig.hold_data(BucketVerb::remove);
    rig.advance(kAge);
    const SendBucket held = rig.find_held(BucketVerb::remove, key("a"));
    EXPECT_TRUE(rig.machine.permit(rig.now(), held.request));
    EXPECT_FALSE(rig.machine.permit(rig.leadership().valid_until, held.request));
    rig.follow();
    EXPECT_EQ(rig.aborted.back(), held.request);
    rig.advance(3h);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 1);
}

TEST_F(StorageRetention, FewAreDeletedAtOnceAndPipelinesGoFirst) {
    begin();
    for (std::uint64_t i = 0; i < 9; ++i)
        removed(key("old" + std::to_string(i)));
    rig.hold_data(BucketVerb::remove);
    rig.advance(kAge);
    EXPECT_EQ(rig.held.size(), 2U);
    rig.answer_all();
    while (!rig.held.empty())
        rig.release(BucketVerb::remove, rig.held.begin()->second.key);
    rig.advance(5s);
    EXPECT_EQ(rig.marked(MarkId::tombstone_purged), 9);
    EXPECT_EQ(bucket.data_keys(), 0U);
}

TEST_F(StorageRetention, PlainTombstonesStayBecauseTheirETagIsThatOfAnyEmptyObject) {
    StorageConfig config = Rig::default_config();
    config.format = ObjectFormat::plain;
    Rig plain(bucket, config);
    plain.start();
    plain.lead(7);
    plain.write(key("a"), blob(1));
    plain.remove(key("a"));
    plain.advance(3h);
    EXPECT_TRUE(bucket.stamp(key("a")).tombstone);
    EXPECT_EQ(plain.count(BucketVerb::remove, key("a")), 0);
}

TEST_F(StorageRetention, AStopWaitsForADeleteThatIsUnderWayAndSendsNoMore) {
    begin();
    removed(key("a"));
    removed(key("b"));
    removed(key("c"));
    rig.hold_data(BucketVerb::remove);
    rig.advance(kAge);
    rig.step(Stop{rig.now() + 30s});
    EXPECT_FALSE(rig.machine.drained());
    rig.answer_all();
    rig.release(BucketVerb::remove, key("a"));
    rig.release(BucketVerb::remove, key("b"));
    EXPECT_TRUE(rig.machine.drained());
    rig.advance(5min);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("c")), 0);
}

TEST_F(StorageRetention, ACreateOfALeaderWhoseSuccessorPurgedTheKeyIsNotSent) {
    begin(7);
    rig.write(key("a"), blob(1));
    rig.jump(2s);
    // A successor claimed, removed and purged, unseen: this clock stood still meanwhile.
    bucket.put_fenced(kEpoch, Blob{}, 9, 99);
    bucket.objects.erase(key("a"));
    rig.renews = false;
    const int puts = rig.count(BucketVerb::put, key("a"));
    const CallId known = rig.write(key("a"), blob(2));
    const CallId unseen = rig.write(key("b"), blob(2));
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), puts + 1) << "If-Match, and refused";
    EXPECT_EQ(rig.count(BucketVerb::put, key("b")), 0);
    EXPECT_EQ(bucket.data_keys(), 0U);
    EXPECT_GE(rig.renewal_wishes, 2) << "the renewal shows whether it leads";
    rig.follow();
    EXPECT_EQ(rig.writes.at(known).ack, WriteAck::fenced);
    EXPECT_EQ(rig.writes.at(unseen).ack, WriteAck::fenced);
    EXPECT_EQ(bucket.data_keys(), 0U);
}

TEST_F(StorageRetention, IfItStillLeadsItClaimsAboveAndGoesOn) {
    begin(7);
    bucket.put_fenced(kEpoch, Blob{}, 9, 99);
    const CallId call = rig.write(key("b"), blob(2));
    rig.advance(2s);
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
    EXPECT_EQ(bucket.stamp(kEpoch).epoch, Epoch{10});
    EXPECT_EQ(bucket.stamp(key("b")).epoch, Epoch{10});
}

TEST_F(StorageRetention, AClaimAnewStartsTheAgeOfAllTombstonesAnew) {
    begin(7);
    removed();
    rig.advance(kAge / 2);
    bucket.put_fenced(kEpoch, Blob{}, 9, 99);  // a rival claimed: it may have created since
    rig.write(key("b"), blob(2));
    ASSERT_EQ(bucket.stamp(kEpoch).epoch, Epoch{10});
    rig.advance(kAge - 1ms);
    EXPECT_TRUE(holds(key("a")));
    rig.advance(1ms);
    EXPECT_FALSE(holds(key("a")));
}

TEST_F(StorageRetention, ALookThatFindsNothingIsRepeatedAndTheWriteStillCommitted) {
    begin();
    int failures = 3;
    rig.fate = [&failures](const SendBucket& r) {
        const bool look = r.verb == BucketVerb::get && r.key == kEpoch;
        return look && failures-- > 0 ? Fate::lose_request : Fate::answer;
    };
    const CallId call = rig.write(key("a"), blob(1));
    EXPECT_FALSE(rig.writes.contains(call));
    rig.advance(10s);
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::committed);
}

TEST_F(StorageRetention, AStopDuringAnUploadsLookEndsThatUpload) {
    rig.seed_file(key("a"), blob(1), FileTag{Epoch{5}, ETag{}, true, true});
    rig.renews = false;
    begin();
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::get && r.key == kEpoch ? Fate::hold : Fate::answer;
    };
    rig.jump(1s);
    rig.renew();
    ASSERT_TRUE(rig.is_held(BucketVerb::get, kEpoch));
    rig.step(Stop{rig.now() + 30s});
    EXPECT_TRUE(rig.machine.drained());
    EXPECT_FALSE(rig.is_held(BucketVerb::get, kEpoch)) << "nobody waits for it any more";
    EXPECT_FALSE(holds(key("a")));
}

TEST_F(StorageRetention, WithHaOffARemovalIsADeleteAtOnceAndNothingIsProbed) {
    StorageConfig config = Rig::default_config();
    config.ha = false;
    Rig single(bucket, config);
    single.lead_alone();
    single.write(key("a"), blob(1));
    single.remove(key("a"));
    EXPECT_FALSE(holds(key("a")));
    EXPECT_EQ(single.count(BucketVerb::remove), 1);
    EXPECT_EQ(single.count(BucketVerb::get), 0);
}

}  // namespace
}  // namespace leasehold::rig
