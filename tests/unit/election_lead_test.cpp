// Leading: clauses 1, 4, 7, 8, 10, 11 of the election's rules.
#include "tests/unit/election_bench.hpp"

namespace leasehold::election_test {
namespace {

constexpr Duration kRenew = 14'890ms;

TEST(Leading, RenewsEachPeriodFromTheStartOfTheLast) {
    Bench bench;
    bench.start_as_leader();
    const Term term = bench.elector.leadership().term;
    const Instant start = bench.now;
    bench.net = Net::hold;
    bench.advance(2s);
    EXPECT_EQ(bench.last().at, start + 2s);
    bench.advance(500ms);  // a slow answer
    bench.answer(bench.apply_held());
    EXPECT_EQ(bench.valid_until(), start + 2s + kRenew) << "validity counts from the send";
    bench.advance(1500ms);
    EXPECT_EQ(bench.last().at, start + 4s);
    EXPECT_EQ(bench.elector.leadership().term, term);
}

TEST(Leading, KeepsTheLeadershipsFieldsOnRenewal) {
    Bench bench;
    bench.start_as_leader();
    const LeaseRecord first = bench.api.lease->record;
    EXPECT_EQ(first.acquisition, first.nonce);
    bench.advance(2s);
    const LeaseRecord second = bench.api.lease->record;
    EXPECT_NE(second.nonce, first.nonce);
    EXPECT_EQ(second.acquisition, first.acquisition);
    EXPECT_EQ(second.acquire_time, first.acquire_time);
    EXPECT_EQ(second.transitions, first.transitions);
    EXPECT_GT(second.renew_time, first.renew_time);
}

TEST(Leading, TheGateClosesByTimeAloneWithoutAnyStep) {
    Bench bench;
    bench.start_as_leader();
    const Instant end = bench.valid_until();
    EXPECT_TRUE(bench.elector.gate_open(end - 1ns));
    EXPECT_FALSE(bench.elector.gate_open(end));
}

TEST(Leading, EndsWithItsGateAndClosesTheGateFirst) {
    Bench bench;
    bench.start_as_leader();
    bench.net = Net::drop;
    const std::size_t before = bench.log.size();
    bench.advance(kRenew);
    EXPECT_EQ(bench.elector.leadership().role, Role::follower);
    EXPECT_EQ(bench.marks(MarkId::gate_expired), 1);
    EXPECT_EQ(bench.marks(MarkId::woke_with_expired_lease), 0);
    const std::size_t gate = bench.position<GateMoved>(before);
    ASSERT_LT(gate, bench.log.size());
    EXPECT_LE(std::get<GateMoved>(bench.log[gate].second).valid_until, bench.now);
    EXPECT_EQ(bench.position<RoleChanged>(before), gate + 1);
}

TEST(Leading, WakesFromAStallWithItsGateClosedBeforeItsEventIsTaken) {
    Bench bench;
    bench.start_as_leader();
    bench.net = Net::hold;
    bench.advance(2s);
    const LeaseReply late = bench.apply_held();
    bench.sleep(20s);
    const std::size_t before = bench.log.size();
    bench.answer(late);  // a renewal that counted, but for a gate that has closed since
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.position<GateMoved>(before), before);
    EXPECT_EQ(bench.marks(MarkId::woke_with_expired_lease), 1);
    EXPECT_EQ(bench.last().request.verb, LeaseVerb::update) << "the own record is taken anew";
    const Term term = Term(late.lease->version.value());
    bench.answer(bench.apply_held());
    EXPECT_TRUE(bench.leads());
    EXPECT_GT(bench.elector.leadership().term, term);
    EXPECT_EQ(bench.marks(MarkId::retook_own_lease), 1);
}

TEST(Leading, ALateRenewalDoesNotReopenTheGateThoughItsOwnWindowIsStillOpen) {
    Bench bench;
    bench.start_as_leader();
    bench.net = Net::hold;
    bench.advance(2s);
    const LeaseReply late = bench.apply_held();
    bench.sleep(kRenew - 2s);  // the gate has just ended; sent + renewDeadline is 2 s away
    bench.answer(late);
    EXPECT_FALSE(bench.leads());
}

TEST(Leading, A200WithAnUnchangedVersionIsNoRenewal) {
    Bench bench;
    bench.start_as_leader();
    const Instant end = bench.valid_until();
    bench.net = Net::hold;
    bench.advance(2s);
    bench.answer(FakeApi::with(200, bench.api.lease));
    EXPECT_EQ(bench.marks(MarkId::renewal_unchanged), 1);
    EXPECT_EQ(bench.valid_until(), end);
}

// ---- the watch proves nothing, edits change nothing -------------------------------------------

TEST(Leading, TheEchoOfItsRenewalExtendsNothing) {
    Bench bench;
    bench.start_as_leader();
    const Instant end = bench.valid_until();
    bench.net = Net::hold;
    bench.advance(2s);
    (void)bench.apply_held();
    bench.step(Timer{});  // delivers the watch's echo
    EXPECT_EQ(bench.valid_until(), end);
    EXPECT_TRUE(bench.leads());
}

TEST(Leading, AdoptsAMetadataEditAndExtendsNothing) {
    Bench bench;
    bench.start_as_leader();
    const Instant end = bench.valid_until();
    bench.api.edit([](Lease& lease) { lease.extra = "label"; });
    bench.step(Timer{});
    EXPECT_EQ(bench.marks(MarkId::adopted_metadata_edit), 1);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.valid_until(), end);
    bench.advance(2s);
    EXPECT_EQ(bench.sent_of(LeaseVerb::get), 1) << "the adopted version spares the conflict";
    EXPECT_EQ(bench.api.lease->extra, "label");
    EXPECT_EQ(bench.valid_until(), end + 2s);
}

TEST(Leading, RenewsAtOnceAfterAConflictWithAnEdit) {
    Bench bench;
    bench.start_as_leader();
    bench.watch_delivers = false;
    bench.advance(1s);
    bench.api.edit([](Lease& lease) { lease.extra = "label"; });
    bench.advance(1s);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.valid_until(), bench.now + kRenew);
    EXPECT_EQ(bench.sent_of(LeaseVerb::update), 3);
}

// ---- ours or foreign (clauses 7, 8) -----------------------------------------------------------

TEST(Leading, StepsDownInTheStepThatShowsAForeignHolder) {
    Bench bench;
    bench.start_as_leader();
    bench.advance(500ms);
    const std::size_t before = bench.log.size();
    bench.api.put(peer_record(9));
    bench.step(Timer{});
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::stepped_down_foreign), 1);
    EXPECT_EQ(bench.position<GateMoved>(before), before);
    EXPECT_EQ(bench.position<RoleChanged>(before), before + 1);
}

TEST(Leading, StepsDownWhenAGetShowsAForeignHolder) {
    Bench bench;
    bench.start_as_leader();
    bench.watch_delivers = false;
    bench.advance(500ms);
    bench.api.put(peer_record(9));
    bench.advance(1500ms);
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::stepped_down_foreign), 1);
}

TEST(Leading, IsNotDeposedByALaggingWatchEventOfItsPredecessor) {
    Bench bench;
    bench.start_as_follower();
    const LeasePtr old = bench.api.lease;
    bench.advance(16s);
    ASSERT_TRUE(bench.leads());
    bench.watched(WatchKind::seen, old->version, old);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::stale_watch_event), 1);
}

TEST(Leading, ARecordIsOursOnlyByHolderTimeAndNonceTogether) {
    const auto loses = [](const std::function<void(Lease&)>& change) {
        Bench bench;
        bench.start_as_leader();
        bench.api.edit(change);
        bench.step(Timer{});
        // An emptied one may be taken back in the same instant, as another term.
        return bench.marks(MarkId::stepped_down_foreign) == 1;
    };
    EXPECT_TRUE(loses([](Lease& lease) { lease.record.nonce += 1; }));
    EXPECT_TRUE(loses([](Lease& lease) { *lease.record.renew_time += 1us; }));
    EXPECT_TRUE(loses([](Lease& lease) { lease.record.holder = "peer"; }));
    EXPECT_TRUE(loses([](Lease& lease) { lease.record.holder.clear(); }));
    EXPECT_FALSE(loses([](Lease& lease) { lease.extra = "label"; }));
}

TEST(Leading, ATwinOfItsIdentityIsWaitedForLikeAnyOther) {
    Bench bench;
    LeaseRecord twin = peer_record(5);
    twin.holder = kMe;
    bench.api.put(twin);
    bench.start();
    bench.advance(15'030ms - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

TEST(Leading, RenewTimesGrowThoughTheWallClockStepsBack) {
    for (const bool client_go : {false, true}) {
        ElectorConfig config = bench_config();
        config.client_go_peers = client_go;
        Bench bench(config);
        bench.start_as_leader();
        const Duration least = client_go ? Duration(1s) : Duration(1us);
        for (int i = 0; i < 5; ++i) {
            const WallTime last = *bench.api.lease->record.renew_time;
            EXPECT_EQ(last.time_since_epoch() % 1us, 0ns) << "MicroTime";
            bench.wall_offset -= 1h;
            bench.wish(&Elector::want_renewal);
            EXPECT_GE(*bench.api.lease->record.renew_time, last + least);
            bench.advance(1ns);
        }
    }
}

// ---- a missing Lease (clause 4) ---------------------------------------------------------------

TEST(Leading, RecreatesADeletedLeaseAtOnceWhileItsGateIsOpen) {
    Bench bench;
    bench.start_as_leader();
    const Leadership before = bench.elector.leadership();
    bench.advance(1s);
    bench.api.remove();
    bench.step(Timer{});
    EXPECT_EQ(bench.marks(MarkId::recreated_lease), 1);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.elector.leadership().term, before.term);
    EXPECT_EQ(bench.valid_until(), before.valid_until + 1s);
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
    bench.advance(2s);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
}

TEST(Leading, ARecreationAnsweredAfterTheGatesEndIsNoProof) {
    Bench bench;
    bench.start_as_leader();
    bench.net = Net::hold;
    bench.api.remove();
    bench.step(Timer{});
    bench.answer(bench.apply_held());  // the GET: missing
    ASSERT_EQ(bench.last().request.verb, LeaseVerb::create);
    const LeaseReply late = bench.apply_held();
    bench.sleep(kRenew + 1s);
    bench.net = Net::up;
    bench.answer(late);
    EXPECT_FALSE(bench.leads());
    bench.watch_delivers = false;
    bench.advance(15'030ms - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

// ---- a restored cluster (clause 10) -----------------------------------------------------------

TEST(Leading, ALowerVersionClosesTheGate) {
    Bench bench;
    bench.start_as_leader();
    const LeasePtr old = bench.api.lease;
    bench.advance(4s);
    const std::optional<WatchId> watch = bench.watch;
    bench.api.restore(old, old->version.value());
    const std::size_t before = bench.log.size();
    bench.advance(2s);
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::restored_cluster), 1);
    EXPECT_NE(bench.watch, watch);
    EXPECT_LT(bench.position<GateMoved>(before), bench.position<StopWatch>(before));
    bench.advance(14s);
    EXPECT_FALSE(bench.leads()) << "a full lease, though the restored record was its own";
    bench.advance(1100ms);
    EXPECT_TRUE(bench.leads());
}

// ---- outcomes unknown, refused, throttled (clause 11) -----------------------------------------

TEST(Leading, ResolvesAnUnknownRenewalByGetAndCountsFromItsSend) {
    Bench bench;
    bench.start_as_leader();
    bench.watch_delivers = false;
    const Instant start = bench.now;
    bench.net = Net::lose_answer;
    bench.advance(2s);
    bench.net = Net::up;
    bench.answer(LeaseReply{});
    EXPECT_EQ(bench.marks(MarkId::renewal_unknown), 1);
    EXPECT_EQ(bench.marks(MarkId::renewal_resolved), 1);
    EXPECT_EQ(bench.valid_until(), start + 2s + kRenew);
}

TEST(Leading, RepeatsARenewalThatGetShowsWasNotApplied) {
    Bench bench;
    bench.start_as_leader();
    bench.net = Net::drop;
    bench.advance(3s);
    bench.net = Net::up;
    bench.advance(3s);  // time-out, GET, and the renewal again
    EXPECT_EQ(bench.marks(MarkId::renewal_resolved), 0);
    EXPECT_TRUE(bench.leads());
    EXPECT_GT(bench.valid_until(), bench.now + kRenew - 2s);
}

TEST(Leading, AtLeastThreeAttemptsFitIntoABlackHole) {
    Bench bench;
    bench.start_as_leader();
    const Instant end = bench.valid_until();
    bench.net = Net::hold;
    bench.advance(3s);
    bench.answer(FakeApi::status(403));  // so that the attempts don't end with the gate by design
    const std::size_t before = bench.sent.size();
    bench.net = Net::drop;
    bench.advance(kRenew - 3s - 1ns);
    EXPECT_GE(bench.sent.size() - before, 3U);
    for (std::size_t i = before; i < bench.sent.size(); ++i)
        EXPECT_LE(bench.sent[i].at + bench.sent[i].request.timeout, end);
}

TEST(Leading, InstantFailuresAreRetriedAtTheCadence) {
    for (const int code : {403, 503}) {
        Bench bench;
        bench.start_as_leader();
        bench.net = Net::hold;
        const std::size_t before = bench.sent.size();
        for (int i = 0; i < 120; ++i) {
            bench.advance(100ms);
            for (int k = 0; bench.pending && k < 10; ++k)
                bench.answer(FakeApi::status(code));
            ASSERT_FALSE(bench.pending.has_value()) << "a busy loop";
        }
        EXPECT_GE(bench.sent.size() - before, 5U);
        EXPECT_LE(bench.sent.size() - before, 8U);
    }
}

TEST(Leading, HonoursRetryAfterOnlyWhileItLeavesRoom) {
    for (const Duration asked : {Duration(5s), Duration(60s)}) {
        Bench bench;
        bench.start_as_leader();
        bench.net = Net::hold;
        bench.advance(2s);
        const Instant sent = bench.last().at;
        LeaseReply throttled = FakeApi::status(429, StatusReason::too_many_requests);
        throttled.retry_after = asked;
        bench.answer(throttled);
        EXPECT_EQ(bench.marks(MarkId::renewal_throttled), 1);
        const std::size_t before = bench.sent.size();
        bench.advance(5s);
        ASSERT_GT(bench.sent.size(), before);
        EXPECT_EQ(bench.sent[before].at, asked == 5s ? sent + 5s : sent + 2s);
    }
}

TEST(Leading, SendsARenewalThatIsWantedAtOnceOrAfterTheOneInFlight) {
    Bench bench;
    bench.start_as_leader();
    bench.advance(300ms);
    bench.net = Net::hold;
    bench.wish(&Elector::want_renewal);
    EXPECT_EQ(bench.last().at, bench.now);
    bench.advance(100ms);
    const std::size_t before = bench.sent.size();
    bench.wish(&Elector::want_renewal);
    EXPECT_EQ(bench.sent.size(), before) << "one in flight";
    bench.answer(bench.apply_held());
    EXPECT_EQ(bench.last().at, bench.now);
    EXPECT_EQ(bench.sent.size(), before + 1);
    bench.answer(bench.apply_held());
    EXPECT_EQ(bench.elector.leadership().renewed_sent, bench.now);
    EXPECT_EQ(bench.sent.size(), before + 1) << "one wish, one renewal";
}

// ---- the machine ------------------------------------------------------------------------------

TEST(Machine, ACopyIsEqualAndGoesOnAlike) {
    Bench bench;
    bench.start_as_leader();
    bench.advance(3s);
    Elector copy = bench.elector;
    EXPECT_EQ(copy, bench.elector);
    const Now later{bench.now + 1s, bench.wall()};
    Effects out;
    copy.step(later, Timer{}, out);
    EXPECT_FALSE(copy == bench.elector);
    Effects same;
    bench.elector.step(later, Timer{}, same);
    EXPECT_EQ(copy, bench.elector);
    EXPECT_EQ(out.size(), same.size());
}

TEST(Machine, SpuriousTimersAndForeignEventsChangeNothing) {
    Bench bench;
    bench.start_as_leader();
    const std::size_t before = bench.log.size();
    for (int i = 0; i < 10; ++i) {
        bench.step(Timer{});
        bench.step(Cancel{});
    }
    EXPECT_EQ(bench.log.size(), before);
}

TEST(Machine, SettlesTimeOnEventsThatAreNotItsOwn) {
    Bench bench;
    bench.start_as_leader();
    bench.net = Net::drop;
    bench.sleep(kRenew);
    bench.step(Cancel{});
    EXPECT_EQ(bench.elector.leadership().role, Role::follower);
}

TEST(Machine, RequestIdsAreOddAndItsDeadlineLiesAhead) {
    Bench bench;
    bench.start_as_leader();
    bench.advance(20s);
    for (const Bench::Sent& entry : bench.sent)
        EXPECT_EQ(entry.request.request.value() % 2, 1U);
    EXPECT_GE(bench.elector.next_deadline(), bench.now);
}

TEST(Machine, AMonotonicClockThatGoesBackIsACheck) {
    Bench bench;
    bench.start_as_leader();
    bench.now -= 1ns;
    EXPECT_THROW(bench.step(Timer{}), CheckFailure);
}

}  // namespace
}  // namespace leasehold::election_test
