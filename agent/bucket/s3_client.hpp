// S3Client: the bucket behind any server that speaks S3.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/timer.hpp"
#include "agent/bucket/credentials.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/bucket/object_reader.hpp"
#include "agent/bucket/problem_log.hpp"
#include "agent/bucket/put_body.hpp"
#include "agent/bucket/s3_reply.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class S3Client : public BucketClient {
  public:
    /// Credentials are read anew each minute at the latest.
    static constexpr Duration kRotation = std::chrono::seconds(45);

    /// Throws std::runtime_error when there are no credentials or curl cannot be set up.
    S3Client(const BucketConfig& config, const BucketContext& context, Deliver deliver,
             const VariableLookup& environment, Duration rotation = kRotation);

    void send(const SendBucket& request) override;
    void abort(RequestId request) override;
    void resume(RequestId request) override;

  private:
    /// An exchange, from send() to its answer.
    struct Job {
        SendBucket request;
        Instant deadline;
        std::optional<TransferId> transfer;    ///< none while its body is hashed
        std::vector<BytesPtr> body;            ///< of a put
        std::shared_ptr<std::string> text;     ///< of an error or a page, as far as it came
        std::shared_ptr<ObjectReader> object;  ///< of a got object
    };

    void hash(RequestId id, PutBody body);
    void hashed(RequestId id, const BodyHash& hash);
    void leave(RequestId id, const BodyHash& hash);
    [[nodiscard]] Request http_request(Job& job, const BodyHash& hash) const;
    void learn(const S3Reply& answer);
    void ended(RequestId id, const Response& response);
    void answer_later(RequestId id, BucketReply reply);
    void end_hashing(RequestId id);
    void arm_hashing();
    void hashing_due();
    void read_credentials();
    [[nodiscard]] bool gate_closed() const;
    [[nodiscard]] static bool changes(BucketVerb verb);
    [[nodiscard]] Client& client_of(BucketVerb verb);

    BucketConfig config_;
    BucketContext context_;
    Deliver deliver_;
    CredentialSource source_;
    ProblemLog log_;
    Duration rotation_period_;
    Credentials credentials_;
    std::string credentials_problem_;
    bool reading_credentials_ = false;
    bool checksum_refused_ = false;  ///< this store does not know x-amz-checksum-sha256
    std::map<RequestId, Job> jobs_;
    BoottimeTimer rotation_;           ///< credentials are read anew
    BoottimeTimer hashing_;            ///< the first deadline among the bodies that are hashed
    std::shared_ptr<S3Client*> self_;  ///< for work on its way back from the pool
    Client reads_;                     ///< GET, LIST
    Client writes_;                    ///< PUT, DELETE: the sockets that the watchdog may shut
};

}  // namespace leasehold::agent
