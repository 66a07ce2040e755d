#include "agent/host/signals.hpp"

#include <csignal>

#include <unistd.h>

namespace leasehold::agent {
namespace {

constexpr int kSignalled = 128;  ///< plus the signal: the exit code

void end_at_once(int signal) {
    ::_exit(kSignalled + signal);
}

}  // namespace

bool is_ignored(int signal) {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

void settle_signals() {
    // A body above the limit of a file's size, and a log whose reader has gone: EFBIG and EPIPE are
    // answers, and no reason to end.
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    // Where it is ignored nobody is told how a child of ours ended.
    std::signal(SIGCHLD, SIG_DFL);
    // The first process of a container gets no signal whose action is the default: without a word
    // of its own, before the loop has one and in commands without a loop, it would wait for
    // SIGKILL.
    for (const int signal : kEndingSignals)
        if (!is_ignored(signal)) std::signal(signal, end_at_once);
    // Blocked, SIGTERM would stop nothing.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace leasehold::agent
