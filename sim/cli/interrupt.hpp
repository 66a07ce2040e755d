// SIGINT, SIGTERM and SIGHUP, taken only where the program waits: nothing is torn apart elsewhere.
#pragma once

#include <csignal>

namespace leasehold::cli {

/// Blocks these signals (SIGHUP unless it is ignored: nohup) and installs a handler; from now on
/// they arrive in waiting_mask() alone. Child processes inherit the block and so leave the ending
/// to their parent.
void hold_interrupts();
/// The mask for ppoll().
[[nodiscard]] const sigset_t& waiting_mask();
/// One of them has come, or is pending.
[[nodiscard]] bool interrupted();

}  // namespace leasehold::cli
