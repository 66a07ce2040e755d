// Contents: what each key was given and has held. Bookkeeping for the checkers, judges nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "model/check/facts.hpp"
#include "model/protocol/stamp.hpp"

namespace leasehold::check {

/// What is remembered of a payload: its size and digest.
[[nodiscard]] inline Blob without_bytes(const Blob& payload) {
    return {payload.size, payload.digest, nullptr};
}

/// Where a version stands among those of its key. Foreign changes begin a new generation: what
/// comes before and after them is in no order.
struct Rank {
    std::uint64_t generation = 0;
    Epoch epoch;
    std::uint64_t write_id = 0;
    std::uint64_t sequence = 0;  ///< of the commit, per key
    std::uint64_t origin = 0;    ///< Asked::number of its content; 0 = not known

    /// Older by the order of versions: epoch, then write id, then the order of the commits.
    [[nodiscard]] bool older_than(const Rank& other) const;
    /// Of a PUT that was sent again, both may be stored: one write under two ETags. Bytes without
    /// one are of either, so none of the two is older than the other.
    [[nodiscard]] bool same_write(const Rank& other) const {
        if (generation != other.generation || epoch != other.epoch || write_id != other.write_id)
            return false;
        // A plain object says nothing of its write; a store of generations (GCS) stores the same
        // bytes under ever new ones.
        return write_id != 0 || (origin != 0 && origin == other.origin);
    }
};

/// The stamp of a PUT of a process. Write ids grow within a process, and a write has its own when
/// it is accepted.
struct Stamped {
    std::uint64_t writer = 0;
    std::uint64_t write_id = 0;  ///< 0 = never sent
    [[nodiscard]] bool is(std::uint64_t by, std::uint64_t id) const {
        return write_id != 0 && writer == by && write_id == id;
    }
};

/// A write or removal that a leader accepted, or content that was there before the history.
struct Asked {
    Blob payload;  ///< without its bytes
    bool removes = false;
    bool open = false;    ///< not answered yet
    bool denied = false;  ///< answered Failed or Fenced: certainly not stored
    ReplicaIndex replica = kNobody;
    CallId call;
    std::uint64_t number = 0;  ///< event that brought it: the order in which contents came up
    std::uint64_t base = 0;    ///< the key's newest commit then
    Stamped sent;
    /// The newest that its process had sent when it came: a stamp that is not newer is not its.
    Stamped before;
    /// Asked::number of the older one whose PUT it may be as well; 0 = none
    std::uint64_t twin = 0;
    Epoch epoch;        ///< that its leadership had claimed, as its file or its PUT says; 0 = none
    bool alone = true;  ///< nobody else held one then, or since its leadership began
};

/// A version that the bucket has held.
struct Committed {
    Rank rank;
    ETag etag;     ///< empty = deleted
    Blob payload;  ///< as its stamp says
    bool absent = false;
    bool torn = false;     ///< damaged where it lies: nobody can have a copy of it
    bool repeats = false;  ///< an earlier one that was known then has the same ETag
    ReplicaIndex writer = kNobody;
    std::uint64_t stamp_writer = 0;
    std::uint64_t origin = 0;  ///< Asked::number of that content; 0 = not known
    Epoch epoch;               ///< Asked::epoch of that content
    TrueTime at{};
    std::uint64_t number = 0;
    /// Its content is that of the write.
    void is(const Asked& write) {
        origin = write.number;
        epoch = write.epoch;
    }
};

/// The newest acknowledged content of a key.
struct Acknowledged {
    std::uint64_t origin = 0;  ///< Asked::number; 0 = none
    std::uint64_t number = 0;  ///< event of the answer
    ReplicaIndex replica = kNobody;
    Blob payload;
    bool removes = false;
    bool alone = true;  ///< Asked::alone
    Epoch epoch;        ///< that it was answered with
};

/// One key's past, the newest of it: older entries are forgotten one by one.
struct KeyContents {
    std::deque<Asked> asked;
    std::deque<Committed> commits;
    bool forgot_asked = false;
    bool forgot_commits = false;
    std::uint64_t sequence = 0;  ///< of the newest commit
    std::uint64_t generation = 0;
    std::uint64_t became_present = 0;  ///< event that ended its newest absence
    TrueTime present_since{};          ///< likewise
    bool absent = true;
    Acknowledged acknowledged;

    /// The newest of that content, of `replica` if one is given; null = none.
    [[nodiscard]] const Asked* asked_as(const Blob& payload, ReplicaIndex replica = kNobody) const;
    /// The one that was sent under that stamp; null = none.
    [[nodiscard]] const Asked* sent_as(const Stamp& stamp) const;
    /// The newest of that content, of those that carry `epoch` if one is given; null = none.
    [[nodiscard]] const Committed* committed_as(const Blob& payload,
                                                std::optional<Epoch> epoch = {}) const;
    [[nodiscard]] const Committed* committed_as(const ETag& etag) const;
    /// The newest of that version that carries `epoch`, or else the newest of it: plain objects of
    /// equal bytes, such as all tombstones, have one ETag.
    [[nodiscard]] const Committed* committed_as(const ETag& etag, Epoch epoch) const;
    [[nodiscard]] Asked* asked_by(ReplicaIndex replica, CallId call);
};

class Contents {
  public:
    explicit Contents(Facts& facts) : facts_(facts) {}

    [[nodiscard]] KeyContents& of(const ObjectKey& key) { return keys_[key]; }
    /// Is it a key that pipelines write?
    [[nodiscard]] bool tracked(const ObjectKey& key) const {
        return !key.view().starts_with(".ha/");
    }

    void asked(const ReplicaStepped& step, CallId call, const ObjectKey& key,
               const std::shared_ptr<const Blob>& payload, bool removes);
    /// Files that a process found as it began: content of before, if nobody knows it.
    void files_listed(const ReplicaStepped& step, const FileReply& reply);
    /// A file is stored for an open write of the process.
    void file_sent(const ReplicaStepped& step, const SendFile& file);
    /// A PUT left with that stamp: it carries an open write of its process, or a local file.
    void put_sent(const ReplicaStepped& step, const SendBucket& request);
    const Committed& committed(const ObjectCommitted& record);
    /// The key of an open write; null = none of that id.
    [[nodiscard]] const ObjectKey* key_of(ReplicaIndex index, CallId call) const;
    /// The write was answered, and nobody will ask for it again.
    void forget(ReplicaIndex index, CallId call);
    /// A follower skipped it: that content never was.
    void never_was(ReplicaIndex index, CallId call);
    void process_ended(ReplicaIndex index);
    [[nodiscard]] const std::map<ObjectKey, KeyContents>& all() const { return keys_; }

  private:
    struct Open {
        CallId call;
        ObjectKey key;
    };
    void add(KeyContents& key, Asked asked);
    /// The write is open no longer; the contents of its key, null = none of that id was open.
    KeyContents* close(ReplicaIndex index, CallId call);

    Facts& facts_;
    std::map<ObjectKey, KeyContents> keys_;
    std::vector<std::vector<Open>> open_;  ///< writes of each process
    std::vector<Stamped> sent_;            ///< the newest PUT of each process
};

}  // namespace leasehold::check
