// What a benchmark reads of its own process.
#pragma once

namespace leasehold::bench {

/// CPU seconds of this process so far.
[[nodiscard]] double cpu_seconds();
/// Resident memory now, and the largest so far, in MiB.
[[nodiscard]] double resident_mib();
[[nodiscard]] double peak_mib();

}  // namespace leasehold::bench
