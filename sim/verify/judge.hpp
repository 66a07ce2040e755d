// Judge: the invariants over recordings, as a result that the reports can write.
#pragma once

#include <string>
#include <vector>

#include "model/check/result.hpp"
#include "sim/verify/recordings.hpp"

namespace leasehold::verify {

/// What real machines are allowed; upper bounds, for liveness alone.
struct Bounds {
    Duration timer_grace = std::chrono::milliseconds(250);  ///< lateness of a busy event loop
    Duration api_round_trip = std::chrono::seconds(1);      ///< a healthy Lease request
    Duration bucket_request = std::chrono::seconds(5);      ///< a healthy GET, PUT or LIST
    Duration transfer = std::chrono::seconds(10);           ///< moving the largest object
    /// A recording that ends so near the end of all is of a process that runs on.
    Duration still_running = std::chrono::seconds(5);
};

/// The verdicts on `files`, with the timeline if it is asked for; `recorder` (may be null) gets the
/// whole history too. Or one line: what can't be read,
/// or does not belong together.
[[nodiscard]] Result<check::RunResult, std::string> judge(const std::vector<std::string>& files,
                                                          const Bounds& bounds, bool timeline,
                                                          Observer* recorder = nullptr);

}  // namespace leasehold::verify
