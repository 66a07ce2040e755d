// ParkedReads: the backup reads that a follower keeps waiting until there is data.
#include "model/storage/follower/parked_reads.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class ParkedReadsAlone : public testing::Test, public Alone {
  protected:
    ParkedReads parked;
    KeyId a = key("a");

    CallId park(const ETag& known = {}) {
        const CallId id = call(CallKind::read, a, kNever, known);
        parked.park(id, a, known);
        return id;
    }
    void deliver(std::uint64_t write) {
        Desk at = desk();
        const Stamp one = stamp(7, write, blob(write));
        parked.deliver(a, one, etag(one), blob(write), at);
    }
    void serve() {
        Desk at = desk();
        parked.serve_local(sight(), a, at);
    }
    bool answer(const FileReply& reply) {
        Desk at = desk();
        return parked.step(sight(), ReadLoad{a}, reply, at);
    }
    RequestId fly(const std::set<CallId>& riders) {
        Flight flight{LateRead{a}};
        flight.key = a;
        const RequestId id = requests.send(now, SendBucket{}, flight, out);
        parked.ride(a, id, riders);
        return id;
    }
    void late(const Found& found) {
        Desk at = desk();
        parked.step(LateRead{a}, found, at);
    }
    static Found data(std::uint64_t write) {
        const Stamp one = stamp(7, write, blob(write));
        return {FoundKind::data, one, etag(one), blob(write), {}, true, false};
    }
    static ETag tag(std::uint64_t write) { return etag(stamp(7, write, blob(write))); }
};

TEST_F(ParkedReadsAlone, AVersionIsDeliveredToAllWhoKnowAnother) {
    const CallId any = park();
    const CallId old = park(tag(1));
    park(tag(2));
    deliver(2);
    const auto done = reads();
    ASSERT_EQ(done.size(), 2U);
    EXPECT_EQ(done[0].call, any);
    EXPECT_EQ(done[1].call, old);
    EXPECT_EQ(done[1].payload, blob(2));
    EXPECT_TRUE(parked.waiting(a)) << "one has this version and waits for another";
    EXPECT_FALSE(parked.wait_for_other(a, tag(2)));
    EXPECT_EQ(told<Served>().size(), 1U);
}

TEST_F(ParkedReadsAlone, ADeliveryWithoutAnybodyServesNobody) {
    deliver(2);
    EXPECT_TRUE(told<Served>().empty());
}

TEST_F(ParkedReadsAlone, TheLastOneThatLeavesTakesTheEntryWithIt) {
    const CallId id = park();
    parked.detach(id, a, {});
    EXPECT_FALSE(parked.waiting(a));
    EXPECT_EQ(parked, ParkedReads{});
}

TEST_F(ParkedReadsAlone, ACopyThatTheBucketHoldsAnswersByOneLoad) {
    index({file("a", 7, 2)});
    park();
    park(tag(1));
    serve();
    serve();
    EXPECT_EQ(file_one().verb, FileVerb::load);
    EXPECT_TRUE(answer(loaded(file("a", 7, 2))));
    EXPECT_EQ(reads().size(), 2U);
}

TEST_F(ParkedReadsAlone, ACopyThatIsStillBeingStoredAnswersAtOnce) {
    Desk at = desk();
    catalog.store(a, blob(2), file("a", 7, 2).tag, at);
    files();
    park();
    serve();
    EXPECT_TRUE(files().empty());
    EXPECT_EQ(reads().size(), 1U);
}

TEST_F(ParkedReadsAlone, ACopyBelowWhatWasServedAnswersNobody) {
    Desk at = desk();
    catalog.served(a, stamp(7, 5, blob(5)));
    catalog.store(a, blob(2), file("a", 7, 2).tag, at);
    park();
    serve();
    EXPECT_TRUE(reads().empty());
    EXPECT_TRUE(parked.waiting(a));
}

TEST_F(ParkedReadsAlone, ALoadThatWasOvertakenMeanwhileAnswersNobody) {
    index({file("a", 7, 2)});
    park();
    serve();
    catalog.served(a, stamp(7, 5, blob(5)));
    EXPECT_TRUE(answer(loaded(file("a", 7, 2))));
    EXPECT_TRUE(reads().empty());
    EXPECT_TRUE(parked.waiting(a));
}

TEST_F(ParkedReadsAlone, AFileThatCantBeReadIsSaidAndTheReaderWaits) {
    index({file("a", 7, 2)});
    park();
    serve();
    EXPECT_FALSE(answer({FileStatus::corrupt, nullptr}));
    EXPECT_TRUE(parked.waiting(a));
    serve();
    EXPECT_EQ(files().size(), 2U) << "the next load is not held up by the last";
}

// The disk is full: of a write that was committed the file still says that it waits.
TEST_F(ParkedReadsAlone, ACopyWhoseTagCouldNotBeWrittenAnswersAsWhatItIs) {
    index({file("a", 7, 2, true)});
    Desk at = desk();
    catalog.retag(a, file("a", 7, 2).tag, at);
    park();
    serve();
    EXPECT_TRUE(answer(loaded(file("a", 7, 2, true))));
    const auto done = reads();
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].payload, blob(2));
    EXPECT_EQ(done[0].etag, file("a", 7, 2).tag.etag);
}

TEST_F(ParkedReadsAlone, ADirtyFileIsNoBackup) {
    index({file("a", 7, 2, true)});
    park();
    serve();
    EXPECT_TRUE(files().empty());
}

TEST_F(ParkedReadsAlone, ALateAnswerIsForThoseWhoRideOnIt) {
    const CallId rider = park();
    const CallId later = park();
    fly({rider});
    late(data(2));
    const auto done = reads();
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].call, rider);
    EXPECT_TRUE(parked.waiting(a));
    parked.detach(later, a, {});
    EXPECT_FALSE(parked.waiting(a));
}

TEST_F(ParkedReadsAlone, ALateAbsenceIsALeadersAnswerAndNotAFollowers) {
    const CallId rider = park();
    fly({rider});
    late(Found{FoundKind::missing, {}, {}, {}, {}, true, false});
    EXPECT_TRUE(reads().empty());
    EXPECT_TRUE(parked.waiting(a));
    EXPECT_EQ(marked(MarkId::read_reparked), 1);
}

TEST_F(ParkedReadsAlone, ALateAnswerBelowWhatWasServedAnswersNobody) {
    fly({park()});
    Found stale = data(2);
    stale.stale = true;
    late(stale);
    EXPECT_TRUE(reads().empty());
    EXPECT_TRUE(told<Served>().empty());
}

TEST_F(ParkedReadsAlone, ALateFlightFindsItsKeyAlthoughAllHaveLeft) {
    const CallId rider = park();
    fly({rider});
    parked.detach(rider, a, {});
    EXPECT_TRUE(parked.waiting(a));
    late(data(2));
    EXPECT_FALSE(parked.waiting(a));
}

TEST_F(ParkedReadsAlone, APromotionReleasesAllAndGivesUpWhatIsLate) {
    index({file("a", 7, 2)});
    const CallId one = park();
    const CallId two = park(tag(1));
    serve();
    const SendFile load = file_one();
    const RequestId flight = fly({one});
    Desk at = desk();
    const auto released = parked.release(at);
    ASSERT_EQ(released.size(), 2U);
    EXPECT_EQ(released[0].call, one);
    EXPECT_EQ(released[1].call, two);
    EXPECT_FALSE(requests.take(flight));
    EXPECT_EQ(requests.take_file(load.request), FileOwner{Forgotten{}});
    EXPECT_EQ(parked, ParkedReads{});
}

TEST_F(ParkedReadsAlone, TwoLateFlightsOfOneKeyAreABrokenBelief) {
    fly({park()});
    EXPECT_THROW(parked.ride(a, RequestId{998}, {}), CheckFailure);
}

TEST_F(ParkedReadsAlone, ItsCheckFallsForALoadThatIsNotInFlight) {
    index({file("a", 7, 2)});
    park();
    serve();
    EXPECT_NO_THROW(parked.check(sight()));
    requests.take_file(file_one().request);
    EXPECT_THROW(parked.check(sight()), CheckFailure);
    answer(loaded(file("a", 7, 2)));
    EXPECT_NO_THROW(parked.check(sight()));
}

TEST_F(ParkedReadsAlone, ItsCheckFallsForALateGetThatIsNotInFlight) {
    const RequestId flight = fly({park()});
    EXPECT_NO_THROW(parked.check(sight()));
    requests.take(flight);
    EXPECT_THROW(parked.check(sight()), CheckFailure);
    late(data(2));
    EXPECT_NO_THROW(parked.check(sight()));
}

TEST_F(ParkedReadsAlone, APromotionLeavesNothingForItsCheckToMiss) {
    index({file("a", 7, 2)});
    park();
    serve();
    fly({park(tag(1))});
    Desk at = desk();
    parked.release(at);
    EXPECT_NO_THROW(parked.check(sight()));
}

}  // namespace
}  // namespace leasehold::storage
