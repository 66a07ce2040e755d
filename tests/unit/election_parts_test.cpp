// The parts of an elector, each by itself.
#include <gtest/gtest.h>

#include <memory>

#include "model/base/check.hpp"
#include "model/election/lease_view.hpp"
#include "model/election/lease_watch.hpp"
#include "model/election/own_record.hpp"
#include "model/election/record.hpp"
#include "model/election/requests.hpp"

namespace leasehold::election {
namespace {

using namespace std::chrono_literals;

OwnWrite write_of(std::uint64_t nonce, WriteKind kind, Standing standing) {
    return {.nonce = nonce,
            .renew_time = WallTime(std::chrono::seconds(nonce)),
            .sent_at = Instant(std::chrono::seconds(nonce)),
            .kind = kind,
            .precondition = Version(nonce),
            .standing = standing};
}

LeaseRecord record_of(std::uint64_t nonce, const std::string& holder = "me") {
    LeaseRecord record;
    record.holder = holder;
    record.nonce = nonce;
    record.renew_time = WallTime(std::chrono::seconds(nonce));
    record.duration_seconds = 15;
    return record;
}

LeasePtr lease_of(std::uint64_t version, const LeaseRecord& record,
                  const std::string& uid = "uid-1") {
    auto lease = std::make_shared<Lease>();
    lease->version = Version(version);
    lease->uid = uid;
    lease->record = record;
    return lease;
}

// ---- own writes --------------------------------------------------------------------------------

TEST(OwnRecord, IsByHolderTimeAndNonceTogether) {
    OwnRecord own("me");
    own.sent(write_of(7, WriteKind::take_expired, Standing::opens), 0);
    EXPECT_EQ(own.claim(record_of(7)), Claim::proven);
    EXPECT_EQ(own.claim(record_of(7, "twin")), Claim::none);
    LeaseRecord later = record_of(7);
    *later.renew_time += 1us;
    EXPECT_EQ(own.claim(later), Claim::none);
    EXPECT_EQ(own.claim(record_of(8)), Claim::none);
}

TEST(OwnRecord, AfterALossNothingCountsButAPutStillProves) {
    OwnRecord own("me");
    own.sent(write_of(1, WriteKind::renew, Standing::opens), 0);
    own.sent(write_of(2, WriteKind::recreate, Standing::extends), 1);
    EXPECT_TRUE(own.made(record_of(1))->counts());
    EXPECT_EQ(own.claim(record_of(2)), Claim::unproven) << "a creation proves by extending alone";
    own.close();
    EXPECT_FALSE(own.made(record_of(1))->counts());
    EXPECT_EQ(own.claim(record_of(1)), Claim::proven);
    EXPECT_FALSE(own.made(record_of(2))->counts());
    EXPECT_EQ(own.claim(record_of(2)), Claim::unproven);
}

TEST(OwnRecord, ACreationThatExtendedIsProof) {
    OwnRecord own("me");
    own.sent(write_of(2, WriteKind::recreate, Standing::extends), 0);
    own.proved(2);
    own.close();
    EXPECT_EQ(own.claim(record_of(2)), Claim::proven);
}

TEST(OwnRecord, OfTheNewestWriteItKnowsWhetherToLook) {
    OwnRecord own("me");
    own.sent(write_of(5, WriteKind::renew, Standing::opens), 0);
    EXPECT_FALSE(own.must_look());
    own.unknown();
    EXPECT_TRUE(own.must_look());
    EXPECT_TRUE(own.may_have_taken());
    own.looked();
    EXPECT_FALSE(own.must_look());
    own.refused(Version(9));
    EXPECT_TRUE(own.must_look());
    EXPECT_FALSE(own.may_have_taken()) << "certainly not";
    own.looked();
    EXPECT_FALSE(own.must_look());
    EXPECT_FALSE(own.explained_by(Version(9), 4)) << "what was refused is still there";
    EXPECT_TRUE(own.explained_by(Version(10), 4));
    EXPECT_FALSE(own.explained_by(Version(11), 4)) << "once";
}

// Something in between sends each PUT twice and passes the second one's answer on: renewals went
// out as fast as the server answered.
TEST(OwnRecord, AWriteThatWasAppliedThoughRefusedIsNoReasonToWriteAtOnce) {
    OwnRecord own("me");
    own.sent(write_of(5, WriteKind::renew, Standing::opens), 0);
    own.refused(Version(9));
    EXPECT_FALSE(own.explained_by(Version(10), 5));
    EXPECT_FALSE(own.must_look()) << "it is known what became of it";
}

TEST(OwnRecord, AMissingLeaseLeavesCreationsAlone) {
    OwnRecord own("me");
    own.sent(write_of(1, WriteKind::renew, Standing::opens), 0);
    own.sent(write_of(2, WriteKind::create, Standing::created), 0);
    own.lease_missing();
    EXPECT_EQ(own.claim(record_of(1)), Claim::none);
    EXPECT_EQ(own.claim(record_of(2)), Claim::unproven);
}

TEST(OwnRecord, AWriteThatAWatchHasShownWasApplied) {
    OwnRecord own("me");
    own.sent(write_of(1, WriteKind::renew, Standing::opens), 0);
    own.not_applied(1, 1);
    EXPECT_EQ(own.claim(record_of(1)), Claim::proven);
    own.not_applied(1, 0);
    EXPECT_EQ(own.claim(record_of(1)), Claim::none);
}

TEST(OwnRecord, RemembersFewButThePresentOne) {
    OwnRecord own("me");
    for (std::uint64_t nonce = 1; nonce <= 20; ++nonce)
        own.sent(write_of(nonce, WriteKind::renew, Standing::opens), 1);
    EXPECT_EQ(own.claim(record_of(1)), Claim::proven);
    EXPECT_EQ(own.claim(record_of(2)), Claim::none);
    EXPECT_EQ(own.claim(record_of(20)), Claim::proven);
    own.prune(1, Version(20));
    EXPECT_EQ(own.claim(record_of(19)), Claim::none) << "its precondition is gone";
    EXPECT_EQ(own.claim(record_of(20)), Claim::proven);
}

TEST(OwnRecord, RenewTimesNeverRepeatEvenAfterEverythingIsForgotten) {
    OwnRecord own("me");
    const WallTime first = own.next_renew_time(WallTime(10s), 1us);
    own.forget();
    EXPECT_EQ(own.next_renew_time(WallTime(3s), 1us), first + 1us);
    EXPECT_EQ(own.next_renew_time(WallTime(3s), 1s), first + 1us + 1s);
}

// ---- the mark ----------------------------------------------------------------------------------

TEST(ReleaseMark, NamesUidAcquisitionTimeAndTransitions) {
    LeaseRecord record = record_of(7, "");
    record.acquisition = 5;
    record.transitions = 3;
    const std::uint64_t mark = release_mark("uid-1", record);
    EXPECT_NE(mark, release_mark("uid-2", record));
    const auto changed = [&](auto change) {
        LeaseRecord other = record;
        change(other);
        return release_mark("uid-1", other);
    };
    EXPECT_NE(mark, changed([](LeaseRecord& r) { r.acquisition = 6; }));
    EXPECT_NE(mark, changed([](LeaseRecord& r) { *r.renew_time += 1us; }));
    EXPECT_NE(mark, changed([](LeaseRecord& r) { r.renew_time.reset(); }));
    EXPECT_NE(mark, changed([](LeaseRecord& r) { r.transitions = 4; }));
    EXPECT_EQ(mark, changed([](LeaseRecord& r) { r.nonce = 9; }));
    EXPECT_NE(mark, record.acquisition) << "what agents wrote before is void";
}

TEST(ReleaseMark, IsTheSameInEveryVersionOfTheProgram) {
    LeaseRecord record = record_of(7, "");
    record.acquisition = 5;
    record.transitions = 3;
    EXPECT_EQ(release_mark("5b16c828-980f-42f0-b354-0c1648d124a3", record), 0xdc6765224cde51c1ULL);
}

// ---- the time to wait --------------------------------------------------------------------------

TEST(BusyUntil, PassesWithTimeAndIsClearedByProof) {
    BusyUntil busy;
    EXPECT_EQ(busy.left(Instant(0s)), 0s);
    busy.bind(Instant(40s));
    busy.bind(Instant(15s));
    EXPECT_EQ(busy.left(Instant(10s)), 30s);
    EXPECT_EQ(busy.left(Instant(41s)), 0s);
    busy.clear();
    EXPECT_EQ(busy.left(Instant(10s)), 0s);
}

TEST(BusyUntil, AForeignReleaseEndsItsOwnTenureAlone) {
    BusyUntil busy;
    busy.bind(Instant(40s));
    busy.next_holder();
    busy.bind(Instant(60s));
    busy.holder_gone();
    EXPECT_EQ(busy.until(), Instant(40s));
}

TEST(LeaseView, AVersionNamesOneContent) {
    ElectorConfig config;
    config.identity = "me";
    LeaseView view(config);
    using enum LeaseView::Source;
    EXPECT_EQ(view.see(Instant(1s), lease_of(10, record_of(1, "a")), answer, Claim::none),
              LeaseView::Sight::changed);
    EXPECT_EQ(view.see(Instant(2s), lease_of(10, record_of(2)), answer, Claim::proven),
              LeaseView::Sight::unchanged);
    EXPECT_EQ(view.lease()->record.holder, "a");
    EXPECT_EQ(view.free_at(), Instant(1s + 15'030ms));
    auto labelled = std::make_shared<Lease>(*view.lease());
    labelled->version = Version(11);
    labelled->extra = "label";
    EXPECT_EQ(view.see(Instant(9s), labelled, watch, Claim::none), LeaseView::Sight::edited);
    EXPECT_EQ(view.free_at(), Instant(1s + 15'030ms));
    EXPECT_THROW((void)view.see(Instant(9s), lease_of(10, record_of(1)), answer, Claim::none),
                 CheckFailure);
}

TEST(LeaseView, TwoThatMissItSinceOtherInstantsAreNotEqual) {
    LeaseView first(ElectorConfig{});
    LeaseView second = first;
    first.miss(Instant(1s));
    second.miss(Instant(2s));
    EXPECT_FALSE(first == second) << "they will create it at different instants";
    second = first;
    second.miss(Instant(3s));
    EXPECT_EQ(first, second) << "the first look counts";
}

TEST(LeaseView, ACreatedRecordSaysTheLongestOfOwnMembersAndWhatStillBinds) {
    ElectorConfig config;
    config.identity = "me";
    LeaseView view(config);
    EXPECT_EQ(view.bound_seconds(Instant(0s)), 15);
    config.max_lease_duration = 60s;
    EXPECT_EQ(LeaseView(config).bound_seconds(Instant(0s)), 60);
    LeaseRecord damaged = record_of(1, "a");
    damaged.duration_seconds = 2'147'483'647;
    EXPECT_TRUE(view.too_long(damaged));
    (void)view.see(Instant(0s), lease_of(10, damaged), LeaseView::Source::answer, Claim::none);
    EXPECT_EQ(view.free_at(), Instant(601'200ms)) << "the bound, stretched";
    view.miss(Instant(1s));
    EXPECT_EQ(view.bound_seconds(Instant(1s)), 600) << "never more than the bound is spread";
    EXPECT_EQ(view.bound_seconds(Instant(501s)), 101);
    EXPECT_EQ(view.bound_seconds(Instant(700s)), 15);
}

// ---- watch and requests ------------------------------------------------------------------------

TEST(LeaseWatch, OwesWhatItDidNotTellThoughItHadTheTime) {
    LeaseWatch watch;
    EXPECT_FALSE(watch.owes(Version(9), Instant(99s), 6s)) << "none is open";
    (void)watch.start(Instant(10s), Version(5));
    EXPECT_THROW((void)watch.start(Instant(10s), Version(5)), CheckFailure);
    EXPECT_FALSE(watch.owes(Version(5), Instant(99s), 6s)) << "nothing happened";
    EXPECT_FALSE(watch.owes(Version(6), Instant(15s), 6s)) << "it may be on its way";
    EXPECT_TRUE(watch.owes(Version(6), Instant(16s), 6s));
    watch.heard(Instant(12s), Version(6));
    EXPECT_FALSE(watch.owes(Version(6), Instant(99s), 6s));
    const WatchId first = watch.id();
    watch.end();
    EXPECT_FALSE(watch.is(first));
    EXPECT_NE(watch.start(Instant(20s), Version(6)), first);
}

Request request_of(LeaseVerb verb, Instant at) {
    Request request;
    request.verb = verb;
    request.sent_at = at;
    return request;
}

TEST(Requests, OneIsInFlightWithAnOddId) {
    Requests requests(1);
    const RequestId first = requests.begin(request_of(LeaseVerb::get, Instant(1s)));
    EXPECT_EQ(first, RequestId(1));
    EXPECT_THROW((void)requests.begin({}), CheckFailure);
    EXPECT_TRUE(requests.looking());
    EXPECT_FALSE(requests.end(RequestId(3)));
    requests.postpone_look(Instant(2s));
    EXPECT_TRUE(requests.idle());
    EXPECT_EQ(requests.look_at, Instant(2s));
    const RequestId second = requests.begin(request_of(LeaseVerb::update, Instant(2s)));
    EXPECT_EQ(second, RequestId(3));
    requests.postpone_look(Instant(3s));
    EXPECT_TRUE(requests.writing()) << "a write is not postponed";
    EXPECT_EQ(requests.end(second)->verb, LeaseVerb::update);
}

TEST(Requests, RetryAfterIsHonouredOnlyWhileItLeavesRoom) {
    const Request request = request_of(LeaseVerb::update, Instant(10s));
    LeaseReply reply;
    EXPECT_EQ(retry_at(Instant(11s), request, reply, 2s, 10s), Instant(12s));
    reply.status = 429;
    reply.retry_after = 5s;
    EXPECT_EQ(retry_at(Instant(11s), request, reply, 2s, 10s), Instant(16s));
    EXPECT_EQ(retry_at(Instant(11s), request, reply, 2s, 4s), Instant(12s));
}

}  // namespace
}  // namespace leasehold::election
