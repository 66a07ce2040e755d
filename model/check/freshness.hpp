// Freshness: follower.freshness.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// A follower must show each commit of a tracked key (its file's tag, or a read's answer, with
/// that ETag or a later one) within poll period * max(1, ceil(pass / poll period)) + pass +
/// transfer, counted from the commit or from the start of its window if that is later: while it
/// runs as a follower with a healthy bucket path. Its passes are measured as they are made.
/// Removals and foreign writes end what was owed, for what they replaced can't be got any more; and
/// so does an older version that was stored over a newer one: followers keep what they have.
class Freshness {
  public:
    explicit Freshness(Facts& facts);

    void committed(const ObjectCommitted& record);
    void file_sent(const ReplicaStepped& step, const ReplicaFacts& self, const SendFile& file);
    void read_done(const ReplicaStepped& step, const ReplicaFacts& self, const ObjectKey& key,
                   const ETag& etag) {
        if (applies_) shown(self, step.replica, key, etag);
    }
    /// A GET brought the object. A file that holds something of this replica's own, not older
    /// and not yet stored in the bucket, keeps it and shows nothing: then the answer counts.
    void got(const ReplicaStepped& step, const ReplicaFacts& self, const ObjectKey& key,
             const ETag& etag);
    /// The answer to a list of the local files: what survived a restart.
    void files_listed(const ReplicaStepped& step, const ReplicaFacts& self, const FileReply& reply);

    void pass_request_sent(const ReplicaStepped& step, const SendBucket& request);
    /// A query reads through: until that ends, what a pass found of its key waits.
    void look_sent(ReplicaIndex index) { ++station(index).looks; }
    void pass_request_answered(TrueTime at, ReplicaIndex index);

    void process_started(ReplicaIndex index);
    /// Something about this replica may have changed: is it in a window?
    void changed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// Something disturbed it for an instant: its window begins anew.
    void disturbed(TrueTime at, std::uint64_t number, ReplicaIndex index);
    /// fresh_check has passed: is something overdue?
    void check(TrueTime at, std::uint64_t number, ReplicaIndex index);
    void finish(TrueTime end);

    /// A GET or LIST, whoever wants it.
    void request_sent(const ReplicaStepped& step, RequestId request);
    void request_answered(TrueTime at, ReplicaIndex index, RequestId request);

    [[nodiscard]] bool applies() const { return applies_; }
    /// Commits that some follower had to show.
    [[nodiscard]] std::uint64_t owed() const { return owed_; }

  private:
    struct Commit {
        std::uint64_t sequence = 0;
        ETag etag;
        TrueTime at{};
        std::uint64_t number = 0;
    };
    /// What one replica has of a key.
    struct Copy {
        std::uint64_t seen = 0;  ///< newest sequence shown
        ETag etag;               ///< of its file: a commit of the same ETag needs no new one
        bool dirty = false;
    };
    struct Key {
        std::deque<Commit> commits;  ///< owed ones, oldest first; bounded
        std::uint64_t next = 1;
        Epoch epoch;  ///< these two: of the newest version, by its stamp
        std::uint64_t write_id = 0;
        std::vector<Copy> copies;  ///< by replica
    };
    struct Sent {
        RequestId request;
        TrueTime at{};
    };
    struct Station {
        bool in_window = false;
        TrueTime start{};
        std::uint32_t era = 0;
        TrueTime pass_began{};
        TrueTime pass_last{};
        std::uint32_t outstanding = 0;     ///< requests of the present pass
        std::size_t looks = 0;             ///< read-throughs of queries since it began
        std::array<Duration, 3> passes{};  ///< the newest complete ones
        std::vector<Sent> flights;         ///< GETs and LISTs without an answer
    };

    void shown(const ReplicaFacts& self, ReplicaIndex index, const ObjectKey& key,
               const ETag& etag);
    [[nodiscard]] Duration bound(const Station& station, TrueTime at) const;
    [[nodiscard]] bool fits(const ReplicaFacts& replica) const;
    [[nodiscard]] Station& station(ReplicaIndex index) { return part_of(stations_, index); }
    [[nodiscard]] bool tracked(const ObjectKey& key) const;
    [[nodiscard]] static Copy& copy(Key& key, ReplicaIndex index);
    /// Would taking note of the file change nothing?
    [[nodiscard]] bool is_noted(ReplicaIndex index, const FileEntry& entry) const;
    void note_file(ReplicaIndex index, const ObjectKey& key, const FileTag& tag);
    [[nodiscard]] const Commit* oldest_unseen(const Key& key, ReplicaIndex index) const;

    Facts& facts_;
    bool applies_;
    Duration period_;  ///< in true time at most
    std::uint64_t owed_ = 0;
    std::map<ObjectKey, Key> keys_;
    std::vector<Station> stations_;
};

}  // namespace leasehold::check
