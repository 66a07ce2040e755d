// EpochClaim: GET, a renewal sent after it, then a swap; what each answer leads to.
#include "model/storage/leader/epoch_claim.hpp"

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class EpochClaimAlone : public testing::Test, public Alone {
  protected:
    EpochClaim claim;
    EpochClaimAlone() { epoch.reset(); }

    void begin() {
        Desk at = desk();
        claim.begin(sight(), at);
    }
    std::vector<SendBucket> go() {
        Desk at = desk();
        claim.proceed(sight(), at);
        claim.check(sight());
        return sent();
    }
    void renew() {
        now += 1ms;
        tenure.renewed_sent = now;
        tenure.valid_until = now + 15s;
    }
    void look(const SendBucket& get, const BucketReply& reply) {
        const Flight flight = land(get);
        Desk at = desk();
        claim.step(sight(), ClaimLook{}, flight, classify(BucketVerb::get, reply), reply, at);
    }
    void swap(const SendBucket& put, const BucketReply& reply) {
        const Flight flight = land(put);
        Desk at = desk();
        claim.step(sight(), ClaimSwap{}, flight, classify(BucketVerb::put, reply), reply, at);
    }
    void raise(std::uint64_t to, std::uint64_t writer = kOther) {
        Desk at = desk();
        claim.raise(sight(), {Epoch{to}, writer}, at);
    }
    /// The swap that follows a GET with that answer.
    SendBucket swap_after(const BucketReply& reply) {
        look(sent_one(), reply);
        renew();
        return go().at(0);
    }
    static Stamp stamp_in(const SendBucket& put) { return *stamp_of(*put.body); }
    static BucketReply held(std::uint64_t number, std::uint64_t write = 1) {
        return object({Epoch{number}, kOther, write, 0, {}, false});
    }
};

TEST_F(EpochClaimAlone, WithHighAvailabilityOffThereIsNothingToClaim) {
    config.ha = false;
    begin();
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(claim.epoch(), Epoch{});
}

TEST_F(EpochClaimAlone, TheSwapWaitsForARenewalSentAfterTheGetWasAnswered) {
    begin();
    look(sent_one(), held(3));
    EXPECT_TRUE(go().empty()) << "the renewal of before proves nothing";
    EXPECT_EQ(told<RenewalWanted>().size(), 1U);
    renew();
    const SendBucket put = go().at(0);
    EXPECT_EQ(put.condition, PutCondition::if_match);
    EXPECT_EQ(put.etag, held(3).etag);
    EXPECT_FALSE(claim.epoch());
    swap(put, written("e"));
    EXPECT_EQ(claim.epoch(), stamp_in(put).epoch);
    EXPECT_EQ(told<EpochClaimed>().size(), 1U);
}

TEST_F(EpochClaimAlone, ARenewalKnownWhenTheAnswerCameIsNotTheOneEvenIfSentAtThatInstant) {
    now += 1s;
    tenure.renewed_sent = now;
    begin();
    look(sent_one(), held(3));
    EXPECT_TRUE(go().empty());
}

TEST_F(EpochClaimAlone, TheNumberIsAboveTheStoredOneAndNotBelowTheTerm) {
    begin();
    const SendBucket lower = swap_after(held(3));
    EXPECT_EQ(stamp_in(lower).epoch, Epoch{7});
    land(lower);
    begin();
    const SendBucket equal = swap_after(held(7));
    EXPECT_EQ(stamp_in(equal).epoch, Epoch{8});
    land(equal);
    begin();
    const SendBucket create = swap_after(missing());
    EXPECT_EQ(stamp_in(create).epoch, Epoch{7});
    EXPECT_EQ(create.condition, PutCondition::if_none_match);
}

TEST_F(EpochClaimAlone, ASwapThatMetAnotherWriterLooksAgainAtOnce) {
    begin();
    const SendBucket put = swap_after(held(3));
    swap(put, refused_412());
    look(sent_one(), held(9));
    renew();
    EXPECT_EQ(stamp_in(go().at(0)).epoch, Epoch{10});
    EXPECT_TRUE(told<TryFailed>().empty()) << "a race is no failure";
}

TEST_F(EpochClaimAlone, AnswersThatContradictEachOtherBackOffAfterAFewTries) {
    begin();
    int swaps = 0;
    for (int i = 0; i < 6; ++i) {
        const auto get = sent();
        if (get.empty()) break;
        look(get.at(0), missing());
        renew();
        const auto put = go();
        if (put.empty()) break;
        ++swaps;
        swap(put.at(0), refused_412());
    }
    EXPECT_EQ(swaps, 3);
    EXPECT_EQ(told<Contradiction>().size(), 1U);
    EXPECT_EQ(told<TryFailed>().size(), 1U);
    EXPECT_GT(claim.next_deadline(), now);
    EXPECT_NE(claim.next_deadline(), kNever);
}

TEST_F(EpochClaimAlone, TheLostReplyOfItsOwnSwapIsAClaim) {
    begin();
    const SendBucket put = swap_after(held(3));
    swap(put, lost());
    now = claim.next_deadline();
    look(go().at(0), object(stamp_in(put)));
    EXPECT_EQ(claim.epoch(), stamp_in(put).epoch);
}

TEST_F(EpochClaimAlone, AnOldNumberOfThisProcessIsNoClaim) {
    begin();
    const SendBucket put = swap_after(object({Epoch{3}, kUs, requests.next_write(), 0, {}, false}));
    EXPECT_FALSE(claim.epoch());
    EXPECT_EQ(stamp_in(put).epoch, Epoch{7});
}

TEST_F(EpochClaimAlone, AStoreThatRefusesConditionsIsAskedWithoutThem) {
    begin();
    const SendBucket put = swap_after(held(3));
    swap(put, failure(501, BucketCode::not_implemented));
    EXPECT_EQ(told<ConditionsRefused>().size(), 1U);
    store.put = Preconditions::refused;
    const SendBucket again = swap_after(held(3));
    EXPECT_EQ(again.condition, PutCondition::none);
    swap(again, failure(501, BucketCode::not_implemented));
    EXPECT_TRUE(told<ConditionsRefused>().empty());
    EXPECT_EQ(told<TryFailed>().size(), 1U);
}

TEST_F(EpochClaimAlone, ARetryAfterLeavesRoomForTwoMoreTriesInALease) {
    begin();
    look(sent_one(), failure(503, BucketCode::slow_down, 24h));
    EXPECT_LE(claim.next_deadline(), now + 5s);
    EXPECT_EQ(told<TryFailed>().size(), 1U);
}

TEST_F(EpochClaimAlone, AskingForRenewalsIsRareHoweverOftenTheBucketAnswers) {
    begin();
    for (int i = 0; i < 10; ++i)
        swap(swap_after(held(3 + static_cast<std::uint64_t>(i))), refused_412());
    EXPECT_EQ(told<RenewalWanted>().size(), 1U) << "within one retryPeriod";
}

TEST_F(EpochClaimAlone, AHigherEpochIsClaimedAboveAndOneMetInTheMiddleIsNotForgotten) {
    begin();
    raise(20);  // while it looks
    const SendBucket put = swap_after(held(3));
    EXPECT_EQ(stamp_in(put).epoch, Epoch{21});
    swap(put, written("e"));
    raise(30);
    EXPECT_FALSE(claim.epoch());
    EXPECT_EQ(claim.last(), Epoch{21}) << "not below what this leadership had";
    EXPECT_EQ(stamp_in(swap_after(held(21))).epoch, Epoch{31});
}

// Found by a campaign: the object that says the last epoch was damaged, and the Lease set back.
TEST_F(EpochClaimAlone, AnEpochIsAboveAllThatThisProcessHasOrWasShown) {
    index({file("a", 12, 1)});
    begin();
    SendBucket put = swap_after(missing());
    EXPECT_EQ(stamp_in(put).epoch, Epoch{13});
    swap(put, written("e"));
    EXPECT_TRUE(go().empty());
    shows(key("b"), object(stamp(20, 1, blob(1)), blob(1)));  // by another's GET
    const SendBucket get = go().at(0);
    EXPECT_FALSE(claim.epoch()) << "what was written now would be older";
    look(get, held(13));
    renew();
    EXPECT_EQ(stamp_in(go().at(0)).epoch, Epoch{21});
}

TEST_F(EpochClaimAlone, TheFilesMayComeAfterTheClaim) {
    begin();
    swap(swap_after(held(3)), written("e"));
    EXPECT_EQ(claim.epoch(), Epoch{7});
    index({file("a", 12, 1, true)});
    const auto look = go();
    ASSERT_EQ(look.size(), 1U);
    EXPECT_EQ(look[0].verb, BucketVerb::get);
    EXPECT_FALSE(claim.epoch());
}

TEST_F(EpochClaimAlone, ASingleInstallHasNoEpochWhateverItsFilesSay) {
    config.ha = false;
    begin();
    index({file("a", 12, 1)});
    EXPECT_TRUE(go().empty());
    EXPECT_EQ(claim.epoch(), Epoch{});
}

// Found by a campaign: the swap's answer was lost, and each look at it came damaged.
TEST_F(EpochClaimAlone, ANumberThatMayBeStoredIsNotClaimedAgain) {
    begin();
    const SendBucket first = swap_after(held(3));
    swap(first, BucketReply{});
    now += 10s;
    const SendBucket get = go().at(0);
    look(get, held(3));
    renew();
    EXPECT_GT(stamp_in(go().at(0)).epoch, stamp_in(first).epoch);
}

TEST_F(EpochClaimAlone, ManyRaisesBackOffAndNameTheSecondGroup) {
    begin();
    for (std::uint64_t i = 0; i < 6; ++i) {
        const auto get = sent();
        if (get.empty()) break;
        look(get.at(0), held(10 * i));
        renew();
        swap(go().at(0), written("e"));
        raise(10 * i + 5);
    }
    EXPECT_TRUE(sent().empty()) << "the fourth raise does not follow at once";
    EXPECT_NE(claim.next_deadline(), kNever);
    EXPECT_GT(marked(MarkId::two_groups), 0);
}

TEST_F(EpochClaimAlone, ASwapThatMayNotLeaveWaitsForTheNextRenewal) {
    begin();
    look(sent_one(), held(3));
    renew();
    now = tenure.valid_until;
    EXPECT_TRUE(go().empty());
    renew();
    EXPECT_EQ(go().size(), 1U);
}

TEST_F(EpochClaimAlone, AnAnswerForAClaimInAnotherStateIsABrokenBelief) {
    begin();
    Desk at = desk();
    const BucketReply reply = written("e");
    EXPECT_THROW(claim.step(sight(), ClaimSwap{}, Flight{}, BucketOutcome::written, reply, at),
                 CheckFailure);
}

TEST_F(EpochClaimAlone, ItsCheckFallsForAClaimThatCouldGoOnAndStandsStill) {
    begin();
    look(sent_one(), lost());
    now = claim.next_deadline();
    EXPECT_THROW(claim.check(sight()), CheckFailure);
    EXPECT_EQ(go().size(), 1U) << "at its deadline it moves";
}

TEST_F(EpochClaimAlone, ItsCheckFallsForALookOrASwapThatIsNotInFlight) {
    begin();
    land(sent_one());
    EXPECT_THROW(claim.check(sight()), CheckFailure);
    begin();
    land(swap_after(held(3)));
    EXPECT_THROW(claim.check(sight()), CheckFailure);
}

}  // namespace
}  // namespace leasehold::storage
