// S3Client: the bucket behind any server that speaks S3.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/bucket/s3_proof.hpp"
#include "agent/bucket/s3_reply.hpp"
#include "agent/bucket/store_client.hpp"

namespace leasehold::agent {

class S3Client : public StoreClient {
  public:
    /// Keys in files are read anew each minute at the latest.
    static constexpr Duration kRotation = std::chrono::seconds(45);

    /// Throws std::runtime_error when no credentials are configured or curl cannot be set up. A
    /// service that makes some is asked when the first request wants them.
    S3Client(const BucketConfig& config, const BucketContext& context, Deliver deliver,
             const VariableLookup& environment, Duration rotation = kRotation);

  private:
    [[nodiscard]] Request http_request(Job& job, const BodyHash& hash,
                                       const Credentials& credentials) override;
    [[nodiscard]] bool brings_content(const Job& job) const override;
    [[nodiscard]] std::string_view stamp_header() const override;
    [[nodiscard]] Taken take(Job& job, const Response& response, ObjectBodyPtr object,
                             bool gate_closed) override;
    void learn(const S3Reply& answer, const Job& job);

    BucketConfig config_;
    S3Proof proof_;
};

}  // namespace leasehold::agent
