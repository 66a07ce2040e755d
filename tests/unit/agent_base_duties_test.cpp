// Duties: what is told of work that fails, and how often.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/duties.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

class AgentDuties : public ::testing::Test {
  protected:
    Now now() const { return Now{Instant(at_), WallTime(1000s + at_)}; }
    void fail(const std::string& kind = "503", const std::string& work = "PUT",
              Duty duty = Duty::bucket_writes) {
        duties_.failed(now(), duty, work, kind, work + " " + kind);
    }
    void work(const std::string& work = "PUT", Duty duty = Duty::bucket_writes) {
        duties_.worked(now(), duty, work);
    }
    DutyState state(Duty duty = Duty::bucket_writes) const {
        return duties_.states().at(static_cast<std::size_t>(duty));
    }

    Duration at_{0};
    std::vector<std::string> lines_;
    Duties duties_{[this](bool complaint, const std::string& line) {
        lines_.push_back((complaint ? "! " : "") + line);
    }};
};

TEST_F(AgentDuties, OneLineWhenItBeginsAndOneWhenItWorksAgain) {
    work();
    for (int i = 0; i < 100; ++i, at_ += 1s)
        fail();
    work();
    work();
    EXPECT_EQ(lines_, (std::vector<std::string>{
                          "! PUT 503", "bucket: PUT works again, after 100 failures in 100s"}));
}

TEST_F(AgentDuties, AnotherTroubleIsNewsAndTheOldOneIsNot) {
    for (int i = 0; i < 10; ++i)
        for (const char* kind : {"503", "no answer"})
            fail(kind);
    EXPECT_EQ(lines_, (std::vector<std::string>{"! PUT 503", "! PUT no answer"}));
    for (int i = 0; i < 100; ++i)
        fail("kind " + std::to_string(i));
    EXPECT_EQ(lines_.size(), 8U) << "a store that never says the same twice";
}

TEST_F(AgentDuties, EachKindOfWorkFailsByItself) {
    fail("403", "LIST", Duty::bucket_reads);
    work("GET", Duty::bucket_reads);
    fail("403", "LIST", Duty::bucket_reads);
    EXPECT_EQ(lines_, std::vector<std::string>{"! LIST 403"});
    EXPECT_TRUE(state(Duty::bucket_reads).failing);
    EXPECT_FALSE(state(Duty::bucket_writes).failing);
}

/// One key that is always refused, among others that are stored, each few seconds for a day.
TEST_F(AgentDuties, WhatFailsAndRecoversAgainAndAgainIsToldEverMoreRarely) {
    std::vector<std::size_t> lines;
    for (const Duration end : {Duration(1min), Duration(10min), Duration(2h), Duration(24h)}) {
        for (; at_ < end; at_ += 5s) {
            fail();
            work();
        }
        lines.push_back(lines_.size());
    }
    EXPECT_EQ(lines[0], 2U) << "a pair, and not one each five seconds";
    EXPECT_LE(lines[1], 8U);
    EXPECT_LE(lines[2], 16U);
    EXPECT_LE(lines[3], 64U);
    EXPECT_GE(lines[3], 40U) << "and is not forgotten";
}

TEST_F(AgentDuties, WhatStaysIsToldInTheQuietTimeToo) {
    fail();
    work();
    at_ += 10s;
    fail();  // told a moment ago
    EXPECT_EQ(lines_.size(), 2U);
    fail("403");  // this was not
    EXPECT_EQ(lines_.size(), 3U);
    at_ += 60s;
    fail();
    EXPECT_EQ(lines_.back(), "! PUT 503") << "it is no flicker";
}

TEST_F(AgentDuties, StatesSayWhatFailsSinceWhen) {
    EXPECT_EQ(state().since, WallTime{});
    at_ = 5s;
    fail();
    at_ = 7s;
    fail("500", "DELETE");
    at_ = 8s;
    fail();
    EXPECT_TRUE(state().failing);
    EXPECT_EQ(state().failures, 3U);
    EXPECT_EQ(state().since, WallTime(1005s));
    EXPECT_EQ(state().error, "PUT 503");
    work();
    EXPECT_TRUE(state().failing) << "DELETE still fails";
    EXPECT_EQ(state().error, "DELETE 500");
    EXPECT_EQ(state().since, WallTime(1007s));
    work("DELETE");
    EXPECT_FALSE(state().failing);
    EXPECT_EQ(state().error, "PUT 503") << "the last error stays";
}

TEST_F(AgentDuties, RestIsNoRecovery) {
    fail();
    fail("500", "GET", Duty::bucket_reads);
    duties_.rest(Duty::bucket_writes);
    EXPECT_FALSE(state().failing);
    EXPECT_TRUE(state(Duty::bucket_reads).failing);
    EXPECT_EQ(lines_, (std::vector<std::string>{"! PUT 503", "! GET 500"}));
    duties_.rest(Duty::bucket_reads, "LIST");
    EXPECT_TRUE(state(Duty::bucket_reads).failing);
    duties_.rest(Duty::bucket_reads, "GET");
    EXPECT_FALSE(state(Duty::bucket_reads).failing);
}

/// A leader that gives way because the store is full, and leads again, and again.
TEST_F(AgentDuties, WhatFailsInEachLeadershipIsToldOnceAndItsEndToo) {
    for (int leadership = 0; leadership < 10; ++leadership) {
        fail();
        fail();
        duties_.rest(Duty::bucket_writes);
        EXPECT_FALSE(state().failing);
        at_ += 1min;
    }
    EXPECT_EQ(lines_, std::vector<std::string>{"! PUT 503"});
    fail("403");
    EXPECT_EQ(lines_.size(), 2U) << "another trouble is news";
    EXPECT_EQ(state().failures, 21U);
    duties_.rest(Duty::bucket_writes);
    work();
    EXPECT_EQ(lines_.size(), 3U);
    EXPECT_EQ(lines_.back(), "bucket: PUT works again, after 21 failures in 600s");
    fail("507");
    duties_.rest(Duty::bucket_writes);
    at_ += 2h;
    work();
    EXPECT_EQ(lines_.size(), 4U) << "others wrote meanwhile";
    EXPECT_FALSE(state().failing);
}

}  // namespace
}  // namespace leasehold::agent
