// Leadership: what the rest of a replica, and its driver, may know of the election.
#pragma once

#include "model/base/strong.hpp"
#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

/// What the rest of the replica may know of the election.
struct Leadership {
    Role role = Role::follower;
    Term term;
    Instant valid_until{};   ///< leader: the gate's end
    Instant renewed_sent{};  ///< leader: when the newest successful renewal was sent
    bool draining = false;   ///< leader that was told to stop and still renews
    /// Leader by the proof of another's end: how long the Lease would have been waited out without
    /// it. Until then what that one has sent may land where conditions hold nothing back.
    Instant landing_until{};
    friend bool operator==(const Leadership&, const Leadership&) = default;
};

}  // namespace leasehold
