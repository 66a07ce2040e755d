#include "sim/cli/interrupt.hpp"

#include <algorithm>
#include <array>

namespace leasehold::cli {
namespace {

constexpr std::array kEnding{SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t g_interrupted = 0;
sigset_t g_waiting;

extern "C" void note_interrupt(int) {
    g_interrupted = 1;
}

/// A terminal may hang up on a campaign that was begun with nohup.
bool stays_ignored(int signal) {
    struct sigaction now {};
    return signal == SIGHUP && sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

void hold_interrupts() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : kEnding)
        if (!stays_ignored(signal)) sigaddset(&held, signal);
    sigprocmask(SIG_BLOCK, &held, &g_waiting);
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    for (const int signal : kEnding) {
        if (stays_ignored(signal)) continue;
        sigdelset(&g_waiting, signal);
        sigaction(signal, &action, nullptr);
    }
}

const sigset_t& waiting_mask() {
    return g_waiting;
}

bool interrupted() {
    if (g_interrupted != 0) return true;
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return std::ranges::any_of(
        kEnding, [&pending](int signal) { return sigismember(&pending, signal) == 1; });
}

}  // namespace leasehold::cli
