// The vocabulary of a replica: everything that can happen to it, everything that it can do.
//
// Events come in by Replica::step, effects leave in the order in which they must be performed.
// All are plain data. An event is at most 64 bytes (hot path): large content travels by handle.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "model/base/blob.hpp"
#include "model/base/marks.hpp"
#include "model/base/strong.hpp"
#include "model/base/text.hpp"
#include "model/base/time.hpp"
#include "model/election/lease.hpp"
#include "model/storage/object.hpp"

namespace leasehold {

// ---- events -------------------------------------------------------------------------------------

/// The process began. First event, exactly once.
struct Start {};
/// Time passed. Late and spurious ones are legal; next_deadline() says when one is due.
struct Timer {};
/// End in order: admit nothing, drain, release, emit Stopped by `deadline` at the latest.
struct Stop {
    Instant deadline;
};
/// The answer to a SendLease; exactly one for each, `status` 0 at its time-out.
struct LeaseAnswered {
    RequestId request;
    LeaseReply reply;
};
/// Something came from a watch (WatchLease). Events of a watch that was stopped are dropped.
struct LeaseWatched {
    WatchId watch;
    WatchKind kind = WatchKind::ended;
    Version version;  ///< of a deletion or bookmark
    LeasePtr lease;   ///< of seen
};
/// The answer to a SendBucket; exactly one for each.
struct BucketAnswered {
    RequestId request;
    std::shared_ptr<const BucketReply> reply;
};
/// The answer to a SendFile; exactly one for each.
struct FileAnswered {
    RequestId request;
    FileReply reply;
};
/// A pipeline wants the backup of `key` in a version other than `known` (empty: any). A follower
/// waits for it; a leader reads through. kNever = no deadline.
struct BackupRead {
    CallId call;
    ObjectKey key;
    ETag known;
    Instant deadline = kNever;
};
/// A pipeline saves a window. Followers skip it.
struct BackupWrite {
    CallId call;
    ObjectKey key;
    std::shared_ptr<const Blob> payload;
};
/// A pipeline removes a window (retention). Followers skip it.
struct BackupRemove {
    CallId call;
    ObjectKey key;
};
/// A user's question. Answered in its step or by exactly one request of its own, by `deadline`.
struct Query {
    CallId call;
    ObjectKey key;
    Instant deadline = kNever;
};
/// The caller of a read or query went away. Its call is answered `cancelled`, at once.
struct Cancel {
    CallId call;
};

using Event = std::variant<Start, Timer, Stop, LeaseAnswered, LeaseWatched, BucketAnswered,
                           FileAnswered, BackupRead, BackupWrite, BackupRemove, Query, Cancel>;
static_assert(sizeof(Event) <= 64, "the hot path copies events");

// ---- effects ------------------------------------------------------------------------------------

enum class Role : std::uint8_t { follower, leader, stopped };

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

using Effect =
    std::variant<RoleChanged, GateMoved, Stopped, SendLease, WatchLease, StopWatch, SendBucket,
                 AbortBucket, SendFile, ReadDone, WriteDone, QueryDone, Mark>;
/// The driver's buffer: cleared and reused from step to step.
using Effects = std::vector<Effect>;

}  // namespace leasehold
