// When credentials are asked for, used, renewed, and given up.
#include <chrono>
#include <deque>

#include "agent/bucket/credentials_keeper.hpp"
#include "tests/unit/agent_bucket_rig.hpp"

namespace leasehold::agent::testing {
namespace {

using namespace std::chrono_literals;

/// Answers when the test says so.
class Scripted : public CredentialsSource {
  public:
    void fetch(Done done) override {
        EXPECT_FALSE(pending) << "two attempts at a time";
        ++asked;
        pending = std::move(done);
    }
    void answer(Result<Grant, std::string> result) {
        const Done done = std::exchange(pending, nullptr);
        done(std::move(result));
    }
    Done pending;
    int asked = 0;
};

Grant role(const std::string& key, std::optional<Duration> life, Duration renew_after) {
    return Grant{{key, "secret", "token"}, life, renew_after, true, "role"};
}

class AgentCredentialsKeeper : public ::testing::Test {
  protected:
    void make(std::optional<Grant> start = std::nullopt) {
        auto source = std::make_unique<Scripted>();
        source_ = source.get();
        keeper_ = std::make_unique<CredentialsKeeper>(
            loop_, std::move(source), std::move(start), [this] { ++ended_; },
            KeeperTiming{40ms, 200ms, 300ms, 1ms});
    }
    std::string key() {
        const Credentials* const now = keeper_->current();
        return now == nullptr ? "" : now->access_key;
    }
    bool asked(int times, Duration limit = 5s) {
        return run_until(
            loop_, [&] { return source_->asked >= times; }, limit);
    }
    void pass(Duration span) {
        const Instant end = boottime() + span;
        run_until(loop_, [&] { return boottime() >= end; });
    }
    void fail(const std::string& why = "no") { source_->answer(Unexpected<std::string>{why}); }

    asio::io_context loop_;
    int ended_ = 0;
    std::unique_ptr<CredentialsKeeper> keeper_;
    Scripted* source_ = nullptr;
};

TEST_F(AgentCredentialsKeeper, NobodyIsAskedBeforeSomebodyWants) {
    make();
    pass(50ms);
    EXPECT_EQ(source_->asked, 0);
    EXPECT_EQ(key(), "");
    EXPECT_TRUE(keeper_->asking());
    EXPECT_EQ(key(), "") << "and one attempt at a time";
    EXPECT_EQ(source_->asked, 1);
    source_->answer(role("A", 1h, 55min));
    EXPECT_EQ(ended_, 1);
    EXPECT_EQ(key(), "A");
    EXPECT_EQ(source_->asked, 1);
}

TEST_F(AgentCredentialsKeeper, RenewedInTimeAndUsedMeanwhile) {
    make(role("A", std::nullopt, 60ms));
    EXPECT_EQ(key(), "A");
    EXPECT_TRUE(asked(1));
    EXPECT_EQ(key(), "A") << "the old ones while others are asked for";
    source_->answer(role("B", 1h, 1h));
    EXPECT_EQ(key(), "B");
}

TEST_F(AgentCredentialsKeeper, OldOnesServeUntilTheirEnd) {
    make();
    EXPECT_EQ(key(), "");
    source_->answer(role("A", 700ms, 30ms));
    const Instant began = boottime();
    ASSERT_TRUE(asked(2));
    fail();
    EXPECT_EQ(key(), "A");
    int attempts = 2;
    while (boottime() < began + 600ms) {
        pass(5ms);
        if (source_->pending) fail();
        attempts = source_->asked;
        EXPECT_EQ(key(), "A");
    }
    EXPECT_GE(attempts, 4) << "tried again by itself";
    EXPECT_LE(attempts, 8) << "ever more rarely";
    pass(200ms);
    if (source_->pending) fail("still no");
    EXPECT_EQ(key(), "") << "they have ended";
    EXPECT_FALSE(keeper_->problem().empty());
    ASSERT_TRUE(run_until(loop_, [&] { return key().empty() && source_->pending != nullptr; }));
    source_->answer(role("B", 1h, 1h));
    EXPECT_EQ(key(), "B");
    EXPECT_EQ(keeper_->problem(), "");
}

TEST_F(AgentCredentialsKeeper, AFailureIsNotRepeatedAtOnce) {
    make();
    EXPECT_EQ(key(), "");
    fail("answered 403");
    EXPECT_EQ(key(), "");
    EXPECT_EQ(source_->asked, 1);
    EXPECT_FALSE(keeper_->asking());
    EXPECT_EQ(keeper_->problem(), "answered 403");
    pass(60ms);
    EXPECT_EQ(source_->asked, 1) << "nobody wants any";
    EXPECT_EQ(key(), "");
    EXPECT_EQ(source_->asked, 2);
}

TEST_F(AgentCredentialsKeeper, ARefusalRenewsOnce) {
    make();
    EXPECT_EQ(key(), "");
    source_->answer(role("A", 1h, 1h));
    keeper_->refused("A", "AccessDenied");
    keeper_->refused("A", "");
    keeper_->refused("before", "ExpiredToken");
    EXPECT_EQ(source_->asked, 1) << "a missing permission, or keys that are gone already";
    keeper_->refused("A", "ExpiredToken");
    keeper_->refused("A", "ExpiredToken");
    EXPECT_EQ(source_->asked, 2);
    EXPECT_EQ(key(), "") << "requests wait for better ones";
    source_->answer(role("A", 1h, 1h));
    EXPECT_EQ(key(), "A");
    keeper_->refused("A", "InvalidToken");
    EXPECT_EQ(source_->asked, 2) << "the service keeps them: asking again is no use";
    pass(350ms);
    keeper_->refused("A", "InvalidToken");
    EXPECT_EQ(source_->asked, 3);
    fail();
    EXPECT_EQ(key(), "A") << "nothing better is to be had";
}

TEST_F(AgentCredentialsKeeper, KeysInFilesAreReadAfterAnyRefusal) {
    make(Grant{{"A", "s", ""}, std::nullopt, 1h, false, "keys"});
    keeper_->refused("A", "AccessDenied");
    EXPECT_EQ(source_->asked, 1);
    EXPECT_EQ(key(), "A");
    fail();
    keeper_->refused("A", "AccessDenied");
    EXPECT_EQ(source_->asked, 2);
}

}  // namespace
}  // namespace leasehold::agent::testing
