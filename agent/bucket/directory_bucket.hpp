// DirectoryBucket: a directory in a bucket's place, with S3's conditions (type FILESYSTEM).
//
// Strongly consistent among processes whose file system honours flock between them (local ones,
// NFS); every change is durable when it is answered. A stalled put is not held back: nobody sees
// half of an object here, and its condition is looked at under the lock, after the whole body.
#pragma once

#include <map>
#include <memory>

#include "agent/base/timer.hpp"
#include "agent/bucket/attempt.hpp"
#include "agent/bucket/bucket_client.hpp"
#include "agent/bucket/directory_store.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/bucket/problem_log.hpp"

namespace leasehold::agent {

class DirectoryBucket : public BucketClient {
  public:
    /// Throws std::system_error when the directory can't be made.
    DirectoryBucket(const BucketConfig& config, const BucketContext& context, Deliver deliver);

    void send(const SendBucket& request) override;
    void abort(RequestId request) override;

  private:
    struct Job {
        std::shared_ptr<Attempt> attempt;
        Instant deadline;
    };
    void ended(const SendBucket& request, DirectoryStore::Answer answer);
    void due();
    void arm();

    BucketContext context_;
    Deliver deliver_;
    std::shared_ptr<DirectoryStore> store_;  ///< work in the pool may outlive us
    std::map<RequestId, Job> jobs_;
    ProblemLog log_;
    BoottimeTimer timer_;
    std::shared_ptr<DirectoryBucket*> self_;
};

}  // namespace leasehold::agent
