// leader.stable, claims, and what may change of a Lease:
// planted violations, clean histories.
#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kStable = "leader.stable";
constexpr std::string_view kEpochs = "bucket.epochs-increase";
constexpr std::string_view kChanged = "lease.changed-only-by-holder";
constexpr std::string_view kTaken = "lease.taken-only-when-free";
constexpr std::string_view kKey = "assets/1h";

TEST(CheckStable, ALeadershipThatEndsWithoutACauseIsFound) {
    History history;
    history.start_all();
    const auto began = history.lead(0, 10s, 1, 1h);
    const auto wrong = history.follow(0, 100s);
    const Verdict verdict = history.verdict(kStable, 200s);
    EXPECT_TRUE(violated(verdict, wrong));
    EXPECT_EQ(verdict.evidence.front(), began);
}

TEST(CheckStable, CausesPass) {
    for (const int cause : {0, 1, 2, 3, 4, 5}) {
        History history;
        history.start_all();
        history.lead(0, 10s, 1, 1h);
        if (cause == 0) history.path(0, 95s, false);
        if (cause == 1) history.path(0, 80s, true, false), history.path(0, 85s, true, true);
        if (cause == 2) history.fault(95s, "pause replica-0", {0});
        if (cause == 3) history.lease(kNobody, 99s, lease_of(5, "a", 1, 1), nullptr);
        if (cause == 4) history.step(0, 99s, Stop{mono(130s)});
        if (cause == 5) history.object(kNobody, 99s, ".ha/epoch", "x", 9);
        history.follow(0, 100s);
        EXPECT_TRUE(passes(history.verdict(kStable, 200s))) << cause;
    }
}

TEST(CheckStable, WhoGaveUpSitsOutOneLease) {
    for (const bool early : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 10s, 1, 1h);
        history.path(0, 20s, true, false);
        history.step(0, 40s, Timer{},
                     {GateMoved{Term{1}, mono(40s)}, RoleChanged{Role::follower, Term{}},
                      Mark{MarkId::stepped_down_abdicated}});
        const auto again = history.lead(0, early ? 54s : 56s, 2, 1h);
        const Verdict verdict = history.verdict(kStable, 60s);
        EXPECT_TRUE(early ? violated(verdict, again) : passes(verdict));
    }
}

TEST(CheckEpochsIncrease, AClaimWithoutARenewalSinceItsLookIsFound) {
    for (const bool renews : {false, true}) {
        History history;
        history.start_all();
        history.step(0, 1s, Timer{}, {send_lease(1, LeaseVerb::update, 7)});
        history.step(0, 2s, lease_answered(1, lease_of(2, "replica-0", 7, 7)),
                     {send_bucket(2, BucketVerb::get, ".ha/epoch")});
        history.step(0, 3s, bucket_answered(2, 404));
        if (renews) {
            history.step(0, 4s, Timer{}, {send_lease(3, LeaseVerb::update, 8)});
            history.step(0, 5s, lease_answered(3, lease_of(3, "replica-0", 8, 7)));
        }
        const auto claim =
            history.step(0, 6s, Timer{}, {send_bucket(4, BucketVerb::put, ".ha/epoch")});
        history.object(0, 7s, ".ha/epoch", "a", 5);
        const Verdict verdict = history.verdict(kEpochs, 10s);
        EXPECT_TRUE(renews ? passes(verdict) : violated(verdict, claim));
    }
}

// A process stood still until 4 s, and the answer of its look had come long before.
TEST(CheckEpochsIncrease, ARenewalOfTheInstantInWhichTheLookIsReadCountsInEitherOrder) {
    for (const auto renewed_at : {Duration(3999ms), Duration(4s)}) {
        History history;
        history.start_all();
        history.step(0, 2s, Timer{}, {send_bucket(2, BucketVerb::get, ".ha/epoch")});
        history.step(0, renewed_at, Timer{}, {send_lease(3, LeaseVerb::update, 8)});
        history.step(0, 4s, bucket_answered(2, 404));
        history.step(0, 5s, lease_answered(3, lease_of(3, "replica-0", 8, 7)));
        const auto claim =
            history.step(0, 6s, Timer{}, {send_bucket(4, BucketVerb::put, ".ha/epoch")});
        history.object(0, 7s, ".ha/epoch", "a", 5);
        const Verdict verdict = history.verdict(kEpochs, 10s);
        EXPECT_TRUE(renewed_at == 4s ? passes(verdict) : violated(verdict, claim));
    }
}

// Its clock stood from 3 s to 5 s, and so it can't tell that the answer came after.
TEST(CheckEpochsIncrease, ARenewalOfTheInstantAtWhichTheClockStoodCounts) {
    for (const std::int64_t rate : {0, -1'000'000'000}) {
        History history;
        history.start_all();
        history.step(0, 2s, Timer{}, {send_bucket(2, BucketVerb::get, ".ha/epoch")});
        history.step(0, 3s, Timer{}, {send_lease(3, LeaseVerb::update, 8)});
        history.clock(0, 3s, rate);
        history.clock(0, 5s, 0);
        history.step(0, 5s, bucket_answered(2, 404));
        history.step(0, 6s, lease_answered(3, lease_of(3, "replica-0", 8, 7)));
        const auto claim =
            history.step(0, 7s, Timer{}, {send_bucket(4, BucketVerb::put, ".ha/epoch")});
        history.object(0, 8s, ".ha/epoch", "a", 5);
        const Verdict verdict = history.verdict(kEpochs, 10s);
        EXPECT_TRUE(rate != 0 ? passes(verdict) : violated(verdict, claim));
    }
}

TEST(CheckChangedOnlyByHolder, ARenewalKeepsWhatIsNotItsOwnAndItsAcquisition) {
    for (const int what : {0, 1, 2, 3}) {
        History history;
        history.start_all();
        const LeasePtr first = edited(5, "replica-0", 1, 1, 3);
        history.lease(0, 1s, nullptr, first);
        auto second = std::make_shared<Lease>(*edited(6, "replica-0", 2, 1, 3));
        if (what == 1) second->extra = "";
        if (what == 2) second->record.transitions = 4;
        if (what == 3) second->record.acquire_time = WallTime(1s);
        const auto changed = history.lease(0, 3s, first, second);
        const Verdict verdict = history.verdict(kChanged, 20s);
        EXPECT_TRUE(what == 0 ? passes(verdict) : violated(verdict, changed)) << what;
    }
}

// Found by a campaign: whose write the older record was is not known, whoever edits it.
TEST(CheckChangedOnlyByHolder, ARestoredRecordBindsNobodyToItsPastAlsoWhenItWasEdited) {
    for (const bool restored : {false, true}) {
        History history;
        history.start_all();
        const LeasePtr first = edited(5, "replica-0", 1, 1, 3);
        history.lease(0, 1s, nullptr, first);
        const LeasePtr older = edited(4, "replica-0", 9, 9, 2);
        history.lease(kNobody, 2s, first, older, restored);
        const LeasePtr shorter = edited(1000, "replica-0", 9, 9, 2);
        history.lease(kNobody, 3s, older, shorter);
        const auto changed = history.lease(0, 4s, shorter, edited(1001, "replica-0", 2, 1, 4));
        const Verdict verdict = history.verdict(kChanged, 20s);
        EXPECT_TRUE(restored ? !violated(verdict, changed) : violated(verdict, changed));
    }
}

// Found by a campaign: a create of an earlier leadership of the same process lands late, after a
// deletion, and its leader goes on over it.
TEST(CheckChangedOnlyByHolder, ALeadershipGoesOnOverWhatItsProcessHadSentBefore) {
    for (const std::int32_t transitions : {3, 4}) {
        History history;
        history.start_all();
        const LeasePtr leads = edited(5, "replica-0", 1, 1, 3);
        history.lease(0, 1s, nullptr, leads);
        history.lease(kNobody, 2s, leads, nullptr);
        const LeasePtr late = edited(6, "replica-0", 9, 9, 0);
        auto older = std::make_shared<Lease>(*late);
        older->record.renew_time = WallTime(-1s);
        history.lease(0, 3s, nullptr, older);
        const auto taken = history.lease(0, 4s, older, edited(7, "replica-0", 2, 1, transitions));
        const Verdict verdict = history.verdict(kChanged, 20s);
        EXPECT_TRUE(transitions == 3 ? !violated(verdict, taken) : violated(verdict, taken))
            << verdict.what;
    }
}

TEST(CheckChangedOnlyByHolder, ATakeoverCountsItsTransitionAndKeepsTheRest) {
    for (const int what : {0, 1, 2}) {
        History history;
        history.start_all();
        const LeasePtr first = edited(5, "replica-0", 1, 1, 3);
        history.lease(0, 1s, nullptr, first);
        const LeasePtr second = edited(6, "replica-0", 2, 1, 3);
        history.lease(0, 2s, first, second);
        const auto taken = history.lease(
            1, 30s, second, edited(7, "replica-1", 3, 3, what == 1 ? 3 : 4, what == 2 ? "" : "x"));
        const Verdict verdict = history.verdict(kChanged, 40s);
        EXPECT_TRUE(what == 0 ? passes(verdict) : violated(verdict, taken)) << what;
    }
}

// P1 of the field: an outsider renews, somebody empties the record, an agent takes it at once.
TEST(CheckTakenOnlyWhenFree, AnOutsidersRecordBindsThoughSomebodyEmptiedIt) {
    for (const int what : {0, 1, 2}) {
        Settings settings = test_settings();
        settings.election.client_go_peers = what == 2;
        History history(settings);
        history.start_all();
        const LeasePtr ours = lease_of(5, "", 1, 1);
        const LeasePtr foreign = lease_of(6, "python", 1, 1);
        auto renewed = std::make_shared<Lease>(*lease_of(7, "python", 1, 1));
        renewed->record.renew_time = WallTime(9s);
        const LeasePtr blank = lease_of(8, "", 1, 1);
        history.lease(0, 1s, nullptr, ours);
        history.lease(kNobody, 2s, ours, foreign);
        history.lease(kNobody, 4s, foreign, renewed);
        history.lease(kNobody, 5s, renewed, blank);
        const auto taken = history.lease(1, what == 1 ? Duration(19s) : Duration(6s), blank,
                                         lease_of(9, "replica-1", 2, 2));
        const Verdict verdict = history.verdict(kTaken, 40s);
        EXPECT_TRUE(what == 0 ? violated(verdict, taken) : passes(verdict)) << verdict.what;
    }
}

// Found by a campaign: a record of a minute where no lease is longer than 30 s.
TEST(CheckTakenOnlyWhenFree, AnOutsidersDamagedDurationBindsNoLongerThanTheLongestLease) {
    for (const Duration at : {Duration(31s), Duration(33s)}) {
        Settings settings = test_settings();
        settings.election.longest_lease = 30s;
        History history(settings);
        history.start_all();
        const LeasePtr ours = lease_of(5, "", 1, 1);
        auto foreign = std::make_shared<Lease>(*lease_of(6, "operator", 1, 1));
        foreign->record.duration_seconds = 60;
        history.lease(0, 1s, nullptr, ours);
        history.lease(kNobody, 2s, ours, foreign);
        const auto taken = history.lease(1, at, foreign, lease_of(7, "replica-1", 2, 2));
        const Verdict verdict = history.verdict(kTaken, 90s);
        EXPECT_TRUE(at < 32s ? violated(verdict, taken) : passes(verdict)) << verdict.what;
    }
}

TEST(CheckReadsNeverStack, APageThatTheReplicaCanNotUseIsNoPage) {
    History history;
    history.start_all();
    for (std::uint64_t i = 1; i < 6; ++i) {
        history.step(1, i * 1s, Timer{}, {send_bucket(i, BucketVerb::list)});
        history.step(1, i * 1s + 100ms, bucket_answered(i, 200));  // a 200 without a page
    }
    EXPECT_TRUE(passes(history.verdict("follower.reads-never-stack", 60s)));
}

}  // namespace
}  // namespace leasehold::check
