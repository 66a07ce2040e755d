// What an empty holder proves (clause 6): the schedules that found two open gates, and the records
// that foreign electors really write.
#include <functional>

#include "model/election/record.hpp"
#include "model/election/release_trust.hpp"
#include "tests/unit/election_bench.hpp"

namespace leasehold::election_test {
namespace {

constexpr Duration kWait = 15'030ms;  ///< 15 s * (1 + 0.2 %)

ElectorConfig named(const char* identity, bool client_go_peers = false) {
    ElectorConfig config = bench_config();
    config.identity = identity;
    config.client_go_peers = client_go_peers;
    return config;
}

/// What a library writes, from records that were read back from a real API server. All of them
/// keep the annotations that they find.
struct Library {
    const char* name;
    std::function<void(LeaseRecord&, WallTime)> take;
    std::function<void(LeaseRecord&, WallTime)> release;  ///< null: it has none
};

void held_from(LeaseRecord& record, WallTime now, int transitions) {
    record.holder = "foreign-1";
    record.duration_seconds = 15;
    record.acquire_time = now;
    record.renew_time = now;
    record.transitions += transitions;
}

std::vector<Library> libraries() {
    const auto takes = [](int transitions) {
        return [transitions](LeaseRecord& record, WallTime now) {
            held_from(record, now, transitions);
        };
    };
    return {
        {"client-go", takes(1),
         [](LeaseRecord& record, WallTime now) {
             record.holder.clear();
             record.duration_seconds = 1;
             record.acquire_time = now;
             record.renew_time = now;
         }},
        {"fabric8", takes(1),  // it keeps its name and says 1 s
         [](LeaseRecord& record, WallTime) { record.duration_seconds = 1; }},
        {"official Java", takes(1),
         [](LeaseRecord& record, WallTime) {
             record.holder.clear();
             record.acquire_time.reset();
             record.renew_time.reset();
         }},
        {"Python", takes(0), nullptr},  // it never counts transitions
        {"kube-leader-election", takes(1),
         [](LeaseRecord& record, WallTime) {
             record.holder.clear();
             record.duration_seconds = 1;
         }},
        {"kubert", takes(1),  // only the transitions are left of the spec
         [](LeaseRecord& record, WallTime) {
             record.holder.clear();
             record.duration_seconds = 0;
             record.acquire_time.reset();
             record.renew_time.reset();
         }},
    };
}

/// A Lease that an agent led and released in order.
FakeApi released_by_an_agent() {
    Bench agent(named("agent-0/1"));
    agent.start_as_leader();
    agent.advance(3s);
    agent.step(Stop{agent.now + 30s});
    agent.wish(&Elector::drained);
    EXPECT_TRUE(agent.api.lease->record.holder.empty());
    return agent.api;
}

void edit(Bench& bench, const std::function<void(LeaseRecord&)>& change) {
    bench.api.edit([&](Lease& lease) { change(lease.record); });
    bench.step(Timer{});
}

void expect_waited_out(Bench& bench, const std::string& what) {
    EXPECT_FALSE(bench.leads()) << what;
    bench.advance(kWait - 1ns);
    EXPECT_FALSE(bench.leads()) << what;
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads()) << what;
}

// ---- a Lease that somebody created (A2, C8) ----------------------------------------------------

TEST(Trust, ALeaseDeletedAndCreatedAnewIsNoRelease) {
    for (const bool client_go : {false, true}) {
        Bench cut(named("a/1", client_go));
        cut.start_as_leader();
        Bench other(named("b/1", client_go));
        other.api.put(cut.api.lease->record);
        other.now = cut.now;
        other.start();
        other.advance(1s);
        cut.net = Net::drop;
        cut.advance(1s);
        other.api.remove();
        other.api.put(LeaseRecord{});
        other.step(Timer{});
        EXPECT_FALSE(cut.leads() && other.leads()) << "two open gates";
        expect_waited_out(other, client_go ? "client-go peers" : "agents alone");
    }
}

TEST(Trust, AnEmptyHolderThatAProcessSeesFirstIsNoRelease) {
    for (const bool client_go : {false, true}) {
        Bench fresh(named("c/1", client_go));
        fresh.api.put(LeaseRecord{});
        fresh.start();
        expect_waited_out(fresh, client_go ? "client-go peers" : "agents alone");
    }
}

// What was seen of a deleted Lease says nothing of the one in its place, whose transitions begin
// anew.
TEST(Trust, AReleaseOfANewLeaseIsBelievedHoweverOftenTheOldOneChangedHands) {
    Lease old;
    old.uid = "old";
    old.record.holder = "b";
    old.record.transitions = 9;
    Lease anew;
    anew.uid = "new";
    anew.record.transitions = 1;
    anew.record.acquisition = 7;
    anew.record.released = release_mark(anew.uid, anew.record);
    election::ReleaseTrust trust(false);
    (void)trust.judge(nullptr, old, false);
    EXPECT_EQ(trust.judge(&old, anew, false).proof, election::ReleaseTrust::Proof::marked);
}

TEST(Trust, AMarkUnderAnotherUidIsVoid) {
    const FakeApi released = released_by_an_agent();
    Bench fresh(named("c/1"));
    fresh.api.put(LeaseRecord{});
    fresh.api.remove();
    fresh.api.put(released.lease->record);  // "uid-2": a backup of the object, created anew
    fresh.start();
    expect_waited_out(fresh, "re-created from a backup");
}

// ---- a mark proves one release alone (P1) ------------------------------------------------------

TEST(Trust, AReleaseByAnAgentIsTakenAtOnceByAFreshProcess) {
    Bench fresh(named("b/1"));
    fresh.api = released_by_an_agent();
    fresh.start();
    EXPECT_TRUE(fresh.leads());
    EXPECT_EQ(fresh.marks(MarkId::acquired_free_lease), 1);
}

TEST(Trust, ALeftoverMarkBehindAForeignHolderIsVoidForAFreshProcess) {
    for (const bool client_go : {false, true})
        for (const Library& library : libraries())
            for (const bool by_operator : {true, false}) {
                if (!by_operator && !library.release) continue;
                Bench fresh(named("c/1", client_go));
                fresh.api = released_by_an_agent();
                const WallTime at = fresh.wall();
                fresh.api.edit([&](Lease& lease) { library.take(lease.record, at); });
                fresh.api.edit([&](Lease& lease) {
                    if (by_operator)
                        lease.record.holder.clear();
                    else
                        library.release(lease.record, at + 2s);
                });
                fresh.start();
                EXPECT_FALSE(fresh.leads())
                    << library.name << (by_operator ? " blanked" : " released")
                    << (client_go ? ", client-go peers" : "");
                fresh.advance(kWait);
                EXPECT_TRUE(fresh.leads()) << library.name;
            }
}

TEST(Trust, ALeftoverMarkIsVoidForAProcessThatWasCutOff) {
    for (const Library& library : libraries()) {
        Bench agent(named("agent-0/1", true));
        agent.start_as_leader();
        Bench other(named("b/1", true));
        other.api = agent.api;
        other.now = agent.now;
        other.start();  // sees the agent's record, and is cut off from here
        other.net = Net::drop;
        other.watched(WatchKind::ended);
        agent.step(Stop{agent.now + 30s});
        agent.wish(&Elector::drained);
        other.api = agent.api;
        other.api.edit([&](Lease& lease) { library.take(lease.record, other.wall()); });
        other.api.edit([&](Lease& lease) { lease.record.holder.clear(); });
        other.advance(1s);
        other.net = Net::up;
        while (other.elector.leadership().role == Role::follower && other.last().at < other.now)
            other.advance(10ms);
        EXPECT_FALSE(other.leads()) << library.name;
        other.advance(10s);
        EXPECT_FALSE(other.leads()) << library.name;
    }
}

TEST(Trust, ALateReleaseOfAnotherForeignElectorIsVoidForAFreshProcess) {
    // F1 takes what the agent released, is stopped, F2 takes; F1's late release blanks F2's Lease.
    Bench fresh(named("c/1", true));
    fresh.api = released_by_an_agent();
    const Library client_go = libraries().front();
    const WallTime at = fresh.wall();
    fresh.api.edit([&](Lease& lease) { client_go.take(lease.record, at); });
    fresh.api.edit([&](Lease& lease) { client_go.take(lease.record, at + 16s); });
    fresh.api.edit([&](Lease& lease) { client_go.release(lease.record, at + 17s); });
    fresh.start();
    expect_waited_out(fresh, "first thing seen");
}

TEST(Trust, AnAgentsLeaseBlankedByALateForeignReleaseIsWaitedOut) {
    for (const bool client_go : {false, true}) {
        Bench bench(named("b/1", client_go));
        bench.start_as_follower();
        bench.advance(1s);
        edit(bench,
             [&](LeaseRecord& record) { libraries().front().release(record, bench.wall()); });
        expect_waited_out(bench, "an agent always leaves its mark");
    }
}

TEST(Trust, AReplayOfAReleaseIsVoidForWhoeverHasSeenALaterRecord) {
    const FakeApi released = released_by_an_agent();
    Bench later(named("b/1"));
    later.api = released;
    later.api.put(peer_record(9));
    later.api.edit(
        [&](Lease& lease) { lease.record.transitions = released.lease->record.transitions + 1; });
    later.start();
    later.advance(1s);
    edit(later, [&](LeaseRecord& record) { record = released.lease->record; });
    expect_waited_out(later, "a backup of the object was applied");
}

// ---- releases of foreign electors --------------------------------------------------------------

/// A process that watched an agent release and `library` take the Lease before it could.
void watch_a_foreign_tenure(Bench& bench, const Library& library) {
    Bench agent(named("agent-0/1", true));
    agent.start_as_leader();
    bench.api = agent.api;
    bench.now = agent.now;
    bench.start();
    ASSERT_TRUE(bench.watch.has_value());
    agent.step(Stop{agent.now + 30s});
    agent.wish(&Elector::drained);
    bench.net = Net::hold;
    bench.api = agent.api;
    bench.watched(WatchKind::seen, bench.api.lease->version, bench.api.lease);
    ASSERT_TRUE(bench.pending && bench.pending->request.verb == LeaseVerb::update);
    bench.api.edit([&](Lease& lease) { library.take(lease.record, bench.wall()); });
    bench.net = Net::up;
    bench.answer(bench.apply_held());  // 409, and a GET shows who was faster
    ASSERT_EQ(bench.marks(MarkId::takeover_lost_race), 0);
    ASSERT_FALSE(bench.leads());
    bench.advance(2s);
}

TEST(Trust, AForeignReleaseThatWasWatchedIsBelievedInAGroupWithClientGo) {
    for (const Library& library : libraries()) {
        if (!library.release) continue;
        for (const bool client_go : {true, false}) {
            Bench bench(named("b/1", client_go));
            watch_a_foreign_tenure(bench, library);
            edit(bench, [&](LeaseRecord& record) { library.release(record, bench.wall()); });
            const bool empties = bench.api.lease->record.holder != "foreign-1";
            EXPECT_EQ(bench.leads(), client_go && empties) << library.name << client_go;
            bench.advance(kWait);
            EXPECT_TRUE(bench.leads()) << library.name;
        }
    }
}

TEST(Trust, AForeignReleaseFoundByAPollMayBeThatOfAnotherHolder) {
    const Library client_go = libraries().front();
    Bench bench(named("b/1", true));
    watch_a_foreign_tenure(bench, client_go);
    bench.watch_delivers = false;
    bench.api.edit([&](Lease& lease) { client_go.release(lease.record, bench.wall()); });
    bench.watched(WatchKind::ended);  // and a poll finds it
    expect_waited_out(bench, "a gap in the view");
}

TEST(Trust, AForeignReleaseSaysNothingOfWhoeverHeldTheLeaseBefore) {
    // Not after a release: F took the Lease while the agent's record still bound.
    const Library client_go = libraries().front();
    Bench bench(named("b/1", true));
    bench.start_as_follower();
    bench.advance(5s);
    edit(bench, [&](LeaseRecord& record) { client_go.take(record, bench.wall()); });
    bench.advance(1s);
    edit(bench, [&](LeaseRecord& record) { client_go.release(record, bench.wall()); });
    EXPECT_FALSE(bench.leads());
    bench.advance(kWait - 6s - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads()) << "the agent's own end, not a lease from the release";
}

TEST(Trust, AReleaseOfAForeignElectorWithoutAnyAnnotationsIsBelievedInSuchAGroup) {
    for (const bool client_go : {true, false}) {
        Bench bench(named("b/1", client_go));
        bench.api.put(peer_record(5, false));
        bench.start();
        edit(bench,
             [&](LeaseRecord& record) { libraries().front().release(record, bench.wall()); });
        EXPECT_EQ(bench.leads(), client_go);
    }
}

}  // namespace
}  // namespace leasehold::election_test
