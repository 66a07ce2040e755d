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
/// The kernel's boot id; recordings of one boot share their CLOCK_BOOTTIME.
[[nodiscard]] std::string boot_id();

}  // namespace leasehold::agent
