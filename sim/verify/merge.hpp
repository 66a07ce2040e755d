// Merge: all recordings as one history, in the order of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/verify/recordings.hpp"
#include "sim/verify/sightings.hpp"

namespace leasehold::verify {

/// Where an event of the common history stands: for citing.
struct Place {
    std::uint32_t file = 0;  ///< index; kPutTogether = made from sightings
    std::uint64_t line = 0;
};
inline constexpr std::uint32_t kPutTogether = ~0U;

struct Merged {
    std::vector<Place> places;  ///< of event number i + 1
    TrueTime end{};             ///< of the common history, which begins at 0
};

/// Hands the common history to `observers`: records renumbered from 1, times counted from the
/// first record. A process without an end, recorded or declared, was killed at its last record, or
/// runs on when that lies within `still_running` of the end of all. Or an error, one line.
[[nodiscard]] Result<Merged, std::string> merge(const Recordings& recordings,
                                                const Sightings& sightings, Duration still_running,
                                                const std::vector<Observer*>& observers);

}  // namespace leasehold::verify
