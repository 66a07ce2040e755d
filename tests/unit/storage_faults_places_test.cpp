// Places for PUTs, back-off and contradictions: what can't get on stops nobody else, asks ever more
// rarely, and never multiplies the load. (Ids: the review's; F: the field reports'.)

#include "tests/unit/storage_rig.hpp"

namespace leasehold::rig {
namespace {

const ObjectKey kEpoch{".ha/epoch"};

class StoragePlaces : public testing::Test {
  protected:
    FakeBucket bucket;
    Rig rig{bucket};

    void begin(std::uint64_t term = 100) {
        rig.start();
        rig.lead(term);
        rig.advance(2s);
    }
    void seed_dirty(int files, std::uint64_t size = 0) {
        for (int i = 0; i < files; ++i) {
            Blob payload = blob(static_cast<std::uint64_t>(i));
            if (size != 0) payload.size = size;
            rig.seed_file(old(i), payload, FileTag{Epoch{}, ETag{}, true, false});
        }
    }
    static ObjectKey old(int i) { return key("old" + std::to_string(100 + i)); }
    [[nodiscard]] bool committed(CallId call) const {
        const auto found = rig.writes.find(call);
        return found != rig.writes.end() && found->second.ack == WriteAck::committed;
    }
    [[nodiscard]] int requests(const ObjectKey& at) const {
        return rig.count(BucketVerb::put, at) + rig.count(BucketVerb::get, at);
    }
    /// The first request of that verb and key is answered 503 with a Retry-After of a day.
    void throttle_once(BucketVerb verb, const ObjectKey& at) {
        rig.error = [verb, at, done = false](const SendBucket& r) mutable {
            if (done || r.verb != verb || r.key != at) return std::optional<BucketReply>{};
            done = true;
            return std::optional{FakeBucket::failure(503, BucketCode::slow_down, 24h)};
        };
    }
};

// ---- B1, B2, B3: places ----

TEST_F(StoragePlaces, UploadsThatLookAtTheEpochDoNotBlockAPipelinesWrite) {
    bucket.honours_conditional_delete = true;
    seed_dirty(20);
    bool claimed = false;
    rig.fate = [&](const SendBucket& r) {
        if (r.key == kEpoch && r.verb == BucketVerb::put) claimed = true;
        const bool look = claimed && r.key == kEpoch && r.verb == BucketVerb::get;
        return look ? Fate::hold : Fate::answer;
    };
    rig.start();
    rig.lead(100);
    rig.advance(100ms);
    const CallId today = rig.write(key("today"), blob(777));
    rig.release_all();
    rig.advance(20s);
    EXPECT_TRUE(committed(today)) << "nothing was in flight and nothing moved";
    rig.advance(2min);
    EXPECT_EQ(bucket.data_keys(), 21U);
}

TEST_F(StoragePlaces, UploadsThatBackOffDoNotBlockAPipelinesWrite) {
    seed_dirty(20);
    bool rotating = true;  // credentials: 403 for a moment
    rig.error = [&](const SendBucket& r) {
        const bool data = r.verb == BucketVerb::put && r.key.view().starts_with("etl/");
        return rotating && data ? std::optional{FakeBucket::failure(403, BucketCode::access_denied)}
                                : std::nullopt;
    };
    rig.start();
    rig.lead(100);
    rig.advance(100ms);
    const CallId today = rig.write(key("today"), blob(777));
    rig.advance(50ms);
    rotating = false;
    rig.advance(20s);
    EXPECT_TRUE(committed(today));
    rig.advance(2min);
    EXPECT_EQ(bucket.data_keys(), 21U);
}

TEST_F(StoragePlaces, KeysThatAreRefusedDoNotBlockOthers) {
    begin();
    for (int i = 0; i < 8; ++i) {
        rig.errors[{BucketVerb::put, old(i)}] = FakeBucket::failure(403, BucketCode::access_denied);
        rig.write(old(i), blob(1));
    }
    rig.advance(1s);
    const CallId good = rig.write(key("good"), blob(2));
    rig.advance(5s);
    EXPECT_TRUE(committed(good));
    rig.advance(115s);
    EXPECT_EQ(rig.give_ups, 0);
}

TEST_F(StoragePlaces, UploadsOfReconcilingLeavePlacesToPipelines) {
    seed_dirty(12, 1ULL << 30);
    rig.fate = [](const SendBucket& r) {
        const bool upload = r.verb == BucketVerb::put && r.key.view().starts_with("etl/old");
        return upload ? Fate::hold : Fate::answer;
    };
    rig.start();
    rig.lead(100);
    rig.advance(5s);
    EXPECT_GE(rig.held.size(), 1U);
    EXPECT_LE(rig.held.size(), 2U);
    std::vector<CallId> today;
    for (int i = 0; i < 8; ++i)
        today.push_back(rig.write(key("now" + std::to_string(i)), blob(7)));
    rig.advance(5s);
    for (const CallId call : today)
        EXPECT_TRUE(committed(call));
}

// ---- B5: Retry-After is capped ----

TEST_F(StoragePlaces, ARetryAfterOfADayDoesNotStopTheClaim) {
    rig.start();
    throttle_once(BucketVerb::get, kEpoch);
    rig.lead(100);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(15s);
    EXPECT_TRUE(committed(call));
}

TEST_F(StoragePlaces, ARetryAfterOfADayDoesNotStopTheClaimsPut) {
    rig.start();
    throttle_once(BucketVerb::put, kEpoch);
    rig.lead(100);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(15s);
    EXPECT_TRUE(committed(call));
}

TEST_F(StoragePlaces, ARetryAfterOfADayDoesNotStopALeadersRead) {
    bucket.put_fenced(key("a"), blob(1), 50);
    begin();
    throttle_once(BucketVerb::get, key("a"));
    const CallId call = rig.read(key("a"));
    rig.advance(10s);
    ASSERT_TRUE(rig.reads.contains(call));
    EXPECT_EQ(rig.reads.at(call).payload, blob(1));
}

TEST_F(StoragePlaces, ARetryAfterOfADayDoesNotStopAWrite) {
    begin();
    throttle_once(BucketVerb::put, key("a"));
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(10s);
    EXPECT_TRUE(committed(call));
}

TEST_F(StoragePlaces, ARetryAfterOfADayDoesNotStopReconciling) {
    seed_dirty(1);
    rig.start();
    throttle_once(BucketVerb::list, {});
    rig.lead(100);
    rig.advance(15s);
    EXPECT_TRUE(bucket.objects.contains(old(0)));
}

TEST_F(StoragePlaces, ARetryAfterOfADayDoesNotStopTheProbe) {
    rig.start();
    throttle_once(BucketVerb::put, ObjectKey{".ha/probe/replica-0_a"});
    rig.lead(100);
    rig.advance(30s);
    EXPECT_EQ(rig.marked(MarkId::preconditions_honoured), 1);
}

// ---- B7: deadlines grow with the size ----

TEST_F(StoragePlaces, AGibibyteThatTravelsForTwoMinutesAndEightSecondsIsCommitted) {
    begin();
    rig.hold_data(BucketVerb::put);
    Blob large = blob(1);
    large.size = 1ULL << 30;
    const CallId call = rig.write(key("a"), large);
    rig.advance(128s);
    ASSERT_TRUE(rig.is_held(BucketVerb::put, key("a"))) << "aborted on its way";
    EXPECT_EQ(rig.give_ups, 0);
    rig.release(BucketVerb::put, key("a"));
    EXPECT_TRUE(committed(call));
}

TEST_F(StoragePlaces, ASmallWritesDeadlineStaysWhatWasConfigured) {
    begin();
    rig.errors[{BucketVerb::put, key("a")}] = FakeBucket::failure(403, BucketCode::access_denied);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(121s);
    ASSERT_TRUE(rig.writes.contains(call));
    EXPECT_EQ(rig.writes.at(call).ack, WriteAck::failed);
}

// ---- C4: epochs beyond all reason ----

TEST_F(StoragePlaces, AnEpochBeyondAllReasonInTheEpochsObjectIsCorruptAndTheTermCounts) {
    for (const std::uint64_t stored : {~0ULL, (1ULL << 63) + 5}) {
        FakeBucket damaged;
        damaged.put_fenced(kEpoch, Blob{}, stored);
        Rig own(damaged);
        own.start();
        own.lead(100);
        const CallId call = own.write(key("a"), blob(1));
        own.advance(5s);
        EXPECT_GE(own.marked(MarkId::object_corrupt), 1) << stored;
        ASSERT_TRUE(own.writes.contains(call)) << stored;
        EXPECT_EQ(own.writes.at(call).ack, WriteAck::committed);
        EXPECT_EQ(damaged.stamp(key("a")).epoch, Epoch{100});
    }
}

/// The same answer with a bit of its header turned over.
BucketReply damaged_reply(BucketReply reply) {
    auto body = std::make_shared<ObjectBody>(*std::get<ObjectBodyPtr>(reply.content));
    body->head.back() = static_cast<char>(body->head.back() ^ 1);
    reply.content = ObjectBodyPtr(std::move(body));
    return reply;
}

TEST_F(StoragePlaces, AnEpochThatIsDamagedOnItsWayIsLookedAtAgain) {
    FakeBucket whole;
    whole.put_fenced(kEpoch, Blob{}, 1000);
    Rig own(whole);
    int damaged = 4;
    own.error = [&](const SendBucket& request) -> std::optional<BucketReply> {
        const bool looks = request.verb == BucketVerb::get && request.key == kEpoch;
        if (!looks || damaged-- <= 0) return std::nullopt;
        return damaged_reply(whole.apply(request));
    };
    own.start();
    own.lead(100);
    const CallId call = own.write(key("a"), blob(1));
    own.advance(10s);
    EXPECT_LE(damaged, 0);
    ASSERT_TRUE(own.writes.contains(call));
    EXPECT_EQ(own.writes.at(call).ack, WriteAck::committed);
    EXPECT_EQ(whole.stamp(key("a")).epoch, Epoch{1001}) << "not the term over a higher epoch";
}

TEST_F(StoragePlaces, AnEpochThatStaysUnreadableIsClaimedOverWithinAThirdOfAShortLease) {
    FakeBucket damaged;
    damaged.put_fenced(kEpoch, Blob{}, ~0ULL);
    StorageConfig config = Rig::default_config();
    config.lease_duration = 1s;
    Rig own(damaged, config);
    own.start();
    own.lead(100);
    const CallId call = own.write(key("a"), blob(1));
    own.advance(900ms);
    ASSERT_TRUE(own.writes.contains(call)) << "before a lease without progress is given up";
    EXPECT_EQ(own.writes.at(call).ack, WriteAck::committed);
}

TEST_F(StoragePlaces, AnEpochBeyondAllReasonOnAnObjectIsCorruptAndWrittenOver) {
    for (const std::uint64_t stored : {~0ULL, (1ULL << 63) + 5}) {
        FakeBucket damaged;
        Rig own(damaged);
        own.start();
        own.lead(100);
        own.advance(2s);
        damaged.put_fenced(key("a"), blob(9), stored);
        own.renewal_wishes = 0;
        own.sent.clear();
        const CallId call = own.write(key("a"), blob(1));
        own.advance(60s);
        EXPECT_LE(own.renewal_wishes, 31) << "one in each retryPeriod at most";
        EXPECT_LE(own.count(BucketVerb::put, kEpoch), 20);
        ASSERT_TRUE(own.writes.contains(call)) << stored;
        EXPECT_EQ(own.writes.at(call).ack, WriteAck::committed);
        EXPECT_EQ(damaged.stamp(key("a")).epoch, Epoch{100});
    }
}

TEST_F(StoragePlaces, AnObjectThatIsDamagedOnItsWayIsLookedAtAgainBeforeItIsWrittenOver) {
    FakeBucket whole;
    Rig own(whole);
    own.start();
    own.lead(100);
    own.advance(2s);
    whole.put_fenced(key("a"), blob(9), 1000);
    int damaged = 4;
    own.error = [&](const SendBucket& request) -> std::optional<BucketReply> {
        const bool looks = request.verb == BucketVerb::get && request.key == key("a");
        if (!looks || damaged-- <= 0) return std::nullopt;
        return damaged_reply(whole.apply(request));
    };
    const CallId call = own.write(key("a"), blob(1));
    own.advance(30s);
    EXPECT_LE(damaged, 0);
    ASSERT_TRUE(own.writes.contains(call));
    EXPECT_EQ(own.writes.at(call).ack, WriteAck::committed);
    EXPECT_EQ(whole.stamp(key("a")).epoch, Epoch{1001}) << "not an older one over a newer";
}

// ---- F3: two answers that contradict each other ----

TEST_F(StoragePlaces, AKeyThatIsRefusedThoughItIsMissingCausesFewRequestsAndIsTold) {
    begin();
    rig.errors[{BucketVerb::put, key("a")}] =
        FakeBucket::failure(412, BucketCode::precondition_failed);
    rig.sent.clear();
    rig.write(key("a"), blob(1));
    const CallId other = rig.write(key("b"), blob(2));
    rig.advance(60s);
    EXPECT_LE(requests(key("a")), 20);
    EXPECT_LE(requests(kEpoch), 40) << "a look for each create";
    EXPECT_GE(rig.marked(MarkId::precondition_contradicted), 1);
    EXPECT_TRUE(committed(other));
    EXPECT_EQ(rig.give_ups, 0);
}

TEST_F(StoragePlaces, AVersionThatIsShownButNeverMatchesCausesFewRequests) {
    bucket.put_fenced(key("a"), blob(9), 50);
    begin();
    rig.errors[{BucketVerb::put, key("a")}] =
        FakeBucket::failure(412, BucketCode::precondition_failed);
    rig.sent.clear();
    rig.write(key("a"), blob(1));
    rig.advance(60s);
    EXPECT_LE(requests(key("a")), 20);
}

TEST_F(StoragePlaces, AClaimThatIsRefusedThoughTheObjectIsMissingDoesNotLoadTheApi) {
    rig.start();
    rig.errors[{BucketVerb::put, kEpoch}] =
        FakeBucket::failure(412, BucketCode::precondition_failed);
    rig.lead(100);
    rig.write(key("a"), blob(1));
    rig.advance(60s);
    EXPECT_LE(rig.renewal_wishes, 31) << "one in each retryPeriod of 2 s at most";
    EXPECT_LE(rig.count(BucketVerb::put, kEpoch), 31);
    EXPECT_GE(rig.count(BucketVerb::put, kEpoch), 3) << "it goes on trying";
    EXPECT_GE(rig.marked(MarkId::precondition_contradicted), 1);
}

TEST_F(StoragePlaces, AClaimWhoseVersionNeverMatchesDoesNotLoadTheApi) {
    bucket.put_fenced(kEpoch, Blob{}, 50);
    rig.start();
    rig.errors[{BucketVerb::put, kEpoch}] =
        FakeBucket::failure(412, BucketCode::precondition_failed);
    rig.lead(100);
    rig.write(key("a"), blob(1));
    rig.advance(60s);
    EXPECT_LE(rig.renewal_wishes, 31);
    EXPECT_LE(rig.count(BucketVerb::put, kEpoch), 31);
}

TEST_F(StoragePlaces, ARaceThatIsReallyLostIsRunAgainAtOnce) {
    begin();
    bucket.put_fenced(key("a"), blob(9), 50);
    const CallId call = rig.write(key("a"), blob(1));
    rig.advance(100ms);
    EXPECT_TRUE(committed(call)) << "one 412 is no contradiction";
    EXPECT_EQ(rig.marked(MarkId::precondition_contradicted), 0);
}

// ---- F8: two groups on one prefix ----

TEST_F(StoragePlaces, AWriterThatRaisesTheEpochAgainAndAgainMeansTwoGroups) {
    begin();
    for (std::uint64_t round = 1; round <= 12; ++round) {
        const std::uint64_t above = bucket.stamp(kEpoch).epoch.value() + 10;
        bucket.put_fenced(kEpoch, Blob{}, above, 77, round);
        bucket.put_fenced(key("a"), blob(1000 + round), above, 77, round);
        const CallId call = rig.write(key("a"), blob(round));
        rig.advance(30s);
        EXPECT_TRUE(committed(call)) << round;
        if (round == 1) {
            EXPECT_EQ(rig.marked(MarkId::two_groups), 0) << "a restore does that once";
        }
    }
    EXPECT_GE(rig.marked(MarkId::two_groups), 1);
}

TEST_F(StoragePlaces, RaisesAreApartByARetryPeriodAtLeast) {
    begin();
    rig.renewal_wishes = 0;
    for (std::uint64_t round = 1; round <= 200; ++round) {
        const std::uint64_t above = bucket.stamp(kEpoch).epoch.value() + 10;
        bucket.put_fenced(key("a"), blob(1000 + round), above, 77, round);
        rig.write(key("a"), blob(round));
        rig.advance(100ms);
    }
    EXPECT_LE(rig.renewal_wishes, 13) << "20 s, one renewal in each 2 s and a few at once";
}

}  // namespace
}  // namespace leasehold::rig
