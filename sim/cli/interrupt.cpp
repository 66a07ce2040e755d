#include "sim/cli/interrupt.hpp"

namespace leasehold::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;
sigset_t g_waiting;

extern "C" void note_interrupt(int) {
    g_interrupted = 1;
}

}  // namespace

void hold_interrupts() {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigprocmask(SIG_BLOCK, &held, &g_waiting);
    sigdelset(&g_waiting, SIGINT);
    sigdelset(&g_waiting, SIGTERM);
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

const sigset_t& waiting_mask() {
    return g_waiting;
}

bool interrupted() {
    if (g_interrupted != 0) return true;
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

}  // namespace leasehold::cli
