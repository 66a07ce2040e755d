// Effects: everything that a replica can do. They leave a step in the order in which they must be
// performed; all are plain data.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "model/base/blob.hpp"
#include "model/base/marks.hpp"
#include "model/base/strong.hpp"
#include "model/base/text.hpp"
#include "model/base/time.hpp"
#include "model/protocol/lease.hpp"
#include "model/protocol/object.hpp"
#include "model/protocol/pod.hpp"

namespace leasehold {

enum class Role : std::uint8_t { follower, leader, stopped };
/// As a status names it, to people and programs.
[[nodiscard]] constexpr std::string_view word_of(Role role) {
    switch (role) {
        case Role::follower:
            return "follower";
        case Role::leader:
            return "leader";
        case Role::stopped:
            return "stopped";
    }
    return "";
}

/// The role changed. Stands after the GateMoved that belongs to it, before everything else.
struct RoleChanged {
    Role role = Role::follower;
    Term term;  ///< of the leadership that begins; 0 otherwise, and with HA off
};
/// The write gate is open until `valid_until` on this process's monotonic clock, and is closed
/// when that is not after now; it then closes by itself, without another event. Emitted at
/// every change. kNever with HA off.
struct GateMoved {
    Term term;
    Instant valid_until;
};
/// Last effect of a stopped replica; it ignores what comes after.
struct Stopped {};

/// One exchange with the Lease API, leaving now. `create` POSTs `lease`; `update` PUTs it with
/// its uid and version as preconditions. Answered once, at the latest after `timeout`.
struct SendLease {
    RequestId request;
    LeaseVerb verb = LeaseVerb::get;
    LeasePtr lease;
    Duration timeout{0};
};
/// Watch the Lease for what is newer than `from`. At most one watch is open.
struct WatchLease {
    WatchId watch;
    Version from;
};
struct StopWatch {
    WatchId watch;
};

enum class PutCondition : std::uint8_t { none, if_match, if_none_match };

/// One exchange with the bucket. A put leaves only with a permit (Replica::permit).
struct SendBucket {
    RequestId request;
    BucketVerb verb = BucketVerb::get;
    PutCondition condition = PutCondition::none;  ///< put: on `etag`; if_none_match means `*`
    ObjectKey key;       ///< list: start after this key (exclusive), empty = from the start
    ETag etag;           ///< put, remove: If-Match; get: If-None-Match; empty = absent
    ObjectBodyPtr body;  ///< put; a payload without bytes is that of the local file `key`
    ObjectKey prefix;    ///< list
    Duration timeout{0};
    /// Put: send half of the body now and the rest at ResumeBucket. Only the probe asks for it.
    bool stalled = false;
};
/// Send the rest of a stalled put. It never stalls again; its time-out runs on.
struct ResumeBucket {
    RequestId request;
};
/// Stop an exchange that is under way (a put whose gate closed). It is still answered once.
struct AbortBucket {
    RequestId request;
};
/// One operation of the local store. Answered once; no time-out.
struct SendFile {
    RequestId request;
    FileVerb verb = FileVerb::load;
    ObjectKey key;
    FileTag tag;   ///< store, retag
    Blob payload;  ///< store
};

enum class ReadOutcome : std::uint8_t {
    data,
    not_found,
    corrupt,
    failed,
    deadline,
    cancelled,
    shutdown
};
/// The one answer to a BackupRead. not_found only from a leader's own GET.
struct ReadDone {
    CallId call;
    ReadOutcome outcome = ReadOutcome::failed;
    Epoch epoch;   ///< data: of the object
    ETag etag;     ///< data: the version to give as `known` next time
    Blob payload;  ///< data
};
enum class WriteAck : std::uint8_t {
    committed,         ///< stored: the only answer that counts as backed up
    skipped_follower,  ///< this replica does not lead; nothing was touched
    fenced,            ///< leadership ended first; certainly not stored
    failed,            ///< certainly not stored
    unknown            ///< may be stored; could not be resolved in time
};
/// The one answer to a BackupWrite or BackupRemove.
struct WriteDone {
    CallId call;
    WriteAck ack = WriteAck::failed;
    Epoch epoch;
    ETag etag;  ///< committed: of the object written
};
enum class QueryOutcome : std::uint8_t { data, not_available_yet, deadline, cancelled, shutdown };
/// The one answer to a Query.
struct QueryDone {
    CallId call;
    QueryOutcome outcome = QueryOutcome::not_available_yet;
    Epoch epoch;
    ETag etag;
    Blob payload;
};
/// An interesting point was reached.
struct Mark {
    MarkId mark;
};

/// Watch the Pod that `container` runs in, by its name, from its present state on, until a report
/// proves the container's end (HolderEnded). At most one is open; nothing hangs on it but time.
struct WatchHolder {
    ContainerPtr container;
};
struct StopHolderWatch {};

using Effect = std::variant<RoleChanged, GateMoved, Stopped, SendLease, WatchLease, StopWatch,
                            SendBucket, AbortBucket, ResumeBucket, SendFile, ReadDone, WriteDone,
                            QueryDone, Mark, WatchHolder, StopHolderWatch>;
/// The driver's buffer: cleared and reused from step to step.
using Effects = std::vector<Effect>;

/// Notes that an interesting point was reached.
inline void mark(Effects& out, MarkId id) {
    out.emplace_back(Mark{id});
}

}  // namespace leasehold
