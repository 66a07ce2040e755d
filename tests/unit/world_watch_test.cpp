// A watch of the Lease: order, bookmarks, its ends, and the silence after a lost event.
#include "tests/unit/world_rig.hpp"

namespace leasehold::sim {
namespace {

/// Replica 1 creates the Lease at 1 s; replica 0 watches from 2 s on.
class Watch : public ::testing::Test {
  protected:
    void open(Scenario scenario, Duration when = 2s) {
        rig.emplace(std::move(scenario));
        rig->send_at(1s, lease_request(1, LeaseVerb::create, new_lease("other")), 1);
        rig->script(when, [this] {
            rig->api().watch(0, {WatchId{1}, rig->api().lease()->version});
        });
    }
    void edit_at(Duration when) {
        rig->script(when, [this] { EXPECT_TRUE(rig->api().edit_lease(LeaseEdit::label)); });
    }
    /// Whether something of that kind came in [from, to).
    std::size_t came(WatchKind kind, Duration from = 0s, Duration to = 1h) const {
        std::size_t count = 0;
        for (const auto& [told, event] : rig->watched())
            count += event.kind == kind && told.at >= at(from) && told.at < at(to) ? 1U : 0U;
        return count;
    }
    static Scenario with(std::vector<Fault> faults) {
        Scenario scenario = channel_scenario();
        scenario.faults = std::move(faults);
        return scenario;
    }
    std::optional<Rig> rig;
};

TEST_F(Watch, TellsEachChangeOnceInOrderAfterOneMessage) {
    open(channel_scenario());
    edit_at(10s);
    edit_at(11s);
    rig->script(12s, [&] { EXPECT_TRUE(rig->api().remove_lease()); });
    rig->run();
    ASSERT_EQ(came(WatchKind::seen), 2U);
    ASSERT_EQ(came(WatchKind::deleted), 1U);
    const auto events = rig->watched();
    EXPECT_EQ(events[0].first.at, at(10s + kOneWay));
    EXPECT_EQ(events[0].second.watch, WatchId{1});
    EXPECT_EQ(events[0].second.lease, rig->lease_commits[1].after);
    EXPECT_EQ(events[2].second.kind, WatchKind::deleted);
    EXPECT_GT(events[2].second.version, events[1].second.lease->version);
}

TEST_F(Watch, TellsWhatHappenedSinceItsVersionAndOnlyThat) {
    open(channel_scenario());
    rig->script(3s, [&] { rig->api().stop_watch(0, WatchId{1}); });
    for (int n = 0; n < 3; ++n)
        edit_at(4s);
    Version from;
    rig->script(4s + 1us, [&] { from = rig->api().lease()->version; });
    for (int n = 0; n < 3; ++n)
        edit_at(5s);
    rig->script(6s, [&] { rig->api().watch(0, {WatchId{2}, from}); });
    rig->run();
    EXPECT_EQ(came(WatchKind::seen), 3U);
    for (const auto& [told, event] : rig->watched()) {
        if (event.kind != WatchKind::seen) continue;
        EXPECT_EQ(event.watch, WatchId{2});
        EXPECT_GT(event.lease->version, from);
    }
}

// The store went back behind what this one has seen: etcd and the API server are silent until it
// comes there again.
TEST_F(Watch, TellsNothingThatIsNotAboveItsVersion) {
    Fault back = fault_at(10s, FaultKind::restore_lease);
    back.age = 8500ms;
    Scenario scenario = with({back});
    scenario.api.bookmark_period = 30s;
    open(scenario);
    for (int n = 0; n < 60; ++n)
        edit_at(3s);
    Version from;
    rig->script(4s, [&] { from = rig->api().lease()->version; });
    rig->script(11s, [&] {
        ASSERT_LT(rig->api().lease()->version, from);
        rig->api().watch(0, {WatchId{2}, from});
    });
    for (int n = 0; n < 20; ++n)
        edit_at(12s);
    for (int n = 0; n < 200; ++n)
        edit_at(100s);
    rig->run();
    std::size_t later = 0;
    for (const auto& [told, event] : rig->watched()) {
        if (event.watch != WatchId{2}) continue;
        EXPECT_GT(told.at, at(100s)) << "a bookmark, or a change, below its version";
        EXPECT_GE(event.version, from);
        later += event.kind == WatchKind::seen ? 1U : 0U;
    }
    EXPECT_GT(later, 20U);
    EXPECT_LT(later, 200U);
}

TEST_F(Watch, OfAFrozenServerOpensWhenTheFreezeIsHealed) {
    Fault freeze = fault_at(1500ms, FaultKind::freeze, 100s);
    freeze.bucket = false;
    Fault heal = fault_at(5s, FaultKind::heal);
    heal.target.kind = TargetKind::all;
    open(with({freeze, heal}));
    edit_at(10s);
    rig->run();
    EXPECT_EQ(came(WatchKind::seen, 10s, 11s), 1U);
}

TEST_F(Watch, KeepsItsOrderUnderLatenciesThatVary) {
    Scenario scenario = channel_scenario();
    scenario.network.latency = LatencySpec{0s, 20ms, 2s};
    open(scenario);
    for (int n = 0; n < 200; ++n)
        edit_at(10s + n * 1ms);
    rig->run();
    ASSERT_EQ(came(WatchKind::seen), 200U);
    Version last;
    TrueTime when;
    for (const auto& [told, event] : rig->watched()) {
        if (event.kind != WatchKind::seen) continue;
        EXPECT_GT(event.lease->version, last);
        EXPECT_GT(told.at, when);
        last = event.lease->version;
        when = told.at;
    }
}

TEST_F(Watch, SendsBookmarksWithTheServersRevision) {
    Scenario scenario = channel_scenario();
    scenario.api.bookmark_period = 30s;
    open(scenario);
    edit_at(40s);
    rig->run();
    EXPECT_EQ(came(WatchKind::bookmark, 0s, 100s), 3U);
    for (const auto& [told, event] : rig->watched()) {
        if (event.kind != WatchKind::bookmark) continue;
        EXPECT_EQ(event.lease, nullptr);
        const auto commits = rig->lease_commits;
        EXPECT_EQ(event.version, commits[told.at < at(40s) ? 0 : 1].after->version);
    }
}

TEST_F(Watch, IsEndedByTheServerAfterItsTimeAndIsSilentThen) {
    Scenario scenario = channel_scenario();
    scenario.api.watch_timeout = 5min;
    open(scenario);
    edit_at(8min);
    rig->run();
    EXPECT_EQ(came(WatchKind::ended), 1U);
    EXPECT_EQ(came(WatchKind::ended, 5min, 6min + 5s), 1U);
    EXPECT_EQ(came(WatchKind::seen), 0U);
    EXPECT_EQ(came(WatchKind::bookmark, 6min + 5s), 0U);
}

TEST_F(Watch, OfAVersionThatIsTooOldEndsAtOnce) {
    open(channel_scenario());
    rig->script(3s, [&] { rig->api().stop_watch(0, WatchId{1}); });
    for (int n = 0; n < 100; ++n)
        edit_at(4s);
    rig->script(5s, [&] {
        rig->api().watch(0, {WatchId{2}, rig->lease_commits[0].after->version});
    });
    edit_at(6s);
    rig->run();
    ASSERT_EQ(came(WatchKind::ended), 1U);
    EXPECT_EQ(came(WatchKind::ended, 5s, 5s + 2 * kOneWay + 1us), 1U);
    EXPECT_EQ(came(WatchKind::seen), 0U);
}

TEST_F(Watch, ALostEventSilencesItWithoutAnEnd) {
    open(with({fault_at(9s, FaultKind::cut, 2s)}));
    edit_at(10s);
    edit_at(20s);  // the path is whole again, the stream isn't
    rig->run();
    EXPECT_TRUE(rig->watched().empty()) << "no event, no bookmark, no end";
}

TEST_F(Watch, AnEventLostOnItsWaySilencesItToo) {
    open(with({fault_at(10s + 1ms, FaultKind::cut, 1s)}));
    edit_at(10s);
    edit_at(20s);
    rig->run();
    EXPECT_TRUE(rig->watched().empty());
}

TEST_F(Watch, ACutInWhichNothingWasToldIsNotNoticed) {
    open(with({fault_at(9s, FaultKind::cut, 500ms)}));
    edit_at(10s);
    rig->run();
    EXPECT_EQ(came(WatchKind::seen), 1U);
}

TEST_F(Watch, ABlockedSenderStillHearsItAndABlockedReceiverDoesNot) {
    Fault cut = fault_at(9s, FaultKind::cut, 2s);
    cut.direction = Direction::send;
    open(with({cut}));
    edit_at(10s);
    rig->run();
    EXPECT_EQ(came(WatchKind::seen), 1U);
    rig.reset();
    cut.direction = Direction::receive;
    open(with({cut}));
    edit_at(10s);
    rig->run();
    EXPECT_EQ(came(WatchKind::seen), 0U);
}

TEST_F(Watch, ThatCannotBeOpenedIsSilence) {
    const Duration before = 2s - 1ms;
    const Duration meanwhile = 2s + 1ms;
    for (const Duration when : {before, meanwhile}) {
        for (const FaultKind kind : {FaultKind::cut, FaultKind::outage}) {
            rig.reset();
            open(with({fault_at(when, kind, 1s)}));
            edit_at(10s);
            rig->run();
            EXPECT_TRUE(rig->watched().empty());
        }
    }
}

TEST_F(Watch, ThatWasStoppedOrWhoseProcessCrashedTellsNothing) {
    open(channel_scenario());
    rig->script(5s, [&] { rig->api().stop_watch(0, WatchId{1}); });
    edit_at(10s);
    rig->run();
    EXPECT_TRUE(rig->watched().empty());
    rig.reset();
    open(with({fault_at(2s + 1ms, FaultKind::crash)}));
    edit_at(10s);
    rig->run();
    EXPECT_TRUE(rig->watched().empty());
}

TEST_F(Watch, OfOneReplicaIsUntouchedByTheOthersCut) {
    open(with({fault_at(9s, FaultKind::cut, 2s)}));
    rig->script(3s, [&] { rig->api().watch(1, {WatchId{9}, rig->api().lease()->version}); });
    edit_at(10s);
    rig->run();
    ASSERT_EQ(came(WatchKind::seen), 1U);
    EXPECT_EQ(rig->watched()[0].first.replica, 1U);
}

TEST_F(Watch, WhileTheServerIsDownNothingIsToldAndAnOperatorCanDoNothing) {
    Fault outage = fault_at(9s, FaultKind::outage, 100s);
    outage.bucket = false;
    open(with({outage}));
    rig->script(10s, [&] {
        EXPECT_FALSE(rig->api().edit_lease(LeaseEdit::label));
        EXPECT_FALSE(rig->api().remove_lease());
    });
    edit_at(120s);
    rig->run();
    EXPECT_EQ(came(WatchKind::bookmark, 0s, 109s), 0U);
    EXPECT_EQ(came(WatchKind::seen), 1U);
}

}  // namespace
}  // namespace leasehold::sim
