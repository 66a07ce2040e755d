// index.complete: what a replica's index has to name, what it may, and what not.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kComplete = "index.complete";

IndexEntry entry_of(std::string_view key, std::string_view etag, bool local = false,
                    bool dirty = false) {
    IndexEntry entry;
    entry.key = key_of(key);
    entry.etag = etag_of(etag);
    entry.local = local;
    entry.dirty = dirty;
    return entry;
}

/// The bucket holds "a" and "b"; replica 0 has a copy of "a" and committed "b".
class CheckIndex : public ::testing::Test {
  protected:
    CheckIndex() {
        history_.start_all();
        history_.lead(0, 1s, 1, 1h);
        history_.object(1, 2s, "a", "ea", 0);
        history_.step(0, 3s, Timer{}, {send_file(1, FileVerb::store, "a", "ea")});
        history_.step(0, 4s, FileAnswered{RequestId{1}, FileReply{}});
        history_.step(0, 5s, backup_write(1, "b", 9), {put_of(2, 0, "b", 4, 1, 9)});
        history_.store(0, 6s, "b", "eb", 4, 1, 9);
        history_.step(0, 7s, bucket_answered(2, 200, "eb"),
                      {write_done(1, WriteAck::committed, "eb", 4)});
    }
    Verdict told(const std::vector<IndexEntry>& index) {
        ReplicaTold told;
        told.index = &index;
        history_.told(0, 8s, told);
        return history_.verdict(kComplete, 1min);
    }
    ::testing::AssertionResult refused(const std::vector<IndexEntry>& index,
                                       std::string_view words) {
        const Verdict verdict = told(index);
        if (verdict.what.find(words) == std::string::npos)
            return ::testing::AssertionFailure() << verdict.what;
        return violated(verdict, history_.number());
    }

    History history_;
};

TEST_F(CheckIndex, WhatIsHeldAndKnownPasses) {
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true), entry_of("b", "eb")})));
}

TEST_F(CheckIndex, AStatusAloneIsNoMaterial) {
    history_.told(0, 8s, ReplicaTold{});
    EXPECT_TRUE(has_status(history_.verdict(kComplete, 1min), Status::not_applicable));
}

TEST_F(CheckIndex, ACopyIsNotLeftOut) {
    EXPECT_TRUE(refused({entry_of("b", "eb")}, "leaves out 'a', of which it has a copy"));
}

TEST_F(CheckIndex, WhatItCommittedIsNotLeftOut) {
    EXPECT_TRUE(refused({entry_of("a", "ea", true)},
                        "leaves out 'b', which it knows that the bucket holds"));
}

// Found by a campaign: plain objects of two contents that take turns, and a file of the other one.
TEST(CheckIndexOfPlainObjects, WhatMayBeOlderThanWhatWasGivenMayBeHidden) {
    for (const bool comes_back : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 1s, 1, 1h);
        if (comes_back) history.store(0, 2s, "k", "b", 0, 0, 7);
        history.store(0, 3s, "k", "a", 0, 0, 8);
        history.store(0, 4s, "k", "b", 0, 0, 7);
        history.step(1, 6s, Timer{}, {send_file(1, FileVerb::list, "")});
        // Given is what the bucket holds, or, where nothing comes back, what it held before.
        const char* given = comes_back ? "b" : "a";
        history.step(1, 7s, query(9, "k"), {query_data(9, given, 0, comes_back ? 7 : 8)});
        auto entries = std::make_shared<FileList>();
        const ETag on_disk = etag_of(comes_back ? "a" : "b");
        entries->push_back(FileEntry{key_of("k"), FileTag{Epoch{}, on_disk, false, false, 0}, {}});
        history.step(1, 8s, FileAnswered{RequestId{1}, FileReply{FileStatus::ok, entries}});
        const std::vector<IndexEntry> index{entry_of("k", given)};
        ReplicaTold told;
        told.index = &index;
        history.told(1, 9s, told);
        const Verdict verdict = history.verdict(kComplete, 1min);
        EXPECT_EQ(verdict.status == Status::violated, !comes_back) << verdict.what;
    }
}

TEST_F(CheckIndex, WhatOthersReplacedOrRemovedSinceMayBeLeftOut) {
    history_.object(1, 8s, "b", "t", 5, true);
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true)})));
}

TEST_F(CheckIndex, WhatListsHaveLeftOutMayBeLeftOut) {
    history_.fault(7s, "omitKeys replica-0", {0});
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true)})));
    EXPECT_TRUE(refused({entry_of("b", "eb")}, "leaves out 'a'"));
}

TEST_F(CheckIndex, ATagThatIsToBeTriedAgainIsToldAsItWillBe) {
    history_.step(0, 7s, Timer{}, {send_file(9, FileVerb::retag, "a", "ea", true)});
    history_.step(0, 7s, FileAnswered{RequestId{9}, FileReply{FileStatus::io_error, nullptr}});
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true, true), entry_of("b", "eb")})));
}

// Found by a campaign: a read was given the newer object before the disk was listed.
TEST_F(CheckIndex, AnOlderFileThatALateListShowsMayCountAsACopyOrNot) {
    for (const auto& [local, dirty] : {std::pair(true, false), std::pair(false, false),
                                       std::pair(true, true), std::pair(false, true)}) {
        History late;
        late.start_all();
        late.lead(0, 1s, 1, 1h);
        late.store(1, 1s, "a", "ea", 3, 1, 5);
        late.store(1, 2s, "a", "eb", 4, 1, 6);
        late.step(0, 3s, Timer{}, {send_file(1, FileVerb::list, "")});
        late.step(0, 3s, backup_read(1, "a"));
        late.step(0, 4s, Timer{}, {read_data(1, "eb", 4, 6)});
        auto files = std::make_shared<FileList>();
        files->push_back(FileEntry{key_of("a"), FileTag{Epoch{3}, etag_of("ea"), dirty, true, 1},
                                   content_of(5)});
        late.step(0, 5s, FileAnswered{RequestId{1}, FileReply{FileStatus::ok, files}});
        const std::vector<IndexEntry> index{entry_of("a", "eb", local, local && dirty)};
        ReplicaTold told;
        told.index = &index;
        late.told(0, 8s, told);
        EXPECT_TRUE(passes(late.verdict(kComplete, 1min))) << local << dirty;
    }
}

TEST_F(CheckIndex, AFileWhoseTagCouldBeWrittenIsThereThoughALoadFailedBefore) {
    history_.step(0, 7s, Timer{}, {send_file(9, FileVerb::load, "a")});
    history_.step(0, 7s, FileAnswered{RequestId{9}, FileReply{FileStatus::io_error, nullptr}});
    history_.step(0, 7s, Timer{}, {send_file(10, FileVerb::retag, "a", "ea")});
    history_.step(0, 7s, FileAnswered{RequestId{10}, FileReply{}});
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true), entry_of("b", "eb")})));
}

// Found by a campaign: with HA off, before the first LIST was answered.
TEST_F(CheckIndex, WhatOnlyAFileToldThatCanNotBeReadMayBeLeftOut) {
    history_.step(0, 7s, Timer{}, {send_file(9, FileVerb::store, "b", "eb")});
    history_.step(0, 7s, FileAnswered{RequestId{9}, FileReply{}});
    history_.step(0, 7s, Timer{}, {send_file(10, FileVerb::load, "b")});
    history_.step(0, 7s, FileAnswered{RequestId{10}, FileReply{FileStatus::io_error, nullptr}});
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true)})));
}

TEST_F(CheckIndex, KeysStandInOrderAndOnce) {
    EXPECT_TRUE(refused({entry_of("b", "eb"), entry_of("a", "ea", true)}, "leaves out 'a'"));
    History twice;
    twice.start_all();
    twice.object(1, 2s, "a", "ea", 0);
    const std::vector<IndexEntry> index{entry_of("a", "ea"), entry_of("a", "ea")};
    ReplicaTold told;
    told.index = &index;
    twice.told(0, 8s, told);
    const Verdict verdict = twice.verdict(kComplete, 1min);
    EXPECT_TRUE(violated(verdict, twice.number()));
    EXPECT_NE(verdict.what.find("names 'a' behind 'a'"), std::string::npos) << verdict.what;
}

TEST_F(CheckIndex, NobodysKeyIsNotNamed) {
    EXPECT_TRUE(refused({entry_of("a", "ea", true), entry_of("aa", "x"), entry_of("b", "eb")},
                        "names 'aa', which nobody ever wrote"));
}

TEST_F(CheckIndex, AVersionThatNeverWasIsNotNamed) {
    EXPECT_TRUE(refused({entry_of("a", "ea", true), entry_of("b", "ec")},
                        "a version of 'b' that the bucket never held"));
}

TEST_F(CheckIndex, WhatItRemovedItselfIsNotNamed) {
    history_.step(0, 7s, BackupRemove{CallId{2}, key_of("b")});
    history_.object(0, 7s, "b", "t", 5, true);
    history_.step(0, 7s, bucket_answered(3, 200, "t"),
                  {write_done(2, WriteAck::committed, "t", 5)});
    EXPECT_TRUE(refused({entry_of("a", "ea", true), entry_of("b", "eb")},
                        "names 'b', which it knows to be removed"));
}

// Found by a campaign: a leader that begins reads it anew, and it comes damaged.
TEST_F(CheckIndex, ATombstoneThatMayHaveComeDamagedMayBeNamed) {
    history_.step(0, 7s, BackupRemove{CallId{2}, key_of("b")});
    history_.object(0, 7s, "b", "t", 5, true);
    history_.step(0, 7s, bucket_answered(3, 200, "t"),
                  {write_done(2, WriteAck::committed, "t", 5)});
    history_.fault(7s, "damageAnswer replica-0 getObject", {0});
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true), entry_of("b", "eb")})));
}

TEST_F(CheckIndex, ACopyIsSaidToBeOneAndNothingElse) {
    EXPECT_TRUE(refused({entry_of("a", "ea"), entry_of("b", "eb")}, "hides its copy of 'a'"));
}

TEST_F(CheckIndex, NoCopyIsInvented) {
    EXPECT_TRUE(refused({entry_of("a", "ea", true), entry_of("b", "eb", true)},
                        "says that a copy of 'b' is local, and has none"));
}

TEST_F(CheckIndex, ACopyOfTheBucketDoesNotWaitForIt) {
    EXPECT_TRUE(refused({entry_of("a", "ea", true, true), entry_of("b", "eb")},
                        "another epoch or state of its copy of 'a'"));
}

TEST_F(CheckIndex, WhatIsOnItsWayToTheDiskMayBeToldEitherWay) {
    history_.step(0, 7s, Timer{}, {send_file(9, FileVerb::store, "b", "eb")});
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true), entry_of("b", "eb", true)})));
    EXPECT_TRUE(passes(told({entry_of("a", "ea", true), entry_of("b", "eb")})));
}

}  // namespace
}  // namespace leasehold::check
