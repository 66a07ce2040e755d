// Following: clauses 2, 3, 4, 6, 9, 10 of the election's rules, and the start of a term.
#include "tests/unit/election_bench.hpp"

namespace leasehold::election_test {
namespace {

constexpr Duration kWait = 15'030ms;  ///< 15 s * (1 + 0.2 %)

TEST(Following, TakesAnUnchangedRecordExactlyAfterTheStretchedLease) {
    Bench bench;
    bench.start_as_follower();
    bench.watch_delivers = false;
    bench.advance(kWait - 1ns);
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.sent_of(LeaseVerb::update), 0);
    const int gets = bench.sent_of(LeaseVerb::get);
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::takeover_after_expiry), 1);
    EXPECT_EQ(bench.sent_of(LeaseVerb::get), gets) << "the conditional PUT is the proof, no GET";
    const Lease& put = *bench.last().request.lease;
    EXPECT_EQ(put.version, Version(101));
    EXPECT_EQ(put.uid, "uid-1");
    EXPECT_EQ(bench.api.lease->record.transitions, 5);
    EXPECT_EQ(bench.elector.leadership().term, Term(bench.api.lease->version.value()));
}

TEST(Following, ReadsNoTimestamps) {
    Bench bench;
    LeaseRecord record = peer_record(5);
    record.renew_time = WallTime(1s);  // decades ago by the wall clock
    bench.api.put(record);
    bench.start();
    bench.advance(kWait - 1ns);
    EXPECT_FALSE(bench.leads());
}

TEST(Following, RestartsTheWaitAtARenewalButNotAtAMetadataEdit) {
    Bench bench;
    bench.start_as_follower();
    bench.advance(4s);
    bench.api.put(peer_record(6));
    bench.step(Timer{});
    for (int second = 0; second < 15; ++second) {
        bench.advance(1s);
        bench.api.edit([&](Lease& lease) { lease.extra = std::to_string(second); });
        bench.step(Timer{});
    }
    bench.advance(29ms);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ms);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.api.lease->extra, "14") << "a PUT echoes what else the object holds";
}

TEST(Following, NeverWaitsLessThanItsOwnDuration) {
    Bench own;
    LeaseRecord record = peer_record(5);
    record.duration_seconds = 3;
    own.api.put(record);
    own.start();
    own.advance(kWait - 1ns);
    EXPECT_FALSE(own.leads());
    own.advance(1ns);
    EXPECT_TRUE(own.leads());
}

TEST(Following, LooksAgainWhenTheTakeoverMeetsANewerRecord) {
    Bench bench;
    bench.start_as_follower();
    bench.watch_delivers = false;
    bench.advance(14s);
    bench.api.put(peer_record(6));  // unseen
    const Instant renewed = bench.now;
    bench.net = Net::hold;
    while (bench.last().request.verb != LeaseVerb::update) {
        bench.advance(10ms);
        // Polls are lost with the watch; only the PUT meets the new record.
        if (bench.pending && bench.pending->request.verb == LeaseVerb::get)
            bench.answer(LeaseReply{});
    }
    bench.net = Net::up;
    bench.answer(bench.apply_held());
    EXPECT_EQ(bench.marks(MarkId::takeover_lost_race), 1);
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.last().request.verb, LeaseVerb::get);
    const Instant seen = bench.now;
    EXPECT_GT(seen, renewed);
    bench.advance(kWait - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

TEST(Following, TakesAReleasedLeaseAtOnce) {
    Bench bench;
    bench.start_as_follower();
    bench.api.put(peer_release(6));
    bench.step(Timer{});
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::acquired_free_lease), 1);
    EXPECT_EQ(bench.api.lease->record.transitions, 5);
    EXPECT_EQ(bench.api.lease->record.released, 0U) << "the mark must not outlive the release";
}

TEST(Following, WaitsOutAnEmptyHolderThatNobodyReleased) {
    // No mark, that of another acquisition, or that of older agents, which named no more than the
    // acquisition.
    for (const std::uint64_t mark : {0U, 76U, 77U}) {
        Bench bench;
        bench.start_as_follower();
        bench.advance(1s);
        bench.api.edit([&](Lease& lease) {
            lease.record.holder.clear();
            lease.record.released = mark;
        });
        bench.step(Timer{});
        EXPECT_EQ(bench.marks(MarkId::empty_holder_waited), 1);
        bench.advance(kWait - 1ns);
        EXPECT_FALSE(bench.leads());
        bench.advance(1ns);
        EXPECT_TRUE(bench.leads());
    }
}

TEST(Following, DoesNotTakeVanishedAnnotationsForAClientGoRelease) {
    Bench bench;
    bench.start_as_follower();
    LeaseRecord blank = peer_record(6, false);
    blank.holder.clear();
    bench.api.put(blank);
    bench.step(Timer{});
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::empty_holder_waited), 1);
}

TEST(Following, DoesNotBelieveAMarkThatAClientGoPeerCarriedOn) {
    Bench bench;
    LeaseRecord record = peer_record(5);
    record.released = peer_release(5).released;  // a foreign one kept the annotations it found
    bench.api.put(record);
    bench.start();
    bench.api.edit([](Lease& lease) { lease.record.holder.clear(); });
    bench.step(Timer{});
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::empty_holder_waited), 1);
}

// ---- creating (clause 4) ----------------------------------------------------------------------

TEST(Creating, WaitsForTwoPeriodsOfAbsenceThenAFullLeaseThenProvesItByAPut) {
    Bench bench;
    bench.start();
    bench.advance(4s - 1ns);
    EXPECT_EQ(bench.sent_of(LeaseVerb::create), 0);
    bench.advance(1ns);
    EXPECT_EQ(bench.sent_of(LeaseVerb::create), 1);
    EXPECT_EQ(bench.marks(MarkId::created_lease), 1);
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
    EXPECT_EQ(bench.api.lease->record.holder, kMe);
    bench.advance(kWait - 1ns);
    EXPECT_FALSE(bench.leads()) << "a create is no proof";
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::opened_created_lease), 1);
    EXPECT_EQ(bench.api.lease->record.transitions, 0);
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
}

TEST(Creating, CountsTheWaitOfAnUnknownCreateFromTheAnswerThatFindsIt) {
    Bench bench;
    bench.start();
    bench.advance(3s);
    bench.net = Net::lose_answer;
    bench.advance(2s);
    EXPECT_EQ(bench.sent_of(LeaseVerb::create), 1);
    bench.net = Net::up;
    while (bench.last().request.verb != LeaseVerb::get || bench.pending)
        bench.advance(1ms);
    const Instant found = bench.now;
    EXPECT_FALSE(bench.leads());
    bench.advance(kWait - 1ms);
    EXPECT_FALSE(bench.leads());
    bench.advance(2ms);
    EXPECT_TRUE(bench.leads());
    EXPECT_GE(bench.now - found, kWait);
}

TEST(Creating, WaitsTheLongestLeaseThatTheCreatedRecordNames) {
    Bench bench;
    LeaseRecord record = peer_record(5);
    record.max_lease_seconds = 60;
    bench.api.put(record);
    bench.start();
    bench.advance(60'120ms - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

TEST(Creating, DoesNotTakeANotFoundOfTheNamespaceForAbsence) {
    Bench bench;
    bench.net = Net::hold;
    bench.start();
    LeaseReply of_namespace = FakeApi::missing();
    of_namespace.about_lease = false;
    for (int i = 0; i < 10; ++i) {
        bench.answer(of_namespace);
        while (!bench.pending)
            bench.advance(100ms);
        EXPECT_EQ(bench.last().request.verb, LeaseVerb::get);
    }
}

TEST(Creating, IsLeftToALeaderThatReturnsWithinTheTwoPeriods) {
    Bench bench;
    bench.start_as_follower();
    bench.api.remove();
    bench.step(Timer{});
    bench.advance(3s);
    bench.api.put(peer_record(6));
    bench.step(Timer{});
    bench.advance(10s);
    EXPECT_EQ(bench.sent_of(LeaseVerb::create), 0);
}

// ---- the watch (clause 9) ---------------------------------------------------------------------

TEST(Watching, AFollowerWithALiveWatchSendsNothing) {
    Bench bench;
    bench.start_as_follower();
    const std::size_t before = bench.sent.size();
    for (std::uint64_t i = 6; i < 50; ++i) {
        bench.advance(2s);
        bench.api.put(peer_record(i));
        bench.step(Timer{});
    }
    EXPECT_EQ(bench.sent.size(), before);
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 0);
}

TEST(Watching, SilencePollsAndIsALossWhenThePollShowsWhatTheWatchDidNotTell) {
    Bench bench;
    bench.start_as_follower();
    bench.watch_delivers = false;
    bench.net = Net::drop;
    bench.advance(6s - 1ns);
    EXPECT_EQ(bench.last().request.verb, LeaseVerb::get);
    const std::size_t polls = bench.sent.size();
    bench.advance(1ns);
    EXPECT_EQ(bench.sent.size(), polls + 1);
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 0) << "nothing may have happened";
    bench.api.put(peer_record(6));
    bench.net = Net::up;
    bench.advance(4s);
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 1);
    EXPECT_TRUE(bench.watch.has_value());
    EXPECT_EQ(bench.count<WatchLease>(), 2);
    bench.advance(10s);
    EXPECT_FALSE(bench.leads()) << "the poll saw a renewal";
}

TEST(Watching, AHealthyHolderThatRenewsRarelyIsNoLoss) {
    Bench bench;
    bench.start_as_follower();
    for (std::uint64_t i = 6; i < 12; ++i) {  // as kubert does
        bench.advance(10s);
        bench.api.put(peer_record(i, false));
        bench.step(Timer{});
    }
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 0);
    EXPECT_EQ(bench.count<WatchLease>(), 1);
    EXPECT_FALSE(bench.leads());
}

TEST(Watching, ABookmarkIsASignOfLife) {
    Bench bench;
    bench.start_as_follower();
    const int polls = bench.sent_of(LeaseVerb::get);
    bench.advance(5s);
    bench.watched(WatchKind::bookmark, Version(120));
    bench.advance(5s);
    EXPECT_EQ(bench.sent_of(LeaseVerb::get), polls);
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 0);
}

TEST(Watching, ALeaderWhoseWatchKeepsItsRenewalsToItselfWatchesAnew) {
    Bench bench;
    bench.start_as_leader();
    bench.watch_delivers = false;
    bench.advance(5s);
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 0);
    bench.advance(5s);
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 1);
    EXPECT_TRUE(bench.watch.has_value());
}

TEST(Watching, ATakeoverAfterALongSilenceKeepsTheWatch) {
    Bench bench;
    bench.start_as_follower();
    bench.advance(kWait);
    ASSERT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::watch_lost), 0);
    EXPECT_EQ(bench.count<WatchLease>(), 1);
}

TEST(Watching, OneThatEndsAtOnceMakesNoBusyLoop) {
    Bench bench;
    bench.start_as_follower();
    const std::size_t before = bench.sent.size();
    for (int i = 0; i < 100; ++i) {
        if (bench.watch) bench.watched(WatchKind::ended);
        bench.advance(100ms);
    }
    EXPECT_LE(bench.sent.size() - before, 6U) << "one poll each retryPeriod";
}

TEST(Watching, DropsWhatIsOlderThanWhatIsKnown) {
    Bench bench;
    bench.start_as_follower();
    const LeasePtr old = bench.api.lease;
    bench.advance(1s);
    bench.api.put(peer_record(6));
    bench.step(Timer{});
    bench.advance(10s);
    const Instant due = bench.elector.next_deadline();
    if (bench.watch) bench.watched(WatchKind::seen, old->version, old);
    EXPECT_EQ(bench.marks(MarkId::stale_watch_event), 1);
    EXPECT_GE(bench.elector.next_deadline(), due);
    bench.advance(kWait);
    EXPECT_TRUE(bench.leads());
}

TEST(Watching, BelievesADeletionOnlyToAGet) {
    Bench bench;
    bench.start_as_follower();
    bench.watched(WatchKind::deleted, Version(150));
    EXPECT_EQ(bench.last().request.verb, LeaseVerb::get);
    bench.advance(10s);
    EXPECT_EQ(bench.sent_of(LeaseVerb::create), 0);
}

// ---- a restored cluster (clause 10) -----------------------------------------------------------

TEST(Restored, AFollowerWaitsAFullLeaseEvenOnAReleasedHolder) {
    Bench bench;
    bench.api.put(peer_release(5));
    const LeasePtr old = bench.api.lease;
    for (std::uint64_t i = 6; i < 20; ++i)
        bench.api.put(peer_record(i));
    bench.start();
    const std::optional<WatchId> watch = bench.watch;
    bench.api.restore(old, old->version.value());
    bench.watched(WatchKind::ended);
    bench.advance(2s);
    EXPECT_EQ(bench.marks(MarkId::restored_cluster), 1);
    EXPECT_FALSE(bench.leads());
    EXPECT_NE(bench.watch, watch) << "the watch starts anew";
    bench.advance(13s);
    EXPECT_FALSE(bench.leads());
    bench.advance(2'100ms);
    EXPECT_TRUE(bench.leads());
}

// ---- grants (clauses 1, 11, 12) ---------------------------------------------------------------

TEST(Granted, ValidityCountsFromTheSend) {
    Bench bench;
    bench.start_as_follower();
    bench.watch_delivers = false;
    bench.advance(kWait - 1s);
    bench.net = Net::hold;
    while (!bench.pending || bench.pending->request.verb != LeaseVerb::update)
        bench.advance(1ms);
    const Instant sent = bench.last().at;
    bench.advance(2s);
    bench.answer(bench.apply_held());
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.valid_until(), sent + 14'890ms);
    EXPECT_EQ(bench.elector.leadership().renewed_sent, sent);
}

TEST(Granted, AnAnswerAfterItsValidityOpensNothingAndTheOwnRecordIsTakenAnew) {
    Bench bench;
    bench.start_as_follower();
    bench.watch_delivers = false;
    bench.advance(kWait - 1s);
    bench.net = Net::hold;
    while (!bench.pending || bench.pending->request.verb != LeaseVerb::update)
        bench.advance(1ms);
    const LeaseReply late = bench.apply_held();
    bench.sleep(14'890ms);
    bench.answer(late);
    EXPECT_EQ(bench.marks(MarkId::late_grant_refused), 1);
    EXPECT_FALSE(bench.leads());
    ASSERT_TRUE(bench.pending && bench.pending->request.verb == LeaseVerb::update);
    bench.answer(bench.apply_held());
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::retook_own_lease), 1);
    EXPECT_GT(bench.elector.leadership().term, Term(late.lease->version.value()));
}

TEST(Granted, AnUnknownTakeoverIsResolvedByGet) {
    Bench bench;
    bench.start_as_follower();
    bench.watch_delivers = false;
    bench.advance(kWait - 1s);
    bench.net = Net::hold;
    while (!bench.pending || bench.pending->request.verb != LeaseVerb::update)
        bench.advance(1ms);
    const Instant sent = bench.last().at;
    (void)bench.apply_held();
    bench.net = Net::up;
    bench.answer(FakeApi::status(504, StatusReason::timeout));
    EXPECT_EQ(bench.last().request.verb, LeaseVerb::get);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.valid_until(), sent + 14'890ms);
    EXPECT_EQ(bench.elector.leadership().term, Term(bench.api.lease->version.value()));
}

TEST(Granted, TheGateOpensBeforeTheRoleIsAnnounced) {
    Bench bench;
    bench.start_as_leader();
    EXPECT_LT(bench.position<GateMoved>(), bench.position<RoleChanged>());
}

}  // namespace
}  // namespace leasehold::election_test
