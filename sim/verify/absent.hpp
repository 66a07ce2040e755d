// Absent: who held the Lease and is in none of the recordings.
//
// An agent that is missing acted all the same: what was judged without it proves nothing of the
// group. What one process shows by itself stays judged, and what broke stays broken.
#pragma once

#include <string>
#include <vector>

#include "model/check/result.hpp"
#include "sim/verify/sightings.hpp"

namespace leasehold::verify {

/// A process of an agent that wrote the Lease, and of which there is no recording.
struct Absent {
    std::string identity;
    TrueTime from{};   ///< first seen as the holder
    TrueTime until{};  ///< last seen, or seen as it gave way
};
/// In the order in which they held it. Foreign electors are none of ours: they leave the nonce of
/// an agent's write as it is. `end` is that of the recordings.
[[nodiscard]] std::vector<Absent> absent_holders(const Sightings& sightings, TrueTime end);

/// Takes back the verdicts on the group, and says who is missing; times count from `begin`.
void leave_open(check::RunResult& result, const std::vector<Absent>& absent, TrueTime begin);

}  // namespace leasehold::verify
