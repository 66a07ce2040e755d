// Queries: never parked; each answered in its step or by one request of its own.
#include "model/storage/queries/queries.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class QueriesAlone : public testing::Test, public Alone {
  protected:
    Queries machine;
    KeyId a = key("a");

    CallId ask(bool awaited = false, Duration within = 5s) {
        const CallId id = call(CallKind::query, a, now + within);
        Desk at = desk();
        machine.begin(sight(), id, a, awaited, at);
        machine.check(sight());
        return id;
    }
    void look(const SendBucket& get, const BucketReply& reply) {
        const auto [flight, found] = got(get, reply);
        Desk at = desk();
        machine.step(sight(), std::get<QueryLook>(flight.owner), found, at);
        machine.check(sight());
    }
    bool load(const SendFile& request, const FileReply& reply) {
        const auto owner = requests.take_file(request.request);
        Desk at = desk();
        return machine.step(sight(), std::get<QueryLoad>(*owner), reply, at);
    }
    QueryDone done() {
        const auto all = queries();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? QueryDone{} : all.front();
    }
    void store(std::uint64_t write, bool dirty = false) {
        Desk at = desk();
        catalog.store(a, blob(write), file("a", 7, write, dirty).tag, at);
    }
};

TEST_F(QueriesAlone, AFileAnswersByOneLoad) {
    index({file("a", 7, 1)});
    ask();
    EXPECT_TRUE(load(file_one(), loaded(file("a", 7, 1))));
    EXPECT_EQ(done().payload, blob(1));
    EXPECT_EQ(told<Served>().size(), 1U);
}

TEST_F(QueriesAlone, AFileThatIsBeingStoredAnswersAtOnceAndADirtyOneUnderNoVersion) {
    store(1);
    ask();
    EXPECT_EQ(done().etag, file("a", 7, 1).tag.etag);
    store(2, true);
    ask();
    const QueryDone dirty = done();
    EXPECT_EQ(dirty.payload, blob(2));
    EXPECT_TRUE(dirty.etag.empty());
    EXPECT_TRUE(sent().empty());
}

TEST_F(QueriesAlone, WithoutAFileAKeyThatIsThereIsReadThroughOnce) {
    shows(a, version(7, 1));
    ask();
    const SendBucket get = sent_one();
    EXPECT_LE(get.timeout, config.read_through_timeout);
    ask();
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet) << "a crowd costs one GET a key";
    look(get, version(7, 1));
    EXPECT_EQ(done().payload, blob(1));
}

TEST_F(QueriesAlone, AReadThroughEndsByItsCallersDeadline) {
    shows(a, version(7, 1));
    ask(false, 300ms);
    EXPECT_EQ(sent_one().timeout, 300ms);
}

TEST_F(QueriesAlone, NobodyWaitsBehindABackupRead) {
    shows(a, version(7, 1));
    ask(true);
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
}

TEST_F(QueriesAlone, AnAbsentKeyIsNotReadThroughExceptInASingleInstall) {
    ask();
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
    shows(a, object(tombstone(7, 1)));
    ask();
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
    config.ha = false;
    ask();
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(QueriesAlone, ReadThroughsAreBoundedOverAllKeys) {
    config.read_through_max = 1;
    shows(a, version(7, 1));
    ask();
    const SendBucket get = sent_one();
    a = key("b");
    shows(a, version(7, 1));
    ask();
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
    look(get, version(7, 1));
    queries();
    ask();
    EXPECT_EQ(sent().size(), 1U) << "its place is free again";
}

TEST_F(QueriesAlone, AnAnswerThatNobodyWaitsForFreesItsPlaceAndChangesNothing) {
    config.read_through_max = 1;
    shows(a, version(7, 1));
    const CallId id = ask();
    const SendBucket get = sent_one();
    calls.answer(QueryDone{id, QueryOutcome::deadline, {}, {}, {}}, out);
    queries();
    look(get, version(7, 1));
    EXPECT_TRUE(queries().empty());
    EXPECT_EQ(marked(MarkId::stale_answer), 1);
    ask();
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(QueriesAlone, AVersionBelowWhatWasServedIsNotAvailable) {
    shows(a, version(7, 1));
    ask();
    const SendBucket get = sent_one();
    catalog.served(a, stamp(7, 5, blob(5)));
    look(get, version(7, 1));
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
    EXPECT_TRUE(told<Served>().empty());
}

TEST_F(QueriesAlone, AFileThatCameMeanwhileAnswersInPlaceOfTheReadThrough) {
    shows(a, version(7, 1));
    ask();
    const SendBucket get = sent_one();
    store(5);
    look(get, version(7, 1));
    EXPECT_EQ(done().payload, blob(5));
}

TEST_F(QueriesAlone, AnAbsenceThatTheKeyHasOvertakenIsAskedForAgain) {
    shows(a, version(7, 1));
    ask();
    const SendBucket get = sent_one();
    shows(a, version(7, 2));
    look(get, missing());
    look(sent_one(), version(7, 2));
    EXPECT_EQ(done().payload, blob(2));
}

TEST_F(QueriesAlone, AForeignObjectThatTheKeyHasOvertakenIsAskedForAgain) {
    // Without a stamp there is no order that could tell which of the two is newer.
    const auto foreign = [](std::uint64_t n) {
        BucketReply reply = version(7, n);
        reply.content = std::make_shared<const ObjectBody>(ObjectBody{{}, {}, blob(n)});
        return reply;
    };
    shows(a, foreign(1));
    ask();
    const SendBucket get = sent_one();
    shows(a, foreign(2));
    look(get, foreign(1));
    look(sent_one(), foreign(2));
    EXPECT_EQ(done().payload, blob(2));
}

TEST_F(QueriesAlone, ALoadThatWasOvertakenIsNotServed) {
    index({file("a", 7, 1)});
    ask();
    const SendFile request = file_one();
    store(5);
    EXPECT_TRUE(load(request, loaded(file("a", 7, 1))));
    EXPECT_EQ(done().payload, blob(5));
}

TEST_F(QueriesAlone, ALoadThatAnotherCallersVersionOvertookIsNotAvailable) {
    index({file("a", 7, 1)});
    ask();
    const SendFile request = file_one();
    catalog.served(a, stamp(8, 1, blob(1)));
    EXPECT_TRUE(load(request, loaded(file("a", 7, 1))));
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
}

// Found by a campaign: of two loads of a file that waits to be written the first failed, so that it
// was forgotten and the bucket's version got in its place; the second gave it, and was older next.
TEST_F(QueriesAlone, ADirtyFileThatIsForgottenIsNotGiven) {
    index({file("a", 7, 2, true)});
    ask();
    const SendFile request = file_one();
    catalog.lose(a);
    EXPECT_TRUE(load(request, loaded(file("a", 7, 2, true))));
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
}

// Found by a campaign: a leader that was deposed while it wrote, and whose read was given what its
// successor wrote.
TEST_F(QueriesAlone, ADirtyFileThatAReadHasOutdoneIsNotGiven) {
    index({file("a", 7, 2, true)});
    ask();
    const SendFile request = file_one();
    catalog.served(a, stamp(8, 1, blob(1)));
    EXPECT_TRUE(load(request, loaded(file("a", 7, 2, true))));
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
}

// Whatever was there and whatever came: no number orders what was not claimed, or is of a single
// install.
TEST_F(QueriesAlone, AFileThatWasReplacedWhileItWasReadIsNotGiven) {
    struct Row {
        std::uint64_t of;
        bool dirty;
        std::uint64_t by;
    };
    index({file("a", 7, 1)});
    for (const auto& [of, dirty, by] :
         {Row{7, true, 7}, Row{7, false, 7}, Row{7, true, 0}, Row{0, true, 0}}) {
        Desk at = desk();
        const auto stores = [&](std::uint64_t tag, std::uint64_t write, bool waits) {
            catalog.store(a, blob(write), file("a", tag, write, waits).tag, at);
            catalog.file_changed({a, file_one().verb}, FileStatus::ok, {}, at);
        };
        stores(of, 2, dirty);
        ask();
        const SendFile request = file_one();
        stores(by, 5, true);
        EXPECT_TRUE(load(request, loaded(file("a", of, 2, dirty))));
        EXPECT_TRUE(load(file_one(), loaded(file("a", by, 5, true)))) << "it is read once more";
        EXPECT_EQ(done().payload, blob(5)) << of << dirty << by;
    }
}

// The disk is full: the file has another version's tag by now, in all but name.
TEST_F(QueriesAlone, AFileWhoseTagCouldNotBeWrittenIsGivenAsWhatItIs) {
    index({file("a", 7, 2)});
    Desk at = desk();
    catalog.retag(a, file("a", 7, 3).tag, at);
    ask();
    const std::vector<SendFile> sends = files();
    ASSERT_EQ(sends.size(), 2U);
    EXPECT_TRUE(load(sends.back(), loaded(file("a", 7, 2))));
    EXPECT_EQ(done().outcome, QueryOutcome::data);
    EXPECT_EQ(told<Served>().at(0).stamp.write_id, 3U);
    EXPECT_TRUE(files().empty()) << "and not read again as often as the disk answers";
}

// Somebody put another file in its place.
TEST_F(QueriesAlone, AFileThatIsAnotherOneIsFetchedAnew) {
    index({file("a", 7, 2)});
    ask();
    EXPECT_FALSE(load(file_one(), loaded(file("a", 7, 1)))) << "it is forgotten";
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
    EXPECT_TRUE(files().empty());
}

TEST_F(QueriesAlone, AFileThatCantBeReadIsSaid) {
    index({file("a", 7, 1)});
    ask();
    EXPECT_FALSE(load(file_one(), {FileStatus::missing, nullptr}));
    EXPECT_EQ(done().outcome, QueryOutcome::not_available_yet);
}

TEST_F(QueriesAlone, ItsCheckFallsForAReadThroughThatIsNotInFlight) {
    shows(a, version(7, 1));
    ask();
    land(sent_one());
    EXPECT_THROW(machine.check(sight()), CheckFailure);
}

TEST_F(QueriesAlone, ItsCheckFallsForMoreReadThroughsThanMayBe) {
    shows(a, version(7, 1));
    ask();
    config.read_through_max = 0;
    EXPECT_THROW(machine.check(sight()), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
