// Events: everything that can happen to a replica. They come in by Replica::step.
//
// Plain data, at most 64 bytes each (hot path): large content travels by handle.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>

#include "model/base/blob.hpp"
#include "model/base/strong.hpp"
#include "model/base/text.hpp"
#include "model/base/time.hpp"
#include "model/protocol/lease.hpp"
#include "model/protocol/object.hpp"
#include "model/protocol/pod.hpp"

namespace leasehold {

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

/// The driver has learned which container this process runs in (own_container). At most once.
struct OwnContainer {
    ContainerPtr container;
};
/// A report of the Pod that was watched (WatchHolder) proves that `container` has ended (ended_at).
/// Once for each watch; of one that was stopped it is no less true.
struct HolderEnded {
    ContainerPtr container;
    WallTime finished;  ///< when, as ended_at() has it
    Version observed;  ///< of the Pod's report; told, not judged: what has ended stays so
};

using Event = std::variant<Start, Timer, Stop, LeaseAnswered, LeaseWatched, BucketAnswered,
                           FileAnswered, BackupRead, BackupWrite, BackupRemove, Query, Cancel,
                           OwnContainer, HolderEnded>;
static_assert(sizeof(Event) <= 64, "the hot path copies events");

}  // namespace leasehold
