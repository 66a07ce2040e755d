// This machine's wall clock beside a server's, as far as one answer tells.
#pragma once

#include <optional>

#include "agent/transfer/client.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// How far this machine's wall clock is from a server's.
struct ClockOffset {
    Duration ahead;   ///< this machine's less the server's, at best guess
    Duration within;  ///< the true difference is at most so far from it
};

/// From the Date of an answer to what was sent at `sent`. None without one that is a date, or when
/// a cache gave it (Age): it is then as old as what was kept.
[[nodiscard]] std::optional<ClockOffset> clock_offset(const Response& response, const Now& sent,
                                                      const Now& received);

}  // namespace leasehold::agent
