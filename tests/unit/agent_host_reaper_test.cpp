// Orphans: taken, and never in the place of a child of one's own.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/host/reaper.hpp"
#include "agent/lease/child_process.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPeriod = 10ms;

/// A grandchild that lasts a moment longer than its parent; to this process, as to the first of a
/// container, it is left.
void leave_an_orphan() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::fork() == 0) ::usleep(20'000);
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
}

/// Nobody is left, neither at work nor as a zombie.
bool childless() {
    return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
}

bool takes_an_orphan() {
    leave_an_orphan();
    asio::io_context loop;
    const Reaper reaper(loop, kPeriod);
    loop.run_for(500ms);
    return childless();
}

bool tells_of_an_own_child() {
    leave_an_orphan();
    asio::io_context loop;
    const Reaper reaper(loop, kPeriod);
    std::optional<ChildEnd> ended;
    std::optional<ChildProcess> child;
    child.emplace(loop, ChildCommand{"/bin/sh", {"-c", "exit 3"}, {}, 10s},
                  [&](ChildEnd end) { ended = std::move(end); });
    ::usleep(100'000);
    reap_orphans();  // it is a zombie, as the orphan is
    loop.run_for(300ms);
    const bool told = ended && ended->problem == "ended with 3";
    child.reset();
    loop.run_for(100ms);
    return told && childless();
}

TEST(AgentReaper, AnOrphanIsTaken) {
    EXPECT_EXIT(::_exit(takes_an_orphan() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST(AgentReaper, TheEndOfAnOwnChildIsToldToWhoBeganIt) {
    EXPECT_EXIT(::_exit(tells_of_an_own_child() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace leasehold::agent
