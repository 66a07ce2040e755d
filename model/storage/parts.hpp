// The parts of the RWStorageController's state: what it keeps per key, per call, per request.
//
// Plain data, compared and copied member by member; the rules stand beside the functions that
// change it (reads.cpp, polling.cpp, writes.cpp ...).
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "model/base/blob.hpp"
#include "model/base/strong.hpp"
#include "model/base/text.hpp"
#include "model/base/time.hpp"
#include "model/protocol/object.hpp"

namespace leasehold::storage {

/// What a request is for; decides who gets its answer.
enum class Purpose : std::uint8_t {
    file_index,
    file_change,
    read_get,
    read_load,
    pass_list,
    pass_get,
    query_get,
    query_load,
    write_attempt,
    write_check,
    write_fence,
    abandoned_write,
    claim_get,
    claim_put,
    probe_put,
    probe_delete,
    probe_cleanup,
    purge,
    reconcile_list,
    reconcile_get,
    reconcile_load
};

/// A request that was sent and not answered.
struct Flight {
    Purpose purpose = Purpose::file_index;
    BucketVerb verb = BucketVerb::get;  ///< of a bucket request
    ObjectKey key;
    std::uint64_t owner = 0;  ///< job or call
    Instant sent{};
    Duration timeout{0};
    std::uint64_t changes = 0;  ///< Tracked::changes when it was sent
    friend bool operator==(const Flight&, const Flight&) = default;
};

/// A file of the local store as it will be once the requests in flight are done.
struct LocalFile {
    FileTag tag;
    std::uint64_t size = 0;
    ContentDigest digest;
    friend bool operator==(const LocalFile&, const LocalFile&) = default;
};

enum class FileChange : std::uint8_t { none, store, retag, remove };

/// A key: its entry of the file index and its entry of the bucket view.
struct Tracked {
    std::optional<LocalFile> local;
    ETag remote;                    ///< version last seen in the bucket; empty = none known
    std::uint64_t remote_size = 0;  ///< bytes of the version that a LIST showed last
    ETag examined;                  ///< version whose stamp is known: the next two members
    Epoch epoch;
    bool tombstone = false;
    bool missed = false;        ///< the last complete pass didn't list it
    std::uint64_t listed = 0;   ///< number of the newest LIST that showed it
    std::uint64_t changes = 0;  ///< grows with each change; tells late answers from current ones
    RequestId file_request;     ///< the one change of the file in flight; 0 = none
    FileChange file_next = FileChange::none;  ///< to be sent after it
    std::optional<Blob> held;  ///< payload of a store that is not done: queries take it from here
    friend bool operator==(const Tracked&, const Tracked&) = default;
};

enum class CallKind : std::uint8_t { read, query, write };

/// A call that is not answered.
struct Call {
    CallKind kind = CallKind::read;
    ObjectKey key;
    ETag known;  ///< read
    Instant deadline = kNever;
    std::uint64_t job = 0;    ///< write
    RequestId request;        ///< query: its one request
    bool riding = false;      ///< read: the flight of its key was sent after it came
    std::uint32_t tries = 0;  ///< read: leader GETs sent for it
    friend bool operator==(const Call&, const Call&) = default;
};

/// The reads of one key and their one flight, which no caller owns.
struct KeyReads {
    std::set<CallId> calls;
    RequestId flight;  ///< 0 = none
    Instant retry_at = kNever;
    std::uint64_t queued = 0;  ///< place in the queue for a leader GET; 0 = not queued
    friend bool operator==(const KeyReads&, const KeyReads&) = default;
};

enum class TimerKind : std::uint8_t {
    read_retry,
    job_retry,
    claim_retry,
    probe_retry,
    pass_tick,
    pass_resume,
    reconcile_due,
    reconcile_retry,
    purge_due,
    usable
};

/// Something to look at again at `at`. Out of date ones are legal and do nothing.
struct TimerEntry {
    Instant at{};
    TimerKind kind = TimerKind::usable;
    std::uint64_t owner = 0;
    ObjectKey key;
    friend auto operator<=>(const TimerEntry&, const TimerEntry&) = default;
};

/// One LIST-and-diff pass of a follower.
struct Pass {
    std::uint64_t number = 0;  ///< of the LIST
    Instant started{};
    RequestId list;       ///< page in flight; 0 = none
    ObjectKey after;      ///< last key of the last page
    bool listed = false;  ///< all pages have come
    bool failed = false;
    std::uint32_t errors = 0;
    Instant resume_at{};          ///< back-off: nothing is sent before
    std::deque<ObjectKey> queue;  ///< keys to GET; those with waiting reads in front
    std::set<RequestId> gets;
    friend bool operator==(const Pass&, const Pass&) = default;
};

/// A follower polls.
struct Following {
    std::optional<Pass> pass;
    Instant began{};  ///< of this polling: its first tick
    Instant next_tick = kNever;
    bool starts_with_index = false;  ///< the first pass waits for the file index
    std::uint64_t valid_from = 0;    ///< listed since then = of the newest pass
    friend bool operator==(const Following&, const Following&) = default;
};

enum class JobState : std::uint8_t { queued, putting, checking, backing_off };

/// A write or removal that a leader accepted, or an upload of reconciling (no call).
struct Job {
    ObjectKey key;
    std::optional<CallId> call;
    Blob payload;
    bool tombstone = false;
    JobState state = JobState::queued;
    bool active = false;         ///< holds one of the puts_max places
    bool maybe_applied = false;  ///< an attempt's outcome is unknown
    bool check_next = false;     ///< after backing off: GET before another PUT
    std::uint32_t tries = 0;
    Instant retry_at = kNever;
    RequestId request;
    friend bool operator==(const Job&, const Job&) = default;
};

enum class ClaimState : std::uint8_t { idle, getting, renewing, putting, backing_off, claimed };

/// The claim of the bucket's epoch by this leadership.
struct Claim {
    ClaimState state = ClaimState::idle;
    Epoch epoch;                    ///< claimed, or being put
    Epoch stored;                   ///< renewing: what the GET found
    ETag etag;                      ///< renewing: its version; empty = missing
    Epoch floor;                    ///< a higher epoch found on an object: to be raised above
    Instant answered_at{};          ///< renewing: the renewal must be sent after this
    Instant renewed_before{};       ///< renewing: the newest renewal when the answer came
    std::uint64_t first_write = 0;  ///< smallest write id of this claim's PUTs; 0 = none sent
    bool raising = false;
    std::uint32_t tries = 0;
    Instant retry_at = kNever;
    friend bool operator==(const Claim&, const Claim&) = default;
};

/// The search for local files that the bucket lacks, and for objects that the files lack.
struct Reconcile {
    bool listing = false;
    std::uint64_t number = 0;
    ObjectKey after;
    std::uint32_t tries = 0;
    Instant retry_at = kNever;
    Instant due_at = kNever;
    std::uint32_t runs = 0;
    std::deque<ObjectKey> keys;
    std::set<ObjectKey> active;
    friend bool operator==(const Reconcile&, const Reconcile&) = default;
};

enum class ProbeState : std::uint8_t { idle, putting, backing_off, done };

/// A tombstone that waits to be deleted for good.
struct Grave {
    ETag etag;
    Instant due{};
    friend bool operator==(const Grave&, const Grave&) = default;
};
/// The tombstones that this leadership knows.
struct Purge {
    std::map<ObjectKey, Grave> graves;              ///< waiting
    std::set<std::pair<Instant, ObjectKey>> queue;  ///< the same by `due`
    std::map<ObjectKey, ETag> active;               ///< DELETE in flight, with this If-Match
    friend bool operator==(const Purge&, const Purge&) = default;
};

/// A leader claims, writes, reads through.
struct Leading {
    Term term;
    Instant valid_until{};
    Instant renewed_sent{};
    Claim claim;
    ProbeState probe = ProbeState::idle;
    std::uint32_t probe_tries = 0;
    Instant probe_retry_at = kNever;
    Reconcile reconcile;
    Purge purge;
    bool epoch_seen = false;            ///< this very step showed that .ha/epoch holds our number
    std::map<std::uint64_t, Job> jobs;  ///< by write id
    std::map<ObjectKey, std::deque<std::uint64_t>> lanes;  ///< one in flight per key, in order
    std::set<std::pair<bool, std::uint64_t>> ready;        ///< heads to start; uploads last
    std::uint32_t active = 0;
    std::set<std::pair<std::uint64_t, ObjectKey>> read_queue;  ///< keys waiting for a GET's place
    std::uint32_t reads_in_flight = 0;
    std::optional<Instant> failing_since;  ///< the bucket gave nothing usable since
    Instant failing_known{};               ///< when that was first known
    bool failing_confirmed = false;        ///< a request sent after that failed too
    Instant waiting_since{};               ///< since when something waits to be written
    friend bool operator==(const Leading&, const Leading&) = default;
};

/// Not started.
struct Idle {
    friend bool operator==(const Idle&, const Idle&) = default;
};
/// Stopped: every call was answered.
struct Ended {
    friend bool operator==(const Ended&, const Ended&) = default;
};

/// What a GET showed.
enum class FoundKind : std::uint8_t { data, tombstone, missing, corrupt, denied, nothing };
struct Found {
    FoundKind kind = FoundKind::nothing;
    Stamp stamp;
    ETag etag;
    Blob payload;
};

/// What is known of the store's preconditions (of PUT, of DELETE); kept over leaderships.
enum class Preconditions : std::uint8_t { unknown, honoured, ignored };

}  // namespace leasehold::storage
