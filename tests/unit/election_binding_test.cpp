// How long a record binds (clauses 2, 4): by spec, own and annotated duration from its last sight,
// never by the largest duration ever seen.
#include "tests/unit/election_bench.hpp"

namespace leasehold::election_test {
namespace {

constexpr Duration kWait = 15'030ms;  ///< 15 s * (1 + 0.2 %)

LeaseRecord lasting(std::uint64_t nonce, std::int32_t seconds) {
    LeaseRecord record = peer_record(nonce);
    record.duration_seconds = seconds;
    return record;
}

TEST(Binding, ALongLeaseIsForgottenWhenItHasPassed) {
    Bench bench;
    bench.api.put(lasting(5, 40));
    bench.start();
    std::uint64_t nonce = 5;
    for (int i = 0; i < 30; ++i) {  // a rolling upgrade has lowered it to 15 s
        bench.advance(2s);
        bench.api.put(lasting(++nonce, 15));
        bench.step(Timer{});
    }
    bench.advance(kWait - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads()) << "14 s without the long one, 40 s with it";
}

TEST(Binding, ALongLeaseStillBindsAsLongAsItsLastSightSaid) {
    Bench bench;
    bench.api.put(lasting(5, 40));
    bench.start();
    bench.advance(1s);
    bench.api.put(lasting(6, 3));  // edited, or a successor whose lease is shorter
    bench.step(Timer{});
    bench.advance(40'080ms - 1s - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

TEST(Binding, DamageInOneRecordEndsWithinTheLongestLeaseAndIsNotSpread) {
    Bench bench;
    bench.api.put(lasting(5, 2'147'483'647));
    bench.start();
    bench.advance(10s);
    bench.api.remove();
    bench.advance(60s);
    ASSERT_TRUE(bench.api.lease);
    EXPECT_LE(bench.api.lease->record.max_lease_seconds, 600);
    bench.advance(20min);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
}

TEST(Binding, AnAnnotationOfDamageIsBoundedToo) {
    Bench bench;
    LeaseRecord record = peer_record(5);
    record.max_lease_seconds = 2'147'483'647;
    bench.api.put(record);
    bench.start();
    bench.advance(601'200ms - 1ns);  // ten minutes, stretched
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

TEST(Binding, EachPutOfOursSaysItsDurationBesideTheNonce) {
    Bench bench;
    bench.start_as_leader();
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
    bench.advance(2s);
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
    bench.wish(&Elector::give_up);
    ASSERT_TRUE(bench.api.lease->record.holder.empty());
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
}

TEST(Binding, AnEditOfTheSpecDoesNotShortenWhatTheAnnotationSays) {
    Bench bench;
    LeaseRecord record = lasting(5, 40);
    record.max_lease_seconds = 40;
    bench.api.put(record);
    bench.start();
    record = lasting(6, 3);  // renewed unseen, and edited then
    record.max_lease_seconds = 40;
    bench.advance(30s);
    bench.api.put(record);
    bench.step(Timer{});
    bench.advance(40'080ms - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

TEST(Binding, ALeaderWhoseDurationWasEditedLeadsOnAndRewritesIt) {
    Bench bench;
    bench.start_as_leader();
    bench.advance(1s);
    bench.api.edit([](Lease& lease) {
        lease.record.duration_seconds = 1;
        lease.record.max_lease_seconds = 0;
    });
    bench.step(Timer{});
    EXPECT_TRUE(bench.leads());
    bench.advance(2s);
    EXPECT_TRUE(bench.leads());
    EXPECT_EQ(bench.api.lease->record.duration_seconds, 15);
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 15);
}

TEST(Binding, ARecordEditedToALongLeaseDoesNotBindItsOwnLeader) {
    Bench bench;
    bench.start_as_leader();
    bench.advance(1s);
    bench.api.edit([](Lease& lease) { lease.record.duration_seconds = 500; });
    bench.step(Timer{});
    bench.net = Net::drop;
    bench.advance(20s);
    EXPECT_FALSE(bench.leads());
    bench.net = Net::up;
    bench.advance(8s);
    EXPECT_TRUE(bench.leads()) << "its own record may be taken at once";
}

TEST(Binding, ACreatedRecordSaysWhatStillBinds) {
    Bench bench;
    bench.api.put(lasting(5, 40));
    bench.start();
    bench.advance(10s);
    bench.api.remove();
    bench.step(Timer{});
    bench.advance(4s);
    ASSERT_EQ(bench.marks(MarkId::created_lease), 1);
    EXPECT_EQ(bench.api.lease->record.max_lease_seconds, 27) << "40.08 s less 14 s, rounded up";
    EXPECT_EQ(bench.api.lease->record.duration_seconds, 15);
    bench.advance(27'054ms - 1ns);
    EXPECT_FALSE(bench.leads());
    bench.advance(1ns);
    EXPECT_TRUE(bench.leads());
}

}  // namespace
}  // namespace leasehold::election_test
