// Job: one write on its way into the bucket, and the lane of its key.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/base/backoff.hpp"
#include "model/base/blob.hpp"
#include "model/base/stored_etag.hpp"
#include "model/base/strong.hpp"
#include "model/base/time.hpp"
#include "model/protocol/object.hpp"
#include "model/storage/leader/second_look.hpp"
#include "model/storage/owner.hpp"

namespace leasehold::storage {

/// Where a job stands. It holds a place exactly while a request of it is in flight.
enum class JobState : std::uint8_t {
    queued,       ///< wants a place
    in_flight,    ///< `request` is on its way, and a place is held for it
    backing_off,  ///< until `retry_at`
    blocked       ///< another change of its key is on its way
};

/// A write or removal that a leader accepted, or an upload of reconciling (no call).
/// One write of one key, through all its attempts. Its id is the write id of its stamp in each of
/// them, so that whichever attempt was stored is recognised and an answer that was lost costs a
/// look, not a second object.
struct Job {
    KeyId key{};
    std::optional<CallId> call;
    /// Calls whose unsent writes this one overtook: they are answered when it is.
    /// Their answer is this job's: had they been stored, this write would have replaced them.
    std::vector<CallId> overtaken;
    JobId order;  ///< its turn: that of the first write it overtook
    Blob payload;
    bool tombstone = false;
    JobState state = JobState::queued;
    bool tried = false;  ///< a request of it has left
    /// Once true it stays: then the job can end as committed or unknown, never as failed or fenced.
    bool maybe_applied = false;  ///< an attempt's outcome is unknown
    bool look_next = false;      ///< before another PUT: GET
    bool placing = false;        ///< the PUT in flight is the tombstone of a large creation
    StoredETag over;             ///< upload: of the object that it was decided over
    Stamp sent;                  ///< of the newest attempt
    /// Kept for one look: if that shows the same version, the store contradicts itself.
    std::optional<ETag>
        refused;     ///< condition of the newest attempt, which met 412; empty = create
    ETag condition;  ///< of the newest attempt: If-Match; empty = If-None-Match
    std::uint32_t contradictions = 0;
    std::uint32_t refusals = 0;  ///< 412, whatever a look showed then
    SecondLook unreadable;
    Backoff failures;
    Instant retry_at = kNever;
    RequestId request;
    [[nodiscard]] bool upload() const { return !call.has_value(); }
    friend bool operator==(const Job&, const Job&) = default;
};

/// The writes of one key: one is worked on, and at most one waits behind it, for of several that
/// wait only the last will matter.
struct Lane {
    JobId head;
    std::optional<JobId> next;
    friend bool operator==(const Lane&, const Lane&) = default;
};

}  // namespace leasehold::storage
