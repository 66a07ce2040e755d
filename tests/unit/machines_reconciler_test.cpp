// Reconciler: what the local files and the bucket each lack.
#include "model/storage/leader/reconciler.hpp"

#include <set>

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

using Verdict = Reconciler::Verdict;

class ReconcilerAlone : public testing::Test, public Alone {
  protected:
    Reconciler reconciler;
    std::set<KeyId> busy;
    bool room = true;

    void go() {
        Desk at = desk();
        reconciler.proceed(
            sight(), [this] { return catalog.begin_list(); },
            [this](KeyId of) {
                Desk inner = desk();
                catalog.unlisted(of, inner);
            },
            room, [this](KeyId of) { return busy.contains(of); }, at);
        reconciler.check(sight(), room);
    }
    /// The run's LIST, and its answer; then whatever the comparison sends.
    void list(std::vector<ListEntry> entries) {
        reconciler.begin(sight());
        go();
        answer_list(sent_one(), page(std::move(entries)));
        do {
            go();
        } while (reconciler.next_deadline(sight()) == now);
    }
    void answer_list(const SendBucket& request, const BucketReply& reply) {
        land(request);
        const auto paged =
            reconciler.step(sight(), ReconcilePage{}, classify(BucketVerb::list, reply), reply);
        if (paged.page == nullptr) return;
        for (const ListEntry& one : paged.page->entries)
            catalog.listed(catalog.key(one.key), one, paged.number, true);
    }
    Verdict look(const SendBucket& get, const BucketReply& reply, bool is_busy = false) {
        const auto [flight, found] = got(get, reply);
        Desk at = desk();
        return reconciler.step(sight(), std::get<ReconcileLook>(flight.owner), found, is_busy, at);
    }
    bool load(const SendFile& request, const FileReply& reply, bool is_busy = false) {
        const auto owner = requests.take_file(request.request);
        Desk at = desk();
        return reconciler.step(sight(), std::get<ReconcileLoad>(*owner), reply, is_busy, at);
    }
    static ListEntry shown(const std::string& name, std::uint64_t write) {
        return {ObjectKey{"etl/" + name}, etag(stamp(7, write, blob(write))), 100 + write};
    }
};

TEST_F(ReconcilerAlone, RunsAfterTheClaimAgainAfterTheRequestAgeAndThenHourly) {
    reconciler.begin(sight());
    reconciler.begin(sight());
    go();
    answer_list(sent_one(), page({}));
    go();
    EXPECT_EQ(reconciler.next_deadline(sight()), now + config.largest_request_age);
    now += config.largest_request_age;
    go();
    answer_list(sent_one(), page({}));
    go();
    EXPECT_EQ(reconciler.next_deadline(sight()), now + 1h);
}

// What the old leader left is not known before the first run, and nothing else looks for it.
TEST_F(ReconcilerAlone, AKeyThatWaitsForItsLookDoesNotPutTheFirstRunOff) {
    index({file("a", 7, 5), file("b", 7, 5, true)});
    shows(key("a"), version(7, 5));
    shows(key("a"), version(7, 2));
    room = false;
    reconciler.consider(key("a"));
    reconciler.begin(sight());
    go();
    answer_list(sent_one(), page({shown("a", 2), shown("b", 1)}));
    room = true;
    go();
    const auto gets = sent();
    ASSERT_EQ(gets.size(), 2U) << "each key once, although one of them was known before the LIST";
    EXPECT_EQ(gets[0].key.view(), "etl/a");
    EXPECT_EQ(gets[1].key.view(), "etl/b");
}

TEST_F(ReconcilerAlone, ALookThatIsInFlightDoesNotPutTheFirstRunOff) {
    index({file("a", 7, 5), file("b", 7, 5, true)});
    shows(key("a"), version(7, 5));
    shows(key("a"), version(7, 2));
    reconciler.consider(key("a"));
    go();
    const SendBucket early = sent_one();
    reconciler.begin(sight());
    go();
    answer_list(sent_one(), page({shown("a", 2), shown("b", 1)}));
    go();
    EXPECT_EQ(sent_one().key.view(), "etl/b") << "the key that is looked at is not asked for twice";
    EXPECT_EQ(look(early, version(7, 2)), Verdict::nothing);
    EXPECT_EQ(files().size(), 1U) << "the newer bytes go back";
}

TEST_F(ReconcilerAlone, ADirtyFileThatTheBucketLacksIsLoadedAndUploaded) {
    index({file("a", 6, 1, true)});
    list({});
    const SendFile request = file_one();
    EXPECT_TRUE(load(request, loaded(file("a", 6, 1, true))));
    const auto ready = told<UploadReady>();
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_EQ(ready[0].payload, blob(1));
}

TEST_F(ReconcilerAlone, ADirtyFileIsUploadedOverAnOlderObjectAndYieldsToANewer) {
    index({file("a", 7, 5, true), file("b", 7, 5, true)});
    list({shown("a", 1), shown("b", 9)});
    const auto gets = sent();
    ASSERT_EQ(gets.size(), 2U);
    EXPECT_EQ(look(gets[0], version(7, 1)), Verdict::nothing);
    EXPECT_EQ(files().size(), 1U) << "ours is loaded, to be uploaded";
    EXPECT_EQ(look(gets[1], version(7, 9)), Verdict::adopt);
    EXPECT_TRUE(files().empty());
}

TEST_F(ReconcilerAlone, TheLostReplyOfAPutThatWasStoredIsNoUpload) {
    index({file("a", 7, 5, true)});
    list({shown("a", 5)});
    EXPECT_EQ(look(sent_one(), version(7, 5)), Verdict::clean);
    EXPECT_TRUE(files().empty());
}

TEST_F(ReconcilerAlone, ACopyThatNoListShowsIsAskedForBeforeItIsDropped) {
    index({file("a", 7, 5)});
    list({});
    const SendBucket get = sent_one();
    EXPECT_EQ(get.verb, BucketVerb::get);
    EXPECT_EQ(look(get, missing()), Verdict::drop);
}

TEST_F(ReconcilerAlone, TheNewerBytesGoBackWhereTheBucketHoldsAnOlderVersion) {
    index({file("a", 7, 5)});
    shows(key("a"), version(7, 5));
    shows(key("a"), version(7, 2));
    reconciler.consider(key("a"));
    go();
    EXPECT_EQ(look(sent_one(), version(7, 2)), Verdict::nothing);
    EXPECT_TRUE(load(file_one(), loaded(file("a", 7, 5))));
    EXPECT_EQ(told<UploadReady>().size(), 1U);
}

TEST_F(ReconcilerAlone, AKeyThatIsBeingWrittenIsLeftToItsWrite) {
    index({file("a", 7, 5, true), file("b", 7, 5, true)});
    busy.insert(key("a"));
    list({shown("a", 1), shown("b", 1)});
    const SendBucket get = sent_one();
    EXPECT_EQ(get.key.view(), "etl/b");
    EXPECT_EQ(look(get, version(7, 1), true), Verdict::nothing);
    EXPECT_TRUE(files().empty());
}

TEST_F(ReconcilerAlone, AFileThatWasReplacedMeanwhileIsNotUploaded) {
    index({file("a", 7, 5, true)});
    list({});
    const SendFile request = file_one();
    Desk at = desk();
    catalog.store(key("a"), blob(6), file("a", 7, 6, true).tag, at);
    EXPECT_TRUE(load(request, loaded(file("a", 7, 5, true))));
    EXPECT_TRUE(told<UploadReady>().empty());
}

TEST_F(ReconcilerAlone, AFileThatCantBeReadIsSaid) {
    index({file("a", 7, 5, true)});
    list({});
    EXPECT_FALSE(load(file_one(), {FileStatus::corrupt, nullptr}));
}

TEST_F(ReconcilerAlone, OnlyTwoAtATimeAndOnlyWhereThereIsRoom) {
    FileList all;
    for (int i = 0; i < 10; ++i)
        all.push_back(file(std::to_string(i), 7, 5, true));
    index(all);
    room = false;
    list({});
    EXPECT_TRUE(files().empty());
    room = true;
    go();
    const auto loads = files();
    ASSERT_EQ(loads.size(), 2U);
    load(loads[0], loaded(file("0", 7, 5, true)));
    go();
    EXPECT_EQ(files().size(), 1U);
}

TEST_F(ReconcilerAlone, ManyKeysAreComparedInPortions) {
    FileList all;
    for (int i = 0; i < 10'000; ++i)
        all.push_back(file(std::to_string(i), 7, 5));
    index(all);
    reconciler.begin(sight());
    go();
    answer_list(sent_one(), page({}));
    int steps = 0;
    do {
        go();
        ++steps;
        ASSERT_LT(steps, 100);
    } while (reconciler.next_deadline(sight()) == now);
    EXPECT_GT(steps, 1);
}

TEST_F(ReconcilerAlone, AFailedListIsAskedForAgainAfterABackOff) {
    reconciler.begin(sight());
    go();
    answer_list(sent_one(), lost());
    go();
    EXPECT_TRUE(sent().empty());
    ASSERT_EQ(reconciler.next_deadline(sight()), now + 200ms);
    now += 200ms;
    go();
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(ReconcilerAlone, AStoreThatPromisesMoreAndShowsNoneEndsTheList) {
    reconciler.begin(sight());
    go();
    answer_list(sent_one(), page({shown("a", 1)}, true));
    go();
    const SendBucket next = sent_one();
    EXPECT_EQ(next.key.view(), "etl/a");
    answer_list(next, page({shown("a", 1)}, true));
    go();
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(reconciler.next_deadline(sight()), now + config.largest_request_age);
}

TEST_F(ReconcilerAlone, ASingleInstallUploadsWhatTheBucketLacksOnceAndReadsNothing) {
    config.ha = false;
    epoch = Epoch{};
    FileEntry plain = file("a", 0, 0);
    plain.tag.tagged = false;
    index({plain, file("b", 0, 0)});
    list({shown("b", 0)});
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(file_one().key.view(), "etl/a");
    EXPECT_EQ(reconciler.next_deadline(sight()), kNever);
}

TEST_F(ReconcilerAlone, AKeyThatIsToBeLookedAtAgainWaitsEverLongerUntilItsVersionChanges) {
    index({});
    shows(key("a"), version(7, 5));
    for (const Duration wait : {15s, 30s, 60s, 120s}) {
        reconciler.again(sight(), key("a"));
        go();
        EXPECT_TRUE(sent().empty());
        ASSERT_EQ(reconciler.next_deadline(sight()), now + wait);
        now += wait;
        go();
        EXPECT_EQ(look(sent_one(), version(7, 5)), Verdict::adopt) << "and is not kept";
    }
    shows(key("a"), version(7, 6));
    reconciler.again(sight(), key("a"));
    EXPECT_EQ(reconciler.next_deadline(sight()), now + 15s) << "another version may be kept";
    reconciler.again(sight(), key("a"), Reconciler::Because::kept_badly, 2h);
    EXPECT_EQ(reconciler.next_deadline(sight()), now + 1h) << "a Retry-After is capped";
}

TEST_F(ReconcilerAlone, ALookThatBringsNothingIsMadeAgainIfSomebodyAskedForIt) {
    index({});
    shows(key("a"), version(7, 5));
    reconciler.again(sight(), key("a"));
    now += 15s;
    go();
    EXPECT_EQ(look(sent_one(), lost()), Verdict::nothing);
    ASSERT_EQ(reconciler.next_deadline(sight()), now + 15s);
    now += 15s;
    go();
    EXPECT_EQ(sent().size(), 1U);
}

// Found by a campaign: a busy store asked for ten minutes, by one answer to one GET, and the leader
// had no copy for as long.
TEST_F(ReconcilerAlone, AnOutageIsNoFailureOfTheVersion) {
    index({});
    shows(key("a"), version(7, 5));
    reconciler.again(sight(), key("a"));
    now += 15s;
    go();
    for (const Duration asked : {0s, 20s, 600s, 600s, 0s, 0s}) {
        BucketReply reply = lost();
        reply.status = 503;
        reply.retry_after = asked;
        EXPECT_EQ(look(sent_one(), reply), Verdict::nothing);
        const Instant due = reconciler.next_deadline(sight());
        EXPECT_EQ(due, now + std::clamp<Duration>(asked, 15s, 30s)) << asked.count();
        now = due;
        go();
    }
    EXPECT_EQ(look(sent_one(), version(7, 5)), Verdict::adopt);
    reconciler.again(sight(), key("a"));
    EXPECT_EQ(reconciler.next_deadline(sight()), now + 30s) << "the second failure, not the eighth";
}

TEST_F(ReconcilerAlone, AKeyToBeLookedAtAgainIsPutOffWhileItIsWrittenOrTheFilesAreNotKnown) {
    shows(key("a"), version(7, 5));
    reconciler.again(sight(), key("a"));
    now += 15s;
    go();
    EXPECT_TRUE(sent().empty()) << "nothing would be kept before the files are known";
    ASSERT_EQ(reconciler.next_deadline(sight()), now + 15s);
    index({});
    busy.insert(key("a"));
    now += 15s;
    go();
    EXPECT_TRUE(sent().empty()) << "the write brings its own file";
    ASSERT_EQ(reconciler.next_deadline(sight()), now + 15s);
    busy.clear();
    now += 15s;
    go();
    EXPECT_EQ(sent().size(), 1U);
}

// Found by a campaign: a read came torn while the disk did not list its files.
TEST_F(ReconcilerAlone, AKeyThatIsConsideredWaitsForTheFiles) {
    shows(key("a"), version(7, 5));
    reconciler.consider(key("a"));
    go();
    EXPECT_TRUE(sent().empty());
    index({});
    go();
    EXPECT_EQ(sent_one().verb, BucketVerb::get);
}

TEST_F(ReconcilerAlone, AKeyToBeLookedAtAgainPutsNoRunOff) {
    index({});
    shows(key("a"), version(7, 5));
    list({shown("a", 5)});
    EXPECT_EQ(look(sent_one(), version(7, 5)), Verdict::adopt);
    room = false;
    reconciler.again(sight(), key("a"));
    now += 15s;
    go();
    EXPECT_TRUE(sent().empty()) << "pipelines' writes go first";
    now = reconciler.next_deadline(sight());
    go();
    EXPECT_EQ(sent_one().verb, BucketVerb::list) << "the second run";
}

TEST_F(ReconcilerAlone, OneThatStopsStartsNothingMore) {
    index({file("a", 7, 5, true)});
    reconciler.begin(sight());
    go();
    const SendBucket request = sent_one();
    stopping = true;
    reconciler.stop();
    answer_list(request, page({}));
    reconciler.consider(key("a"));
    go();
    EXPECT_TRUE(sent().empty());
    EXPECT_TRUE(files().empty());
    EXPECT_EQ(reconciler.next_deadline(sight()), kNever);
}

TEST_F(ReconcilerAlone, WithoutAnEpochItWaitsAndHasNoDeadline) {
    reconciler.begin(sight());
    epoch.reset();
    now += 10s;
    go();
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(reconciler.next_deadline(sight()), kNever) << "the claim is a step";
    epoch = Epoch{7};
    go();
    EXPECT_EQ(sent().size(), 1U);
}

TEST_F(ReconcilerAlone, ItsCheckFallsForAKeyThatCouldBeWorkedOnAndIsNot) {
    index({});
    reconciler.consider(key("a"));
    EXPECT_THROW(reconciler.check(sight(), true), CheckFailure);
    EXPECT_NO_THROW(reconciler.check(sight(), false)) << "pipelines' writes go first";
    epoch.reset();
    EXPECT_NO_THROW(reconciler.check(sight(), true)) << "before the claim nothing may be written";
}

TEST_F(ReconcilerAlone, ItsCheckFallsForALookOrALoadThatIsNotInFlight) {
    index({file("a", 7, 5, true), file("b", 7, 5, true)});
    list({shown("a", 1)});
    land(sent_one());
    EXPECT_THROW(reconciler.check(sight(), true), CheckFailure);
}

TEST_F(ReconcilerAlone, ItsCheckFallsForARunThatIsDueAndForAListThatStandsStill) {
    reconciler.begin(sight());
    now += 1s;
    EXPECT_THROW(reconciler.check(sight(), true), CheckFailure);
    go();
    const SendBucket request = sent_one();
    answer_list(request, lost());
    EXPECT_NO_THROW(reconciler.check(sight(), true)) << "it backs off";
    now = reconciler.next_deadline(sight());
    EXPECT_THROW(reconciler.check(sight(), true), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
