// requests.bounded: what comes without a pause, and what was asked for; the Retry-After of both
// servers. (What is fetched again and again: check_keeping_test.cpp.)
#include <functional>

#include "tests/unit/check_history.hpp"

namespace leasehold::check {
namespace {

constexpr std::string_view kBounded = "requests.bounded";
constexpr std::string_view kKey = "assets/1h";

/// replica-0 looks at the Lease ten times a second for four seconds; before each fourth look
/// `disturb` does what may be a reason for it.
Verdict looks(History& history, const std::function<void(Duration)>& disturb) {
    for (int i = 0; i < 40; ++i) {
        const Duration when = 1s + i * 100ms;
        if (i % 4 == 0) disturb(when);
        history.step(0, when, Timer{},
                     {send_lease(static_cast<std::uint64_t>(i) + 1, LeaseVerb::get)});
    }
    return history.verdict(kBounded, 200s);
}

/// A request to the bucket is told to come again in an hour.
BucketAnswered throttled(std::uint64_t request) {
    auto reply = std::make_shared<BucketReply>();
    reply->status = 503;
    reply->retry_after = 1h;
    return BucketAnswered{RequestId{request}, std::move(reply)};
}

// Ten at once may be: an object's thirty would hide a claim that asks for a renewal at each try.
TEST(CheckRequestsBounded, RenewalsBackToBackAreFoundAndOneAPeriodPasses) {
    for (const auto& [count, every] : {std::pair(20, 1ms), {10, 1ms}, {100, 1000ms}}) {
        History history;
        history.start_all();
        for (int i = 0; i < count; ++i)
            history.step(0, 1s + i * every, Timer{},
                         {send_lease(static_cast<std::uint64_t>(i) + 1, LeaseVerb::get)});
        const Verdict verdict = history.verdict(kBounded, 200s);
        EXPECT_EQ(verdict.status, 20 == count ? Status::violated : Status::pass) << verdict.what;
        if (count == 20) {
            EXPECT_EQ(verdict.what,
                      "replica-0 sent too many Lease requests: 11 within 0.01s until 1.01s, "
                      "without a pause between them");
        }
    }
}

// Found by a campaign: a tool empties the record each second, and each time it is taken back.
TEST(CheckRequestsBounded, WhatSomebodyElseDidToTheLeaseIsLookedAtAndUndone) {
    for (const bool touched : {true, false}) {
        History history;
        history.start_all();
        const Verdict verdict = looks(history, [&](Duration when) {
            const LeasePtr ours = lease_of(5, "replica-0", 1, 1);
            if (touched) history.lease(kNobody, when, ours, lease_of(6, "", 1, 1));
        });
        EXPECT_EQ(verdict.status, touched ? Status::pass : Status::violated) << verdict.what;
    }
}

// Found on real servers: whoever led was stopped, six times within a few seconds, and each time two
// tried at once.
TEST(CheckRequestsBounded, WhatAStoppedProcessHandsOverMayBeTaken) {
    for (const bool stopped : {true, false}) {
        History history;
        history.start_all();
        // What a follower that stops hands over is nothing.
        if (stopped) history.lead(1, 500ms, 1, 1h);
        const Verdict verdict =
            looks(history, [&](Duration when) { history.step(1, when, Stop{mono(1h)}); });
        EXPECT_EQ(verdict.status, stopped ? Status::pass : Status::violated) << verdict.what;
    }
}

TEST(CheckRequestsBounded, PutsOfOneKeyWithoutABackOffAreFound) {
    for (const bool wild : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 500ms, 1, 1h);
        for (int i = 0; i < 100; ++i) {
            const Duration when = 1s + i * (wild ? Duration(60ms) : Duration(300ms));
            history.step(0, when, Timer{},
                         {send_bucket(static_cast<std::uint64_t>(i) + 1, BucketVerb::put, kKey)});
        }
        const Verdict verdict = history.verdict(kBounded, 200s);
        EXPECT_EQ(verdict.status, wild ? Status::violated : Status::pass) << verdict.what;
    }
}

// A probe asks each of a dozen questions a few times, once a leadership.
TEST(CheckRequestsBounded, AProbeThatNeverEndsIsFound) {
    constexpr std::string_view kProbe = ".ha/probe/replica-0";
    for (const int leaderships : {1, 3}) {
        History history;
        history.start_all();
        std::uint64_t request = 0;
        for (int led = 0; led < leaderships; ++led) {
            const Duration begin = 1s + led * 10s;
            history.lead(0, begin, static_cast<std::uint64_t>(led) + 1, 9s);
            for (int i = 0; i < 90 / leaderships; ++i)
                history.step(0, begin + i * 60ms, Timer{},
                             {send_bucket(++request, BucketVerb::put, kProbe)});
            history.follow(0, begin + 9s);
        }
        const Verdict verdict = history.verdict(kBounded, 200s);
        EXPECT_EQ(verdict.status, leaderships == 1 ? Status::violated : Status::pass)
            << verdict.what;
    }
}

// Found by a campaign: somebody empties the Lease several times a second, and its leader takes it
// back, and reads anew.
TEST(CheckRequestsBounded, EachLeadershipReadsAnew) {
    for (const bool leads_anew : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 900ms, 1, 1h);
        for (int i = 0; i < 100; ++i) {
            const Duration when = 1s + i * 100ms;
            const auto n = static_cast<std::uint64_t>(i) + 2;
            if (leads_anew) {
                history.follow(0, when);
                history.lead(0, when + 10ms, n, 1h);
            }
            history.step(0, when + 20ms, Timer{}, {send_bucket(n, BucketVerb::get, kKey)});
        }
        const Verdict verdict = history.verdict(kBounded, 200s);
        EXPECT_EQ(verdict.status, leads_anew ? Status::pass : Status::violated) << verdict.what;
    }
}

TEST(CheckRequestsBounded, WhatWasAskedForMayBeSent) {
    History history;
    history.start_all();
    history.lead(0, 500ms, 1, 1h);
    for (int i = 0; i < 100; ++i) {
        const auto n = static_cast<std::uint64_t>(i) + 1;
        history.step(0, 1s + i * 20ms, backup_write(n, kKey),
                     {send_bucket(n, BucketVerb::put, kKey)});
    }
    EXPECT_TRUE(passes(history.verdict(kBounded, 10s)));
}

/// replica-0 leads, and its PUT of 1 s is told at 2 s to come again in an hour: nobody need wait
/// longer than retryMax.
void lead_and_be_throttled(History& history) {
    history.start_all();
    history.lead(0, 500ms, 1, 1h);
    history.step(0, 1s, Timer{}, {send_bucket(1, BucketVerb::put, kKey)});
    history.step(0, 2s, throttled(1));
}

TEST(CheckRequestsBounded, ARetryAfterIsWaitedOutByWorkOfItsKind) {
    for (const bool early : {true, false})
        for (const BucketVerb verb : {BucketVerb::put, BucketVerb::remove}) {
            History history;
            lead_and_be_throttled(history);
            const auto again =
                history.step(0, early ? 6s : 7s, Timer{}, {send_bucket(2, verb, kKey)});
            const Verdict verdict = history.verdict(kBounded, 10s);
            const bool wrong = early && verb == BucketVerb::put;
            EXPECT_TRUE(wrong ? violated(verdict, again) : passes(verdict));
        }
}

// A third of its own lease at most, and in an upgrade that may be the shorter one.
TEST(CheckRequestsBounded, TheRetryAfterOfAClaimIsWaitedOutAsFarAsTheShortestLeaseAllows) {
    for (const Duration shortest : {Duration(0), Duration(6s)}) {
        Settings settings = test_settings();
        settings.shortest_lease = shortest;
        History history(settings);
        history.start_all();
        history.lead(0, 500ms, 1, 1h);
        history.step(0, 600ms, Timer{}, {send_bucket(2, BucketVerb::get, ".ha/epoch")});
        history.step(0, 700ms, bucket_answered(2, 404));
        history.step(0, 1s, Timer{}, {send_bucket(4, BucketVerb::put, ".ha/epoch")});
        history.step(0, 2s, throttled(4));
        const auto again =
            history.step(0, 5s, Timer{}, {send_bucket(6, BucketVerb::put, ".ha/epoch")});
        const Verdict verdict = history.verdict(kBounded, 10s);
        EXPECT_TRUE(shortest == Duration(0) ? violated(verdict, again) : passes(verdict));
    }
}

TEST(CheckRequestsBounded, ALeadershipsRetryAfterEndsWithIt) {
    for (const bool between : {true, false}) {
        History history;
        lead_and_be_throttled(history);
        if (between) {
            history.follow(0, 3s);
            history.lead(0, 4s, 2, 1h);
        }
        const auto again = history.step(0, 5s, Timer{}, {send_bucket(2, BucketVerb::put, kKey)});
        EXPECT_EQ(violated(history.verdict(kBounded, 10s), again), !between);
    }
}

// Found by a campaign: the answer of a leadership's request comes when the next one has begun.
TEST(CheckRequestsBounded, AnAnswerToAnEarlierLeadershipTellsTheNextNothing) {
    for (const bool between : {true, false}) {
        History history;
        history.start_all();
        history.lead(0, 500ms, 1, 1h);
        history.step(0, 1s, Timer{}, {send_bucket(1, BucketVerb::put, kKey)});
        if (between) {
            history.follow(0, 1100ms);
            history.lead(0, 1200ms, 2, 1h);
        }
        history.step(0, 2s, throttled(1));
        const auto again = history.step(0, 5s, Timer{}, {send_bucket(2, BucketVerb::put, kKey)});
        EXPECT_EQ(violated(history.verdict(kBounded, 10s), again), !between);
    }
}

TEST(CheckRequestsBounded, AnAnswerToAnEarlierLeadershipTakesNothingBack) {
    for (const bool late : {false, true}) {
        History history;
        history.start_all();
        history.lead(0, 500ms, 1, 1h);
        history.step(0, 1s, Timer{}, {send_bucket(1, BucketVerb::put, kKey)});
        history.follow(0, 1100ms);
        history.lead(0, 1200ms, 2, 1h);
        history.step(0, 1300ms, Timer{}, {send_bucket(2, BucketVerb::put, kKey)});
        history.step(0, 2s, throttled(2));
        if (late) history.step(0, 2500ms, throttled(1));
        const auto again = history.step(0, 5s, Timer{}, {send_bucket(3, BucketVerb::put, kKey)});
        EXPECT_TRUE(violated(history.verdict(kBounded, 10s), again)) << late;
    }
}

TEST(CheckRequestsBounded, TheRetryAfterOfAThrottledWriteOfTheLeaseIsWaitedOut) {
    struct Row {
        LeaseVerb verb;
        int status;
        bool binds;
    };
    for (const auto& [verb, status, binds] :
         {Row{LeaseVerb::update, 429, true}, Row{LeaseVerb::create, 429, true},
          // What became of it is looked up, and what follows is another write.
          Row{LeaseVerb::update, 503, false},
          // The takeover at the end of a lease needs no GET.
          Row{LeaseVerb::get, 429, false}}) {
        History history;
        history.start_all();
        history.step(1, 900ms, Timer{}, {send_lease(1, verb, 6)});
        LeaseAnswered answer = lease_answered(1, nullptr, 1s);
        answer.reply.status = status;
        history.step(1, 1s, std::move(answer));
        const auto again = history.step(1, 1500ms, Timer{}, {send_lease(2, LeaseVerb::update, 7)});
        const Verdict verdict = history.verdict(kBounded, 10s);
        EXPECT_TRUE(binds ? violated(verdict, again) : passes(verdict)) << status;
    }
}

// A release is no renewal, and a Lease that was deleted is created: the server said nothing of
// these.
TEST(CheckRequestsBounded, AThrottledWriteOfTheLeaseBindsNoOtherWrite) {
    for (const int what : {0, 1, 2}) {
        History history;
        history.start_all();
        history.lead(0, 500ms, 1, 1h);
        history.step(0, 900ms, Timer{}, {send_lease(1, LeaseVerb::update, 6)});
        history.step(0, 1s, lease_answered(1, nullptr, 1s));
        if (what == 1) history.follow(0, 1400ms);
        const LeaseVerb verb = what == 2 ? LeaseVerb::create : LeaseVerb::update;
        const auto next = history.step(0, 1500ms, Timer{}, {send_lease(2, verb, 7)});
        const Verdict verdict = history.verdict(kBounded, 10s);
        EXPECT_TRUE(what == 0 ? violated(verdict, next) : passes(verdict)) << what;
    }
}

// Found by a campaign: somebody deletes the Lease behind a renewal that was throttled, and a claim
// asks for a renewal as soon as its leader has created it.
TEST(CheckRequestsBounded, AWriteOfTheLeaseThatWasTakenEndsTheThrottling) {
    for (const int status : {201, 503}) {
        History history;
        history.start_all();
        history.lead(0, 500ms, 1, 1h);
        history.step(0, 900ms, Timer{}, {send_lease(1, LeaseVerb::update, 6)});
        history.step(0, 1s, lease_answered(1, nullptr, 1s));
        history.step(0, 1100ms, Timer{}, {send_lease(2, LeaseVerb::create, 0)});
        LeaseAnswered answer = lease_answered(2, nullptr, 1200ms);
        answer.reply.status = status;
        answer.reply.retry_after = 0s;
        history.step(0, 1200ms, std::move(answer));
        const auto next = history.step(0, 1500ms, Timer{}, {send_lease(3, LeaseVerb::update, 7)});
        const Verdict verdict = history.verdict(kBounded, 10s);
        EXPECT_TRUE(status == 201 ? passes(verdict) : violated(verdict, next)) << status;
    }
}

// A follower that may hold the Lease releases it as it stops: a write of another kind, and only
// one.
TEST(CheckRequestsBounded, AThrottledTakeoverDoesNotBindTheReleaseThatFollowsAStop) {
    for (const bool repeats : {false, true}) {
        History history;
        history.start_all();
        SendLease first = send_lease(1, LeaseVerb::update, 6);
        if (repeats) first.lease = edited(1, "", 6, 1, 0);
        history.step(1, 900ms, Timer{}, {first});
        history.step(1, 1s, lease_answered(1, nullptr, 1s));
        SendLease release = send_lease(2, LeaseVerb::update, 7);
        release.lease = edited(1, "", 7, 1, 0);
        const auto sent = history.step(1, 1500ms, Timer{}, {release});
        const Verdict verdict = history.verdict(kBounded, 10s);
        EXPECT_TRUE(repeats ? violated(verdict, sent) : passes(verdict)) << repeats;
    }
}

}  // namespace
}  // namespace leasehold::check
