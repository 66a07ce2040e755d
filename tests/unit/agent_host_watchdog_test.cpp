// The watchdog shuts upload sockets when validity ends, whatever the loop does.
#include <array>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/clock.hpp"
#include "agent/host/watchdog.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

class WatchdogTest : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair_.data()), 0);
        uploads_.add(pair_[0]);
    }
    void TearDown() override {
        uploads_.close(pair_[0]);
        ::close(pair_[1]);
    }
    /// Until the upload's socket is shut: the other end reads its end.
    [[nodiscard]] bool shut_within(Duration span) const {
        pollfd one{pair_[1], POLLIN, 0};
        return ::poll(&one, 1, static_cast<int>(span / 1ms)) == 1;
    }

    std::array<int, 2> pair_{};
    SocketSet uploads_;
    WriteGate gate_;
};

TEST_F(WatchdogTest, ShutsUploadsAtTheEndOfValidityWithoutTheLoop) {
    Watchdog watchdog(gate_, uploads_);
    const Instant until = boottime() + 50ms;
    gate_.publish(until);
    watchdog.gate_moved();
    ASSERT_TRUE(shut_within(2s));
    EXPECT_GE(boottime(), until);
    EXPECT_LT(boottime() - until, 500ms);
    for (int i = 0; i < 100 && watchdog.interventions() == 0; ++i)
        std::this_thread::sleep_for(1ms);
    EXPECT_EQ(watchdog.interventions(), 1U);
}

TEST_F(WatchdogTest, AnExtensionIsSeenWithoutAWakeUp) {
    Watchdog watchdog(gate_, uploads_);
    gate_.publish(boottime() + 50ms);
    watchdog.gate_moved();
    std::this_thread::sleep_for(20ms);
    gate_.publish(boottime() + 10s);  // a renewal: the watchdog looks again by itself
    EXPECT_FALSE(shut_within(150ms));
    EXPECT_EQ(watchdog.interventions(), 0U);
}

TEST_F(WatchdogTest, WithoutAnElectionNothingIsEverShut) {
    Watchdog watchdog(gate_, uploads_);
    gate_.publish(kNever);
    watchdog.gate_moved();
    EXPECT_FALSE(shut_within(50ms));
}

TEST_F(WatchdogTest, EndsWhileItWaits) {
    gate_.publish(boottime() + 1h);
    const Instant began = boottime();
    { const Watchdog watchdog(gate_, uploads_); }
    EXPECT_LT(boottime() - began, 1s);
}

}  // namespace
}  // namespace leasehold::agent
