// Counts allocations, so that "no allocation" is measured and not believed.
#pragma once

#include <cstdint>

namespace leasehold::bench {

/// Calls of operator new in this process so far. Linking this replaces the global operators.
[[nodiscard]] std::uint64_t allocations();

}  // namespace leasehold::bench
