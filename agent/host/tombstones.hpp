// remove_tombstones: what removed keys left in the bucket, deleted for good
// (leasehold-agent --remove-tombstones).
//
// A tombstone keeps a late PUT of an old leader from bringing a removed key back. Where the store
// has no conditional DELETE that is atomic a leader therefore never deletes one, and their LIST
// cost grows with each removal. This is for an operator who has ended all replicas: then nothing is
// late once the largest request age has passed.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "agent/config/config.hpp"

namespace leasehold::agent {

struct TombstonesRemoved {
    std::size_t objects = 0;     ///< below the prefix
    std::size_t tombstones = 0;  ///< of these
    std::size_t removed = 0;
    std::size_t written = 0;  ///< somebody wrote the key meanwhile: left alone
    std::string error;        ///< what ended it early; empty: nothing
};

/// Deletes the tombstones below the configured prefix, `.ha/` apart. Blocks: it looks at all
/// objects, waits out the largest request age, and looks at each tombstone once more. `tell` gets a
/// line before the wait. Throws std::exception when no client can be made.
[[nodiscard]] TombstonesRemoved remove_tombstones(
    const AgentConfig& config, const std::function<void(const std::string&)>& tell);

}  // namespace leasehold::agent
