// GcsClient: the bucket behind Google Cloud Storage.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/gcs_reply.hpp"
#include "agent/bucket/google_plan.hpp"
#include "agent/bucket/store_client.hpp"

namespace leasehold::agent {

class GcsClient : public StoreClient {
  public:
    /// Throws std::runtime_error when curl cannot be set up or a variable is wrong. Tokens are
    /// asked for when the first request wants one.
    GcsClient(const BucketConfig& config, const BucketContext& context, Deliver deliver,
              const VariableLookup& environment);
    /// The same for a plan that is known, and whose store may be another than Google's.
    GcsClient(const BucketConfig& config, const BucketContext& context, Deliver deliver,
              const GooglePlan& plan);

  private:
    [[nodiscard]] Request http_request(Job& job, const BodyHash& hash,
                                       const Credentials& credentials) override;
    [[nodiscard]] bool brings_content(const Job& job) const override;
    [[nodiscard]] std::string_view stamp_header() const override;
    [[nodiscard]] Taken take(Job& job, const Response& response, ObjectBodyPtr object,
                             bool gate_closed) override;

    GcsPlace place_;
};

}  // namespace leasehold::agent
