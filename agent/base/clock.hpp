// The clocks of the agent. The monotonic one is CLOCK_BOOTTIME: it counts suspend, so that a
// machine that slept through its lease knows it.
#pragma once

#include <string>

#include "model/base/time.hpp"

namespace leasehold::agent {

/// CLOCK_BOOTTIME.
[[nodiscard]] Instant boottime();
/// CLOCK_BOOTTIME and CLOCK_REALTIME, read one after the other.
[[nodiscard]] Now read_now();
/// When this process was forked, on CLOCK_REALTIME as it stands now: as the kernel keeps it, to its
/// tick of 10 ms (not later than it was).
[[nodiscard]] WallTime process_started();
/// The kernel's boot id; recordings of one boot share their CLOCK_BOOTTIME.
[[nodiscard]] std::string boot_id();

}  // namespace leasehold::agent
