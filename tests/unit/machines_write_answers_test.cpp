// Writer: under which condition a write leaves, and what each answer lets one know.
#include "tests/unit/machines_writer_rig.hpp"

namespace leasehold::storage {
namespace {

class WriterAnswers : public WriterAlone {
  protected:
    static BucketReply own_epoch() { return object({Epoch{7}, kUs, 1, 0, {}, false}); }
    /// How many PUTs leave until there is a wait, where each is refused under the version shown.
    int puts_under_a_version_that_never_matches() {
        int puts = 0;
        for (int i = 0; i < 20; ++i) {
            const auto requests_sent = go();
            if (requests_sent.empty()) break;
            const SendBucket& one = requests_sent[0];
            puts += one.verb == BucketVerb::put ? 1 : 0;
            answer(one, one.verb == BucketVerb::put ? refused_412() : version(6, 1));
        }
        return puts;
    }
};

TEST_F(WriterAnswers, AKnownVersionIsWrittenOverUnderItsETag) {
    knows(a, 1);
    const Accepted job = write(a, 2);
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.condition, PutCondition::if_match);
    EXPECT_EQ(put.etag, catalog.at(a).view.etag.etag());
    const Stamp stamp = stamp_in(put);
    EXPECT_EQ(stamp.epoch, Epoch{7});
    EXPECT_EQ(stamp.writer, kUs);
    EXPECT_EQ(stamp.write_id, job.job.value());
    answer(put, written("e"));
    EXPECT_EQ(writes().at(0).ack, WriteAck::committed);
    EXPECT_EQ(told<Committed>().at(0).stamp, stamp);
}

TEST_F(WriterAnswers, AnUnknownKeyIsCreatedOnlyAfterALookAtTheEpoch) {
    write(a, 2);
    const SendBucket look = go().at(0);
    EXPECT_EQ(look.key, epoch_key());
    answer(look, own_epoch());
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.condition, PutCondition::if_none_match);
}

TEST_F(WriterAnswers, OneLookAtTheEpochServesAllCreationsOfItsStepAndNoLaterOnes) {
    write(a, 1);
    const SendBucket look = go().at(0);
    write(b, 1);
    answer(look, own_epoch());
    EXPECT_EQ(go().size(), 2U);
    write(key("c"), 1);
    EXPECT_EQ(go().at(0).key, epoch_key());
}

TEST_F(WriterAnswers, ALookThatShowsAnotherEpochIsAHigherOne) {
    write(a, 1);
    answer(go().at(0), object({Epoch{9}, kOther, 1, 0, {}, false}));
    const auto higher = told<HigherEpoch>();
    ASSERT_EQ(higher.size(), 1U);
    EXPECT_EQ(higher[0].epoch, Epoch{9});
    epoch.reset();
    EXPECT_TRUE(go().empty());
}

TEST_F(WriterAnswers, WhatOnlyAListShowedIsLookedAtBeforeItIsWrittenOver) {
    catalog.listed(a, {catalog.name(a), ETag{"x"}, 1}, catalog.begin_list(), true);
    write(a, 2);
    const SendBucket look = go().at(0);
    EXPECT_EQ(look.verb, BucketVerb::get);
    answer(look, version(6, 1));
    EXPECT_EQ(go().at(0).etag, version(6, 1).etag);
}

TEST_F(WriterAnswers, AnObjectOfAHigherEpochIsNotWrittenOver) {
    knows(a, 1);
    write(a, 2);
    answer(go().at(0), refused_412());
    answer(go().at(0), version(9, 5));
    EXPECT_EQ(told<HigherEpoch>().at(0).epoch, Epoch{9});
    EXPECT_TRUE(writes().empty());
}

TEST_F(WriterAnswers, AnUnknownOutcomeIsResolvedByALook) {
    knows(a, 1);
    write(a, 2);
    const SendBucket put = go().at(0);
    answer(put, lost());
    EXPECT_EQ(told<TryFailed>().size(), 1U);
    now = writer.next_deadline();
    const SendBucket look = go().at(0);
    EXPECT_EQ(look.verb, BucketVerb::get);
    answer(look, object(stamp_in(put), blob(2)));
    EXPECT_EQ(writes().at(0).ack, WriteAck::committed);
    EXPECT_EQ(marked(MarkId::write_resolved), 1);
}

TEST_F(WriterAnswers, AWriteOfAnotherProcessWithTheSameIdIsNotOurs) {
    knows(a, 1);
    write(a, 2);
    const SendBucket put = go().at(0);
    answer(put, lost());
    now = writer.next_deadline();
    Stamp other = stamp_in(put);
    other.writer = kOther;
    other.epoch = Epoch{6};
    answer(go().at(0), object(other, blob(2)));
    EXPECT_TRUE(writes().empty());
    EXPECT_EQ(go().at(0).verb, BucketVerb::put);
}

TEST_F(WriterAnswers, AnswersThatContradictEachOtherAreBackedOffFrom) {
    knows(a, 1);
    write(a, 2);
    EXPECT_EQ(puts_under_a_version_that_never_matches(), 3);
    EXPECT_EQ(told<Contradiction>().size(), 1U);
    EXPECT_GE(writer.next_deadline(), now + config.retry_max);
}

// Found by a campaign: each upload ended at once, as decided by what had changed, and the next was
// begun as fast as the store answered.
TEST_F(WriterAnswers, AnUploadThatIsRefusedUnderTheVersionThatIsShownIsBackedOffFrom) {
    knows(a, 1);
    upload(a, 2);
    EXPECT_EQ(puts_under_a_version_that_never_matches(), 3);
    EXPECT_EQ(told<Contradiction>().size(), 1U);
    EXPECT_FALSE(writer.busy(key("other")));
    EXPECT_TRUE(writer.busy(a)) << "reconciling begins no other meanwhile";
}

TEST_F(WriterAnswers, ADenialIsCertainAndARetryAfterIsCapped) {
    knows(a, 1);
    const Accepted job = write(a, 2);
    answer(go().at(0), failure(403, BucketCode::access_denied, 24h));
    EXPECT_LE(writer.next_deadline(), now + config.retry_max);
    Desk at = desk();
    writer.expire(sight(), job.call, job.job, at);
    EXPECT_EQ(writes().at(0).ack, WriteAck::failed);
}

/// A name that does not resolve, a server that is not there: try after try.
TEST_F(WriterAnswers, AWriteOfWhichNothingEverLeftFailedAndIsNotUnknown) {
    BucketReply unsent;
    unsent.not_sent = true;
    for (const bool one_left : {false, true}) {
        // Known, so that the first request is a put and not a look.
        knows(one_left ? b : a, 1);
        const Accepted job = write(one_left ? b : a, 2);
        for (int i = 0; i < 5; ++i) {
            const auto requests_sent = go();
            ASSERT_EQ(requests_sent.size(), 1U) << i;
            ASSERT_TRUE(i > 1 || requests_sent[0].verb == BucketVerb::put);
            // The one that left may be stored, whatever became of those after it.
            answer(requests_sent[0], one_left && i == 1 ? BucketReply{} : unsent);
            now = writer.next_deadline();
        }
        Desk at = desk();
        writer.expire(sight(), job.call, job.job, at);
        EXPECT_EQ(writes().back().ack, one_left ? WriteAck::unknown : WriteAck::failed);
    }
}

TEST_F(WriterAnswers, AStoreThatRefusesConditionsIsWrittenWithoutThem) {
    knows(a, 1);
    write(a, 2);
    answer(go().at(0), failure(501, BucketCode::not_implemented));
    EXPECT_EQ(told<ConditionsRefused>().size(), 1U);
    store = {Preconditions::refused, Preconditions::ignored};
    EXPECT_EQ(go().at(0).condition, PutCondition::none);
}

TEST_F(WriterAnswers, WhereNothingFencesTheNextWriteWaitsForWhatMayLandLate) {
    store = {Preconditions::ignored, Preconditions::ignored};
    knows(a, 1);
    const Accepted first = write(a, 2);
    answer(go().at(0), lost());
    Desk at = desk();
    writer.expire(sight(), first.call, first.job, at);
    EXPECT_EQ(writes().at(0).ack, WriteAck::unknown);
    write(a, 3);
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(writer.next_deadline(), now + config.largest_request_age);
    EXPECT_EQ(writer.in_flight(), 0U);
}

TEST_F(WriterAnswers, WhereNothingFencesAnEarlierLeadersTombstoneIsLeftForTheRequestAge) {
    store = {Preconditions::not_atomic, kHonoured};
    shows(a, object(tombstone(6, 1)));
    write(a, 2);
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(writer.next_deadline(), tenure.began + config.largest_request_age);
    store = {kHonoured, kHonoured};
    now = writer.next_deadline();
    tenure.valid_until = now + 15s;
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(WriterAnswers, BeforeTheVerdictAHeldBackWriteAsksAgainSoon) {
    store = {};
    shows(a, object(tombstone(6, 1)));
    write(a, 2);
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(writer.next_deadline(), now + config.retry_min);
}

TEST_F(WriterAnswers, ALargeCreationHasTwoSteps) {
    const Blob large{100ULL << 20, {5, 5}, nullptr};
    accept(a, large, false);
    answer(go().at(0), own_epoch());
    const SendBucket place = go().at(0);
    EXPECT_TRUE(stamp_in(place).tombstone);
    EXPECT_EQ(place.condition, PutCondition::if_none_match);
    answer(place, written("place"));
    const auto placed = told<Placed>();
    ASSERT_EQ(placed.size(), 1U);
    EXPECT_TRUE(writes().empty());
    catalog.placed(placed[0]);
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.etag, ETag{"place"});
    EXPECT_EQ(put.body->payload, large);
    EXPECT_GT(put.timeout, 100s);
    answer(put, written("e"));
    EXPECT_EQ(writes().at(0).ack, WriteAck::committed);
}

TEST_F(WriterAnswers, TheTombstoneOfALargeCreationIsNotTakenForTheWrite) {
    const Blob large{100ULL << 20, {5, 5}, nullptr};
    accept(a, large, false);
    answer(go().at(0), own_epoch());
    const SendBucket place = go().at(0);
    answer(place, lost());
    now = writer.next_deadline();
    tenure.valid_until = now + 15s;
    answer(go().at(0), object(stamp_in(place)));
    EXPECT_TRUE(writes().empty());
    EXPECT_EQ(go().at(0).condition, PutCondition::if_match) << "and its place is held";
}

TEST_F(WriterAnswers, AnUploadThatMeetsAnotherObjectIsDecidedAnew) {
    knows(a, 1);
    upload(a, 2);
    answer(go().at(0), refused_412());
    answer(go().at(0), version(6, 3));
    EXPECT_TRUE(writer.idle());
    EXPECT_TRUE(told<HigherEpoch>().empty());
}

TEST_F(WriterAnswers, WithHighAvailabilityOffARemovalIsADelete) {
    config.ha = false;
    epoch = Epoch{};
    tenure.valid_until = kNever;
    remove(a);
    const SendBucket one = go().at(0);
    EXPECT_EQ(one.verb, BucketVerb::remove);
    EXPECT_TRUE(one.etag.empty());
    answer(one, failure(204));
    EXPECT_EQ(writes().at(0).ack, WriteAck::committed);
    EXPECT_TRUE(told<Committed>().at(0).etag.empty());
}

TEST_F(WriterAnswers, AnAnswerForAJobWithoutARequestIsABrokenBelief) {
    const Accepted job = write(a, 1);
    Desk at = desk();
    const BucketReply reply = written("e");
    EXPECT_THROW(
        writer.step(sight(), Attempt{job.job}, Flight{}, BucketOutcome::written, reply, at),
        CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
