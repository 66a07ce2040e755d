// What became of a Kubernetes Event on the Lease.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leasehold::agent {

/// It is there, the server forbids it, or anything else.
enum class EventOutcome : std::uint8_t { written, refused, failed };
inline constexpr std::size_t kEventOutcomes = 3;

}  // namespace leasehold::agent
