// Requests and Calls: what is open, whose it is, and that each ends once.
#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

SendBucket request(BucketVerb verb) {
    SendBucket one;
    one.verb = verb;
    one.timeout = 5s;
    return one;
}

class RequestsAlone : public testing::Test, public Alone {
  protected:
    RequestId send(BucketVerb verb, const BucketOwner& owner, std::optional<KeyId> of) {
        Flight flight{owner};
        flight.key = of;
        return requests.send(now, request(verb), flight, out);
    }
    KeyId a = key("a");
    KeyId b = key("b");
};

TEST_F(RequestsAlone, IdsAreEvenForTheElectorsAreOdd) {
    const RequestId first = send(BucketVerb::get, LeaderRead{a}, a);
    const RequestId second = requests.send(SendFile{}, FileIndex{}, out);
    EXPECT_EQ(first.value() % 2, 0U);
    EXPECT_EQ(second.value() % 2, 0U);
    EXPECT_NE(first, second);
}

TEST_F(RequestsAlone, AnAnswerIsTakenOnce) {
    const RequestId id = send(BucketVerb::get, LeaderRead{a}, a);
    const auto flight = requests.take(id);
    ASSERT_TRUE(flight);
    EXPECT_EQ(flight->owner, BucketOwner{LeaderRead{a}});
    EXPECT_EQ(flight->sent, now);
    EXPECT_FALSE(requests.take(id));
    EXPECT_FALSE(requests.take(RequestId{12345}));
}

TEST_F(RequestsAlone, KnowsWhichKeysAreBeingGotAndChanged) {
    const RequestId get = send(BucketVerb::get, LeaderRead{a}, a);
    const RequestId put = send(BucketVerb::put, Attempt{JobId{1}}, b);
    EXPECT_TRUE(requests.getting(a));
    EXPECT_FALSE(requests.changing(a));
    EXPECT_TRUE(requests.changing(b));
    requests.take(get);
    requests.take(put);
    EXPECT_FALSE(requests.getting(a));
    EXPECT_FALSE(requests.changing(b));
    EXPECT_EQ(requests.changes(), 0U);
}

TEST_F(RequestsAlone, CountsWhatEachOwnerHasInFlight) {
    const RequestId get = send(BucketVerb::get, LeaderRead{a}, a);
    const RequestId put = send(BucketVerb::put, Attempt{JobId{1}}, b);
    const RequestId load = requests.send(SendFile{}, ReadLoad{a}, out);
    EXPECT_EQ(requests.count<LeaderRead>(), 1U);
    EXPECT_EQ(requests.count<Attempt>(), 1U);
    EXPECT_EQ(requests.count<ReadLoad>(), 1U);
    EXPECT_EQ(requests.count<Fetch>(), 0U);
    requests.hand_over(get, LateRead{a});
    requests.abandon(put, out);
    requests.forget_loads([](const FileOwner&) { return true; });
    EXPECT_EQ(requests.count<LeaderRead>() + requests.count<Attempt>(), 0U);
    EXPECT_EQ(requests.count<ReadLoad>(), 0U);
    EXPECT_EQ(requests.count<LateRead>(), 1U);
    EXPECT_EQ(requests.count<GivenUp>(), 1U) << "it may yet be stored";
    EXPECT_EQ(requests.count<Forgotten>(), 1U);
    requests.abandon(get, out);
    requests.take(put);
    requests.take_file(load);
    EXPECT_EQ(requests.count<LateRead>() + requests.count<GivenUp>(), 0U);
    EXPECT_EQ(requests.count<Forgotten>(), 0U);
}

TEST_F(RequestsAlone, APurgeBesideAWriteOfItsKeyIsABrokenBelief) {
    send(BucketVerb::put, Attempt{JobId{1}}, a);
    EXPECT_THROW(send(BucketVerb::remove, Purge{a}, a), CheckFailure);
}

TEST_F(RequestsAlone, AWriteBesideAPurgeOfItsKeyIsABrokenBelief) {
    send(BucketVerb::remove, Purge{a}, a);
    EXPECT_THROW(send(BucketVerb::put, Attempt{JobId{1}}, a), CheckFailure);
}

TEST_F(RequestsAlone, AWriteBesideAPurgeThatWasGivenUpIsABrokenBelief) {
    requests.abandon(send(BucketVerb::remove, Purge{a}, a), out);
    EXPECT_THROW(send(BucketVerb::put, Attempt{JobId{1}}, a), CheckFailure);
}

TEST_F(RequestsAlone, APurgeOfAnotherKeyIsNoneOfItsBusiness) {
    send(BucketVerb::put, Attempt{JobId{1}}, a);
    EXPECT_NO_THROW(send(BucketVerb::remove, Purge{b}, b));
    EXPECT_EQ(requests.changes(), 2U);
}

TEST_F(RequestsAlone, TheOwnKeysAreInNoTableAndTheirPutsMayRace) {
    send(BucketVerb::put, ProbeRequest{1}, std::nullopt);
    EXPECT_NO_THROW(send(BucketVerb::put, ProbeRequest{2}, std::nullopt));
    EXPECT_EQ(requests.changes(), 2U);
}

TEST_F(RequestsAlone, AFollowerOrAQueryNeverGetsWhatIsBeingGot) {
    send(BucketVerb::get, LateRead{a}, a);
    EXPECT_THROW(send(BucketVerb::get, Fetch{a}, a), CheckFailure);
    send(BucketVerb::get, Fetch{b}, b);
    EXPECT_THROW(send(BucketVerb::get, QueryLook{CallId{1}, b}, b), CheckFailure);
}

TEST_F(RequestsAlone, ALeadersLooksMayStandBesideItsReads) {
    send(BucketVerb::get, LeaderRead{a}, a);
    EXPECT_NO_THROW(send(BucketVerb::get, AttemptLook{JobId{1}}, a));
}

TEST_F(RequestsAlone, AnAbandonedGetIsForgottenAtOnce) {
    const RequestId id = send(BucketVerb::get, LeaderRead{a}, a);
    requests.abandon(id, out);
    EXPECT_TRUE(std::holds_alternative<AbortBucket>(out.back()));
    EXPECT_FALSE(requests.getting(a));
    EXPECT_FALSE(requests.take(id));
}

TEST_F(RequestsAlone, AnAbandonedPutIsKeptUntilItIsAnswered) {
    const RequestId id = send(BucketVerb::put, Attempt{JobId{1}}, a);
    requests.abandon(id, out);
    EXPECT_EQ(requests.find(id)->owner, BucketOwner{GivenUp{}});
    EXPECT_TRUE(requests.changing(a)) << "it may yet be stored";
    const std::size_t effects = out.size();
    requests.abandon(id, out);
    EXPECT_EQ(out.size(), effects) << "it is aborted once";
    EXPECT_TRUE(requests.take(id));
    EXPECT_FALSE(requests.changing(a));
}

TEST_F(RequestsAlone, OnlyTheOwnersThatAreGoneAreAbandoned) {
    const RequestId look = send(BucketVerb::get, ClaimLook{}, std::nullopt);
    const RequestId read = send(BucketVerb::get, LeaderRead{a}, a);
    requests.abandon_all(
        [](const BucketOwner& owner) { return std::holds_alternative<ClaimLook>(owner); }, out);
    EXPECT_EQ(requests.find(look), nullptr);
    EXPECT_NE(requests.find(read), nullptr);
}

TEST_F(RequestsAlone, AHandedOverAnswerFindsItsNewOwner) {
    const RequestId id = send(BucketVerb::get, LeaderRead{a}, a);
    requests.hand_over(id, LateRead{a});
    EXPECT_EQ(requests.take(id)->owner, BucketOwner{LateRead{a}});
}

TEST_F(RequestsAlone, WriteIdsAreNeverUsedTwice) {
    const auto first = requests.next_write();
    EXPECT_GT(requests.next_write(), first);
}

class CallsAlone : public testing::Test, public Alone {};

TEST_F(CallsAlone, ACallIsAnsweredOnce) {
    const CallId id = call(CallKind::read, key("a"));
    calls.answer(ReadDone{id, ReadOutcome::failed, {}, {}, {}}, out);
    EXPECT_TRUE(calls.empty());
    EXPECT_THROW(calls.answer(ReadDone{id, ReadOutcome::failed, {}, {}, {}}, out), CheckFailure);
    EXPECT_EQ(reads().size(), 1U);
}

TEST_F(CallsAlone, ACallIsAnsweredAsWhatItIs) {
    const CallId id = call(CallKind::read, key("a"));
    EXPECT_THROW(calls.answer(QueryDone{id, {}, {}, {}, {}}, out), CheckFailure);
    EXPECT_THROW(calls.answer(WriteDone{id, {}, {}, {}}, out), CheckFailure);
}

TEST_F(CallsAlone, ACallComesOnce) {
    calls.begin(CallId{5}, Call{});
    EXPECT_THROW(calls.begin(CallId{5}, Call{}), CheckFailure);
    EXPECT_THROW(static_cast<void>(calls.at(CallId{6})), CheckFailure);
}

TEST_F(CallsAlone, TheEarliestDeadlineComesFirstAndGoesWithItsCall) {
    const CallId late = call(CallKind::query, key("a"), now + 2s);
    const CallId soon = call(CallKind::read, key("a"), now + 1s);
    call(CallKind::write, key("a"));
    EXPECT_EQ(calls.next_deadline(), now + 1s);
    EXPECT_FALSE(calls.expired(now));
    EXPECT_EQ(calls.expired(now + 1s), soon) << "a deadline is reached at its instant";
    calls.answer(ReadDone{soon, ReadOutcome::deadline, {}, {}, {}}, out);
    EXPECT_EQ(calls.expired(now + 5s), late);
    calls.answer(QueryDone{late, QueryOutcome::deadline, {}, {}, {}}, out);
    EXPECT_EQ(calls.next_deadline(), kNever);
    EXPECT_EQ(calls.count(CallKind::write), 1U);
    EXPECT_EQ(calls.open(CallKind::read).size(), 0U);
}

}  // namespace
}  // namespace leasehold::storage
