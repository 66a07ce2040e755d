// Objects of the bucket and files of the local store, as both drivers show them to the model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model/base/blob.hpp"
#include "model/base/strong.hpp"
#include "model/base/text.hpp"
#include "model/base/time.hpp"

namespace leasehold {

/// Who wrote an object's content, when, and what it must be. In a fenced object it stands in the
/// header before the payload; in a plain object, in user metadata.
struct Stamp {
    Epoch epoch;                 ///< 0: foreign, or written with HA off
    std::uint64_t writer = 0;    ///< hash_text(identity)
    std::uint64_t write_id = 0;  ///< unique per writer
    std::uint64_t length = 0;    ///< of the payload, bytes
    ContentDigest digest;        ///< of the payload; of what is to come in a tombstone's place
    bool tombstone = false;      ///< the key was removed
    friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// An object's bytes on their way to or from the bucket. The driver sends `head`, then the
/// payload, and `metadata` as x-amz-meta-* fields; it copies and interprets nothing.
struct ObjectBody {
    std::string head;      ///< encoded header (fenced objects), else empty
    std::string metadata;  ///< encoded stamp (plain objects with HA on), else empty
    Blob payload;
    friend bool operator==(const ObjectBody&, const ObjectBody&) = default;
};
using ObjectBodyPtr = std::shared_ptr<const ObjectBody>;

struct ListEntry {
    ObjectKey key;
    ETag etag;
    std::uint64_t size = 0;
    friend bool operator==(const ListEntry&, const ListEntry&) = default;
};
/// One page of ListObjectsV2: entries in UTF-8 byte order.
struct ListPage {
    std::vector<ListEntry> entries;
    bool truncated = false;  ///< more follow after the last entry
    friend bool operator==(const ListPage&, const ListPage&) = default;
};
using ListPagePtr = std::shared_ptr<const ListPage>;

enum class BucketVerb : std::uint8_t { get, put, remove, list };

/// S3 error codes, as far as the model tells them apart (a HEAD or a proxy may give none).
enum class BucketCode : std::uint8_t {
    none,
    no_such_key,
    no_such_bucket,
    precondition_failed,
    conditional_request_conflict,
    slow_down,
    access_denied,
    not_implemented,
    internal_error,
    other
};

/// One answer of the bucket in plain wire terms.
struct BucketReply {
    std::int32_t status = 0;  ///< HTTP status; 0 = none came (time-out, broken, aborted)
    BucketCode code = BucketCode::none;
    bool not_sent = false;  ///< certainly never left this process (no permit)
    Duration retry_after{0};
    ETag etag;  ///< of the object got or written
    std::variant<std::monostate, ObjectBodyPtr, ListPagePtr> content;
    bool names_condition = false;  ///< the error's text names If-Match or If-None-Match
    friend bool operator==(const BucketReply&, const BucketReply&) = default;
};

/// What an answer lets one know. 409, 5xx, a time-out and a broken connection are `unknown` for
/// a write, never "exists"; for a read they mean that nothing was learnt.
enum class BucketOutcome : std::uint8_t {
    object,
    unchanged,
    missing,
    written,
    removed,
    page,
    precondition_failed,  ///< 412, and 404 NoSuchKey on a PUT with If-Match
    throttled,            ///< 503 SlowDown or 429: back off; a write may still be unknown
    denied,               ///< 401, 403, NoSuchBucket, other 4xx: certainly not applied
    refused,              ///< 501, or a 400 that names the condition: the store does no conditions
    not_sent,
    unknown
};

/// The one mapping from wire terms to knowledge, for both drivers.
[[nodiscard]] BucketOutcome classify(BucketVerb verb, const BucketReply& reply);

/// What the local store keeps beside a file's payload.
struct FileTag {
    Epoch epoch;  ///< of the object that it copies, or that its leadership claimed; 0: none claimed
    ETag etag;    ///< of the object whose content this is (or was derived from); empty = none
    bool dirty = false;  ///< content that the bucket is not known to hold
    bool tagged = true;  ///< false: a file that was there before HA was switched on
    /// Of the write whose content this is (Stamp::write_id); orders versions within one epoch.
    std::uint64_t write_id = 0;
    friend bool operator==(const FileTag&, const FileTag&) = default;
};
struct FileEntry {
    ObjectKey key;
    FileTag tag;
    Blob payload;
    friend bool operator==(const FileEntry&, const FileEntry&) = default;
};
using FileList = std::vector<FileEntry>;

/// What is known of one key: its object in the bucket, its local file, or both.
struct IndexEntry {
    ObjectKey key;
    ETag etag;               ///< version last seen in the bucket; empty = none known
    Epoch epoch;             ///< of the version whose stamp is known; 0 = not known, or plain
    std::uint64_t size = 0;  ///< of the local payload, else of the object as it was listed, bytes
    bool local = false;      ///< a local file answers queries
    bool dirty = false;      ///< it holds what the bucket is not known to hold
    friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

enum class FileVerb : std::uint8_t {
    list,   ///< all entries, once at Start
    load,   ///< one payload
    store,  ///< payload and tag, atomically (temporary file, fsync, rename)
    retag,  ///< tag alone
    remove
};
enum class FileStatus : std::uint8_t { ok, missing, corrupt, no_space, io_error };

/// One answer of the local store.
struct FileReply {
    FileStatus status = FileStatus::ok;
    std::shared_ptr<const FileList> entries;  ///< list: all; load: exactly one
};

}  // namespace leasehold
