// What a process makes of the signals that its parent or a limit leaves it.
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/host/signals.hpp"

namespace leasehold::agent {
namespace {

/// The errno of one byte written beyond the limit of a file's size; 0: none.
int beyond_the_limit() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);
    const int file = ::open("/tmp", O_TMPFILE | O_RDWR, 0600);
    return ::write(file, "x", 1) == 1 ? 0 : errno;
}

/// The errno of one byte written to a pipe that nobody reads.
int to_nobody() {
    int ends[2];
    if (::pipe(ends) != 0) return 0;
    ::close(ends[0]);
    return ::write(ends[1], "x", 1) == 1 ? 0 : errno;
}

bool is_default(int signal) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler == SIG_DFL;
}

bool is_free(int signal) {
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    return ::sigismember(&blocked, signal) == 0;
}

TEST(AgentSignals, AnErrorIsAnAnswerAndNoEnd) {
    EXPECT_EXIT(
        {
            std::signal(SIGXFSZ, SIG_DFL);
            settle_signals();
            ::_exit(beyond_the_limit() == EFBIG ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(
        {
            std::signal(SIGPIPE, SIG_DFL);
            settle_signals();
            ::_exit(to_nobody() == EPIPE ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

TEST(AgentSignals, WhatAParentLeftIsTakenBack) {
    EXPECT_EXIT(
        {
            std::signal(SIGCHLD, SIG_IGN);
            sigset_t all;
            ::sigfillset(&all);
            ::sigprocmask(SIG_SETMASK, &all, nullptr);
            settle_signals();
            ::_exit(is_default(SIGCHLD) && is_free(SIGCHLD) && is_free(SIGTERM) ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

// Of the first process of a container the kernel drops what has the default action.
TEST(AgentSignals, ASignalToEndEndsWhateverTheProcessIsAt) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        EXPECT_EXIT(
            {
                settle_signals();
                ::kill(::getpid(), signal);
                ::pause();
            },
            ::testing::ExitedWithCode(128 + signal), "");
}

TEST(AgentSignals, WhatAShellIgnoresForItsBackgroundStaysIgnored) {
    EXPECT_EXIT(
        {
            std::signal(SIGINT, SIG_IGN);
            settle_signals();
            ::kill(::getpid(), SIGINT);
            ::_exit(0);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace leasehold::agent
