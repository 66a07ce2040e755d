// The end of a process does not wait for what its threads are at.
#include <gtest/gtest.h>

#include <chrono>

#include "agent/base/clock.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/host/end_by.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

/// A process that stops while a thread of its pool is busy for `work`, and has `time`.
[[noreturn]] void stop_amid(Duration work, Duration time) {
    {
        EndBy end;
        asio::io_context loop;
        FilePool pool(loop, 1);
        pool.run(
            [work] {
                std::this_thread::sleep_for(work);
                return 0;
            },
            [](int) {});
        std::this_thread::sleep_for(100ms);  // it has begun
        end.at(boottime() + time, 7);
    }
    std::_Exit(8);
}

TEST(AgentEndBy, ComesInTheMidstOfWorkOnTheDisk) {
    const Instant start = boottime();
    EXPECT_EXIT(stop_amid(5s, 200ms), ::testing::ExitedWithCode(7), "");
    EXPECT_LT(boottime() - start, 4s);
}

TEST(AgentEndBy, WaitsForWorkThatEndsInTime) {
    const Instant start = boottime();
    EXPECT_EXIT(stop_amid(300ms, 60s), ::testing::ExitedWithCode(8), "");
    EXPECT_LT(boottime() - start, 4s);
}

}  // namespace
}  // namespace leasehold::agent
