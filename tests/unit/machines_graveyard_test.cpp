// Graveyard: tombstones go when no request of anybody can bring their key back.
#include "model/storage/leader/graveyard.hpp"

#include <set>

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class GraveyardAlone : public testing::Test, public Alone {
  protected:
    Graveyard graves;
    KeyId a = key("a");
    std::set<KeyId> busy;
    bool pipelines_wait = false;

    void bury(KeyId of, std::uint64_t write = 1) {
        shows(of, object(tombstone(6, write)));
        graves.bury(sight(), of);
    }
    std::vector<SendBucket> go() {
        Desk at = desk();
        graves.proceed(
            sight(), pipelines_wait, [this](KeyId of) { return busy.contains(of); }, at);
        graves.check(sight(), pipelines_wait);
        return sent();
    }
    void age() {
        now += config.largest_request_age;
        tenure.valid_until = now + 15s;
    }
    bool answer(const SendBucket& request, const BucketReply& reply) {
        const Flight flight = land(request);
        Desk at = desk();
        return graves.step(std::get<Purge>(flight.owner), classify(flight.verb, reply), at);
    }
    static BucketReply removed() { return failure(204); }
};

TEST_F(GraveyardAlone, ATombstoneGoesWhenItWasKnownForTheLargestRequestAge) {
    bury(a);
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(graves.next_deadline(sight()), now + config.largest_request_age);
    age();
    const SendBucket request = go().at(0);
    EXPECT_EQ(request.verb, BucketVerb::remove);
    EXPECT_EQ(request.etag, etag(tombstone(6, 1))) << "the tombstone that it means, by name";
    EXPECT_TRUE(answer(request, removed()));
    EXPECT_EQ(marked(MarkId::tombstone_purged), 1);
}

TEST_F(GraveyardAlone, AClaimBeginsTheAgeAnewForAllThatIsKnown) {
    bury(a);
    now += 59s;
    graves.restart();
    go();
    EXPECT_EQ(graves.next_deadline(sight()), now + config.largest_request_age);
}

TEST_F(GraveyardAlone, WhatIsKnownIsLookedThroughInPortions) {
    for (int i = 0; i < 10'000; ++i)
        shows(key(std::to_string(i)), object(tombstone(6, 1)));
    graves.restart();
    int steps = 0;
    do {
        go();
        ++steps;
        ASSERT_LT(steps, 100);
    } while (graves.next_deadline(sight()) == now);
    EXPECT_GT(steps, 1);
    EXPECT_EQ(graves.next_deadline(sight()), now + config.largest_request_age);
}

TEST_F(GraveyardAlone, AnotherTombstoneOfTheKeyBeginsItsOwnAge) {
    bury(a);
    now += 50s;
    bury(a, 2);
    EXPECT_EQ(graves.next_deadline(sight()), now + config.largest_request_age);
}

TEST_F(GraveyardAlone, AKeyThatWasWrittenSinceIsLeftAlone) {
    bury(a);
    shows(a, version(7, 5));
    age();
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(graves.next_deadline(sight()), kNever);
}

TEST_F(GraveyardAlone, NothingGoesBesideAChangeOfItsKey) {
    bury(a);
    age();
    Flight flight{GivenUp{}};
    flight.key = a;
    SendBucket put;
    put.verb = BucketVerb::put;
    requests.send(now, put, flight, out);
    sent();
    EXPECT_TRUE(go().empty());
}

TEST_F(GraveyardAlone, ATombstoneWhoseKeyWasBusyIsNotForgotten) {
    bury(a);
    age();
    busy.insert(a);
    EXPECT_TRUE(go().empty());
    busy.clear();  // the write failed: the tombstone is still there
    const Instant next = graves.next_deadline(sight());
    ASSERT_NE(next, kNever) << "nothing would ever move it";
    EXPECT_GT(next, now) << "a driver would spin";
    now = next;
    tenure.valid_until = now + 15s;
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(GraveyardAlone, NobodyWaitsForAPurge) {
    bury(a);
    age();
    pipelines_wait = true;
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(graves.next_deadline(sight()), kNever) << "a write's end is a step";
    pipelines_wait = false;
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(GraveyardAlone, APurgeFitsWhollyInsideValidityOrDoesNotLeave) {
    bury(a);
    age();
    tenure.valid_until = now + 100ms;
    EXPECT_TRUE(go().empty());
    tenure.valid_until = now + 3s;
    EXPECT_LE(now + go().at(0).timeout, tenure.valid_until);
}

TEST_F(GraveyardAlone, WithoutAWorkingConditionOnDeleteTombstonesStay) {
    for (const Capabilities bad : {Capabilities{kHonoured, Preconditions::ignored},
                                   Capabilities{kHonoured, Preconditions::unknown},
                                   Capabilities{Preconditions::not_atomic, kHonoured}}) {
        Graveyard fresh;
        store = bad;
        shows(a, object(tombstone(6, 1)));
        fresh.bury(sight(), a);
        age();
        graves = fresh;
        EXPECT_TRUE(go().empty());
        EXPECT_EQ(graves.next_deadline(sight()), kNever);
    }
}

TEST_F(GraveyardAlone, PlainObjectsAndASingleInstallPurgeNothing) {
    config.format = ObjectFormat::plain;
    bury(a);
    config.format = ObjectFormat::fenced;
    config.ha = false;
    bury(a);
    EXPECT_EQ(graves.next_deadline(sight()), kNever);
}

TEST_F(GraveyardAlone, AtMostTwoAtATimeAndEachAnswerFreesItsPlace) {
    for (const char* name : {"a", "b", "c"})
        bury(key(name));
    age();
    const auto requests_sent = go();
    ASSERT_EQ(requests_sent.size(), 2U);
    EXPECT_FALSE(answer(requests_sent[0], lost()));
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(GraveyardAlone, AnAnswerThatNobodyWaitsForIsABrokenBelief) {
    Desk at = desk();
    EXPECT_THROW(static_cast<void>(graves.step(Purge{a}, BucketOutcome::removed, at)),
                 CheckFailure);
}

TEST_F(GraveyardAlone, ItsCheckFallsForAPurgeThatCouldBeSentAndIsNot) {
    bury(a);
    EXPECT_NO_THROW(graves.check(sight(), false));
    age();
    EXPECT_THROW(graves.check(sight(), false), CheckFailure);
    EXPECT_NO_THROW(graves.check(sight(), true)) << "a pipeline's write goes first";
}

TEST_F(GraveyardAlone, ItsCheckFallsForAPlaceWhoseRequestIsGone) {
    bury(a);
    age();
    land(go().at(0));
    EXPECT_THROW(graves.check(sight(), false), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
