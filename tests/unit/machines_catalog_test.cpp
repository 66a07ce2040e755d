// Catalog: what is known of a key, and what nobody forgets.
#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

VersionId v(std::uint64_t of, std::uint64_t write) {
    return {Epoch{of}, write};
}

class CatalogAlone : public testing::Test, public Alone {
  protected:
    KeyId a = key("a");
    [[nodiscard]] const Entry& entry() const { return catalog.at(a); }
    bool listed(const ETag& tag, std::uint32_t number, bool named = true) {
        return catalog.listed(a, {catalog.name(a), tag, 100}, number, named);
    }
    void store(std::uint64_t of, std::uint64_t write, bool dirty = false) {
        Desk at = desk();
        catalog.store(a, blob(write), file("a", of, write, dirty).tag, at);
    }
    void adopt(const Found& found, bool ha = true) {
        Desk at = desk();
        catalog.adopt(a, found, ha, at);
    }
    void drop() {
        Desk at = desk();
        catalog.drop(a, at);
    }
    Found late_show(std::uint32_t generation, const BucketReply& reply, bool binding) {
        Desk at = desk();
        return catalog.show(a, generation, BucketOutcome::object, reply, binding, at);
    }
    bool unlisted() {
        Desk at = desk();
        return catalog.unlisted(a, at);
    }
    void commit(const Committed& fact) {
        Desk at = desk();
        catalog.committed(fact, true, at);
    }
};

// Found by a campaign: the epoch was lost, and claimed anew while the file waited for its upload.
TEST_F(CatalogAlone, AFileThatHasItsTagAlreadyIsNotWrittenAgain) {
    store(7, 3, true);
    const SendFile stored = file_one();
    Desk at = desk();
    catalog.file_changed({a, stored.verb}, FileStatus::ok, {}, at);
    for (const std::uint64_t of : {7U, 8U, 8U}) {
        const bool known = entry().local.version.epoch == Epoch{of};
        catalog.retag(a, file("a", of, 3, true).tag, at);
        EXPECT_EQ(files().size(), known ? 0U : 1U);
    }
}

// A poll each second for two hundred days.
TEST_F(CatalogAlone, ListsAreCountedForLongerThanAProcessLives) {
    std::uint32_t number = 0;
    for (std::uint32_t i = 0; i < (1U << 24) + 2; ++i)
        number = catalog.begin_list();
    EXPECT_TRUE(listed(ETag{"e"}, number));
    EXPECT_EQ(entry().listed, number) << "or the complete LIST would be taken for one without it";
}

// The explorer takes states that are equal for one: what a promise hangs on tells them apart.
TEST_F(CatalogAlone, DiffersByWhatWasServed) {
    const Catalog before = catalog;
    EXPECT_TRUE(before == catalog);
    catalog.served(a, Stamp{Epoch{7}, 1, 3, 100, {}, false});
    EXPECT_FALSE(before == catalog);
}

TEST_F(CatalogAlone, AGetShowsWhatTheBucketHolds) {
    const Found found = shows(a, version(7, 3));
    EXPECT_EQ(found.kind, FoundKind::data);
    EXPECT_TRUE(found.current);
    EXPECT_EQ(catalog.newest(a), v(7, 3));
    EXPECT_TRUE(catalog.needs_fetch(a));
    EXPECT_FALSE(catalog.servable(a)) << "there is no file";
}

TEST_F(CatalogAlone, AnAnswerThatShowsWhatIsKnownByNowDidNotComeTooLate) {
    const std::uint32_t before = entry().generation;
    shows(a, version(7, 3));
    const Found late = late_show(before, version(7, 3), false);
    EXPECT_TRUE(late.current);
    adopt(late);
    EXPECT_TRUE(catalog.servable(a)) << "the copy is kept";
}

TEST_F(CatalogAlone, AnAnswerThatLeftBeforeAnotherChangeIsNotNoted) {
    const std::uint32_t before = entry().generation;
    shows(a, version(7, 3));
    const Found late = late_show(before, version(7, 2), false);
    EXPECT_FALSE(late.current);
    EXPECT_TRUE(late.stale);
    EXPECT_EQ(entry().view.version, v(7, 3));
    EXPECT_EQ(marked(MarkId::version_went_back), 0) << "it is late, not an alarm";
}

TEST_F(CatalogAlone, ABindingLookIsNotedAllTheSame) {
    const std::uint32_t before = entry().generation;
    shows(a, version(7, 3));
    late_show(before, version(7, 4), true);
    EXPECT_EQ(entry().view.version, v(7, 4));
}

TEST_F(CatalogAlone, AnObjectThatWentBackIsAnAlarmAndTheNewestIsNotForgotten) {
    shows(a, version(7, 3));
    const Found back = shows(a, version(6, 9));
    EXPECT_TRUE(back.stale);
    EXPECT_EQ(marked(MarkId::version_went_back), 1);
    EXPECT_EQ(catalog.newest(a), v(7, 3));
    catalog.give_in(a);
    EXPECT_EQ(catalog.newest(a), v(6, 9));
}

TEST_F(CatalogAlone, ATornObjectTakesNothingOfWhatIsKnown) {
    shows(a, version(7, 3));
    BucketReply torn = version(7, 4);
    ObjectBody half = *std::get<ObjectBodyPtr>(torn.content);
    half.payload.size /= 2;
    torn.content = std::make_shared<const ObjectBody>(half);
    EXPECT_EQ(shows(a, torn).kind, FoundKind::corrupt);
    EXPECT_EQ(catalog.newest(a), v(7, 3));
    EXPECT_TRUE(shows(a, version(7, 2)).stale) << "older than what was there before the damage";
}

// Found by a campaign: a leader's read shows a newer version while its own write of the key is
// under way, so that nothing is kept of it; then it is deposed, and its write fenced.
TEST_F(CatalogAlone, ADirtyFileBelowWhatWasShownIsFetchedAnew) {
    store(7, 2, true);
    shows(a, object(stamp(6, 9, blob(9)), blob(9)));
    EXPECT_FALSE(catalog.needs_fetch(a)) << "the file goes over it";
    const Found newer_one = shows(a, object(stamp(8, 1, blob(1)), blob(1)));
    EXPECT_TRUE(catalog.needs_fetch(a));
    adopt(newer_one);
    EXPECT_FALSE(catalog.needs_fetch(a));
    EXPECT_EQ(entry().local.version, v(8, 1));
}

// So is one of a leadership that had claimed no epoch: it goes over nothing but what it was derived
// from.
TEST_F(CatalogAlone, AnUnclaimedFileBesideAnotherObjectIsFetchedAnew) {
    const Found base = shows(a, object(stamp(6, 9, blob(9)), blob(9)));
    Desk at = desk();
    catalog.store(a, blob(2), FileTag{Epoch{}, base.etag, true, true, 2}, at);
    EXPECT_FALSE(catalog.needs_fetch(a)) << "it is derived from that";
    adopt(shows(a, object(stamp(8, 1, blob(1)), blob(1))));
    EXPECT_EQ(entry().local.version, v(8, 1));
    catalog.store(a, blob(2), FileTag{Epoch{}, base.etag, true, true, 2}, at);
    EXPECT_TRUE(catalog.needs_fetch(a));
}

// Found by a campaign: between that read and the next pass a query was given the older file.
TEST_F(CatalogAlone, ADirtyFileBelowWhatAReadWasGivenIsGivenToNobody) {
    store(7, 2, true);
    shows(a, object(stamp(6, 9, blob(9)), blob(9)));
    catalog.served(a, stamp(6, 9, blob(9)));
    EXPECT_TRUE(catalog.servable(a)) << "what was given is older";
    shows(a, object(stamp(8, 1, blob(1)), blob(1)));
    EXPECT_TRUE(catalog.servable(a)) << "nobody was given what was seen";
    const Catalog before = catalog;
    catalog.served(a, stamp(8, 1, blob(1)));
    EXPECT_FALSE(catalog.servable(a));
    EXPECT_FALSE(before == catalog);
    store(8, 2, true);
    EXPECT_TRUE(catalog.servable(a)) << "the next write of this process";
    shows(a, object(stamp(9, 1, blob(1)), blob(1)));
    catalog.served(a, stamp(9, 1, blob(1)));
    EXPECT_FALSE(catalog.servable(a));
    Desk at = desk();
    catalog.retag(a, file("a", 10, 2, true).tag, at);
    EXPECT_TRUE(catalog.servable(a)) << "its epoch was raised: it goes over that";
}

TEST_F(CatalogAlone, GenerationsAreNeverReset) {
    std::uint32_t last = entry().generation;
    const auto grew = [&](const char* what) {
        EXPECT_GT(entry().generation, last) << what;
        last = entry().generation;
    };
    shows(a, version(7, 1));
    grew("show");
    store(7, 1);
    grew("store");
    listed(ETag{"other"}, catalog.begin_list());
    grew("another version is listed");
    drop();
    EXPECT_EQ(entry().generation, last) << "a file that goes makes no GET one of the past";
    catalog.purged(a, true);
    grew("purge");
    shows(a, missing());
    grew("missing");
}

TEST_F(CatalogAlone, AListIsBelievedUnlessTheKeyWasShownSinceItBegan) {
    const std::uint32_t number = catalog.begin_list();
    shows(a, version(7, 2));
    EXPECT_FALSE(listed(ETag{"older page"}, number));
    EXPECT_EQ(entry().view.version, v(7, 2));
    EXPECT_TRUE(listed(ETag{"new"}, catalog.begin_list()));
    EXPECT_FALSE(entry().examined);
    EXPECT_EQ(catalog.newest(a), v(7, 2)) << "a listed version has no stamp yet";
}

TEST_F(CatalogAlone, AListedETagNamesTheVersionOfACleanCopyOnlyWhereItCoversTheStamp) {
    index({file("a", 7, 2)});
    listed(file("a", 7, 2).tag.etag, catalog.begin_list(), false);
    EXPECT_FALSE(entry().examined);
    KeyId b = key("b");
    catalog.listed(b, {catalog.name(b), ETag{"x"}, 1}, catalog.begin_list(), true);
    EXPECT_FALSE(catalog.at(b).examined) << "there is no copy";
}

TEST_F(CatalogAlone, ACopyIsDroppedWhenTwoListsInARowLackItsKeyAndNotForOne) {
    index({file("a", 7, 2)});
    listed(file("a", 7, 2).tag.etag, catalog.begin_list());
    EXPECT_FALSE(unlisted());
    listed(file("a", 7, 2).tag.etag, catalog.begin_list());
    EXPECT_FALSE(unlisted()) << "shown in between";
    EXPECT_TRUE(entry().has_local);
    EXPECT_TRUE(unlisted());
    EXPECT_FALSE(entry().has_local);
    EXPECT_EQ(catalog.newest(a), v(7, 2)) << "and what was is still known";
}

TEST_F(CatalogAlone, AFileThatTheBucketMayLackIsNeverDroppedForALists) {
    index({file("a", 7, 2, true)});
    EXPECT_FALSE(unlisted());
    EXPECT_TRUE(unlisted());
    EXPECT_TRUE(entry().has_local);
}

TEST_F(CatalogAlone, AnOlderObjectDoesNotReplaceANewerCopy) {
    store(7, 3);
    adopt(shows(a, version(7, 2)));
    EXPECT_EQ(entry().local.version, v(7, 3));
    EXPECT_EQ(marked(MarkId::older_version_refused), 1);
}

TEST_F(CatalogAlone, AnOlderObjectIsNotKeptAlthoughTheNewerCopyWasLost) {
    store(7, 3);
    catalog.lose(a);
    adopt(shows(a, version(7, 2)));
    EXPECT_FALSE(entry().has_local) << "no replica keeps an older version after a newer one";
    EXPECT_EQ(marked(MarkId::older_version_refused), 1);
    catalog.give_in(a);
    adopt(shows(a, version(7, 2)));
    EXPECT_TRUE(entry().has_local) << "nobody has the newer bytes: it is the truth again";
}

TEST_F(CatalogAlone, AFileThatWaitsToBeWrittenYieldsToANewerObjectAlone) {
    store(7, 3, true);
    adopt(shows(a, version(7, 2)));
    EXPECT_TRUE(entry().dirty);
    adopt(shows(a, object(stamp(0, 0, blob(1)), blob(1))));
    EXPECT_TRUE(entry().dirty) << "a foreign object has no place in the order";
    adopt(shows(a, version(8, 1)));
    EXPECT_EQ(entry().local.version, v(8, 1));
    EXPECT_EQ(marked(MarkId::reconcile_discarded), 1);
}

TEST_F(CatalogAlone, WithHighAvailabilityOffWhatTheBucketLacksIsNewer) {
    store(0, 3, true);
    adopt(shows(a, version(8, 1)), false);
    EXPECT_TRUE(entry().dirty);
}

TEST_F(CatalogAlone, EqualBytesOfALaterWriteTakeItsVersion) {
    // A plain object's ETag covers the payload alone.
    store(7, 3);
    BucketReply again = object(stamp(7, 5, blob(3)), blob(3));
    again.etag = file("a", 7, 3).tag.etag;
    adopt(shows(a, again));
    EXPECT_EQ(entry().local.version, v(7, 5));
    EXPECT_TRUE(catalog.servable(a)) << "the file is what the bucket holds";
}

TEST_F(CatalogAlone, ATombstoneTakesTheCopyWithIt) {
    store(7, 3);
    adopt(shows(a, object(tombstone(7, 4))));
    EXPECT_FALSE(entry().has_local);
    EXPECT_TRUE(entry().absent());
    EXPECT_FALSE(catalog.needs_fetch(a));
}

TEST_F(CatalogAlone, ACommitNamesTheFileOfItsOwnWriteAndNoOther) {
    store(7, 3, true);
    commit({a, stamp(7, 2, blob(3), kUs), ETag{"e2"}, true, false});
    EXPECT_TRUE(entry().dirty) << "equal bytes of an older write";
    commit({a, stamp(7, 3, blob(3), kUs), ETag{"e3"}, true, false});
    EXPECT_TRUE(entry().clean());
    EXPECT_EQ(entry().local.etag.etag(), ETag{"e3"});
}

TEST_F(CatalogAlone, ACommitWithALaterWriteBehindItLeavesTheFileAlone) {
    store(7, 3, true);
    commit({a, stamp(7, 3, blob(3), kUs), ETag{"e3"}, false, false});
    EXPECT_TRUE(entry().dirty);
    EXPECT_EQ(entry().view.version, v(7, 3));
}

// Found by a campaign: a bucket stood still and then answered everything at once, a read by what a
// write had stored, and the look that the write had sent before by what was there before it.
TEST_F(CatalogAlone, AnAnswerThatLeftBeforeANewerVersionWasServedIsNoAlarm) {
    shows(a, version(7, 3));
    for (const bool binding : {true, false}) {
        const std::uint32_t before = entry().generation;
        catalog.served(a, stamp(7, binding ? 4 : 5, blob(4)));
        const Found late = late_show(before, version(7, 3), binding);
        EXPECT_TRUE(late.stale);
        EXPECT_FALSE(late.current);
    }
    EXPECT_EQ(marked(MarkId::version_went_back), 0);
    EXPECT_TRUE(shows(a, version(7, 3)).current) << "one that left since shows that it did go back";
    EXPECT_EQ(marked(MarkId::version_went_back), 1);
}

TEST_F(CatalogAlone, WhatWasServedIsNeverPassedBelow) {
    catalog.served(a, stamp(7, 3, blob(3)));
    EXPECT_EQ(catalog.newest(a), v(7, 3));
    EXPECT_NO_THROW(catalog.served(a, stamp(7, 3, blob(3)))) << "the same once more";
    EXPECT_NO_THROW(catalog.served(a, stamp(0, 9, blob(9)))) << "a foreign one is unordered";
    EXPECT_THROW(catalog.served(a, stamp(7, 2, blob(2))), CheckFailure);
    EXPECT_THROW(catalog.served(a, stamp(6, 9, blob(9))), CheckFailure);
}

// An operator restores a key by another program, and then an older backup of ours.
TEST_F(CatalogAlone, AForeignObjectEndsThePromiseOfAVersionThatNobodyHas) {
    catalog.served(a, stamp(7, 3, blob(3)));
    shows(a, object(stamp(0, 0, blob(9)), blob(9)));
    EXPECT_EQ(catalog.newest(a), v(0, 0));
    const Found older = shows(a, version(6, 1));
    EXPECT_FALSE(older.stale);
    adopt(older);
    EXPECT_TRUE(catalog.servable(a));
}

TEST_F(CatalogAlone, AFileBelowWhatWasServedDoesNotAnswer) {
    index({file("a", 7, 2)});
    EXPECT_TRUE(catalog.servable(a));
    catalog.served(a, stamp(7, 3, blob(3)));
    EXPECT_FALSE(catalog.servable(a));
}

// Found by seeds 1..1000: a leader gave a version, and then the foreign object's copy of before.
TEST_F(CatalogAlone, ACopyThatHasNoPlaceInTheOrderIsNotGivenAfterWhatHasOne) {
    Desk at = desk();
    catalog.store(a, blob(3), FileTag{Epoch{}, ETag{"foreign"}, false, true, 0}, at);
    catalog.served(a, Stamp{});
    EXPECT_TRUE(catalog.servable(a)) << "the very object, or another foreign one";
    catalog.served(a, stamp(7, 1, blob(1)));
    EXPECT_FALSE(catalog.servable(a));
    shows(a, object(stamp(0, 0, blob(4)), blob(4)));
    EXPECT_FALSE(catalog.servable(a)) << "another one came after that version";
    const Found own = shows(a, object(stamp(0, 0, blob(3)), blob(3)));
    catalog.store(a, blob(3), FileTag{Epoch{}, own.etag, false, true, 0}, at);
    catalog.served(a, stamp(7, 2, blob(2)));
    ASSERT_FALSE(catalog.servable(a));
    shows(a, object(stamp(0, 0, blob(3)), blob(3)));
    EXPECT_TRUE(catalog.servable(a)) << "the bucket holds it, so it came after that version";
}

TEST_F(CatalogAlone, AListedCopyThatHasNoPlaceInTheOrderIsNotGivenAfterWhatHasOne) {
    catalog.served(a, stamp(7, 1, blob(1)));
    index({file("a", 0, 0)});
    EXPECT_FALSE(catalog.servable(a));
}

}  // namespace
}  // namespace leasehold::storage
