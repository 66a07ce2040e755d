// StorageStatus: what an operator may want to know of the storage.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/base/strong.hpp"
#include "model/storage/capabilities.hpp"

namespace leasehold {

/// Made by a look at every key when somebody asks for it; no rule depends on it.
struct StorageStatus {
    Epoch epoch;  ///< claimed; 0 = not a leader, not claimed, or HA off
    storage::Capabilities store;
    std::size_t keys = 0;
    std::size_t tombstones = 0;         ///< removed keys whose tombstone the bucket still holds
    std::uint64_t tombstone_bytes = 0;  ///< of these: a header each
    std::size_t list_pages = 0;         ///< of 1,000 keys, that a LIST has, tombstones included
    std::size_t writes_waiting = 0;
    std::size_t puts_in_flight = 0;
};

}  // namespace leasehold
