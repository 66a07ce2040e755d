// payload.never-regresses, the lineage of bucket.acknowledged-survives, and what
// bucket.linearizable says of single answers: planted violations, clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kRegress = "payload.never-regresses";
constexpr std::string_view kSurvives = "bucket.acknowledged-survives";
constexpr std::string_view kLinear = "bucket.linearizable";
constexpr std::string_view kKey = "assets/1h";

/// replica-0 leads with epoch 5; write n carries content n.
class CheckContents : public ::testing::Test {
  protected:
    CheckContents() {
        history_.start_all();
        history_.lead(0, 1s, 1, 1h);
    }
    /// Asked for at `when`, committed a second later as `etag`.
    void written(Duration when, std::uint64_t content, std::string_view etag,
                 ReplicaIndex replica = 0, std::uint64_t epoch = 5) {
        asked(when, content, replica);
        history_.store(replica, when + 500ms, kKey, etag, epoch, content, content);
        history_.step(replica, when + 1s, Timer{},
                      {write_done(content, WriteAck::committed, etag, epoch)});
    }
    std::uint64_t asked(Duration when, std::uint64_t content, ReplicaIndex replica = 0) {
        return history_.step(replica, when, backup_write(content, kKey, content));
    }
    std::uint64_t queried(Duration when, const QueryDone& done, ReplicaIndex replica) {
        return history_.step(replica, when, query(done.call.value(), kKey), {done});
    }
    std::uint64_t read(Duration when, const ReadDone& done, ReplicaIndex replica) {
        history_.step(replica, when - 100ms, backup_read(done.call.value(), kKey));
        return history_.step(replica, when, Timer{}, {done});
    }
    Verdict verdict(std::string_view id) { return history_.verdict(id, 2min); }

    History history_;
};

TEST_F(CheckContents, AnOlderVersionAfterANewerOneIsFound) {
    written(10s, 1, "a");
    written(20s, 2, "b");
    const auto newer = queried(30s, query_data(101, "b", 5, 2), 1);
    const auto older = queried(31s, query_data(102, "a", 5, 1), 1);
    const Verdict found = verdict(kRegress);
    EXPECT_TRUE(violated(found, older));
    EXPECT_EQ(found.evidence.front(), newer);
    EXPECT_EQ(found.what,
              "replica-1 gave a version of 'assets/1h' at 31s that is older than one it had given "
              "or committed before");
}

// Found by a campaign: a process that begins again over a slow disk.
TEST_F(CheckContents, WhatLiesOnTheDiskAProcessKnowsOnlyWhenItHasListedIt) {
    written(10s, 1, "a");
    history_.step(1, 20s, Timer{}, {send_file(7, FileVerb::store, kKey, "a")});
    history_.step(1, 21s, FileAnswered{RequestId{7}, FileReply{FileStatus::ok, nullptr}});
    history_.step(1, 22s, Timer{}, {send_file(8, FileVerb::list, "")});
    // What the process before had asked for.
    history_.step(1, 22500ms, FileAnswered{RequestId{77}, FileReply{FileStatus::ok, nullptr}});
    queried(23s, query_done(101), 1);
    EXPECT_NE(verdict(kRegress).status, Status::violated);
    history_.step(1, 24s, FileAnswered{RequestId{8}, FileReply{FileStatus::ok, nullptr}});
    EXPECT_TRUE(violated(verdict(kRegress), queried(25s, query_done(102), 1)));
}

// Found by a campaign: its new file could not be stored, and the list shows that of before.
TEST_F(CheckContents, AFileThatALateListShowsIsNoCopyBelowWhatWasCommittedOrFailedToBeStoredSince) {
    for (const auto& [listed, stored] :
         {std::pair("a", FileStatus::ok), std::pair("b", FileStatus::io_error),
          std::pair("b", FileStatus::ok)}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.store(0, 2s, kKey, "a", 5, 1, 1);
        history.step(0, 3s, Timer{}, {send_file(8, FileVerb::list, "")});
        history.step(0, 10s, backup_write(2, kKey, 2),
                     {send_file(10, FileVerb::store, kKey, "a", true)});
        history.step(0, 10100ms, FileAnswered{RequestId{10}, FileReply{stored, nullptr}});
        const ETag shown = etag_of(listed);
        const bool copy = shown == etag_of("b") && stored == FileStatus::ok;
        if (!copy) {
            // The disk has lost it again: what the list shows is all there is to know.
            history.step(0, 10200ms, Timer{}, {send_file(12, FileVerb::load, kKey)});
            history.step(0, 10300ms,
                         FileAnswered{RequestId{12}, FileReply{FileStatus::io_error, nullptr}});
        }
        history.store(0, 10500ms, kKey, "b", 5, 2, 2);
        history.step(0, 11s, Timer{}, {write_done(2, WriteAck::committed, "b", 5)});
        auto files = std::make_shared<FileList>();
        const std::uint64_t write = shown == etag_of("b") ? 2 : 1;
        files->push_back(FileEntry{key_of(kKey), FileTag{Epoch{5}, shown, false, true, write}, {}});
        history.step(0, 12s, FileAnswered{RequestId{8}, FileReply{FileStatus::ok, files}});
        const auto none = history.step(0, 13s, query(101, kKey), {query_done(101)});
        const Verdict found = history.verdict(kRegress, 2min);
        EXPECT_EQ(violated(found, none), copy) << found.what;
    }
}

TEST_F(CheckContents, TheSameBytesAreNoOlderOnesThoughTheyAreCalledAnOlderWrites) {
    for (const std::uint64_t content : {1U, 3U}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        history.step(0, 10s, backup_write(1, kKey, 1));
        history.store(0, 10500ms, kKey, "a", 5, 1, 1);
        history.step(0, 20s, backup_write(2, kKey, 2));
        history.store(0, 20500ms, kKey, "b", 5, 2, 2);
        history.step(0, 30s, backup_write(3, kKey, content));
        history.step(0, 31s, query(101, kKey), {query_data(101, "", 5, content)});
        const auto back = history.step(0, 32s, query(102, kKey), {query_data(102, "a", 5, 1)});
        const Verdict found = history.verdict(kRegress, 2min);
        EXPECT_TRUE(content == 1 ? passes(found) : violated(found, back));
    }
}

TEST_F(CheckContents, AReadCountsLikeAQueryAndACommitLikeAnAnswer) {
    written(10s, 1, "a");
    written(20s, 2, "b");
    const auto older = read(30s, read_data(101, "a", 5, 1), 0);
    EXPECT_TRUE(violated(verdict(kRegress), older));
}

TEST_F(CheckContents, GrowingVersionsAndOthersReplicasPass) {
    written(10s, 1, "a");
    queried(12s, query_data(101, "a", 5, 1), 1);
    written(20s, 2, "b");
    queried(30s, query_data(102, "b", 5, 2), 2);
    queried(31s, query_data(103, "a", 5, 1), 1);
    read(32s, read_data(104, "b", 5, 2), 1);
    EXPECT_TRUE(passes(verdict(kRegress)));
    EXPECT_TRUE(passes(verdict(kLinear)));
}

TEST_F(CheckContents, ALateCommitOfAnOlderWriteIsOlderWhateverItsPlace) {
    asked(9s, 1);
    written(10s, 2, "b");
    history_.store(0, 30s, kKey, "a", 5, 1, 1);
    queried(31s, query_data(101, "b", 5, 2), 1);
    const auto older = queried(40s, query_data(102, "a", 5, 1), 1);
    EXPECT_TRUE(violated(verdict(kRegress), older));
}

TEST_F(CheckContents, AWriteOfItsOwnThatIsNotStoredYetIsNewerThanWhatIs) {
    written(10s, 1, "a");
    asked(20s, 2);
    queried(21s, query_data(101, "a", 5, 2), 0);
    // A leader's read comes from the bucket.
    read(22s, read_data(102, "a", 5, 1), 0);
    EXPECT_TRUE(passes(verdict(kRegress)));
    const auto older = queried(23s, query_data(103, "a", 5, 1), 0);
    EXPECT_TRUE(violated(verdict(kRegress), older));
}

TEST_F(CheckContents, AFileOfAWriteThatRepeatsAnOlderContentIsThatWrites) {
    written(10s, 1, "a");
    written(20s, 2, "b");
    history_.step(0, 30s, backup_write(3, kKey, 1));
    queried(31s, query_data(101, "", 5, 1), 0);
    EXPECT_TRUE(passes(verdict(kRegress)));
    // What an ETag names is that version, whatever holds the same.
    const auto older = queried(32s, query_data(102, "a", 5, 1), 0);
    EXPECT_TRUE(violated(verdict(kRegress), older));
}

TEST_F(CheckContents, AFileOfAWriteThatWasNeverStoredMayBeTaggedAsTheVersionOfEqualBytes) {
    written(10s, 1, "a");
    history_.step(0, 20s, backup_write(50, kKey, 1));
    queried(21s, query_data(101, "", 5, 1), 0);   // the process ends, its file stays
    queried(30s, query_data(102, "a", 5, 1), 0);  // the bucket has these bytes already
    EXPECT_TRUE(passes(verdict(kRegress)));
    history_.step(0, 40s, backup_write(51, kKey, 2));
    queried(41s, query_data(103, "", 5, 2), 0);
    const auto older = queried(42s, query_data(104, "a", 5, 1), 0);
    EXPECT_TRUE(violated(verdict(kRegress), older));
}

TEST_F(CheckContents, ACommitIsOfTheWriteWhoseStampItCarriesNotOfALaterOneThatHoldsTheSame) {
    history_.step(0, 10s, backup_write(1, kKey, 1), {put_of(201, 0, kKey, 5, 1, 1)});
    history_.step(0, 11s, backup_write(2, kKey, 2));
    history_.step(0, 12s, backup_write(3, kKey, 1));
    history_.store(0, 13s, kKey, "a", 5, 1, 1);
    history_.store(0, 14s, kKey, "b", 5, 2, 2);
    queried(15s, query_data(101, "b", 5, 2), 0);
    queried(16s, query_data(102, "", 5, 1), 0);
    EXPECT_TRUE(passes(verdict(kRegress)));
}

TEST_F(CheckContents, BytesOfAWriteThatWasStoredTwiceAreOfEitherVersion) {
    asked(10s, 1);
    history_.store(0, 11s, kKey, "a", 5, 1, 1);
    history_.store(0, 11s, kKey, "b", 5, 1, 1);  // the attempt before was applied late
    history_.step(0, 12s, Timer{}, {write_done(1, WriteAck::committed, "a", 5)});
    queried(13s, query_data(101, "", 5, 1), 0);  // its tag could not be written yet
    queried(14s, query_data(102, "a", 5, 1), 0);
    EXPECT_TRUE(passes(verdict(kRegress)));
    queried(15s, query_data(103, "b", 5, 1), 0);  // as the bucket has it
    queried(16s, query_data(104, "", 5, 1), 0);   // and as its file
    EXPECT_TRUE(passes(verdict(kRegress)));
}

TEST_F(CheckContents, CallsThatOverlapMayEndInAnyOrder) {
    written(10s, 1, "a");
    written(20s, 2, "b");
    history_.step(1, 30s, query(101, kKey));
    queried(31s, query_data(102, "b", 5, 2), 1);
    history_.step(1, 32s, Timer{}, {query_data(101, "a", 5, 1)});
    EXPECT_TRUE(passes(verdict(kRegress)));
    const auto older = queried(33s, query_data(103, "a", 5, 1), 1);
    EXPECT_TRUE(violated(verdict(kRegress), older));
}

TEST_F(CheckContents, AfterAForeignWriteThereIsNoOrder) {
    written(10s, 1, "a");
    queried(11s, query_data(101, "a", 5, 1), 1);
    history_.store(kNobody, 20s, kKey, "f", 0, 0, 77);
    queried(21s, query_data(102, "f", 0, 77), 1);
    EXPECT_TRUE(passes(verdict(kRegress)));
}

TEST_F(CheckContents, ALocalCopyIsGiven) {
    written(10s, 1, "a");
    SendFile store = send_file(7, FileVerb::store, kKey, "a");
    store.tag.epoch = Epoch{5};
    store.tag.write_id = 1;
    history_.step(1, 20s, Timer{}, {store});
    queried(20100ms, query_done(101), 1);
    history_.step(1, 20200ms, FileAnswered{RequestId{7}, FileReply{}});
    queried(20300ms, query_data(102, "a", 5, 1), 1);
    const auto wrong = queried(21s, query_done(103), 1);
    EXPECT_TRUE(violated(verdict(kRegress), wrong));
}

TEST_F(CheckContents, AFileThatCouldNotBeReadIsNoCopyThoughALateListShowsIt) {
    history_.step(1, 10s, Timer{}, {send_file(1, FileVerb::list, "")});
    history_.step(1, 11s, Timer{}, {send_file(2, FileVerb::load, kKey)});
    history_.step(1, 12s, FileAnswered{RequestId{2}, FileReply{FileStatus::io_error, nullptr}});
    auto entries = std::make_shared<std::vector<FileEntry>>();
    entries->push_back(FileEntry{key_of(kKey), FileTag{Epoch{5}, etag_of("a"), false}, Blob{}});
    history_.step(1, 13s, FileAnswered{RequestId{1}, FileReply{FileStatus::ok, entries}});
    history_.step(1, 14s, query(101, kKey), {query_done(101)});
    EXPECT_TRUE(passes(verdict(kRegress)) || has_status(verdict(kRegress), Status::not_applicable));
}

TEST_F(CheckContents, ACopyThatIsGoneOrCouldNotBeWrittenNeedNotBeGiven) {
    written(10s, 1, "a");
    FileReply full;
    full.status = FileStatus::no_space;
    history_.step(1, 20s, Timer{}, {send_file(7, FileVerb::store, kKey, "a")});
    history_.step(1, 21s, FileAnswered{RequestId{7}, full});
    queried(22s, query_done(101), 1);
    history_.step(2, 20s + 5s, Timer{}, {send_file(7, FileVerb::store, kKey, "a")});
    history_.step(2, 26s, FileAnswered{RequestId{7}, FileReply{}});
    history_.step(2, 27s, Timer{}, {send_file(8, FileVerb::remove, kKey)});
    queried(28s, query_done(102), 2);
    EXPECT_NE(verdict(kRegress).status, Status::violated);
}

TEST_F(CheckContents, ContentOfNoVersionIsFound) {
    written(10s, 1, "a");
    const auto wrong = queried(20s, query_data(101, "a", 5, 99), 1);
    EXPECT_TRUE(violated(verdict(kLinear), wrong));
}

TEST_F(CheckContents, AnAnswerWithAnotherEpochThanItsObjectsIsFound) {
    written(10s, 1, "a");
    const auto wrong = queried(20s, query_data(101, "a", 6, 1), 1);
    EXPECT_TRUE(violated(verdict(kLinear), wrong));
}

TEST_F(CheckContents, NotFoundOfWhatTheBucketHeldThroughoutIsFound) {
    written(10s, 1, "a");
    const auto wrong = read(20s, read_done(101, ReadOutcome::not_found), 0);
    EXPECT_TRUE(violated(verdict(kLinear), wrong));
}

TEST_F(CheckContents, NotFoundOfWhatCameDuringTheCallPasses) {
    history_.step(0, 9s, backup_read(101, kKey));
    written(10s, 1, "a");
    history_.step(0, 12s, Timer{}, {read_done(101, ReadOutcome::not_found)});
    history_.object(0, 20s, kKey, "t", 5, true);
    read(30s, read_done(102, ReadOutcome::not_found), 0);
    EXPECT_TRUE(passes(verdict(kLinear)));
}

TEST_F(CheckContents, ALeadersReadOfAVersionReplacedBeforeItWasAskedForIsFound) {
    written(10s, 1, "a");
    const auto replaced = [&] {
        asked(20s, 2);
        return history_.store(0, 20500ms, kKey, "b", 5, 2, 2);
    }();
    const auto wrong = read(30s, read_data(102, "a", 5, 1), 0);
    const Verdict found = verdict(kLinear);
    EXPECT_TRUE(violated(found, wrong));
    EXPECT_EQ(found.evidence.at(1), replaced);
}

TEST_F(CheckContents, ALeadersReadThatWasUnderWayMayBringTheReplacedVersion) {
    written(10s, 1, "a");
    history_.step(0, 20s, backup_read(101, kKey));
    asked(20100ms, 2);
    history_.store(0, 20500ms, kKey, "b", 5, 2, 2);
    history_.step(0, 21s, Timer{}, {read_data(101, "a", 5, 1)});
    EXPECT_TRUE(passes(verdict(kLinear)));
}

TEST_F(CheckContents, AFollowersReadBringsWhatItsCallerHasNot) {
    written(10s, 1, "a");
    BackupRead ask = backup_read(101, kKey);
    ask.known = etag_of("a");
    history_.step(1, 20s, ask);
    const auto wrong = history_.step(1, 21s, Timer{}, {read_data(101, "a", 5, 1)});
    EXPECT_TRUE(violated(verdict("read.one-outcome"), wrong));
}

TEST_F(CheckContents, FailedAndFencedAreNeverStored) {
    for (const WriteAck ack : {WriteAck::failed, WriteAck::fenced}) {
        for (const bool before : {false, true}) {
            History history;
            history.start_all();
            history.lead(0, 1s, 1, 1h);
            history.step(0, 10s, backup_write(1, kKey, 1), {put_of(7, 0, kKey, 5, 1, 1)});
            std::uint64_t stored = 0;
            if (before) history.store(0, 11s, kKey, "a", 5, 1, 1);
            const auto answer = history.step(0, 12s, Timer{}, {write_done(1, ack)});
            if (!before) stored = history.store(0, 13s, kKey, "a", 5, 1, 1);
            EXPECT_TRUE(violated(history.verdict(kLinear, 1min), before ? answer : stored));
        }
    }
}

TEST_F(CheckContents, APutThatIsSentAgainIsOfTheSameWrite) {
    history_.step(0, 10s, backup_write(1, kKey, 1), {put_of(7, 0, kKey, 5, 1, 1)});
    history_.step(0, 11s, backup_write(2, kKey, 1));  // waits, and holds the same
    history_.step(0, 12s, Timer{}, {put_of(8, 0, kKey, 5, 1, 1)});
    history_.step(0, 13s, Timer{},
                  {write_done(1, WriteAck::unknown), write_done(2, WriteAck::fenced)});
    history_.store(0, 14s, kKey, "a", 5, 1, 1);
    EXPECT_TRUE(passes(verdict(kLinear)));
}

TEST_F(CheckContents, AnUploadOfTheFileAfterFailedPasses) {
    history_.step(0, 10s, backup_write(1, kKey, 1), {put_of(7, 0, kKey, 5, 1, 1)});
    history_.step(0, 12s, Timer{}, {write_done(1, WriteAck::failed)});
    history_.step(0, 20s, Timer{}, {put_of(8, 0, kKey, 5, 9, 1)});
    history_.store(0, 21s, kKey, "a", 5, 9, 1);
    EXPECT_TRUE(passes(verdict(kLinear)));
    EXPECT_NE(verdict(kSurvives).status, Status::violated);
}

// Found by a campaign: an upload was on its way when the pipeline wrote the same bytes again.
TEST_F(CheckContents, AnUploadThatLeftBeforeAWriteOfEqualBytesIsNotThatWrite) {
    history_.step(0, 10s, backup_write(1, kKey, 1), {put_of(7, 0, kKey, 5, 1, 1)});
    history_.step(0, 12s, Timer{}, {write_done(1, WriteAck::failed)});
    history_.step(0, 20s, Timer{}, {put_of(8, 0, kKey, 5, 9, 1)});
    history_.step(0, 21s, backup_write(2, kKey, 1));  // waits behind it
    history_.step(0, 22s, Timer{}, {put_of(9, 0, kKey, 5, 9, 1)});
    history_.step(0, 23s, Timer{}, {write_done(2, WriteAck::fenced)});
    history_.store(0, 24s, kKey, "a", 5, 9, 1);
    EXPECT_TRUE(passes(verdict(kLinear)));
}

TEST_F(CheckContents, AnAcknowledgementNamesItsObjectsEpoch) {
    asked(10s, 1);
    history_.store(0, 11s, kKey, "a", 5, 1, 1);
    const auto wrong =
        history_.step(0, 12s, Timer{}, {write_done(1, WriteAck::committed, "a", 501)});
    EXPECT_TRUE(violated(verdict(kLinear), wrong));
}

TEST_F(CheckContents, AnAcknowledgementWithAnOlderWritesVersionIsFound) {
    asked(10s, 1);
    asked(11s, 2);
    history_.store(0, 12s, kKey, "a", 5, 1, 1);
    const auto wrong = history_.step(0, 13s, Timer{}, {write_done(2, WriteAck::committed, "a", 5)});
    EXPECT_TRUE(violated(verdict(kLinear), wrong));
}

TEST_F(CheckContents, AWriteThatANewerOneOvertookIsAnsweredWithItsVersion) {
    asked(10s, 1);
    asked(11s, 2);
    history_.store(0, 12s, kKey, "b", 5, 2, 2);
    history_.step(
        0, 13s, Timer{},
        {write_done(1, WriteAck::committed, "b", 5), write_done(2, WriteAck::committed, "b", 5)});
    EXPECT_TRUE(passes(verdict(kLinear)));
    EXPECT_TRUE(passes(verdict(kSurvives)));
}

// A1 of the review: a dirty file of the same epoch is uploaded over a newer, acknowledged object.
TEST_F(CheckContents, OldContentUnderANewerEpochIsFound) {
    written(10s, 1, "a");
    written(20s, 2, "b");
    const auto back = history_.store(1, 60s, kKey, "c", 200, 1, 1);
    const Verdict found = verdict(kSurvives);
    EXPECT_TRUE(violated(found, back));
    EXPECT_NE(found.what.find("brought back content older than the backup"), std::string::npos);
}

TEST_F(CheckContents, OldContentOverAnAcknowledgementToComeIsFound) {
    asked(10s, 1);
    asked(11s, 2);
    history_.store(0, 12s, kKey, "b", 5, 2, 2);
    history_.store(0, 13s, kKey, "c", 5, 1, 1);
    const auto ack = history_.step(0, 14s, Timer{}, {write_done(2, WriteAck::committed, "b", 5)});
    EXPECT_TRUE(violated(verdict(kSurvives), ack));
}

TEST_F(CheckContents, RemovedStaysRemoved) {
    written(10s, 1, "a");
    history_.step(0, 20s, BackupRemove{CallId{50}, key_of(kKey)});
    history_.object(0, 21s, kKey, "t", 5, true);
    history_.step(0, 22s, Timer{}, {write_done(50, WriteAck::committed, "t", 5)});
    const auto back = history_.store(0, 60s, kKey, "c", 5, 60, 1);
    EXPECT_TRUE(violated(verdict(kSurvives), back));
}

TEST_F(CheckContents, UploadsOfWhatNothingReplacedAndEqualBytesPass) {
    asked(10s, 1);
    history_.step(0, 11s, Timer{}, {write_done(1, WriteAck::unknown)});
    history_.store(1, 60s, kKey, "a", 6, 1, 1);
    history_.lead(1, 61s, 2, 1h);
    written(70s, 2, "b", 1, 6);
    written(80s, 1, "c", 1, 6);
    EXPECT_TRUE(passes(verdict(kSurvives)));
}

}  // namespace
}  // namespace leasehold::check
