// StoreProbe: what does this store do with conditions?
#include "model/storage/leader/store_probe.hpp"

#include <deque>
#include <map>
#include <vector>

#include "tests/unit/machines_rig.hpp"

namespace leasehold::storage {
namespace {

class StoreProbeAlone : public testing::Test, public Alone {
  protected:
    StoreProbe probe;
    // How the store errs.
    bool ignores_put = false;
    bool ignores_remove = false;
    std::int32_t refuses = 0;
    bool races = false;                ///< looks at both of a pair before it stores either
    bool stalls = false;               ///< looks before it has the body
    std::optional<BucketReply> loser;  ///< what a pair's loser is told in place of 412
    std::int32_t denies_remove = 0;
    std::deque<BucketReply> instead;  ///< answers that come in place of the store's

    void go() {
        tenure.valid_until = now + 15s;
        Desk at = desk();
        probe.proceed(sight(), at);
        probe.check(sight());
    }
    BucketReply serve(const SendBucket& one, const ETag& seen) {
        const bool conditional =
            one.verb == BucketVerb::put ? one.condition != PutCondition::none : !one.etag.empty();
        if (conditional && refuses != 0) return failure(refuses, BucketCode::not_implemented);
        if (one.verb == BucketVerb::remove) {
            ++removes;
            if (denies_remove != 0) return failure(denies_remove);
            if (!one.etag.empty() && !ignores_remove && one.etag != seen) return refused_412();
            object_ = ETag{};
            return failure(204);
        }
        if (conditional && !ignores_put) {
            const bool create = one.condition == PutCondition::if_none_match;
            if (create ? !seen.empty() : one.etag != seen) return refused_412();
        }
        object_ = ETag{"v" + std::to_string(++stored_)};
        return written(object_.str());
    }
    void answer(const SendBucket& one, const ETag& seen) {
        BucketReply reply;
        if (instead.empty()) {
            reply = serve(one, seen);
        } else {
            reply = instead.front();
            instead.pop_front();
        }
        const Flight flight = land(one);
        const auto& owner = std::get<ProbeRequest>(flight.owner);
        if (loser && owner.number != 0 && reply.status == 412) reply = *loser;
        Desk at = desk();
        probe.step(sight(), owner, flight, classify(one.verb, reply), reply, at);
    }
    /// Lets the probe and the store go on until neither moves.
    void run() {
        for (int i = 0; i < 200; ++i) {
            go();
            const auto requests_sent = sent();
            const ETag before = object_;
            std::optional<SendBucket> stalled;
            for (const SendBucket& one : requests_sent) {
                puts += one.verb == BucketVerb::put ? 1 : 0;
                if (one.stalled)
                    stalled = one;
                else
                    answer(one, races ? before : object_);
            }
            if (stalled) {
                EXPECT_TRUE(std::holds_alternative<ResumeBucket>(out.back()))
                    << "the rest leaves when the other was answered";
                answer(*stalled, stalls ? before : object_);
            }
            if (!requests_sent.empty()) continue;
            const Instant next = probe.next_deadline(sight());
            if (next == kNever) return;
            ASSERT_GT(next, now) << "a driver would spin";
            now = next;
        }
        FAIL() << "the probe never ends";
    }
    /// Lets both go on until the upload that is sent by halves has been begun.
    std::vector<SendBucket> run_to_the_stall() {
        for (int i = 0; i < 40; ++i) {
            go();
            const auto requests_sent = sent();
            if (!requests_sent.empty() && requests_sent.front().stalled) return requests_sent;
            for (const SendBucket& one : requests_sent)
                answer(one, object_);
        }
        ADD_FAILURE() << "nothing was sent by halves";
        return std::vector<SendBucket>(2);
    }
    int resumed() const {
        int count = 0;
        for (const Effect& effect : out)
            count += std::holds_alternative<ResumeBucket>(effect) ? 1 : 0;
        return count;
    }
    [[nodiscard]] const ETag& object() const { return object_; }
    int puts = 0;
    int removes = 0;

  private:
    ETag object_;
    int stored_ = 0;
};

TEST_F(StoreProbeAlone, AGoodStoreIsAskedForAllOfItAndThenLeftAlone) {
    run();
    EXPECT_EQ(probe.verdict(), (Capabilities{kHonoured, kHonoured}));
    EXPECT_EQ(marked(MarkId::preconditions_honoured), 1);
    const int before = puts;
    now += 1h;
    run();
    EXPECT_EQ(puts, before);
}

TEST_F(StoreProbeAlone, EachKindOfStoreHasItsVerdict) {
    struct Row {
        const char* name;
        bool ignores_put, ignores_remove, races, stalls;
        std::int32_t refuses;
        Capabilities expected;
    };
    const auto ignored = Preconditions::ignored;
    const auto not_atomic = Preconditions::not_atomic;
    const Row rows[] = {
        {"ignores PUT's", true, false, false, false, 0, {ignored, kHonoured}},
        {"ignores DELETE's", false, true, false, false, 0, {kHonoured, ignored}},
        {"ignores both", true, true, false, false, 0, {ignored, ignored}},
        {"races", false, false, true, false, 0, {not_atomic, kHonoured}},
        {"stalls", false, false, false, true, 0, {not_atomic, kHonoured}},
        {"refuses", false, false, false, false, 501, {Preconditions::refused, ignored}},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.name);
        probe = StoreProbe{};
        ignores_put = row.ignores_put;
        ignores_remove = row.ignores_remove;
        races = row.races;
        stalls = row.stalls;
        refuses = row.refuses;
        run();
        EXPECT_EQ(probe.verdict(), row.expected);
    }
}

// A store that locks the key while half a body lies there answers the other one only then.
TEST_F(StoreProbeAlone, TheRestOfAStalledUploadLeavesAfterASecondAtTheLatest) {
    run_to_the_stall();
    EXPECT_EQ(resumed(), 0);
    EXPECT_EQ(probe.next_deadline(sight()), now + 1s);
    now += 1s;
    go();
    EXPECT_EQ(resumed(), 1);
    EXPECT_EQ(probe.next_deadline(sight()), kNever) << "both answers are on their way";
    go();
    EXPECT_EQ(resumed(), 1) << "once";
}

// Otherwise the drain, and with it the release of the Lease, waits for that second.
TEST_F(StoreProbeAlone, AStopLetsTheRestOfAStalledUploadGoAtOnce) {
    run_to_the_stall();
    stopping = true;
    go();
    EXPECT_EQ(resumed(), 1);
    EXPECT_EQ(probe.next_deadline(sight()), kNever);
}

TEST_F(StoreProbeAlone, UntilTheLastQuestionIsAnsweredNothingIsBelieved) {
    go();
    for (int i = 0; i < 3; ++i) {
        const SendBucket one = sent_one();
        answer(one, ETag{"something"});
        go();
        EXPECT_EQ(probe.verdict().put, Preconditions::unknown);
    }
}

TEST_F(StoreProbeAlone, AnswersThatSayNothingAreAskedAgainAFewTimes) {
    for (int i = 0; i < 3; ++i)
        instead.push_back(lost());
    run();
    EXPECT_EQ(probe.verdict().put, kHonoured);
    probe = StoreProbe{};
    for (int i = 0; i < 100; ++i)
        instead.push_back(lost());
    run();
    EXPECT_EQ(probe.verdict(), Capabilities{}) << "no verdict: as if they were ignored";
    EXPECT_GT(instead.size(), 80U) << "and not asked for ever";
}

TEST_F(StoreProbeAlone, APairOfWhichNothingIsKnownIsPlayedAgain) {
    for (int i = 0; i < 4; ++i) {
        go();
        answer(sent_one(), ETag{"something else"});
    }
    go();
    const auto pair = sent();
    ASSERT_EQ(pair.size(), 2U);
    EXPECT_EQ(pair[0].etag, pair[1].etag);
    instead = {lost(), refused_412()};
    answer(pair[0], {});
    answer(pair[1], {});
    run();
    EXPECT_EQ(probe.verdict().put, kHonoured);
}

// It never ended: each planted object counted as a success of what was asked.
TEST_F(StoreProbeAlone, APairThatNeverTellsIsPlayedAFewTimesOnly) {
    for (const BucketReply& told : {failure(429), failure(503), failure(409)}) {
        SCOPED_TRACE(told.status);
        probe = StoreProbe{};
        puts = 0;
        loser = told;
        run();
        EXPECT_EQ(probe.verdict().put, Preconditions::unknown);
        EXPECT_LT(puts, 40);
    }
}

// S3 may say so to one of two at once, and has not stored it then.
TEST_F(StoreProbeAlone, ALoserThatIsToldOfAConflictIsALoser) {
    loser = failure(409, BucketCode::conditional_request_conflict);
    run();
    EXPECT_EQ(probe.verdict(), (Capabilities{kHonoured, kHonoured}));
    races = true;
    probe = StoreProbe{};
    run();
    EXPECT_EQ(probe.verdict().put, Preconditions::not_atomic);
}

// Credentials without the right to delete are common, and no write depends on it.
TEST_F(StoreProbeAlone, WhoMayNotDeleteLearnsWhatPutsDependOn) {
    struct Row {
        bool races, ignores_put;
        Preconditions expected;
    };
    for (const std::int32_t status : {403, 409, 500})
        for (const Row& row :
             {Row{false, false, kHonoured}, Row{true, false, Preconditions::not_atomic},
              Row{false, true, Preconditions::ignored}}) {
            SCOPED_TRACE(status);
            probe = StoreProbe{};
            removes = 0;
            denies_remove = status;
            races = row.races;
            ignores_put = row.ignores_put;
            run();
            EXPECT_EQ(probe.verdict(), (Capabilities{row.expected, Preconditions::unknown}));
            EXPECT_LE(removes, status == 403 ? 1 : 16);
        }
}

TEST_F(StoreProbeAlone, ALaterContradictionEndsTheTrust) {
    run();
    ASSERT_EQ(probe.verdict().put, kHonoured);
    probe.contradicted();
    EXPECT_EQ(probe.verdict().put, Preconditions::not_atomic);
}

TEST_F(StoreProbeAlone, AnEarlierContradictionIsRememberedInTheVerdict) {
    probe.contradicted();
    EXPECT_EQ(probe.verdict().put, Preconditions::unknown) << "what it does instead is still asked";
    run();
    EXPECT_EQ(probe.verdict(), (Capabilities{Preconditions::not_atomic, kHonoured}));
    EXPECT_EQ(marked(MarkId::preconditions_not_atomic), 1);
    EXPECT_EQ(marked(MarkId::preconditions_honoured), 0);
}

TEST_F(StoreProbeAlone, AnEarlierContradictionHidesNoRefusal) {
    refuses = 501;
    probe.contradicted();
    run();
    EXPECT_EQ(probe.verdict().put, Preconditions::refused) << "or nothing would ever be written";
}

TEST_F(StoreProbeAlone, ARefusalThatAWriteMetIsAVerdictWhateverThePairSays) {
    for (int i = 0; i < 4; ++i) {
        go();
        answer(sent_one(), ETag{"something else"});
    }
    go();
    const auto pair = sent();
    Desk at = desk();
    probe.refused(at);
    instead = {written("x"), written("y")};
    answer(pair.at(0), {});
    answer(pair.at(1), {});
    EXPECT_EQ(probe.verdict().put, Preconditions::refused);
    run();
    EXPECT_EQ(probe.verdict().put, Preconditions::refused);
}

// The last race, and then the stalled upload, must not make "honoured" of it.
TEST_F(StoreProbeAlone, ARefusalStaysTheVerdictWhereThePairHasOneWinner) {
    const auto pair = run_to_the_stall();
    Desk at = desk();
    probe.refused(at);
    instead = {written("x"), refused_412()};
    answer(pair.at(1), {});
    answer(pair.at(0), {});
    run();
    EXPECT_EQ(probe.verdict().put, Preconditions::refused);
}

TEST_F(StoreProbeAlone, AConfiguredStoreNeedsNoRace) {
    config.store_not_atomic = true;
    run();
    EXPECT_EQ(probe.verdict(), (Capabilities{Preconditions::not_atomic, kHonoured}));
}

TEST_F(StoreProbeAlone, AsksNothingWithoutAnEpochOrWhileItStopsOrAlone) {
    epoch.reset();
    go();
    EXPECT_EQ(probe.next_deadline(sight()), kNever);
    epoch = Epoch{7};
    stopping = true;
    go();
    EXPECT_EQ(probe.next_deadline(sight()), kNever);
    stopping = false;
    config.ha = false;
    go();
    EXPECT_TRUE(sent().empty());
}

TEST_F(StoreProbeAlone, ItsCheckFallsForAQuestionThatCouldBeAskedAndIsNot) {
    EXPECT_THROW(probe.check(sight()), CheckFailure);
    stopping = true;
    EXPECT_NO_THROW(probe.check(sight())) << "one that stops asks nothing";
}

TEST_F(StoreProbeAlone, ItsCheckFallsForAnAnswerThatNeverReachesIt) {
    go();
    EXPECT_NO_THROW(probe.check(sight()));
    land(sent_one());
    EXPECT_THROW(probe.check(sight()), CheckFailure);
}

TEST_F(StoreProbeAlone, ItsCheckFallsForAStalledBodyWhoseRestIsNotSent) {
    for (int i = 0; i < 50; ++i) {
        go();
        const auto requests_sent = sent();
        ASSERT_FALSE(requests_sent.empty());
        if (requests_sent.size() == 2 && requests_sent[0].stalled) {
            now += 1s;
            EXPECT_THROW(probe.check(sight()), CheckFailure);
            EXPECT_NO_THROW(go());
            return;
        }
        for (const SendBucket& one : requests_sent)
            answer(one, object());
    }
    FAIL() << "no stalled upload";
}

}  // namespace
}  // namespace leasehold::storage
