// Writer: who is accepted, who starts, who waits, and how each ends.
#include "model/storage/leader/writer.hpp"

#include "tests/unit/machines_writer_rig.hpp"

namespace leasehold::storage {
namespace {

class WriterQueue : public WriterAlone {};

TEST_F(WriterQueue, NothingStartsBeforeTheClaimNorAfterTheValidity) {
    epoch.reset();
    write(a, 1);
    EXPECT_TRUE(go().empty());
    epoch = Epoch{7};
    now = tenure.valid_until;
    EXPECT_TRUE(go().empty());
    tenure.valid_until = now + 15s;
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(WriterQueue, AtMostAFewHoldAPlaceAndOfTheseFewerAreUploads) {
    for (int i = 0; i < 4; ++i)
        upload(key("u" + std::to_string(i)), 1);
    EXPECT_EQ(go().size(), config.uploads_max);
    for (int i = 0; i < 20; ++i)
        write(key("w" + std::to_string(i)), 1);
    EXPECT_EQ(go().size(), config.puts_max - config.uploads_max);
    EXPECT_EQ(writer.in_flight(), config.puts_max);
    EXPECT_TRUE(writer.pipelines_wait());
    EXPECT_FALSE(writer.wants_uploads());
}

TEST_F(WriterQueue, AWriteThatBacksOffGivesItsPlaceToOthers) {
    config.puts_max = 1;
    writer = Writer(config);
    knows(a, 1);
    knows(b, 1);
    write(a, 2);
    write(b, 2);
    answer(go().at(0), failure(403));
    const auto next = go();
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].key, catalog.name(b));
}

TEST_F(WriterQueue, AnUnsentWriteIsOvertakenAndAnsweredWithTheNewerOne) {
    epoch.reset();
    knows(a, 1);
    const CallId first = write(a, 2).call;
    const Accepted second = write(a, 3);
    EXPECT_EQ(writer.size(), 1U);
    epoch = Epoch{7};
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.body->payload, blob(3));
    answer(put, written("e"));
    const auto done = writes();
    ASSERT_EQ(done.size(), 2U);
    EXPECT_EQ(done[0].call, first);
    EXPECT_EQ(done[1].call, second.call);
    EXPECT_EQ(done[0].ack, WriteAck::committed);
    EXPECT_EQ(done[0].etag, ETag{"e"});
    EXPECT_EQ(marked(MarkId::write_overtaken), 1);
}

TEST_F(WriterQueue, OneThatOvertakesTakesTheTurnOfTheFirst) {
    config.puts_max = 1;
    writer = Writer(config);
    epoch.reset();
    for (const KeyId one : {a, b})
        knows(one, 1);
    write(a, 2);
    write(b, 2);
    write(a, 3);
    epoch = Epoch{7};
    EXPECT_EQ(go().at(0).key, catalog.name(a));
}

TEST_F(WriterQueue, BehindAWriteThatWasSentExactlyOneWaits) {
    knows(a, 1);
    write(a, 2);
    const SendBucket put = go().at(0);
    for (std::uint64_t i = 3; i < 10; ++i)
        write(a, i);
    EXPECT_EQ(writer.size(), 2U);
    EXPECT_TRUE(go().empty()) << "one request of a key at a time";
    answer(put, written("e"));
    const auto facts_told = told<Committed>();
    ASSERT_EQ(facts_told.size(), 1U);
    EXPECT_FALSE(facts_told[0].newest);
    catalog_hears(facts_told[0]);
    EXPECT_EQ(go().at(0).body->payload, blob(9));
}

// Where conditions don't fence, nothing but time keeps the late one off the next write.
TEST_F(WriterQueue, ALaterWriteWaitsUntilAnEarlierOneThatTimedOutCanLandNoMore) {
    store = {Preconditions::ignored, Preconditions::ignored};
    knows(a, 1);
    knows(b, 1);
    write(a, 2);
    answer(go().at(0), lost());
    const Instant too_old = now + config.largest_request_age;
    write(a, 3);
    now += config.retry_min;
    const SendBucket look = go().at(0);
    EXPECT_EQ(look.verb, BucketVerb::get);
    answer(look, version(6, 1));
    const SendBucket again = go().at(0);
    EXPECT_EQ(again.body->payload, blob(2)) << "a late one of this very write stores the same";
    answer(again, written("e"));
    catalog_hears(told<Committed>().at(0));
    EXPECT_TRUE(go().empty()) << "the first try may land over whatever is stored now";
    write(b, 2);
    EXPECT_EQ(go().size(), 1U) << "a key holds up no other";
    EXPECT_EQ(writer.next_deadline(), too_old);
    now = too_old - 1ns;
    tenure.valid_until = now + 15s;
    EXPECT_TRUE(go().empty());
    now = too_old;
    const auto next = go();
    ASSERT_EQ(next.size(), 1U);
    EXPECT_EQ(next[0].body->payload, blob(3));
}

TEST_F(WriterQueue, AnOvertakenCallMeetsItsDeadlineAloneAndIsAnsweredOnce) {
    knows(a, 1);
    epoch.reset();
    const Accepted first = write(a, 2);
    write(a, 3);
    Desk at = desk();
    writer.expire(sight(), first.call, first.job, at);
    EXPECT_EQ(writes().at(0).ack, WriteAck::failed);
    epoch = Epoch{7};
    answer(go().at(0), written("e"));
    EXPECT_EQ(writes().size(), 1U);
}

TEST_F(WriterQueue, WhatWaitsAndExpiresLeavesTheOneInFlightItsTurn) {
    knows(a, 1);
    write(a, 2);
    const SendBucket put = go().at(0);
    const Accepted waits = write(a, 3);
    Desk at = desk();
    writer.expire(sight(), waits.call, waits.job, at);
    write(a, 4);
    EXPECT_TRUE(go().empty()) << "one request of a key at a time";
    answer(put, written("e"));
    catalog_hears(told<Committed>().at(0));
    EXPECT_EQ(go().at(0).body->payload, blob(4));
}

TEST_F(WriterQueue, AChangeOfTheKeyByAnotherBlocksItWithoutAPlaceUntilThatIsAnswered) {
    knows(a, 1);
    Flight purge{Purge{a}};
    purge.key = a;
    SendBucket remove;
    remove.verb = BucketVerb::remove;
    const RequestId id = requests.send(now, remove, purge, out);
    sent();
    write(a, 2);
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(writer.in_flight(), 0U);
    requests.take(id);
    writer.unblock(a);
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(WriterQueue, ADeadlineIsCertainOnlyWhereNothingLeft) {
    knows(a, 1);
    knows(b, 1);
    const Accepted sent_one_ = write(a, 2);
    const SendBucket put = go().at(0);
    epoch.reset();
    const Accepted unsent = write(b, 2);
    Desk at = desk();
    writer.expire(sight(), sent_one_.call, sent_one_.job, at);
    writer.expire(sight(), unsent.call, unsent.job, at);
    const auto done = writes();
    EXPECT_EQ(done.at(0).ack, WriteAck::unknown);
    EXPECT_EQ(done.at(1).ack, WriteAck::failed);
    EXPECT_TRUE(writer.idle());
    EXPECT_EQ(requests.find(put.request)->owner, BucketOwner{GivenUp{}});
}

TEST_F(WriterQueue, TheEndOfALeadershipAnswersAll) {
    knows(a, 1);
    write(a, 2);
    go();
    write(a, 3);
    write(b, 4);
    Desk at = desk();
    writer.end(sight(), at);
    const auto done = writes();
    ASSERT_EQ(done.size(), 3U);
    EXPECT_EQ(done[0].ack, WriteAck::unknown);
    EXPECT_EQ(done[1].ack, WriteAck::fenced);
    EXPECT_EQ(done[2].ack, WriteAck::fenced);
    EXPECT_EQ(writer.in_flight(), 0U);
}

TEST_F(WriterQueue, AStopDropsUploadsThatHaveNotLeft) {
    config.uploads_max = 1;
    writer = Writer(config);
    knows(a, 1);
    knows(b, 1);
    upload(a, 2);
    upload(b, 2);
    const SendBucket put = go().at(0);
    Desk at = desk();
    writer.drop_uploads(sight(), at);
    EXPECT_EQ(writer.size(), 1U);
    EXPECT_NE(requests.find(put.request), nullptr);
    EXPECT_TRUE(writer.wants_uploads());
}

TEST_F(WriterQueue, AnUploadOfAKeyThatIsBeingWrittenIsABrokenBelief) {
    write(a, 1);
    EXPECT_THROW(upload(a, 2), CheckFailure);
}

TEST_F(WriterQueue, AWriteTakesThePlaceOfAnUnsentUpload) {
    epoch.reset();
    upload(a, 2);
    EXPECT_FALSE(writer.idle());
    write(a, 3);
    EXPECT_EQ(writer.size(), 1U);
    EXPECT_TRUE(writer.wants_uploads());
}

TEST_F(WriterQueue, ItsCheckFallsForAWriteThatCouldStartAndDoesNot) {
    write(a, 1);
    EXPECT_THROW(writer.check(sight()), CheckFailure);
    epoch.reset();
    EXPECT_NO_THROW(writer.check(sight())) << "before the claim nothing may be written";
}

TEST_F(WriterQueue, ItsCheckFallsForABackOffThatHasEnded) {
    knows(a, 1);
    write(a, 2);
    answer(go().at(0), failure(403));
    now = writer.next_deadline();
    EXPECT_THROW(writer.check(sight()), CheckFailure);
    EXPECT_EQ(go().size(), 1U) << "at its deadline it moves";
}

TEST_F(WriterQueue, ItsCheckFallsForAPlaceWhoseRequestIsGone) {
    knows(a, 1);
    write(a, 2);
    land(go().at(0));
    EXPECT_THROW(writer.check(sight()), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
