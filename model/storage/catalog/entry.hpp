// Entry: what is known of one key, on the local disk and in the bucket.
#pragma once

#include <cstdint>

#include "model/base/blob.hpp"
#include "model/base/stored_etag.hpp"
#include "model/protocol/object.hpp"
#include "model/storage/catalog/version.hpp"

namespace leasehold::storage {

/// What a GET showed.
enum class FoundKind : std::uint8_t { data, tombstone, missing, corrupt, denied, nothing };
struct Found {
    FoundKind kind = FoundKind::nothing;
    Stamp stamp;
    ETag etag;
    Blob payload;
    Duration retry_after{0};
    bool current = false;  ///< the key did not change since the GET left
    bool stale = false;    ///< older than a version that this process committed, kept or served
    VersionId torn{};      ///< corrupt: the version that its header names; epoch 0 = none readable
    [[nodiscard]] bool absent() const {
        return kind == FoundKind::missing || kind == FoundKind::tombstone;
    }
    /// A large creation's tombstone, which names the content that is to come in its place. That of
    /// a removal names none.
    [[nodiscard]] bool keeps_place() const {
        return kind == FoundKind::tombstone && stamp.digest != ContentDigest{};
    }
};

/// The local file as it will be once the changes in flight are done. 24 + 16 + 24 bytes; the flags
/// stand in the entry.
struct Local {
    VersionId version;
    StoredETag etag;  ///< of the object whose content this is, or was derived from
    std::uint64_t size = 0;
    ContentDigest digest;
    friend bool operator==(const Local&, const Local&) = default;
};

/// The object as it was seen last.
struct View {
    StoredETag etag;         ///< empty = none known
    std::uint64_t size = 0;  ///< as it was listed, bytes
    VersionId version;       ///< meaningful if examined
    friend bool operator==(const View&, const View&) = default;
};

/// One key. The catalog alone writes it.
/// File and object are told apart, each with its own version: whoever takes one for the other
/// uploads an old file over a new object, or serves a removed key.
struct Entry {
    Local local;
    View view;
    std::uint32_t generation = 0;  ///< grows with each change, and is never set back
    std::uint32_t listed = 0;      ///< number of the newest LIST that showed the key
    bool has_local : 1 = false;
    bool dirty : 1 = false;      ///< local: content that the bucket is not known to hold
    bool tagged : 1 = false;     ///< local: false for a file of before HA, and with HA off
    bool examined : 1 = false;   ///< view: a GET or our own PUT showed this version's stamp
    bool tombstone : 1 = false;  ///< view: of its ETag, known also when examined no longer
    bool corrupt : 1 = false;    ///< view, if examined
    bool missed : 1 = false;     ///< the last complete LIST didn't show it
    /// No local file counts, but an older one may lie on the disk: a store over it failed.
    bool left_behind : 1 = false;

    /// A local copy of the object as it is in the bucket, or was when it was fetched.
    [[nodiscard]] bool clean() const { return has_local && !dirty && tagged; }
    /// The bucket is known to hold nothing readable under the key.
    [[nodiscard]] bool absent() const { return view.etag.empty() || (examined && tombstone); }
    /// What bears the view's ETag, if anything does, is a tombstone. Its purge may have had no
    /// answer, so that a GET has to tell whether it is still there; the key is removed either way.
    [[nodiscard]] bool buried() const { return !view.etag.empty() && tombstone; }
    [[nodiscard]] FileTag tag() const {
        return FileTag{local.version.epoch, local.etag.etag(), dirty, tagged,
                       local.version.write_id};
    }
    friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace leasehold::storage
