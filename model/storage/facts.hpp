// Facts: what one machine of the storage learnt and another may have to know.
//
// A machine tells facts and knows nobody; the controller's arrows say who hears of them.
#pragma once

#include <variant>

#include "model/base/blob.hpp"
#include "model/base/key_table.hpp"
#include "model/base/stored_etag.hpp"
#include "model/base/time.hpp"
#include "model/protocol/stamp.hpp"
#include "model/storage/owner.hpp"

namespace leasehold::storage {

/// The bucket holds what a job wrote, under `etag` (empty: the key was deleted, HA off).
struct Committed {
    KeyId key{};
    Stamp stamp;  ///< as it was sent, not as it would be sent now
    ETag etag;
    bool newest = true;   ///< no later write of the key waits
    bool upload = false;  ///< of reconciling: nobody's call
};
/// A large creation's tombstone holds the key's place; the job goes on.
struct Placed {
    KeyId key{};
    Stamp stamp;
    ETag etag;
};
/// A try of what waits to be written (the claim included) failed; it was sent at `sent`.
struct TryFailed {
    Instant sent{};
};
/// An object carries an epoch above ours.
struct HigherEpoch {
    Epoch epoch;
    std::uint64_t writer = 0;
};
/// `.ha/epoch` holds our number now.
struct EpochClaimed {};
/// A Lease renewal sent from now on is wanted.
struct RenewalWanted {};
/// The store refused a condition by name: it does none.
struct ConditionsRefused {};
/// The store's answers contradict each other: its conditions are not to be relied upon.
struct Contradiction {};
/// Nothing of what waits got on for too long: another replica may do better.
struct GiveUp {};
/// The file store could not keep a fetched version.
struct NotKept {
    KeyId key{};
    ETag version;
};
/// A caller was given this version.
struct Served {
    KeyId key{};
    Stamp stamp;
};
/// A file of reconciling is ready to be uploaded.
struct UploadReady {
    KeyId key{};
    Blob payload;
    StoredETag over;  ///< of the object that the file was compared with; empty = none was there
};
/// Why an upload ended without being stored.
enum class NotStored : std::uint8_t {
    outdated,  ///< the object that it was decided over is another by now
    refused,   ///< by the store, which answers
    outage     ///< no answer, or a busy server's
};
struct UploadNotStored {
    KeyId key{};
    NotStored why = NotStored::outdated;
};

using Fact = std::variant<Committed, Placed, TryFailed, HigherEpoch, EpochClaimed, RenewalWanted,
                          ConditionsRefused, Contradiction, GiveUp, NotKept, Served, UploadReady,
                          UploadNotStored>;

}  // namespace leasehold::storage
