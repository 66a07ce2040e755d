// The suite tested on servers that are known: the simulated one against itself shows nothing, and
// against one with a planted bug shows that bug, in few operations.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace leasehold::conformance {

/// Prints one line for each; true if all is as it must be.
[[nodiscard]] bool self_test(std::uint64_t seed, std::uint64_t operations, std::ostream& out);

}  // namespace leasehold::conformance
