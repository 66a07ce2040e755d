// The Lease API's server side, rule by rule, against what a real kube-apiserver answered.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "model/base/check.hpp"
#include "sim/world/lease_api.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

Lease fresh(std::string holder = "a") {
    Lease lease;
    lease.record.holder = std::move(holder);
    lease.record.duration_seconds = 15;
    lease.record.renew_time = WallTime(1s);
    return lease;
}
LeasePtr pointer(Lease lease) {
    return std::make_shared<const Lease>(std::move(lease));
}

class LeaseApiRules : public ::testing::Test {
  protected:
    LeaseReply send(LeaseVerb verb, const LeasePtr& body = nullptr) {
        change.reset();
        const LeasePtr before = api.lease();
        const Version revision = api.revision();
        LeaseReply reply = api.handle(verb, body, change);
        // Whatever the answer: a change is told exactly when the stored Lease is another one.
        EXPECT_EQ(change.has_value(), before != api.lease());
        EXPECT_EQ(change.has_value(), revision != api.revision());
        return reply;
    }
    LeaseReply post(Lease lease) { return send(LeaseVerb::create, pointer(std::move(lease))); }
    LeaseReply put(Lease lease) { return send(LeaseVerb::update, pointer(std::move(lease))); }
    Lease stored() { return *api.lease(); }
    /// Nothing was written, and this was the answer.
    void expect_refused(const LeaseReply& reply, std::int32_t status, StatusReason reason) {
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.reason, reason);
        EXPECT_EQ(reply.lease, nullptr);
        EXPECT_FALSE(change.has_value());
    }

    LeaseApi api{7};
    std::optional<LeaseChange> change;
};

TEST_F(LeaseApiRules, AGetOfAMissingLeaseIsNotFoundAboutThisLease) {
    const LeaseReply reply = send(LeaseVerb::get);
    expect_refused(reply, 404, StatusReason::not_found);
    EXPECT_TRUE(reply.about_lease);
    EXPECT_EQ(classify(LeaseVerb::get, reply), LeaseOutcome::missing);
}

TEST_F(LeaseApiRules, APostCreatesWithAUidAndAVersionOfTheServers) {
    Lease wanted = fresh();
    wanted.uid = "mine";
    const LeaseReply reply = post(wanted);
    EXPECT_EQ(reply.status, 201);
    ASSERT_NE(reply.lease, nullptr);
    EXPECT_NE(reply.lease->uid, "mine");
    EXPECT_FALSE(reply.lease->uid.empty());
    EXPECT_EQ(reply.lease->version, api.revision());
    EXPECT_EQ(reply.lease->record, wanted.record);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->before, nullptr);
    EXPECT_EQ(change->after, reply.lease);
    EXPECT_EQ(send(LeaseVerb::get).lease, reply.lease);
}

TEST_F(LeaseApiRules, APostOnAnExistingLeaseIsAlreadyExists) {
    post(fresh());
    const LeaseReply reply = post(fresh("b"));
    expect_refused(reply, 409, StatusReason::already_exists);
    EXPECT_EQ(classify(LeaseVerb::create, reply), LeaseOutcome::exists);
    EXPECT_EQ(stored().record.holder, "a");
}

TEST_F(LeaseApiRules, APostWithAResourceVersionIsAServerErrorWithoutAReason) {
    Lease lease = fresh();
    lease.version = Version{5};
    const LeaseReply reply = post(lease);
    expect_refused(reply, 500, StatusReason::none);
    EXPECT_EQ(classify(LeaseVerb::create, reply), LeaseOutcome::unknown);
}

TEST_F(LeaseApiRules, APutWithTheRightVersionAndUidIsWritten) {
    post(fresh());
    Lease next = stored();
    const Version before = next.version;
    next.record.holder = "b";
    const LeaseReply reply = put(next);
    EXPECT_EQ(reply.status, 200);
    ASSERT_NE(reply.lease, nullptr);
    EXPECT_GT(reply.lease->version, before);
    EXPECT_EQ(reply.lease->record.holder, "b");
    ASSERT_TRUE(change);
    EXPECT_EQ(change->before->record.holder, "a");
    EXPECT_EQ(change->version, reply.lease->version);
}

TEST_F(LeaseApiRules, APutOfEqualContentWritesNothingAndKeepsTheVersion) {
    post(fresh());
    const LeaseReply reply = put(stored());
    EXPECT_EQ(reply.status, 200);
    ASSERT_NE(reply.lease, nullptr);
    EXPECT_EQ(reply.lease->version, stored().version);
    EXPECT_FALSE(change);
}

TEST_F(LeaseApiRules, APutOfEqualContentWithAStaleVersionIsAConflict) {
    post(fresh());
    const Lease old = stored();
    Lease next = old;
    next.record.renew_time = WallTime(2s);
    put(next);
    next.record.renew_time = old.record.renew_time;
    next.version = stored().version;
    put(next);
    expect_refused(put(old), 409, StatusReason::conflict);
}

TEST_F(LeaseApiRules, AStaleAndAFutureVersionAreConflicts) {
    post(fresh());
    Lease next = stored();
    next.record.holder = "b";
    for (const std::int64_t off : {-1, 1, 1000}) {
        Lease wrong = next;
        wrong.version = Version{next.version.value() + static_cast<std::uint64_t>(off)};
        const LeaseReply reply = put(wrong);
        expect_refused(reply, 409, StatusReason::conflict);
        EXPECT_EQ(classify(LeaseVerb::update, reply), LeaseOutcome::conflict);
    }
}

TEST_F(LeaseApiRules, APutWithoutAVersionIsInvalid) {
    post(fresh());
    Lease next = stored();
    next.version = Version{};
    next.record.holder = "b";
    const LeaseReply reply = put(next);
    expect_refused(reply, 422, StatusReason::invalid);
    EXPECT_EQ(classify(LeaseVerb::update, reply), LeaseOutcome::rejected);
}

TEST_F(LeaseApiRules, TheUidIsCheckedBeforeTheVersion) {
    post(fresh());
    Lease wrong = stored();
    wrong.uid = "other";
    wrong.version = Version{};  // alone this would be 422
    expect_refused(put(wrong), 409, StatusReason::conflict);
    wrong.version = stored().version;
    expect_refused(put(wrong), 409, StatusReason::conflict);
}

TEST_F(LeaseApiRules, WithoutAUidTheUidIsNotChecked) {
    post(fresh());
    Lease next = stored();
    const std::string uid = next.uid;
    next.uid.clear();
    next.record.holder = "b";
    EXPECT_EQ(put(next).status, 200);
    EXPECT_EQ(stored().uid, uid);
    EXPECT_EQ(stored().record.holder, "b");
}

TEST_F(LeaseApiRules, APutOnAMissingLeaseWithAUidIsAConflict) {
    post(fresh());
    const Lease old = stored();
    api.remove();
    expect_refused(put(old), 409, StatusReason::conflict);
    EXPECT_EQ(api.lease(), nullptr);
}

TEST_F(LeaseApiRules, APutOnAMissingLeaseWithoutAUidCreatesItWhateverItsVersion) {
    post(fresh());
    Lease old = stored();
    const std::string uid = old.uid;
    api.remove();
    old.uid.clear();
    const LeaseReply reply = put(old);
    EXPECT_EQ(reply.status, 201);
    EXPECT_NE(stored().uid, uid);
    EXPECT_GT(stored().version, old.version);
}

TEST_F(LeaseApiRules, ADurationBelowOneAndNegativeTransitionsAreInvalid) {
    for (const std::int32_t seconds : {0, -1}) {
        Lease lease = fresh();
        lease.record.duration_seconds = seconds;
        expect_refused(post(lease), 422, StatusReason::invalid);
    }
    Lease negative = fresh();
    negative.record.transitions = -1;
    expect_refused(post(negative), 422, StatusReason::invalid);
    post(fresh());
    negative.version = stored().version;
    expect_refused(put(negative), 422, StatusReason::invalid);
    EXPECT_FALSE(put(negative).about_lease) << "its details name the kind, not the resource";
    negative.version = Version{};
    const LeaseReply unversioned = put(negative);
    expect_refused(unversioned, 422, StatusReason::invalid);
    EXPECT_TRUE(unversioned.about_lease);
}

TEST_F(LeaseApiRules, APostIsValidatedBeforeAllElseAPutAfterUidAndVersion) {
    post(fresh());
    Lease bad = fresh("b");
    bad.record.duration_seconds = 0;
    expect_refused(post(bad), 422, StatusReason::invalid);  // not AlreadyExists
    bad.version = Version{5};
    expect_refused(post(bad), 422, StatusReason::invalid);  // not the 500 for a version
    bad.version = Version{stored().version.value() + 1};
    expect_refused(put(bad), 409, StatusReason::conflict);
    bad.version = stored().version;
    bad.uid = "other";
    expect_refused(put(bad), 409, StatusReason::conflict);
    bad.uid = stored().uid;
    expect_refused(put(bad), 422, StatusReason::invalid);
}

TEST_F(LeaseApiRules, TimesThatAreNoWholeMicrosecondsAreBadRequestsBeforeAllElse) {
    Lease lease = fresh();
    lease.record.renew_time = WallTime(1500ns);
    expect_refused(post(lease), 400, StatusReason::bad_request);
    lease.record.renew_time = WallTime(1us);
    lease.record.acquire_time = WallTime(999ns);
    expect_refused(post(lease), 400, StatusReason::bad_request);
    post(fresh());
    lease.uid = "other";  // alone a 409
    expect_refused(put(lease), 400, StatusReason::bad_request);
    Lease absent = stored();
    absent.record.renew_time.reset();
    EXPECT_EQ(put(absent).status, 200);
}

TEST_F(LeaseApiRules, AReleaseWithAnEmptyHolderIsWritten) {
    post(fresh());
    Lease next = stored();
    next.record.holder.clear();
    next.record.duration_seconds = 1;
    EXPECT_EQ(put(next).status, 200);
    EXPECT_EQ(stored().record.holder, "");
}

TEST_F(LeaseApiRules, VersionsGrowOverDeletionAndCreationAndTheUidChanges) {
    Version last{};
    std::string uid;
    for (int round = 0; round < 20; ++round) {
        ASSERT_EQ(post(fresh()).status, 201);
        EXPECT_GT(stored().version, last);
        EXPECT_NE(stored().uid, uid);
        uid = stored().uid;
        last = stored().version;
        const auto removed = api.remove();
        ASSERT_TRUE(removed);
        EXPECT_EQ(removed->after, nullptr);
        EXPECT_GT(removed->version, last);
        last = removed->version;
    }
}

TEST_F(LeaseApiRules, OfSimultaneousPutsWithOneVersionExactlyOneWins) {
    post(fresh());
    const Lease base = stored();
    int won = 0;
    for (int writer = 0; writer < 16; ++writer) {
        Lease mine = base;
        mine.record.holder = "writer-" + std::to_string(writer);
        won += put(mine).status == 200 ? 1 : 0;
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(stored().record.holder, "writer-0");
}

TEST_F(LeaseApiRules, AnOperatorsActsWriteOrDoNothingWithoutALease) {
    EXPECT_FALSE(api.remove());
    for (const LeaseEdit edit : {LeaseEdit::clear_holder, LeaseEdit::steal_holder, LeaseEdit::label,
                                 LeaseEdit::shorten_duration, LeaseEdit::replay_release})
        EXPECT_FALSE(api.edit(edit));
    post(fresh());
    const Lease before = stored();
    ASSERT_TRUE(api.edit(LeaseEdit::label));
    EXPECT_EQ(stored().record, before.record);
    EXPECT_NE(stored().extra, before.extra);
    EXPECT_EQ(stored().uid, before.uid);
    EXPECT_GT(stored().version, before.version);
    ASSERT_TRUE(api.edit(LeaseEdit::shorten_duration));
    EXPECT_EQ(stored().record.duration_seconds, 1);
    ASSERT_TRUE(api.edit(LeaseEdit::steal_holder));
    EXPECT_NE(stored().record.holder, "a");
    EXPECT_FALSE(stored().record.holder.empty());
    ASSERT_TRUE(api.edit(LeaseEdit::clear_holder));
    EXPECT_EQ(stored().record.holder, "");
}

TEST_F(LeaseApiRules, AnOperatorsEditOfNothingWritesNothing) {
    post(fresh());
    for (const LeaseEdit edit :
         {LeaseEdit::clear_holder, LeaseEdit::steal_holder, LeaseEdit::shorten_duration}) {
        ASSERT_TRUE(api.edit(edit));
        const Lease before = stored();
        EXPECT_FALSE(api.edit(edit));
        EXPECT_EQ(stored(), before);
        EXPECT_EQ(api.revision(), before.version);
    }
}

TEST_F(LeaseApiRules, ChangesSinceNothingBeginWithWhatThereIs) {
    ASSERT_TRUE(api.changes_since(Version{}));
    EXPECT_TRUE(api.changes_since(Version{})->empty());
    post(fresh());
    ASSERT_TRUE(api.edit(LeaseEdit::label));
    const auto changes = api.changes_since(Version{});
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->size(), 1U);
    EXPECT_EQ(changes->front().after, api.lease());
    EXPECT_EQ(changes->front().before, nullptr);
    EXPECT_EQ(changes->front().version, stored().version);
}

TEST_F(LeaseApiRules, ChangesSinceAVersionAreAllNewerOnesInOrder) {
    post(fresh());
    const Version first = api.revision();
    for (int n = 0; n < 5; ++n)
        ASSERT_TRUE(api.edit(LeaseEdit::label));
    ASSERT_TRUE(api.remove());
    const auto changes = api.changes_since(first);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->size(), 6U);
    Version last = first;
    for (const LeaseChange& one : *changes) {
        EXPECT_GT(one.version, last);
        last = one.version;
    }
    EXPECT_EQ(changes->back().after, nullptr);
    EXPECT_EQ(last, api.revision());
    EXPECT_TRUE(api.changes_since(last)->empty());
    EXPECT_TRUE(api.changes_since(Version{last.value() + 1000})->empty()) << "of the future";
}

TEST_F(LeaseApiRules, AVersionOlderThanTheCacheIsExpiredAndNoneIsEverLeftOut) {
    post(fresh());
    std::vector<Version> versions{api.revision()};
    for (int n = 0; n < 200; ++n) {
        ASSERT_TRUE(api.edit(LeaseEdit::label));
        versions.push_back(api.revision());
    }
    EXPECT_FALSE(api.changes_since(versions.front()));
    EXPECT_FALSE(api.changes_since(Version{1}));
    std::size_t known = 0;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const auto changes = api.changes_since(versions[i]);
        if (!changes) {
            EXPECT_EQ(known, 0U) << "once known, always known for newer ones";
            continue;
        }
        ++known;
        EXPECT_EQ(changes->size(), versions.size() - 1 - i);
    }
    EXPECT_GE(known, 50U);
}

TEST_F(LeaseApiRules, AGetWithABodyOrAWriteWithoutOneIsABrokenBelief) {
    EXPECT_THROW(send(LeaseVerb::create), CheckFailure);
    EXPECT_THROW(send(LeaseVerb::update), CheckFailure);
    EXPECT_THROW(send(LeaseVerb::get, pointer(fresh())), CheckFailure);
}

}  // namespace
}  // namespace leasehold::sim
