#include "agent/host/signals.hpp"

#include <csignal>

namespace leasehold::agent {

void settle_signals() {
    // A body above the limit of a file's size, and a log whose reader has gone: EFBIG and EPIPE are
    // answers, and no reason to end.
    std::signal(SIGXFSZ, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    // Where it is ignored nobody is told how a child of ours ended.
    std::signal(SIGCHLD, SIG_DFL);
    // Blocked, SIGTERM would stop nothing.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace leasehold::agent
