// What operators and their tools do to the Lease, and to the store below it.
#include <gtest/gtest.h>

#include <memory>

#include "sim/world/lease_api.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

Lease fresh() {
    Lease lease;
    lease.record.holder = "a";
    lease.record.duration_seconds = 15;
    lease.record.renew_time = WallTime(1s);
    return lease;
}

class LeaseApiOperators : public ::testing::Test {
  protected:
    LeaseReply send(LeaseVerb verb, const Lease& lease) {
        std::optional<LeaseChange> change;
        return api.handle(verb, std::make_shared<const Lease>(lease), change);
    }
    LeaseReply post(const Lease& lease) { return send(LeaseVerb::create, lease); }
    LeaseReply put(const Lease& lease) { return send(LeaseVerb::update, lease); }
    [[nodiscard]] Lease stored() const { return *api.lease(); }

    LeaseApi api{1};
};

TEST_F(LeaseApiOperators, ABackupOfAReleaseIsAppliedWordForWordToTheSameLeaseAlone) {
    post(fresh());
    EXPECT_FALSE(api.edit(LeaseEdit::replay_release)) << "there was no release";
    Lease released = stored();
    released.record.holder.clear();
    released.record.released = 77;
    ASSERT_EQ(put(released).status, 200);
    EXPECT_FALSE(api.edit(LeaseEdit::replay_release)) << "it is the present record";
    const LeaseRecord backup = stored().record;
    Lease next = stored();
    next.record.holder = "b";
    next.record.released = 0;
    ++next.record.transitions;
    next.extra += "e";
    ASSERT_EQ(put(next).status, 200);
    const Lease held = stored();
    ASSERT_TRUE(api.edit(LeaseEdit::replay_release));
    EXPECT_EQ(stored().record, backup);
    EXPECT_EQ(stored().extra, held.extra);
    EXPECT_GT(stored().version, held.version);
    ASSERT_TRUE(api.remove());
    post(fresh());
    EXPECT_FALSE(api.edit(LeaseEdit::replay_release)) << "another uid";
}

TEST_F(LeaseApiOperators, ARestoreGoesBackWithItsRevisionAndForgetsWhatCameAfter) {
    post(fresh());
    const LeasePtr old = api.lease();
    const Version then = api.revision();
    ASSERT_TRUE(api.edit(LeaseEdit::label));
    const Version after = api.revision();
    const auto change = api.restore(old, then, false);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->after, old);
    EXPECT_EQ(api.lease(), old);
    EXPECT_EQ(api.revision(), then);
    const auto ahead = api.changes_since(after);
    EXPECT_TRUE(ahead && ahead->empty()) << "it has not come yet: a stream that is open and silent";
    EXPECT_FALSE(api.restore(old, then, false)) << "it is as it was";
}

TEST_F(LeaseApiOperators, ARestoreWithABumpGoesOnFarAboveAndKnowsNoEarlierChange) {
    post(fresh());
    const LeasePtr old = api.lease();
    const Version then = api.revision();
    ASSERT_TRUE(api.edit(LeaseEdit::label));
    ASSERT_TRUE(api.restore(old, then, true));
    EXPECT_EQ(stored().version, old->version) << "the object keeps the version of its write";
    EXPECT_GT(api.revision().value(), then.value() + 1'000'000);
    EXPECT_FALSE(api.changes_since(then));
    ASSERT_TRUE(api.edit(LeaseEdit::label));
    EXPECT_GT(stored().version.value(), then.value() + 1'000'000);
}

TEST_F(LeaseApiOperators, ACompactedServerKnowsNoEarlierChange) {
    post(fresh());
    const Version then = api.revision();
    ASSERT_TRUE(api.edit(LeaseEdit::label));
    ASSERT_TRUE(api.changes_since(then));
    api.compact();
    EXPECT_FALSE(api.changes_since(then));
    EXPECT_TRUE(api.changes_since(api.revision()));
}

TEST_F(LeaseApiOperators, OthersRenewLengthenAndRecreate) {
    post(fresh());
    const Lease before = stored();
    ASSERT_TRUE(api.edit(LeaseEdit::renew_holder));
    EXPECT_EQ(stored().record.holder, before.record.holder);
    EXPECT_EQ(stored().record.nonce, before.record.nonce);
    EXPECT_GT(stored().record.renew_time, before.record.renew_time);
    ASSERT_TRUE(api.edit(LeaseEdit::lengthen_duration));
    EXPECT_EQ(stored().record.duration_seconds, 60);
    EXPECT_FALSE(api.create_empty()) << "there is one";
    ASSERT_TRUE(api.remove());
    ASSERT_TRUE(api.create_empty());
    EXPECT_EQ(stored().record, LeaseRecord{});
    EXPECT_NE(stored().uid, before.uid);
}

TEST(LeaseApiOnKine, ACreationOverADeletionMayBeAnsweredWithAnotherVersion) {
    int low = 0;
    int right = 0;
    int high = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        LeaseApi api(seed, ApiProfile::kine);
        const auto post = [&] {
            std::optional<LeaseChange> change;
            const LeaseReply reply =
                api.handle(LeaseVerb::create, std::make_shared<const Lease>(fresh()), change);
            EXPECT_EQ(reply.status, 201);
            EXPECT_EQ(reply.lease->uid, api.lease()->uid);
            EXPECT_EQ(change->version, api.lease()->version) << "a watch tells the right one";
            return reply.lease->version;
        };
        const Version first = post();
        EXPECT_EQ(first, api.lease()->version) << "nothing was deleted";
        const auto removed = api.remove();
        ASSERT_TRUE(removed);
        const Version said = post();
        const Version stored = api.lease()->version;
        EXPECT_GE(said, removed->version);
        (said < stored ? low : said > stored ? high : right) += 1;
        EXPECT_LE(said, api.revision()) << "another write's, so given once";
    }
    EXPECT_GT(low, 30);
    EXPECT_GT(high, 30);
    EXPECT_GT(right, 70);
}

}  // namespace
}  // namespace leasehold::sim
