// Writes, the epoch claim, the probe and the permit of the RWStorageController.

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

const ObjectKey kEpoch{".ha/epoch"};
const ObjectKey kProbe{".ha/probe/replica-0_a"};

class StorageWrites : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    void begin(std::uint64_t term = 7) {
        rig.start();
        rig.lead(term);
    }
    [[nodiscard]] WriteAck ack(CallId call) const { return rig.writes.at(call).ack; }
    [[nodiscard]] SendBucket last_put(const ObjectKey& at) const {
        SendBucket found;
        for (const SendBucket& one : rig.sent)
            if (one.verb == BucketVerb::put && one.key == at) found = one;
        return found;
    }
};

TEST_F(StorageWrites, AFollowersWriteIsSkippedAndTouchesNothing) {
    rig.start();
    const CallId write = rig.write(key("a"), blob(1));
    const CallId remove = rig.remove(key("b"));
    EXPECT_EQ(ack(write), WriteAck::skipped_follower);
    EXPECT_EQ(ack(remove), WriteAck::skipped_follower);
    EXPECT_EQ(rig.count(BucketVerb::put) + rig.count(BucketVerb::remove), 0);
    EXPECT_TRUE(rig.files.empty());
}

TEST_F(StorageWrites, ALeadersWriteIsCommittedWithItsEpochAndKeptLocally) {
    begin(7);
    const CallId call = rig.write(key("a"), blob(1));
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(rig.writes.at(call).epoch, Epoch{7});
    EXPECT_EQ(rig.writes.at(call).etag, bucket.objects.at(key("a")).etag);
    EXPECT_EQ(bucket.stamp(key("a")).epoch, Epoch{7});
    const FileEntry& file = rig.files.at(key("a"));
    EXPECT_EQ(file.payload, blob(1));
    EXPECT_FALSE(file.tag.dirty);
    EXPECT_EQ(file.tag.etag, bucket.objects.at(key("a")).etag);
}

TEST_F(StorageWrites, TheFileIsStoredDirtyBeforeThePutIsAnswered) {
    begin();
    rig.hold_data(BucketVerb::put);
    rig.write(key("a"), blob(1));
    EXPECT_TRUE(rig.files.at(key("a")).tag.dirty);
    EXPECT_EQ(rig.files.at(key("a")).tag.epoch, Epoch{7});
}

TEST_F(StorageWrites, APutIsConditionalOnTheVersionLastSeen) {
    begin();
    rig.write(key("a"), blob(1));
    EXPECT_EQ(last_put(key("a")).condition, PutCondition::if_none_match);
    const ETag first = bucket.objects.at(key("a")).etag;
    rig.write(key("a"), blob(1));
    EXPECT_EQ(last_put(key("a")).condition, PutCondition::if_match);
    EXPECT_EQ(last_put(key("a")).etag, first);
    EXPECT_NE(bucket.objects.at(key("a")).etag, first) << "equal bytes, another header";
}

TEST_F(StorageWrites, WritesWaitForTheEpochAndReadsDoNot) {
    rig.renews = false;
    begin();
    const CallId write = rig.write(key("a"), blob(1));
    const CallId read = rig.read(key("a"));
    EXPECT_EQ(rig.reads.at(read).outcome, ReadOutcome::not_found);
    EXPECT_FALSE(rig.writes.contains(write));
    EXPECT_EQ(rig.count(BucketVerb::put), 0);
    rig.jump(10ms);
    rig.renew();
    EXPECT_EQ(ack(write), WriteAck::committed);
}

TEST_F(StorageWrites, TheClaimNeedsARenewalSentAfterItsGetWasAnswered) {
    rig.renews = false;
    rig.hold(BucketVerb::get);
    begin();
    rig.jump(100ms);
    rig.renew();  // sent before the answer: proves nothing about it
    rig.jump(100ms);
    rig.release(BucketVerb::get, kEpoch);
    EXPECT_EQ(rig.renewal_wishes, 1);
    EXPECT_EQ(rig.count(BucketVerb::put), 0);
    rig.jump(1ms);
    rig.renew();
    EXPECT_GE(rig.count(BucketVerb::put, kEpoch), 1);
}

TEST_F(StorageWrites, TheEpochIsAboveTheStoredOneAndNotBelowTheTerm) {
    bucket.put_fenced(kEpoch, Blob{}, 40);
    begin(7);
    EXPECT_EQ(bucket.stamp(kEpoch).epoch, Epoch{41});
    FakeBucket other;
    other.put_fenced(kEpoch, Blob{}, 3);
    Rig high(other);
    high.start();
    high.lead(90);
    EXPECT_EQ(other.stamp(kEpoch).epoch, Epoch{90});
    EXPECT_EQ(high.marked(MarkId::epoch_claimed), 1);
}

TEST_F(StorageWrites, AClaimThatMeetsAnotherWriterStartsOver) {
    bucket.put_fenced(kEpoch, Blob{}, 40);
    rig.hold(BucketVerb::put);
    begin(7);
    bucket.put_fenced(kEpoch, Blob{}, 50);
    rig.answer_all();
    rig.release(BucketVerb::put, kEpoch);
    EXPECT_EQ(rig.marked(MarkId::epoch_claim_contended), 1);
    EXPECT_EQ(bucket.stamp(kEpoch).epoch, Epoch{50}) << "each GET needs its own renewal";
    EXPECT_EQ(rig.renewal_wishes, 1) << "and asks for at most one in each retryPeriod";
    rig.advance(2s);  // the regular one
    EXPECT_EQ(bucket.stamp(kEpoch).epoch, Epoch{51});
    EXPECT_EQ(rig.renewal_wishes, 1);
}

TEST_F(StorageWrites, AClaimWhoseReplyIsLostIsFoundByItsWriteId) {
    bool lost = false;
    rig.fate = [&](const SendBucket& r) {
        if (r.verb != BucketVerb::put || r.key != kEpoch || lost) return Fate::answer;
        lost = true;
        return Fate::lose_reply;
    };
    begin(7);
    rig.advance(1s);
    EXPECT_EQ(rig.count(BucketVerb::put, kEpoch), 1);
    EXPECT_EQ(bucket.stamp(kEpoch).epoch, Epoch{7});
    EXPECT_EQ(ack(rig.write(key("a"), blob(1))), WriteAck::committed);
}

TEST_F(StorageWrites, ALostReplyIsResolvedByGetAndNotWrittenTwice) {
    begin();
    bool lost = false;
    rig.fate = [&](const SendBucket& r) {
        return r.verb == BucketVerb::put && !std::exchange(lost, true) ? Fate::lose_reply
                                                                       : Fate::answer;
    };
    const CallId call = rig.write(key("a"), blob(1));
    EXPECT_FALSE(rig.writes.contains(call));
    rig.advance(1s);
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 1);
    EXPECT_EQ(rig.marked(MarkId::write_resolved), 1);
}

TEST_F(StorageWrites, AnEarlierTryIsLookedForAfterARefusedOne) {
    begin();
    int puts = 0;
    rig.fate = [&](const SendBucket& r) {
        return r.verb == BucketVerb::put && puts == 1 ? Fate::late : Fate::answer;
    };
    rig.error = [&](const SendBucket& r) -> std::optional<BucketReply> {
        if (r.verb != BucketVerb::put || ++puts != 2) return std::nullopt;
        rig.land(key("a"));
        return FakeBucket::failure(403);
    };
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(10s);
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(puts, 2) << "it is there, and not written once more";
}

TEST_F(StorageWrites, ALostRequestIsWrittenAgainAfterAGet) {
    begin();
    bool lost = false;
    rig.fate = [&](const SendBucket& r) {
        return r.verb == BucketVerb::put && !std::exchange(lost, true) ? Fate::lose_request
                                                                       : Fate::answer;
    };
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(1s);
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 2);
    EXPECT_EQ(rig.count(BucketVerb::get, key("a")), 1);
    EXPECT_EQ(rig.marked(MarkId::write_retried), 1);
}

TEST_F(StorageWrites, AConflictIsUnknownAndNeverExists) {
    begin();
    rig.hold_data(BucketVerb::put);
    const CallId call = rig.write(key("a"), blob(1));
    rig.answer_all();
    rig.fail(BucketVerb::put, key("a"), 409, BucketCode::conditional_request_conflict);
    rig.advance(1s);
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 2);
}

TEST_F(StorageWrites, AForeignOrOlderObjectIsWrittenOverWithItsETag) {
    bucket.put_fenced(key("old"), blob(8), 3);
    bucket.put_foreign(key("foreign"), blob(9));
    rig.hold(BucketVerb::list);  // the view stays empty
    begin();
    rig.answer_all();
    EXPECT_EQ(ack(rig.write(key("old"), blob(1))), WriteAck::committed);
    EXPECT_EQ(ack(rig.write(key("foreign"), blob(2))), WriteAck::committed);
    EXPECT_EQ(last_put(key("old")).condition, PutCondition::if_match);
    EXPECT_EQ(bucket.objects.at(key("old")).body.payload, blob(1));
}

TEST_F(StorageWrites, AHigherEpochOnAnObjectMakesTheLeaderRenewAndRaiseItsOwn) {
    begin(7);
    bucket.put_fenced(key("a"), blob(9), 30);
    rig.renews = false;
    const CallId call = rig.write(key("a"), blob(1));
    EXPECT_EQ(rig.marked(MarkId::stale_put_refused), 1);
    EXPECT_FALSE(rig.writes.contains(call))
        << "nothing before the renewal shows that it still leads";
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(9));
    rig.jump(5ms);
    rig.renew();
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(bucket.stamp(key("a")).epoch, Epoch{31});
    EXPECT_EQ(bucket.stamp(kEpoch).epoch, Epoch{31});
    EXPECT_EQ(rig.marked(MarkId::epoch_raised), 1);
}

TEST_F(StorageWrites, AVersionSeenOnlyInAListIsExaminedBeforeItIsWrittenOver) {
    rig.start();
    bucket.put_fenced(key("a"), blob(9), 30);
    rig.fate = [](const SendBucket& r) {
        return r.verb == BucketVerb::get && r.key == key("a") ? Fate::hold : Fate::answer;
    };
    rig.lead(7);  // its reconciling lists the key, and is still getting it
    rig.renews = false;
    const CallId call = rig.write(key("a"), blob(1));
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 0);
    rig.answer_all();
    while (rig.is_held(BucketVerb::get, key("a")))
        rig.release(BucketVerb::get, key("a"));
    EXPECT_EQ(rig.count(BucketVerb::put, key("a")), 0) << "a higher epoch: not before the renewal";
    rig.jump(5ms);
    rig.renew();
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(bucket.stamp(key("a")).epoch, Epoch{31});
}

TEST_F(StorageWrites, WritesOfOneKeyGoOneByOneInOrder) {
    begin();
    rig.hold_data(BucketVerb::put);
    const CallId first = rig.write(key("a"), blob(1));
    const CallId second = rig.write(key("a"), blob(2));
    EXPECT_EQ(rig.held.size(), 1U);
    rig.release(BucketVerb::put, key("a"));
    EXPECT_EQ(ack(first), WriteAck::committed);
    EXPECT_TRUE(rig.files.at(key("a")).tag.dirty) << "the second one's content is not stored yet";
    rig.release(BucketVerb::put, key("a"));
    EXPECT_EQ(ack(second), WriteAck::committed);
    EXPECT_EQ(bucket.objects.at(key("a")).body.payload, blob(2));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
}

TEST_F(StorageWrites, AtMostPutsMaxAreInFlight) {
    begin();
    rig.hold_data(BucketVerb::put);
    for (int i = 0; i < 30; ++i)
        rig.write(key(std::to_string(i)), blob(1));
    EXPECT_EQ(rig.held.size(), 8U);
    while (!rig.held.empty())
        rig.release(BucketVerb::put, rig.held.begin()->second.key);
    EXPECT_EQ(rig.writes.size(), 30U);
}

TEST_F(StorageWrites, ADemotionFencesWhatWasNotSentAndLeavesTheRestUnknown) {
    begin();
    rig.hold_data(BucketVerb::put);
    const CallId flying = rig.write(key("a"), blob(1));
    const CallId queued = rig.write(key("a"), blob(2));
    const RequestId put = rig.find_held(BucketVerb::put, key("a")).request;
    rig.follow();
    EXPECT_EQ(ack(flying), WriteAck::unknown);
    EXPECT_EQ(ack(queued), WriteAck::fenced);
    EXPECT_EQ(rig.aborted, std::vector<RequestId>{put});
    EXPECT_EQ(rig.marked(MarkId::write_fenced), 1);
}

TEST_F(StorageWrites, WritesThatNeverMetAnEpochAreFenced) {
    rig.renews = false;
    begin();
    const CallId call = rig.write(key("a"), blob(1));
    rig.follow();
    EXPECT_EQ(ack(call), WriteAck::fenced);
}

TEST_F(StorageWrites, APutOfAnEndedLeadershipGetsNoPermit) {
    begin();
    rig.hold_data(BucketVerb::put);
    rig.write(key("a"), blob(1));
    const RequestId put = rig.find_held(BucketVerb::put, key("a")).request;
    EXPECT_TRUE(rig.machine.permit(rig.now(), put));
    EXPECT_FALSE(rig.machine.permit(rig.leadership().valid_until, put)) << "by time alone";
    Effects out;
    RWStorageController copy = rig.machine;
    copy.lead({rig.now(), WallTime{}}, Leadership{}, out);
    EXPECT_FALSE(copy.permit(rig.now(), put));
    copy.lead({rig.now(), WallTime{}},
              Leadership{Role::leader, Term{9}, rig.now() + 14s, rig.now(), false}, out);
    EXPECT_FALSE(copy.permit(rig.now(), put)) << "a new term doesn't bring an old put back";
}

TEST_F(StorageWrites, OnAHonouringStoreAPutOnlyHasToStartInsideValidity) {
    begin();
    ASSERT_EQ(rig.marked(MarkId::preconditions_honoured), 1);
    rig.hold_data(BucketVerb::put);
    Blob large = blob(1);
    large.size = 25ULL << 20;
    rig.write(key("a"), large);
    const SendBucket put = rig.find_held(BucketVerb::put, key("a"));
    EXPECT_EQ(put.timeout, Duration(5s + 25s)) << "its bytes take their time";
    EXPECT_TRUE(rig.machine.permit(rig.leadership().valid_until - 1ns, put.request));
}

TEST_F(StorageWrites, OnAStoreThatIgnoresConditionsAPutHasToFitIntoTheValidity) {
    bucket.ignores_conditions = true;
    begin();
    ASSERT_EQ(rig.marked(MarkId::preconditions_ignored), 1);
    rig.hold_data(BucketVerb::put);
    Blob large = blob(1);
    large.size = 25ULL << 20;
    rig.write(key("a"), large);
    const SendBucket put = rig.find_held(BucketVerb::put, key("a"));
    const Instant latest = rig.leadership().valid_until - put.timeout;
    EXPECT_EQ(latest, rig.now() + 200ms) << "room for leaving a little later";
    EXPECT_TRUE(rig.machine.permit(latest, put.request));
    EXPECT_FALSE(rig.machine.permit(latest + 1ns, put.request));
}

TEST_F(StorageWrites, TheProbeIsRunByEachLeadershipAndCleansUp) {
    begin();
    // Planted, If-None-Match, If-Match; planted again (the DELETE took it), three races, one stall.
    EXPECT_EQ(rig.count(BucketVerb::put, kProbe), 12);
    EXPECT_FALSE(bucket.objects.contains(kProbe));
    EXPECT_EQ(rig.marked(MarkId::preconditions_honoured), 1);
    rig.follow();
    rig.lead(9);
    EXPECT_EQ(rig.marked(MarkId::preconditions_honoured), 2);
    rig.advance(1h);
    EXPECT_EQ(rig.count(BucketVerb::put, kProbe), 24) << "once in each";
}

TEST_F(StorageWrites, ARefusedPermitIsTriedAgainAfterTheRenewal) {
    begin();
    rig.jump(14890ms - 1ns);
    rig.hold_data(BucketVerb::put);
    const CallId call = rig.write(key("a"), blob(1));
    BucketReply refused;
    refused.not_sent = true;
    rig.answer(rig.find_held(BucketVerb::put, key("a")).request, refused);
    EXPECT_EQ(rig.marked(MarkId::put_not_permitted), 1);
    rig.answer_all();
    rig.renew();
    rig.advance(1s);
    EXPECT_EQ(ack(call), WriteAck::committed);
}

TEST_F(StorageWrites, AWritesDeadlineSaysFailedOnlyIfNoAttemptMayBeStored) {
    begin();
    rig.fate = [](const SendBucket& r) {
        if (r.verb != BucketVerb::put) return Fate::answer;
        return r.key == key("lost") ? Fate::lose_request : Fate::hold;
    };
    const CallId lost = rig.write(key("lost"), blob(1));
    rig.renews = true;
    const CallId denied = rig.write(key("denied"), blob(1));
    for (int i = 0; i < 130; ++i) {
        if (rig.is_held(BucketVerb::put, key("denied")))
            rig.fail(BucketVerb::put, key("denied"), 403, BucketCode::access_denied);
        rig.advance(1s);
    }
    EXPECT_EQ(ack(lost), WriteAck::unknown);
    EXPECT_EQ(ack(denied), WriteAck::failed);
}

TEST_F(StorageWrites, ARemovalIsATombstoneUnderTheSameConditionAndRemovesTheFile) {
    begin();
    rig.write(key("a"), blob(1));
    const ETag etag = bucket.objects.at(key("a")).etag;
    const CallId call = rig.remove(key("a"));
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_EQ(rig.count(BucketVerb::remove, key("a")), 0);
    EXPECT_EQ(last_put(key("a")).etag, etag);
    EXPECT_TRUE(bucket.stamp(key("a")).tombstone);
    EXPECT_FALSE(rig.files.contains(key("a")));
    EXPECT_EQ(rig.reads.at(rig.read(key("a"))).outcome, ReadOutcome::not_found);
    EXPECT_EQ(rig.queries.at(rig.query(key("a"))).outcome, QueryOutcome::not_available_yet);
    EXPECT_EQ(ack(rig.write(key("a"), blob(2))), WriteAck::committed);
    EXPECT_EQ(rig.reads.at(rig.read(key("a"))).payload, blob(2));
}

TEST_F(StorageWrites, APlainObjectCarriesItsStampAsMetadata) {
    StorageConfig config = Rig::default_config();
    config.format = ObjectFormat::plain;
    Rig plain(bucket, config);
    plain.start();
    plain.lead(7);
    plain.write(key("a"), blob(1));
    const ObjectBody& body = bucket.objects.at(key("a")).body;
    EXPECT_TRUE(body.head.empty());
    EXPECT_EQ(stamp_of(body)->epoch, Epoch{7});
}

TEST_F(StorageWrites, AStoppingLeaderDrainsWhatItAcceptedAndTakesNoMore) {
    begin();
    rig.hold_data(BucketVerb::put);
    const CallId call = rig.write(key("a"), blob(1));
    rig.step(Stop{rig.now() + 20s});
    EXPECT_FALSE(rig.machine.drained());
    EXPECT_EQ(ack(rig.write(key("b"), blob(1))), WriteAck::fenced);
    rig.release(BucketVerb::put, key("a"));
    EXPECT_EQ(ack(call), WriteAck::committed);
    EXPECT_TRUE(rig.machine.drained());
}

TEST_F(StorageWrites, EachCommitIsWrittenToTheFileStoreOneChangeAtATime) {
    begin();
    rig.holds_files = true;
    rig.write(key("a"), blob(1));
    rig.write(key("a"), blob(2));
    EXPECT_EQ(rig.held_files.size(), 1U);
    while (!rig.held_files.empty()) {
        EXPECT_EQ(rig.held_files.size(), 1U);
        rig.release_file();
    }
    EXPECT_EQ(rig.files.at(key("a")).payload, blob(2));
    EXPECT_FALSE(rig.files.at(key("a")).tag.dirty);
}

TEST_F(StorageWrites, AControllerIsCopyableAndComparable) {
    begin();
    rig.hold_data(BucketVerb::put);
    rig.write(key("a"), blob(1));
    RWStorageController copy = rig.machine;
    EXPECT_TRUE(copy == rig.machine);
    rig.write(key("b"), blob(1));
    EXPECT_FALSE(copy == rig.machine);
}

}  // namespace
}  // namespace leasehold::rig
