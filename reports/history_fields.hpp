// Fields of the vocabulary and of the history's records, for the JSON archive.
#pragma once

#include "model/election/elector.hpp"
#include "model/storage/config.hpp"
#include "reports/json_archive.hpp"

namespace leasehold {

// Found by argument-dependent lookup from reports::encode and reports::decode.
using reports::Like;

template <class A>
void fields(A& a, Like<ContentDigest> auto& v) {
    a("high", v.high);
    a("low", v.low);
}

/// The handle to the bytes is the driver's and is not written.
template <class A>
void fields(A& a, Like<Blob> auto& v) {
    a("size", v.size);
    a("digest", v.digest);
}

template <class A>
void fields(A& a, Like<Container> auto& v) {
    a("pod", v.pod);
    a("podUid", v.pod_uid);
    a("id", v.id);
}

template <class A>
void fields(A& a, Like<LeaseRecord> auto& v) {
    a("holder", v.holder);
    a("durationSeconds", v.duration_seconds);
    a("transitions", v.transitions);
    a("acquireTime", v.acquire_time);
    a("renewTime", v.renew_time);
    a("nonce", v.nonce);
    a("acquisition", v.acquisition);
    a("released", v.released);
    a("maxLeaseSeconds", v.max_lease_seconds);
    a("container", v.container);
    a("containerMark", v.container_mark);
}

// Bound by position, so that a setting which is added and not recorded does not compile: a verdict
// over a recording must know all that was in force.
template <class A>
void fields(A& a, Like<ElectorConfig> auto& v) {
    auto& [identity, lease_duration, renew_deadline, retry_period, drift_ppm, margin,
           client_go_peers, longest_lease, max_lease_duration, believe_ended_holder, seed] = v;
    a("identity", identity);
    a("leaseDuration", lease_duration);
    a("renewDeadline", renew_deadline);
    a("retryPeriod", retry_period);
    a("driftPpm", drift_ppm);
    a("margin", margin);
    a("clientGoPeers", client_go_peers);
    a("longestLease", longest_lease);
    a("maxLeaseDuration", max_lease_duration);
    a("believeEndedHolder", believe_ended_holder);
    a("seed", seed);
}

template <class A>
void fields(A& a, Like<StorageConfig> auto& v) {
    auto& [ha, identity, format, prefix, file_store, store_not_atomic, poll_period, lease_duration,
           retry_period, get_timeout, put_timeout, timeout_per_mib, list_timeout,
           read_through_timeout, write_deadline, retry_min, retry_max, largest_request_age,
           leader_reads_max, pass_gets_max, puts_max, uploads_max, read_through_max] = v;
    a("ha", ha);
    a("identity", identity);
    a("format", format);
    a("prefix", prefix);
    a("fileStore", file_store);
    a("storeNotAtomic", store_not_atomic);
    a("pollPeriod", poll_period);
    a("leaseDuration", lease_duration);
    a("retryPeriod", retry_period);
    a("getTimeout", get_timeout);
    a("putTimeout", put_timeout);
    a("timeoutPerMib", timeout_per_mib);
    a("listTimeout", list_timeout);
    a("readThroughTimeout", read_through_timeout);
    a("writeDeadline", write_deadline);
    a("retryMin", retry_min);
    a("retryMax", retry_max);
    a("largestRequestAge", largest_request_age);
    a("leaderReadsMax", leader_reads_max);
    a("passGetsMax", pass_gets_max);
    a("putsMax", puts_max);
    a("uploadsMax", uploads_max);
    a("readThroughMax", read_through_max);
}

template <class A>
void fields(A& a, Like<Lease> auto& v) {
    a("version", v.version);
    a("uid", v.uid);
    a("record", v.record);
    a("extra", v.extra);
}

template <class A>
void fields(A& a, Like<LeaseReply> auto& v) {
    a("status", v.status);
    a("reason", v.reason);
    a("notSent", v.not_sent);
    a("aboutLease", v.about_lease);
    a("retryAfter", v.retry_after);
    a("lease", v.lease);
}

template <class A>
void fields(A& a, Like<Stamp> auto& v) {
    a("epoch", v.epoch);
    a("writer", v.writer);
    a("writeId", v.write_id);
    a("length", v.length);
    a("digest", v.digest);
    a("tombstone", v.tombstone);
}

template <class A>
void fields(A& a, Like<ObjectBody> auto& v) {
    a("head", v.head);
    a("metadata", v.metadata);
    a("payload", v.payload);
}

template <class A>
void fields(A& a, Like<ListEntry> auto& v) {
    a("key", v.key);
    a("etag", v.etag);
    a("size", v.size);
}

template <class A>
void fields(A& a, Like<ListPage> auto& v) {
    a("entries", v.entries);
    a("truncated", v.truncated);
}

/// The content is written as two fields, of which at most one is not null.
template <class A>
void fields(A& a, Like<BucketReply> auto& v) {
    a("status", v.status);
    a("code", v.code);
    a("notSent", v.not_sent);
    a("namesCondition", v.names_condition);
    a("retryAfter", v.retry_after);
    a("etag", v.etag);
    ObjectBodyPtr body;
    ListPagePtr page;
    if (const auto* held = std::get_if<ObjectBodyPtr>(&v.content)) body = *held;
    if (const auto* held = std::get_if<ListPagePtr>(&v.content)) page = *held;
    a("body", body);
    a("page", page);
    if constexpr (A::kReads) {
        if (body && page) throw reports::JsonError("'body' and 'page' exclude each other");
        if (body)
            v.content = body;
        else if (page)
            v.content = page;
        else
            v.content = std::monostate{};
    }
}

template <class A>
void fields(A& a, Like<FileTag> auto& v) {
    a("epoch", v.epoch);
    a("etag", v.etag);
    a("dirty", v.dirty);
    a("tagged", v.tagged);
    a("writeId", v.write_id);
}

template <class A>
void fields(A& a, Like<FileEntry> auto& v) {
    a("key", v.key);
    a("tag", v.tag);
    a("payload", v.payload);
}

template <class A>
void fields(A& a, Like<FileReply> auto& v) {
    a("status", v.status);
    a("entries", v.entries);
}

// ---- events -------------------------------------------------------------------------------------

template <class A>
void fields(A&, Like<Start> auto&) {}
template <class A>
void fields(A&, Like<Timer> auto&) {}
template <class A>
void fields(A& a, Like<Stop> auto& v) {
    a("deadline", v.deadline);
}
template <class A>
void fields(A& a, Like<LeaseAnswered> auto& v) {
    a("request", v.request);
    a("reply", v.reply);
}
template <class A>
void fields(A& a, Like<LeaseWatched> auto& v) {
    a("watch", v.watch);
    a("kind", v.kind);
    a("version", v.version);
    a("lease", v.lease);
}
template <class A>
void fields(A& a, Like<BucketAnswered> auto& v) {
    a("request", v.request);
    a("reply", v.reply);
}
template <class A>
void fields(A& a, Like<FileAnswered> auto& v) {
    a("request", v.request);
    a("reply", v.reply);
}
template <class A>
void fields(A& a, Like<BackupRead> auto& v) {
    a("call", v.call);
    a("key", v.key);
    a("known", v.known);
    a("deadline", v.deadline);
}
template <class A>
void fields(A& a, Like<BackupWrite> auto& v) {
    a("call", v.call);
    a("key", v.key);
    a("payload", v.payload);
}
template <class A>
void fields(A& a, Like<BackupRemove> auto& v) {
    a("call", v.call);
    a("key", v.key);
}
template <class A>
void fields(A& a, Like<Query> auto& v) {
    a("call", v.call);
    a("key", v.key);
    a("deadline", v.deadline);
}
template <class A>
void fields(A& a, Like<Cancel> auto& v) {
    a("call", v.call);
}

template <class A>
void fields(A& a, Like<OwnContainer> auto& v) {
    a("container", v.container);
}
template <class A>
void fields(A& a, Like<HolderEnded> auto& v) {
    a("container", v.container);
    a("finished", v.finished);
    a("observed", v.observed);
}

// ---- effects ------------------------------------------------------------------------------------

template <class A>
void fields(A& a, Like<RoleChanged> auto& v) {
    a("role", v.role);
    a("term", v.term);
}
template <class A>
void fields(A& a, Like<GateMoved> auto& v) {
    a("term", v.term);
    a("validUntil", v.valid_until);
}
template <class A>
void fields(A&, Like<Stopped> auto&) {}
template <class A>
void fields(A& a, Like<SendLease> auto& v) {
    a("request", v.request);
    a("verb", v.verb);
    a("lease", v.lease);
    a("timeout", v.timeout);
}
template <class A>
void fields(A& a, Like<WatchLease> auto& v) {
    a("watch", v.watch);
    a("from", v.from);
}
template <class A>
void fields(A& a, Like<StopWatch> auto& v) {
    a("watch", v.watch);
}
template <class A>
void fields(A& a, Like<SendBucket> auto& v) {
    a("request", v.request);
    a("verb", v.verb);
    a("condition", v.condition);
    a("key", v.key);
    a("etag", v.etag);
    a("body", v.body);
    a("prefix", v.prefix);
    a("timeout", v.timeout);
    a("stalled", v.stalled);
}
template <class A>
void fields(A& a, Like<AbortBucket> auto& v) {
    a("request", v.request);
}
template <class A>
void fields(A& a, Like<ResumeBucket> auto& v) {
    a("request", v.request);
}
template <class A>
void fields(A& a, Like<SendFile> auto& v) {
    a("request", v.request);
    a("verb", v.verb);
    a("key", v.key);
    a("tag", v.tag);
    a("payload", v.payload);
}
template <class A>
void fields(A& a, Like<ReadDone> auto& v) {
    a("call", v.call);
    a("outcome", v.outcome);
    a("epoch", v.epoch);
    a("etag", v.etag);
    a("payload", v.payload);
}
template <class A>
void fields(A& a, Like<WriteDone> auto& v) {
    a("call", v.call);
    a("ack", v.ack);
    a("epoch", v.epoch);
    a("etag", v.etag);
}
template <class A>
void fields(A& a, Like<QueryDone> auto& v) {
    a("call", v.call);
    a("outcome", v.outcome);
    a("epoch", v.epoch);
    a("etag", v.etag);
    a("payload", v.payload);
}
template <class A>
void fields(A& a, Like<Mark> auto& v) {
    a("mark", v.mark);
}

template <class A>
void fields(A& a, Like<WatchHolder> auto& v) {
    a("container", v.container);
}
template <class A>
void fields(A&, Like<StopHolderWatch> auto&) {}

// ---- records ------------------------------------------------------------------------------------
// ReplicaStepped, with its event and effects, and the texts that are views are the codec's own.

template <class A>
void fields(A& a, Like<ClockPiece> auto& v) {
    a("since", v.since);
    a("monotonic", v.monotonic);
    a("ratePpb", v.rate_ppb);
}
template <class A>
void fields(A& a, Like<ProcessEnded> auto& v) {
    a("replica", v.replica);
    a("cause", v.cause);
}
template <class A>
void fields(A& a, Like<ClockChanged> auto& v) {
    a("replica", v.replica);
    a("clock", v.clock);
}
template <class A>
void fields(A& a, Like<RequestLeft> auto& v) {
    a("replica", v.replica);
    a("request", v.request);
    a("verb", v.verb);
    a("permitted", v.permitted);
}
template <class A>
void fields(A& a, Like<LeaseCommitted> auto& v) {
    a("writer", v.writer);
    a("before", v.before);
    a("after", v.after);
    a("restored", v.restored);
}
template <class A>
void fields(A& a, Like<ObjectCommitted> auto& v) {
    a("writer", v.writer);
    a("key", v.key);
    a("etag", v.etag);
    a("stamp", v.stamp);
    a("version", v.version);
}
template <class A>
void fields(A& a, Like<PathChanged> auto& v) {
    a("replica", v.replica);
    a("apiHealthy", v.api_healthy);
    a("bucketHealthy", v.bucket_healthy);
}

}  // namespace leasehold
