// Bucket rules: bucket.epochs-increase, bucket.no-stale-commit, bucket.acknowledged-survives.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "model/check/facts.hpp"

namespace leasehold::check {

/// Judges commits in the order in which the bucket made them, and the acknowledgements of
/// writes against them. Keeps one commit per key, and more only while a write of it is open.
class BucketRules {
  public:
    explicit BucketRules(Facts& facts) : facts_(facts) {}

    void committed(const ObjectCommitted& record);
    /// A BackupWrite or BackupRemove came to a replica.
    void write_began(const ReplicaStepped& step, CallId call, const ObjectKey& key, bool removes);
    void write_done(const ReplicaStepped& step, const WriteDone& done);
    /// A replica notes that an object went back: somebody is called out of bed for that.
    void alarmed(const ReplicaStepped& step);
    /// Does `index` have an unanswered write or removal of `key`?
    [[nodiscard]] bool writes_open(ReplicaIndex index, const ObjectKey& key) const;
    /// The epoch of the claim whose object had that ETag, of the last ones; 0 = none.
    [[nodiscard]] Epoch claimed_as(const ETag& etag) const;
    void process_ended(ReplicaIndex index);

  private:
    struct Commit {
        std::uint64_t sequence = 0;  ///< per key
        ETag etag;                   ///< empty = deleted
        Epoch epoch;
        ReplicaIndex writer = kNobody;
        bool absent = false;  ///< deleted, or a tombstone
        TrueTime at{};
        std::uint64_t number = 0;
    };
    struct Key {
        std::deque<Commit> commits;  ///< oldest first; the last is what the bucket holds
        std::uint64_t next = 1;
        std::uint32_t open_writes = 0;
        Epoch newest;  ///< of replicas' commits
        Epoch top;     ///< of all commits, and the newest write in it
        std::uint64_t top_write = 0;
        std::uint64_t newest_number = 0;
        ReplicaIndex newest_writer = kNobody;
        Epoch acknowledged;  ///< of what the bucket holds, if that was acknowledged
        bool is_acknowledged = false;
        std::uint64_t acknowledged_number = 0;
        ReplicaIndex acknowledger = kNobody;
    };
    struct Write {
        CallId call;
        bool removes = false;
        std::uint64_t began = 0;  ///< sequence of the key's next commit then
        std::map<ObjectKey, Key>::iterator key;
    };

    [[nodiscard]] static bool equal_tombstones(const Commit& a, const Commit& b);
    void claimed(const ObjectCommitted& record);
    void ranked(const ObjectCommitted& record, Key& key);
    void check_epoch(const ObjectCommitted& record, const Commit& commit, const Key& key);
    void check_acknowledged(const ObjectCommitted& record, const Commit& commit, const Key& key);
    [[nodiscard]] bool removal_is_open(const ObjectCommitted& record) const;
    void check_ack(const ReplicaStepped& step, const WriteDone& done, const Write& write);
    void forget(Key& key);
    [[nodiscard]] bool fenced() const {
        return facts_.settings.elects && facts_.settings.storage.ha;
    }

    Facts& facts_;
    std::map<ObjectKey, Key> keys_;
    std::vector<std::vector<Write>> writes_;     ///< open ones of each replica
    std::vector<Epoch> claims_;                  ///< newest of each replica
    std::deque<std::pair<ETag, Epoch>> landed_;  ///< the last claims, of whomever
    bool went_back_ = false;                     ///< some object has ever been an older one
    Epoch last_claim_;
    std::uint64_t last_claim_number_ = 0;
    ReplicaIndex last_claimant_ = kNobody;
};

}  // namespace leasehold::check
