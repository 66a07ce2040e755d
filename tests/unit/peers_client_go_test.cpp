// client-go, answer by answer: what it asks for, when, and what its user believes meanwhile.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "sim/peers/client_go.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};
constexpr WallTime kWall{1'700'000'000s};

LeasePtr lease(std::uint64_t version, LeaseRecord record) {
    auto made = std::make_shared<Lease>();
    made->version = Version{version};
    made->uid = "uid";
    made->record = std::move(record);
    return made;
}
LeaseRecord held_by(std::string holder, Duration renewed = 0s) {
    LeaseRecord record;
    record.holder = std::move(holder);
    record.duration_seconds = 15;
    record.acquire_time = kWall;
    record.renew_time = kWall + renewed;
    return record;
}

/// One process and its clock; requests are answered by hand.
class Process {
  public:
    explicit Process(ClientGoConfig config = {}) : machine_(config, "me", 7) { give(Start{}); }

    void give(const Event& event) {
        effects_.clear();
        machine_.step(Now{now_, kWall + (now_ - kStart)}, event, effects_);
        for (const Effect& effect : effects_) {
            if (const auto* gate = std::get_if<GateMoved>(&effect))
                believes = gate->valid_until > now_;
            if (const auto* request = std::get_if<SendLease>(&effect)) sent = *request;
            if (std::holds_alternative<Stopped>(effect)) stopped = true;
        }
    }
    void wait(Duration span) { now_ += span; }
    /// Goes on to the next deadline, and takes what is sent there.
    void timer() {
        ASSERT_NE(machine_.next_deadline(), kNever);
        now_ = std::max(now_, machine_.next_deadline());
        give(Timer{});
    }
    /// Answers what was sent last.
    void answer(std::int32_t status, LeasePtr body = nullptr) {
        ASSERT_TRUE(sent);
        LeaseAnswered event;
        event.request = sent->request;
        event.reply.status = status;
        event.reply.lease = std::move(body);
        sent.reset();
        give(event);
    }
    /// The write that was sent last succeeds.
    void accept(std::uint64_t version) {
        ASSERT_TRUE(sent && sent->lease);
        answer(200, lease(version, sent->lease->record));
    }
    void no_answer() {
        ASSERT_TRUE(sent);
        wait(sent->timeout);
        answer(0);
    }
    /// Creates the Lease and leads; the first renewal is on its way.
    void lead() {
        answer(404);
        accept(1);
    }
    [[nodiscard]] Duration time() const { return now_ - kStart; }
    [[nodiscard]] Duration until_deadline() const { return machine_.next_deadline() - now_; }

    std::optional<SendLease> sent;
    bool believes = false;
    bool stopped = false;

  private:
    ClientGo machine_;
    Effects effects_;
    Instant now_ = kStart;
};

TEST(ClientGo, CreatesAMissingLeaseAndRenewsItAtOnceWithoutReadingIt) {
    Process me;
    EXPECT_EQ(me.sent->verb, LeaseVerb::get);
    me.answer(404);
    ASSERT_TRUE(me.sent);
    EXPECT_EQ(me.sent->verb, LeaseVerb::create);
    EXPECT_EQ(me.sent->lease->record.transitions, 0);
    me.accept(1);
    EXPECT_TRUE(me.believes);
    ASSERT_TRUE(me.sent);
    EXPECT_EQ(me.sent->verb, LeaseVerb::update);
    me.wait(10ms);
    me.accept(2);
    EXPECT_EQ(me.until_deadline(), 2s) << "after the answer, without jitter";
}

TEST(ClientGo, AFollowerWaitsFromItsFirstSightAndLooksWithJitter) {
    Process me;
    me.answer(200, lease(5, held_by("other")));
    int looks = 0;
    while (me.time() < 15s) {
        EXPECT_FALSE(me.sent) << "it looks, and sends nothing else, for the whole lease";
        EXPECT_GE(me.until_deadline(), 2s);
        EXPECT_LT(me.until_deadline(), 4400ms);
        me.timer();
        ASSERT_TRUE(me.sent);
        EXPECT_EQ(me.sent->verb, LeaseVerb::get);
        me.answer(200, lease(5, held_by("other")));
        ++looks;
    }
    EXPECT_GE(looks, 4);
    ASSERT_TRUE(me.sent) << "in the same attempt";
    EXPECT_EQ(me.sent->verb, LeaseVerb::update);
    EXPECT_EQ(me.sent->lease->version, Version{5});
    EXPECT_EQ(me.sent->lease->record.transitions, 1);
    me.answer(409);
    EXPECT_FALSE(me.believes);
    EXPECT_FALSE(me.sent) << "a lost race is read at the next look";
}

TEST(ClientGo, AnEmptyHolderIsTakenAtOnceAndForeignAnnotationsAreKept) {
    Process me;
    LeaseRecord released = held_by("");
    released.nonce = 11;
    released.released = 12;
    released.max_lease_seconds = 30;
    me.answer(200, lease(5, released));
    ASSERT_TRUE(me.sent && me.sent->lease);
    EXPECT_EQ(me.sent->lease->record.holder, "me");
    EXPECT_EQ(me.sent->lease->record.nonce, 11U);
    EXPECT_EQ(me.sent->lease->record.released, 12U);
    EXPECT_EQ(me.sent->lease->record.max_lease_seconds, 30);
    EXPECT_EQ(me.sent->lease->uid, "uid");
}

TEST(ClientGo, RenewalsWithinOneSecondAreNotSeen) {
    Process me;
    me.answer(200, lease(5, held_by("other", 100ms)));
    me.wait(14s);
    me.timer();
    me.answer(200, lease(6, held_by("other", 900ms)));
    EXPECT_FALSE(me.sent);
    me.timer();
    me.answer(200, lease(7, held_by("other", 999ms)));
    ASSERT_TRUE(me.sent) << "the same second: nothing changed";
    EXPECT_EQ(me.sent->verb, LeaseVerb::update);
}

TEST(ClientGo, ItLeadsTwelveSecondsFromTheAnswerThatCameLate) {
    ClientGoConfig config;
    config.request_timeout = Duration::max();
    Process me(config);
    me.lead();
    me.wait(9s);
    me.accept(2);
    const Duration answered = me.time();
    EXPECT_TRUE(me.believes);
    me.timer();
    EXPECT_EQ(me.time(), answered + 2s);
    me.timer();
    EXPECT_EQ(me.time(), answered + 12s) << "one request took all that the renewal had";
    EXPECT_FALSE(me.believes);
}

TEST(ClientGo, ItGoesOnLeadingUnderAnothersNameUntilTheDeadline) {
    Process me;
    me.lead();
    me.answer(409);
    int reads = 0;
    while (me.believes) {
        if (me.sent) {
            EXPECT_EQ(me.sent->verb, LeaseVerb::get);
            me.answer(200, lease(9, held_by("other")));
            ++reads;
        }
        if (me.believes) me.timer();
    }
    EXPECT_EQ(me.time(), 10s);
    EXPECT_EQ(reads, 5) << "at 0, 2, 4, 6 and 8 s";
}

TEST(ClientGo, TheReleaseComesBeforeTheUserIsTold) {
    ClientGoConfig config;
    config.release_on_cancel = true;
    Process me(config);
    me.lead();
    me.accept(2);
    me.give(Stop{kStart + 1h});
    ASSERT_TRUE(me.sent);
    EXPECT_EQ(me.sent->verb, LeaseVerb::get);
    me.answer(200, lease(2, held_by("me")));
    EXPECT_TRUE(me.believes);
    ASSERT_TRUE(me.sent);
    EXPECT_EQ(me.sent->lease->record.holder, "");
    EXPECT_EQ(me.sent->lease->record.duration_seconds, 1);
    me.accept(3);
    EXPECT_FALSE(me.believes);
    EXPECT_TRUE(me.stopped);
}

TEST(ClientGo, ItsReleaseBlanksAnothersLease) {
    ClientGoConfig config;
    config.release_on_cancel = true;
    Process me(config);
    me.lead();
    me.accept(2);
    me.give(Stop{kStart + 1h});
    me.answer(200, lease(9, held_by("other")));
    ASSERT_TRUE(me.sent);
    EXPECT_EQ(me.sent->verb, LeaseVerb::update);
    EXPECT_EQ(me.sent->lease->version, Version{9});
    EXPECT_EQ(me.sent->lease->record.holder, "");
}

TEST(ClientGo, OnlyTheNewerOneReleasesAgainAfterAConflict) {
    for (const bool retries : {false, true}) {
        ClientGoConfig config;
        config.release_on_cancel = true;
        config.retries_release = retries;
        Process me(config);
        me.lead();
        me.accept(2);
        me.give(Stop{kStart + 1h});
        me.answer(200, lease(2, held_by("me")));
        me.answer(409);
        EXPECT_EQ(me.stopped, !retries);
        EXPECT_EQ(me.sent.has_value(), retries);
    }
}

TEST(ClientGo, AStopEndsAtItsDeadlineWhateverTheReleaseDoes) {
    ClientGoConfig config;
    config.release_on_cancel = true;
    config.request_timeout = Duration::max();
    Process me(config);
    me.lead();
    me.accept(2);
    me.give(Stop{kStart + 3s});
    me.timer();
    EXPECT_EQ(me.time(), 3s);
    EXPECT_TRUE(me.stopped);
    EXPECT_FALSE(me.believes);
}

TEST(ClientGo, WhenLeadingEndsItContendsAgain) {
    Process me;
    me.lead();
    while (me.believes)
        me.no_answer();
    EXPECT_EQ(me.time(), 10s) << "two calls of 5 s";
    ASSERT_TRUE(me.sent);
    EXPECT_EQ(me.sent->verb, LeaseVerb::get);
    EXPECT_FALSE(me.stopped);
}

}  // namespace
}  // namespace leasehold::sim
