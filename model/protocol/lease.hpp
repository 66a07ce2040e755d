// The Lease as both drivers show it to the model, and the answers of the Lease API in wire terms.
//
// Fields and behaviour: coordination.k8s.io/v1; what a real server answers is in the conformance
// tests' specification. MicroTime has microseconds: renew and acquire times are whole ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "model/base/strong.hpp"
#include "model/base/time.hpp"
#include "model/protocol/pod.hpp"

namespace leasehold {

/// A Lease's spec and the annotations that are ours (0 or empty = annotation absent).
struct LeaseRecord {
    std::string holder;                    ///< holderIdentity; empty = released
    std::int32_t duration_seconds = 0;     ///< leaseDurationSeconds
    std::int32_t transitions = 0;          ///< leaseTransitions, +1 on each change of holder
    std::optional<WallTime> acquire_time;  ///< acquireTime, whole microseconds
    std::optional<WallTime> renew_time;    ///< renewTime, whole microseconds
    std::uint64_t nonce = 0;               ///< names the write that made this record
    std::uint64_t acquisition = 0;         ///< nonce of the write that acquired this leadership
    std::uint64_t released = 0;  ///< on an empty holder: names this very release (release_mark)
    std::int32_t max_lease_seconds = 0;  ///< how long it binds at least, whatever the spec says
    Container container{};               ///< that the holder runs in; empty = not told
    std::uint64_t container_mark = 0;    ///< ties `container` to this very record (container_mark)
    friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

/// A Lease object: its identity, its record and whatever else it holds, echoed on every PUT.
struct Lease {
    Version version;  ///< metadata.resourceVersion
    std::string uid;  ///< metadata.uid; empty when creating
    LeaseRecord record;
    std::string extra;  ///< labels, foreign annotations, unknown fields: opaque to the model
    friend bool operator==(const Lease&, const Lease&) = default;
};
using LeasePtr = std::shared_ptr<const Lease>;

enum class LeaseVerb : std::uint8_t { get, create, update };

/// metav1.StatusReason, as far as the model tells them apart.
enum class StatusReason : std::uint8_t {
    none,
    not_found,
    already_exists,
    conflict,
    invalid,
    bad_request,
    unauthorized,
    forbidden,
    too_many_requests,
    timeout,
    expired,
    internal_error,
    unavailable,
    other
};

/// One answer of the Lease API in plain wire terms; drivers fill it in and interpret nothing.
struct LeaseReply {
    std::int32_t status = 0;  ///< HTTP status; 0 = none came (time-out, broken)
    StatusReason reason = StatusReason::none;
    bool not_sent = false;     ///< certainly never left this process
    bool about_lease = false;  ///< Status.details name kind leases and this Lease
    Duration retry_after{0};   ///< Retry-After, 0 = absent
    LeasePtr lease;            ///< the object of a 200 or 201
    friend bool operator==(const LeaseReply&, const LeaseReply&) = default;
};

/// What an answer lets one know. `unknown` is the only outcome of a time-out, a broken
/// connection and a 5xx: a write may then have been applied, or may yet be.
enum class LeaseOutcome : std::uint8_t {
    found,     ///< GET 200
    written,   ///< PUT 200 or POST 201
    missing,   ///< Status NotFound of kind leases with this name; nothing else is absence
    conflict,  ///< PUT: 409 Conflict (newer version, other uid, or no such Lease)
    exists,    ///< POST: 409 AlreadyExists
    rejected,  ///< certainly not applied: 4xx, 429, or never sent
    unknown
};

/// The one mapping from wire terms to knowledge, for both drivers.
[[nodiscard]] LeaseOutcome classify(LeaseVerb verb, const LeaseReply& reply);

/// What a watch of the Lease reports.
enum class WatchKind : std::uint8_t {
    seen,      ///< ADDED or MODIFIED, with the object
    deleted,   ///< DELETED, with the version of the deletion
    bookmark,  ///< BOOKMARK, with a version
    ended      ///< closed, broken, or an ERROR event such as 410 Expired
};

}  // namespace leasehold
