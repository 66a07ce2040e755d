#include <gtest/gtest.h>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "tests/unit/election_api.hpp"

namespace leasehold::election_test {
namespace {

using namespace std::chrono_literals;

ElectorConfig named() {
    ElectorConfig config;
    config.identity = "a";
    return config;
}

std::string only_problem(const ElectorConfig& config) {
    const auto problems = config.problems();
    EXPECT_EQ(problems.size(), 1U);
    return problems.empty() ? "" : problems.front();
}

TEST(ElectorConfig, TheDefaultsAreValidAndRenewFor14Point89Seconds) {
    EXPECT_TRUE(named().problems().empty());
    EXPECT_EQ(named().effective_renew_deadline(), 14'890ms);
    EXPECT_EQ(named().attempt_timeout(), 3'222'500us);
}

TEST(ElectorConfig, TheProfilesAreValid) {
    ElectorConfig client_go = named();
    client_go.renew_deadline = 10s;
    EXPECT_TRUE(client_go.problems().empty());
    EXPECT_EQ(client_go.effective_renew_deadline(), 10s);
    ElectorConfig fast = named();
    fast.lease_duration = 5s;
    fast.retry_period = 1s;
    EXPECT_TRUE(fast.problems().empty());
    EXPECT_EQ(fast.effective_renew_deadline(), 4'930ms);
}

TEST(ElectorConfig, AnAttemptDoesNotGrowWithTheLeaseBeyondTenSecondsOrTwoRetryPeriods) {
    ElectorConfig config = named();
    config.lease_duration = 40s;
    EXPECT_EQ(config.attempt_timeout(), 9447500us) << "a quarter";
    config.lease_duration = 10min;
    EXPECT_EQ(config.attempt_timeout(), 10s);
    config.retry_period = 1min;
    EXPECT_EQ(config.attempt_timeout(), 2min);
    EXPECT_TRUE(config.problems().empty());
}

TEST(ElectorConfig, TheShortestLeaseLeavesRoomForAWrite) {
    ElectorConfig config = named();
    config.lease_duration = 1s;
    config.retry_period = 315ms;
    EXPECT_TRUE(config.problems().empty());
    config.client_go_peers = true;
    config.lease_duration = 5s;
    config.retry_period = 1s;
    EXPECT_TRUE(config.problems().empty());
}

TEST(ElectorConfig, AutoIsRoundedDownToWholeNanoseconds) {
    ElectorConfig config = named();
    config.lease_duration = 1s;
    config.drift_ppm = 1;
    config.margin = 1ns;
    EXPECT_EQ(config.effective_renew_deadline(), 999'998'000ns - 1ns);
}

TEST(ElectorConfig, EachMessageNamesBothValues) {
    ElectorConfig config = named();
    config.renew_deadline = 15s;
    EXPECT_EQ(only_problem(config),
              "renewDeadline 15s must be at most 14.89s (leaseDuration 15s less drift and margin)");
    config = named();
    config.retry_period = 5s;
    EXPECT_EQ(only_problem(config),
              "renewDeadline 14.89s must be at least 3 times retryPeriod 5s, "
              "so that three attempts fit");
    config = named();
    config.lease_duration = 2500ms;
    EXPECT_EQ(only_problem(config),
              "leaseDuration 2.5s must be a whole number of seconds, at least 1s");
    config.lease_duration = 0s;
    EXPECT_EQ(only_problem(config),
              "leaseDuration 0s must be a whole number of seconds, at least 1s");
    config = named();
    config.retry_period = -1ms;
    EXPECT_EQ(only_problem(config), "retryPeriod -1ms must be more than 0s");
    config = named();
    config.client_go_peers = true;
    config.retry_period = 999ms;
    EXPECT_EQ(
        only_problem(config),
        "retryPeriod 999ms must be at least 1s with clientGoPeers, whose renewTimes differ by "
        "whole seconds");
    config = named();
    config.lease_duration = 1s;
    config.renew_deadline = 400ms;
    config.retry_period = 100ms;
    EXPECT_EQ(
        only_problem(config),
        "renewDeadline 400ms must leave 400ms behind an attempt of 75ms, so that a write fits");
    config = named();
    config.drift_ppm = 100'001;
    EXPECT_EQ(only_problem(config), "drift 100001ppm must be between 0ppm and 100000ppm");
    config = named();
    config.drift_ppm = -1;
    EXPECT_EQ(only_problem(config), "drift -1ppm must be between 0ppm and 100000ppm");
    config = named();
    config.margin = -1ns;
    EXPECT_EQ(only_problem(config), "margin -1ns must be at least 0s");
    config = named();
    config.lease_duration = 601s;
    EXPECT_EQ(only_problem(config), "leaseDuration 601s must be at most longestLease 600s");
    config = named();
    config.longest_lease = 1500ms;
    config.lease_duration = 1s;
    config.retry_period = 300ms;
    EXPECT_EQ(only_problem(config),
              "longestLease 1.5s must be a whole number of seconds, at least 1s");
    config = named();
    config.max_lease_duration = 14s;
    EXPECT_EQ(only_problem(config), "maxLeaseDuration 14s must be at least leaseDuration 15s");
    config.max_lease_duration = 601s;
    EXPECT_EQ(only_problem(config), "maxLeaseDuration 601s must be at most longestLease 600s");
    config = named();
    config.identity.clear();
    EXPECT_EQ(only_problem(config), "identity must not be empty");
}

TEST(ElectorConfig, TheLongestThatTheWireCarriesIsGoodAndOneSecondMoreIsAllThatIsSaid) {
    ElectorConfig config = named();
    config.lease_duration = 2'147'483'647s;
    config.longest_lease = 2'147'483'647s;
    EXPECT_TRUE(config.problems().empty());
    // A renewDeadline is only compared with a leaseDuration that is good by itself.
    config.lease_duration = 2'147'483'648s;
    config.renew_deadline = 4'000'000'000s;
    const std::vector<std::string> wanted{
        "leaseDuration 2147483648s must be at most 2147483647s",
        "leaseDuration 2147483648s must be at most longestLease 2147483647s"};
    EXPECT_EQ(config.problems(), wanted);
}

TEST(ElectorConfig, AnElectorIsNotMadeFromABadOne) {
    EXPECT_THROW(Elector{ElectorConfig{}}, CheckFailure);
}

TEST(Stretched, RoundsUp) {
    EXPECT_EQ(stretched(15s, 2000), 15'030ms);
    EXPECT_EQ(stretched(1ns, 1), 2ns);
    EXPECT_EQ(stretched(1s, 0), 1s);
}

TEST(Classify, KnowsWhatAnAnswerProves) {
    const LeasePtr lease = std::make_shared<const Lease>();
    const auto status = [](std::int32_t code, StatusReason reason = StatusReason::other) {
        return FakeApi::status(code, reason);
    };
    using enum LeaseVerb;
    EXPECT_EQ(classify(get, FakeApi::with(200, lease)), LeaseOutcome::found);
    EXPECT_EQ(classify(update, FakeApi::with(200, lease)), LeaseOutcome::written);
    EXPECT_EQ(classify(create, FakeApi::with(201, lease)), LeaseOutcome::written);
    EXPECT_EQ(classify(update, status(409, StatusReason::conflict)), LeaseOutcome::conflict);
    EXPECT_EQ(classify(create, status(409, StatusReason::already_exists)), LeaseOutcome::exists);
    for (const LeaseVerb verb : {get, create, update}) {
        EXPECT_EQ(classify(verb, LeaseReply{}), LeaseOutcome::unknown);
        EXPECT_EQ(classify(verb, status(500)), LeaseOutcome::unknown);
        EXPECT_EQ(classify(verb, status(504, StatusReason::timeout)), LeaseOutcome::unknown);
        EXPECT_EQ(classify(verb, status(302)), LeaseOutcome::unknown);
        EXPECT_EQ(classify(verb, FakeApi::with(200, nullptr)), LeaseOutcome::unknown);
        for (const int code : {400, 401, 403, 422, 429})
            EXPECT_EQ(classify(verb, status(code)), LeaseOutcome::rejected) << code;
        LeaseReply unsent;
        unsent.not_sent = true;
        EXPECT_EQ(classify(verb, unsent), LeaseOutcome::rejected);
    }
}

TEST(Classify, BelievesOnlyANotFoundOfThisLeaseToBeAbsence) {
    EXPECT_EQ(classify(LeaseVerb::get, FakeApi::missing()), LeaseOutcome::missing);
    EXPECT_EQ(classify(LeaseVerb::update, FakeApi::missing()), LeaseOutcome::missing);
    LeaseReply of_namespace = FakeApi::missing();
    of_namespace.about_lease = false;
    EXPECT_EQ(classify(LeaseVerb::get, of_namespace), LeaseOutcome::rejected);
    LeaseReply of_proxy = FakeApi::status(404, StatusReason::none);
    of_proxy.about_lease = true;
    EXPECT_EQ(classify(LeaseVerb::get, of_proxy), LeaseOutcome::rejected);
}

}  // namespace
}  // namespace leasehold::election_test
