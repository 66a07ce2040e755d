// The row of --check-bucket about clocks: stores refuse requests signed by one that is far off.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/server_clock.hpp"
#include "agent/host/bucket_check.hpp"

namespace leasehold::agent {

/// One answer, as far as clocks are concerned.
struct ClockWitness {
    std::int32_t status = 0;           ///< 0: no answer came
    std::string word;                  ///< the server's own, as "RequestTimeTooSkewed"
    std::string words;                 ///< all that there is for people
    std::optional<ClockOffset> clock;  ///< none: it gave no time
};

/// What the first answer says of the two clocks; none when there was no answer, or no server.
[[nodiscard]] std::optional<BucketFinding> clock_finding(BucketType type, const ClockWitness& seen);

/// What to do about a request that was refused because of the time at which it was signed; empty:
/// it was not, as far as can be told.
[[nodiscard]] std::string clock_advice(BucketType type, const ClockWitness& refused);

}  // namespace leasehold::agent
