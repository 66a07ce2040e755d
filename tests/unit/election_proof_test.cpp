// The end of a holder's container: clause 13 of the election's rules.
#include "tests/unit/election_bench.hpp"

namespace leasehold::election_test {
namespace {

const Container kPeer{"agent-0", "pod-0", "containerd://1f"};
const Container kMine{"agent-1", "pod-1", "containerd://2f"};

ContainerPtr shared(const Container& container) {
    return std::make_shared<const Container>(container);
}

ElectorConfig believing() {
    ElectorConfig config = bench_config();
    config.believe_ended_holder = true;
    return config;
}

/// The record of a peer that names its container.
LeaseRecord named(std::uint64_t nonce, const Container& container = kPeer,
                  const std::string& holder = "peer", std::int32_t transitions = 4) {
    LeaseRecord record = peer_record(nonce);
    record.holder = holder;
    record.transitions = transitions;
    record.container = container;
    record.container_mark = container_mark("uid-1", record);
    return record;
}

/// It ended after it had written record `nonce`.
HolderEnded ended(const Container& container = kPeer, std::uint64_t nonce = 5) {
    return {shared(container), WallTime(1001s + std::chrono::seconds(nonce)), Version(9)};
}

/// The container watched now, if any.
std::optional<Container> watched(const Bench& bench) {
    std::optional<Container> now;
    for (const auto& [at, effect] : bench.log) {
        if (const auto* watch = std::get_if<WatchHolder>(&effect)) {
            EXPECT_FALSE(now.has_value()) << "two Pods watched";
            now = *watch->container;
        }
        if (std::holds_alternative<StopHolderWatch>(effect)) {
            EXPECT_TRUE(now.has_value()) << "a watch ended that was not open";
            now.reset();
        }
    }
    return now;
}

Bench follower(const LeaseRecord& record = named(5)) {
    Bench bench(believing());
    bench.api.put(record);
    bench.start();
    EXPECT_FALSE(bench.leads());
    return bench;
}

TEST(Proof, FreesTheRecordAtOnceByOneConditionalPut) {
    Bench bench = follower();
    EXPECT_EQ(watched(bench), kPeer);
    bench.advance(3s);
    const int gets = bench.sent_of(LeaseVerb::get);
    bench.step(ended());
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.sent_of(LeaseVerb::get), gets);
    EXPECT_EQ(bench.sent_of(LeaseVerb::update), 1);
    EXPECT_EQ(bench.last().request.lease->version, Version(101));
    EXPECT_EQ(bench.api.lease->record.transitions, 5);
    EXPECT_EQ(bench.marks(MarkId::holder_ended_believed), 1);
    EXPECT_EQ(bench.marks(MarkId::takeover_after_end), 1);
    EXPECT_EQ(watched(bench), std::nullopt);
    // What the dead process sent may land for as long as its lease would have been waited out.
    EXPECT_EQ(bench.elector.leadership().landing_until, Instant(5000s) + 15'030ms);
}

TEST(Proof, IsNotAskedForUnlessTheConfigurationSaysSo) {
    Bench bench;
    bench.api.put(named(5));
    bench.start();
    EXPECT_EQ(bench.count<WatchHolder>(), 0);
    bench.step(ended());
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::proof_refused), 1);
    bench.advance(15'029ms);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ms);
    EXPECT_TRUE(bench.leads());
}

TEST(Proof, OfARecordWithoutAContainerThereIsNone) {
    Bench bench = follower(peer_record(5));
    EXPECT_EQ(bench.count<WatchHolder>(), 0);
    bench.step(ended());
    EXPECT_FALSE(bench.leads());
    bench.advance(15'030ms);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.elector.leadership().landing_until, Instant{});
}

TEST(Proof, StaysTrueForALaterRecordOfTheSameContainer) {
    // The dead process had a PUT on its way: it lands before ours.
    Bench bench = follower();
    bench.net = Net::hold;
    bench.step(ended());
    bench.api.put(named(6));
    bench.watch_delivers = false;
    bench.net = Net::up;
    bench.answer(bench.apply_held());
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::takeover_lost_race), 1);
    EXPECT_EQ(bench.api.lease->record.transitions, 5);
}

TEST(Proof, IsVoidForTheNextHolder) {
    Bench bench = follower();
    const Container other{"agent-2", "pod-2", "containerd://3f"};
    bench.net = Net::hold;
    bench.step(ended());
    // Somebody else was faster, and its container lives.
    bench.api.put(named(6, other, "third", 5));
    bench.net = Net::up;
    bench.answer(bench.apply_held());
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(watched(bench), other);
    bench.step(ended());  // told once more
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::proof_refused), 1);
    bench.step(ended(other, 6));
    EXPECT_TRUE(bench.leads());
}

TEST(Proof, OfOneHolderLeavesWhatEarlierOnesBound) {
    Bench bench = follower(named(5));
    bench.advance(5s);
    const Container other{"agent-2", "pod-2", "containerd://3f"};
    bench.api.put(named(6, other, "third", 5));
    bench.step(Timer{});
    bench.advance(1s);
    bench.step(ended(other, 6));
    EXPECT_FALSE(bench.leads()) << "the first one's gate may be open for all that is known";
    bench.advance(9'029ms);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ms);
    EXPECT_TRUE(bench.leads());
}

TEST(Proof, IsRefusedWhereItLiesBeforeTheRecord) {
    // The id is that of the container before: it ended before the writer was forked.
    Bench bench = follower(named(50));
    bench.step(ended(kPeer, 40));
    EXPECT_FALSE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::proof_refused), 1);
    EXPECT_EQ(bench.marks(MarkId::holder_ended_believed), 0);
    bench.advance(15'030ms);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.marks(MarkId::takeover_after_expiry), 1);
}

TEST(Proof, IsVoidInTheRecordOfAForeignElector) {
    // It keeps the annotations of whom it took the Lease from.
    Bench bench = follower();
    LeaseRecord foreign = named(5);
    foreign.holder = "client-go";
    foreign.renew_time = WallTime(1007s);
    foreign.transitions = 5;
    bench.api.put(foreign);
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), std::nullopt);
    bench.step(ended());
    EXPECT_FALSE(bench.leads());
}

TEST(Proof, IsVoidInARecordThatComesFromABackup) {
    Bench bench = follower(named(5));
    const Container other{"agent-2", "pod-2", "containerd://3f"};
    bench.api.put(named(6, other, "third", 5));
    bench.step(Timer{});
    // Somebody applies the first one again: the third may still lead.
    bench.api.put(named(5));
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), std::nullopt);
    bench.step(ended());
    EXPECT_FALSE(bench.leads());
    // A label on it makes it no better.
    bench.api.edit([](Lease& lease) { lease.extra = "x"; });
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), std::nullopt);
}

TEST(Proof, IsVoidInARecordThatFollowsItsOwnRelease) {
    Bench bench = follower(named(5));
    bench.net = Net::drop;  // it may not take what is released
    bench.api.put(peer_release(6));
    bench.step(Timer{});
    bench.api.put(named(5));
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), std::nullopt) << "after its end a tenure has more transitions";
}

TEST(Proof, IsWatchedForAsLongAsItCanMatter) {
    Bench bench = follower();
    EXPECT_EQ(watched(bench), kPeer);
    bench.api.put(named(6));  // a renewal: the same one
    bench.step(Timer{});
    EXPECT_EQ(bench.count<WatchHolder>(), 1);
    bench.api.put(peer_record(7));  // names nobody
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), std::nullopt);
    bench.api.put(named(8));
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), kPeer);
    bench.step(Stop{bench.now + 1s});
    EXPECT_EQ(watched(bench), std::nullopt);
    EXPECT_TRUE(std::holds_alternative<Stopped>(bench.log.back().second));
}

TEST(Proof, OfAMissingLeaseFreesNothing) {
    Bench bench = follower();
    bench.api.remove();
    bench.step(Timer{});
    EXPECT_EQ(watched(bench), std::nullopt);
    bench.step(ended());
    EXPECT_EQ(bench.marks(MarkId::proof_refused), 1);
    EXPECT_FALSE(bench.leads());
}

TEST(OwnContainerOfElector, IsNamedFromTheNextRenewalOn) {
    Bench bench(believing());
    bench.start_as_leader();
    EXPECT_EQ(holder_container(*bench.api.lease), nullptr);
    bench.step(OwnContainer{shared(kMine)});
    bench.advance(2s);
    ASSERT_NE(holder_container(*bench.api.lease), nullptr);
    EXPECT_EQ(*holder_container(*bench.api.lease), kMine);
    bench.advance(4s);
    EXPECT_NE(holder_container(*bench.api.lease), nullptr) << "each renewal is a record of its own";
    EXPECT_EQ(bench.marks(MarkId::holder_named), 1);
    // The first word counts: a process runs in one container.
    bench.step(OwnContainer{shared(kPeer)});
    bench.advance(2s);
    EXPECT_EQ(*holder_container(*bench.api.lease), kMine);
    EXPECT_EQ(bench.count<WatchHolder>(), 0) << "a leader watches nobody";
}

TEST(OwnContainerOfElector, IsNeitherInAReleaseNorInACreation) {
    Bench bench(believing());
    bench.start_as_leader();
    bench.step(OwnContainer{shared(kMine)});
    bench.advance(2s);
    bench.api.remove();
    bench.advance(4s);
    EXPECT_TRUE(bench.leads());
    ASSERT_EQ(bench.marks(MarkId::recreated_lease), 1);
    bool created = false;
    for (const Bench::Sent& sent : bench.sent) {
        if (sent.request.verb != LeaseVerb::create) continue;
        created = true;
        EXPECT_EQ(sent.request.lease->record.container, Container{});
        EXPECT_EQ(sent.request.lease->record.container_mark, 0U);
    }
    EXPECT_TRUE(created);
    bench.step(Stop{bench.now + 20s});
    bench.wish(&Elector::drained);
    EXPECT_TRUE(bench.api.lease->record.holder.empty());
    EXPECT_EQ(bench.api.lease->record.container, Container{});
    EXPECT_EQ(bench.api.lease->record.container_mark, 0U);
}

}  // namespace
}  // namespace leasehold::election_test
