// FileChanges and the file index: one change of a file at a time, and what a failed one leaves.
#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class FileChangesAlone : public testing::Test, public Alone {
  protected:
    FileChanges changes;
    KeyId a = key("a");
    ObjectKey name{"etl/a"};

    void store(std::uint64_t n) {
        Desk at = desk();
        changes.store(a, name, blob(n), file("a", 7, n).tag, at);
    }
    void retag(std::uint64_t n) {
        Desk at = desk();
        changes.retag(a, name, file("a", 7, n).tag, at);
    }
    void remove() {
        Desk at = desk();
        changes.remove(a, name, at);
    }
    FileChanges::End answered(FileVerb verb, FileStatus status = FileStatus::ok) {
        Desk at = desk();
        return changes.answered(a, name, verb, status, {now, sight().retries()}, at);
    }
};

TEST_F(FileChangesAlone, ASecondChangeWaitsForTheFirst) {
    store(1);
    remove();
    EXPECT_EQ(file_one().verb, FileVerb::store);
    EXPECT_EQ(answered(FileVerb::store), FileChanges::End::more);
    EXPECT_EQ(file_one().verb, FileVerb::remove);
    EXPECT_EQ(answered(FileVerb::remove), FileChanges::End::done);
    EXPECT_FALSE(changes.busy(a));
}

TEST_F(FileChangesAlone, OfSeveralThatWaitOnlyTheLastIsSent) {
    store(1);
    store(2);
    remove();
    store(3);
    EXPECT_EQ(file_one().payload, blob(1));
    EXPECT_EQ(answered(FileVerb::store), FileChanges::End::more);
    EXPECT_EQ(file_one().payload, blob(3));
    EXPECT_EQ(answered(FileVerb::store), FileChanges::End::done);
}

TEST_F(FileChangesAlone, AStoreThatWaitsTakesANewTagWithIt) {
    remove();
    store(1);
    retag(5);
    files();
    EXPECT_EQ(answered(FileVerb::remove), FileChanges::End::more);
    const SendFile sent = file_one();
    EXPECT_EQ(sent.verb, FileVerb::store);
    EXPECT_EQ(sent.tag.write_id, 5U);
}

TEST_F(FileChangesAlone, ThePayloadIsHeldUntilTheFileIsThere) {
    EXPECT_EQ(changes.held(a), nullptr);
    store(1);
    ASSERT_NE(changes.held(a), nullptr);
    EXPECT_EQ(*changes.held(a), blob(1));
    remove();
    EXPECT_EQ(changes.held(a), nullptr) << "what is to go is not served";
}

TEST_F(FileChangesAlone, ANewTagOfAFileThatCouldNotBeStoredStoresItWhole) {
    store(1);
    retag(5);
    files();
    EXPECT_EQ(answered(FileVerb::store, FileStatus::no_space), FileChanges::End::more);
    const SendFile sent = file_one();
    EXPECT_EQ(sent.verb, FileVerb::store);
    EXPECT_EQ(sent.tag.write_id, 5U);
    EXPECT_EQ(answered(FileVerb::store, FileStatus::no_space), FileChanges::End::lost);
    EXPECT_FALSE(changes.busy(a)) << "a full disk is not written to without end";
}

TEST_F(FileChangesAlone, AFailedStoreIsLostAndAFailedRemovalIsTriedAgainAfterABackOff) {
    store(1);
    EXPECT_EQ(answered(FileVerb::store, FileStatus::io_error), FileChanges::End::lost);
    remove();
    files();
    Duration waited{};
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(answered(FileVerb::remove, FileStatus::io_error), FileChanges::End::more);
        EXPECT_FALSE(changes.due(now));
        EXPECT_GT(changes.next_deadline() - now, waited) << "ever more rarely";
        waited = changes.next_deadline() - now;
        now = changes.next_deadline();
        ASSERT_EQ(changes.due(now), a);
        Desk at = desk();
        changes.retry(a, name, at);
        EXPECT_EQ(file_one().verb, FileVerb::remove);
        EXPECT_FALSE(changes.due(now)) << "it is on its way";
    }
    EXPECT_EQ(answered(FileVerb::remove), FileChanges::End::done);
    EXPECT_FALSE(changes.busy(a));
    EXPECT_EQ(changes.next_deadline(), kNever);
}

TEST_F(FileChangesAlone, AStoreTakesThePlaceOfARemovalThatWaitsToBeTriedAgain) {
    remove();
    answered(FileVerb::remove, FileStatus::io_error);
    files();
    store(2);
    EXPECT_EQ(file_one().payload, blob(2));
    EXPECT_EQ(changes.next_deadline(), kNever);
    EXPECT_EQ(answered(FileVerb::store), FileChanges::End::done);
}

TEST_F(FileChangesAlone, ATagThatCouldNotBeWrittenIsTriedAgainForTheBytesAreGood) {
    for (const FileStatus how : {FileStatus::no_space, FileStatus::io_error}) {
        retag(5);
        files();
        EXPECT_EQ(answered(FileVerb::retag, how), FileChanges::End::more);
        EXPECT_FALSE(changes.due(now)) << "after a back-off";
        retag(6);
        EXPECT_EQ(file_one().tag.write_id, 6U) << "a newer tag takes its place at once";
        EXPECT_EQ(answered(FileVerb::retag, how), FileChanges::End::more);
        now = changes.next_deadline();
        ASSERT_EQ(changes.due(now), a);
        Desk at = desk();
        changes.retry(a, name, at);
        const SendFile sent = file_one();
        EXPECT_EQ(sent.verb, FileVerb::retag);
        EXPECT_EQ(sent.tag.write_id, 6U);
        EXPECT_EQ(answered(FileVerb::retag), FileChanges::End::done);
        EXPECT_FALSE(changes.busy(a));
    }
}

TEST_F(FileChangesAlone, ATagThatCouldNotBeWrittenIsReplacedByTheOneThatWaits) {
    retag(5);
    retag(6);
    files();
    EXPECT_EQ(answered(FileVerb::retag, FileStatus::io_error), FileChanges::End::more);
    now = changes.next_deadline();
    ASSERT_EQ(changes.due(now), a);
    Desk at = desk();
    changes.retry(a, name, at);
    EXPECT_EQ(file_one().tag.write_id, 6U);
}

TEST_F(FileChangesAlone, ATagOfAFileThatIsNotThereOrTornIsNotTriedAgain) {
    for (const FileStatus how : {FileStatus::missing, FileStatus::corrupt}) {
        retag(5);
        files();
        EXPECT_EQ(answered(FileVerb::retag, how), FileChanges::End::lost);
        EXPECT_FALSE(changes.busy(a));
    }
}

TEST_F(FileChangesAlone, AFileThatIsMissingIsRemoved) {
    remove();
    EXPECT_EQ(answered(FileVerb::remove, FileStatus::missing), FileChanges::End::done);
}

TEST_F(FileChangesAlone, AnAnswerThatNobodyWaitsForIsABrokenBelief) {
    EXPECT_THROW(answered(FileVerb::store), CheckFailure);
}

class IndexAlone : public testing::Test, public Alone {};

TEST_F(IndexAlone, IsTakenInByPortions) {
    auto list = std::make_shared<FileList>();
    for (int i = 0; i < 10'000; ++i)
        list->push_back(file(std::to_string(i), 7, 1));
    catalog.begin_index(list);
    int steps = 0;
    while (!catalog.loaded()) {
        ASSERT_TRUE(catalog.loading());
        const std::size_t before = catalog.size();
        catalog.load_portion();
        EXPECT_LE(catalog.size() - before, 5000U) << "a step stays small";
        ++steps;
    }
    EXPECT_EQ(catalog.size(), 10'000U);
    EXPECT_GT(steps, 1);
    EXPECT_FALSE(catalog.loading());
}

TEST_F(IndexAlone, WithoutAListThereIsNothingToLoad) {
    catalog.begin_index(nullptr);
    EXPECT_TRUE(catalog.loaded());
    EXPECT_THROW(catalog.begin_index(nullptr), CheckFailure) << "it is taken in once";
}

TEST_F(IndexAlone, WhatWasStoredSinceIsNewerThanTheList) {
    Desk at = desk();
    const KeyId a = key("a");
    catalog.store(a, blob(9), file("a", 7, 9, true).tag, at);
    index({file("a", 6, 1)});
    EXPECT_EQ(catalog.at(a).local.version.write_id, 9U);
    EXPECT_TRUE(catalog.at(a).dirty);
}

TEST_F(IndexAlone, AFileThatIsBeingRemovedIsNotTakenForThere) {
    Desk at = desk();
    const KeyId a = key("a");
    catalog.store(a, blob(9), file("a", 7, 9).tag, at);
    catalog.drop(a, at);
    index({file("a", 6, 1)});
    EXPECT_FALSE(catalog.at(a).has_local);
}

TEST_F(IndexAlone, WhatAFailedStoreWasToReplaceIsNotTakenForThere) {
    Desk at = desk();
    const KeyId a = key("a");
    catalog.store(a, blob(9), file("a", 0, 9, true).tag, at);
    catalog.file_changed({a, FileVerb::store}, FileStatus::io_error, {now, sight().retries()}, at);
    index({file("a", 0, 1)});  // the list was late
    EXPECT_FALSE(catalog.servable(a)) << "nine may be committed by now";
    EXPECT_TRUE(catalog.loaded());
}

TEST_F(IndexAlone, AFileThatWaitsAndIsOlderThanWhatWasServedIsNotServed) {
    const KeyId a = key("a");
    shows(a, version(7, 3));
    catalog.served(a, stamp(7, 3, blob(3)));
    index({file("a", 7, 2, true)});  // the list was late
    EXPECT_FALSE(catalog.servable(a));
    EXPECT_TRUE(catalog.needs_fetch(a)) << "the object replaces it";
}

TEST_F(IndexAlone, ACopyOfAnObjectOfBeforeHaIsNotServedOnceItsRemovalWasSeen) {
    const KeyId a = key("a");
    const KeyId b = key("b");
    shows(a, object(tombstone(7, 4)));
    BucketReply same = object(stamp(0, 0, blob(1)), blob(1));
    same.etag = file("b", 0, 0).tag.etag;
    shows(b, same);
    index({file("a", 0, 0), file("b", 0, 0)});
    EXPECT_FALSE(catalog.servable(a));
    EXPECT_TRUE(catalog.servable(b)) << "a copy of what is there";
}

TEST_F(IndexAlone, AFileThatCouldNotBeWrittenIsForgottenAndSaid) {
    Desk at = desk();
    const KeyId a = key("a");
    catalog.store(a, blob(9), file("a", 7, 9).tag, at);
    catalog.file_changed({a, FileVerb::store}, FileStatus::no_space, {now, sight().retries()}, at);
    EXPECT_FALSE(catalog.at(a).has_local);
    const auto lost = told<NotKept>();
    ASSERT_EQ(lost.size(), 1U);
    EXPECT_EQ(lost.front().version, file("a", 7, 9).tag.etag);
}

TEST_F(IndexAlone, ListsWhatIsThereByKeyAndLeavesRemovedOnesOut) {
    index({file("b", 7, 2), file("a", 7, 1), file("c", 7, 3, true)});
    const KeyId gone = key("d");
    shows(gone, object(tombstone(7, 4)));
    const KeyId remote = key("e");
    shows(remote, version(7, 5));
    key("f");  // only asked for
    const auto found = catalog.index("etl/");
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].key.view(), "etl/a");
    EXPECT_EQ(found[1].key.view(), "etl/b");
    EXPECT_TRUE(found[2].dirty);
    EXPECT_FALSE(found[3].local);
    EXPECT_EQ(found[3].epoch, Epoch{7});
    EXPECT_TRUE(catalog.index("other/").empty());
}

TEST_F(IndexAlone, AKeyWhoseTombstoneIsPurgedStaysRemovedWhateverTheAnswer) {
    for (const bool removed : {true, false}) {
        const KeyId gone = key(removed ? "a" : "b");
        shows(gone, object(tombstone(7, removed ? 4 : 5)));
        catalog.purged(gone, removed);
    }
    EXPECT_TRUE(catalog.index("etl/").empty()) << "a purge of unknown end brings nothing back";
    const KeyId again = key("b");
    shows(again, version(7, 6));
    EXPECT_EQ(catalog.index("etl/").size(), 1U) << "what is written over it does";
}

}  // namespace
}  // namespace leasehold::storage
