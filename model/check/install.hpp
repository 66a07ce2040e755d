// Install: a single install, the production machines with HA off, at a bucket and a disk that do at
// once what they are asked.
#pragma once

#include <map>

#include "model/check/file_table.hpp"
#include "model/protocol/history.hpp"
#include "model/replica/replica.hpp"

namespace leasehold::check {

/// Steps a Replica without election and performs its effects until nothing is left to answer, all
/// at one instant. Needs neither clock nor driver.
class Install {
  public:
    /// `storage`: that of the replicas that it stands beside; its own has HA off.
    Install(const StorageConfig& storage, Now now);

    /// What the bucket holds before anything is asked.
    void preload(const ObjectKey& key, const ETag& etag, const Blob& payload);
    /// Takes one event; its call is answered before this returns. A `now` before an earlier one
    /// counts as that one: a history that somebody recorded may be out of order.
    void step(Now now, const Event& event);

    /// The answer to the newest call; null = none of that kind was given.
    [[nodiscard]] const ReadDone* read_done() const;
    [[nodiscard]] const WriteDone* write_done() const;
    [[nodiscard]] const QueryDone* query_done() const;
    /// The payload in the bucket; null = none.
    [[nodiscard]] const Blob* stored(const ObjectKey& key) const;
    /// The version in the bucket; empty = none.
    [[nodiscard]] ETag version(const ObjectKey& key) const;

  private:
    struct Object {
        ETag etag;
        ObjectBodyPtr body;
    };

    void perform(Now now);
    [[nodiscard]] BucketReply answer(const SendBucket& request);
    [[nodiscard]] BucketReply get(const SendBucket& request) const;
    [[nodiscard]] BucketReply put(const SendBucket& request);
    [[nodiscard]] BucketReply list(const SendBucket& request) const;

    Replica replica_;
    Now last_;
    std::map<ObjectKey, Object> bucket_;
    FileTable files_;
    std::uint64_t versions_ = 0;
    Effects effects_;
    Effect answer_;  ///< the newest that answers a call
};

}  // namespace leasehold::check
