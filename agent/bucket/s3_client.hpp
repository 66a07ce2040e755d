// S3Client: the bucket behind any server that speaks S3.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/timer.hpp"
#include "agent/bucket/credentials_keeper.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/bucket/object_reader.hpp"
#include "agent/bucket/problem_log.hpp"
#include "agent/bucket/put_body.hpp"
#include "agent/bucket/s3_reply.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class S3Client : public BucketClient {
  public:
    /// Keys in files are read anew each minute at the latest.
    static constexpr Duration kRotation = std::chrono::seconds(45);

    /// Throws std::runtime_error when no credentials are configured or curl cannot be set up. A
    /// service that makes some is asked when the first request wants them.
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
        std::optional<TransferId> transfer;    ///< none while it waits
        std::optional<BodyHash> hash;          ///< it waits for credentials; none: for its hash
        std::string access_key;                ///< that it was signed with
        std::vector<BytesPtr> body;            ///< of a put
        std::shared_ptr<std::string> text;     ///< of an error or a page, as far as it came
        std::shared_ptr<ObjectReader> object;  ///< of a got object
    };

    void hash(RequestId id, PutBody body);
    void hashed(RequestId id, const BodyHash& hash);
    void leave(RequestId id, const BodyHash& hash);
    void wait_for_credentials(RequestId id, const BodyHash& hash);
    void credentials_came();
    void end_unsigned(RequestId id);
    [[nodiscard]] Request http_request(Job& job, const BodyHash& hash,
                                       const Credentials& credentials) const;
    void learn(const S3Reply& answer, const std::string& access_key);
    void ended(RequestId id, const Response& response);
    void answer_later(RequestId id, BucketReply reply);
    void end_waiting(RequestId id);
    void arm_waiting();
    void waiting_due();
    [[nodiscard]] bool gate_closed() const;
    [[nodiscard]] static bool changes(BucketVerb verb);
    [[nodiscard]] Client& client_of(BucketVerb verb);

    BucketConfig config_;
    BucketContext context_;
    Deliver deliver_;
    ProblemLog log_;
    bool checksum_refused_ = false;  ///< this store does not know x-amz-checksum-sha256
    std::map<RequestId, Job> jobs_;
    BoottimeTimer waiting_;            ///< the first deadline among those that wait
    std::shared_ptr<S3Client*> self_;  ///< for work on its way back from the pool
    Client reads_;                     ///< GET, LIST
    Client writes_;                    ///< PUT, DELETE: the sockets that the watchdog may shut
    std::unique_ptr<CredentialsKeeper> credentials_;
};

}  // namespace leasehold::agent
