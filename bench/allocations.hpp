// Counts allocations, so that "no allocation" and "so many bytes" are measured and not believed.
#pragma once

#include <cstdint>

namespace leasehold::bench {

/// Calls of operator new in this process so far. Linking this replaces the global operators.
[[nodiscard]] std::uint64_t allocations();
/// Bytes of the heap that are taken now: as the allocator rounds them, with its headers.
[[nodiscard]] std::uint64_t allocated_bytes();

}  // namespace leasehold::bench
