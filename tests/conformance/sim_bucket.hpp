// SimBucket: the simulator's bucket behind the suite's interface.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "sim/world/bucket.hpp"
#include "tests/conformance/bucket_server.hpp"

namespace leasehold::conformance {

/// Copyable: a copy goes its own way from here.
class SimBucket : public BucketServer {
  public:
    explicit SimBucket(const sim::BucketSpec& spec) : spec_(spec), bucket_(spec) {}

    void fresh() override { *this = SimBucket(spec_); }
    /// One after another.
    std::vector<BucketReply> perform(std::span<const BucketCall> calls) override;
    BucketReply apply(const BucketCall& call);

    /// What it holds.
    [[nodiscard]] const std::map<ObjectKey, ObjectBodyPtr>& objects() const { return objects_; }
    /// The version of each of them.
    [[nodiscard]] const std::map<ObjectKey, ETag>& tags() const { return tags_; }

  private:
    BucketReply one(const SendBucket& request);
    sim::BucketSpec spec_;
    sim::Bucket bucket_;
    std::map<ObjectKey, ObjectBodyPtr> objects_;
    std::map<ObjectKey, ETag> tags_;
};

}  // namespace leasehold::conformance
