// StoreClient: what the clients of all stores behind HTTP have in common.
//
// Payloads are hashed before they leave, requests wait for credentials, the write gate and each
// request's deadline hold, and what goes wrong is told. What is on the wire is the store's own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/timer.hpp"
#include "agent/bucket/credentials_keeper.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/bucket/object_reader.hpp"
#include "agent/bucket/problem_log.hpp"
#include "agent/bucket/put_body.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class StoreClient : public BucketClient {
  public:
    void send(const SendBucket& request) override;
    void abort(RequestId request) override;
    void resume(RequestId request) override;

  protected:
    /// An exchange of the model's, from send() to its answer.
    struct Job {
        SendBucket request;
        Instant deadline;
        std::optional<TransferId> transfer;    ///< none while it waits
        Now left;                              ///< when the exchange under way did
        std::optional<BodyHash> hash;          ///< it waits for credentials; none: for its hash
        std::string access_key;                ///< that it was signed with
        bool signed_over_body = false;         ///< a put whose signature covers its body (S3)
        std::vector<BytesPtr> body;            ///< of a put
        std::shared_ptr<std::string> text;     ///< of an error or a page, as far as it came
        std::shared_ptr<ObjectReader> object;  ///< of a got object
        bool going_on = false;                 ///< the exchange before brought no answer yet
        std::string page;                      ///< of a LIST that goes on
    };
    /// What a store's answer means.
    struct Taken {
        BucketReply reply;
        std::string problem;      ///< for people; empty: all well
        bool unfinished = false;  ///< another exchange is needed for the model's answer
        std::string word;         ///< the server's own, for an error; empty: it had none
        std::string region = {};  ///< where the bucket is, if an error says so
    };

    /// Throws std::runtime_error when curl cannot be set up. `options` is for reads and writes
    /// alike; `hashes`: of the bodies of puts. Without keep_credentials() requests carry none.
    StoreClient(const BucketContext& context, Deliver deliver, const ClientOptions& options,
                const HashesWanted& hashes);
    /// Of the bodies of puts to come.
    void want(const HashesWanted& hashes) { hashes_ = hashes; }
    void keep_credentials(std::unique_ptr<CredentialsSource> source, std::optional<Grant> start);
    [[nodiscard]] CredentialsKeeper* keeper() { return credentials_.get(); }
    [[nodiscard]] static bool changes(BucketVerb verb);

  private:
    /// Method, URL, headers and body; the rest is added here.
    [[nodiscard]] virtual Request http_request(Job& job, const BodyHash& hash,
                                               const Credentials& credentials) = 0;
    /// Does the exchange under way bring the object's content when it is answered 200?
    [[nodiscard]] virtual bool brings_content(const Job& job) const = 0;
    /// Why no object of the store can have this key; null: it can.
    [[nodiscard]] virtual const char* unusable(std::string_view key) const;
    /// The header of an answer that holds the stamp of a plain object.
    [[nodiscard]] virtual std::string_view stamp_header() const = 0;
    /// `object` is set when content came with 200.
    [[nodiscard]] virtual Taken take(Job& job, const Response& response, ObjectBodyPtr object,
                                     bool gate_closed) = 0;

    void hash(RequestId id, PutBody body);
    void hashed(RequestId id, const BodyHash& hash);
    void leave(RequestId id, const BodyHash& hash);
    void wait_for_credentials(RequestId id, const BodyHash& hash);
    void credentials_came();
    void end_unsigned(RequestId id);
    void complete(Request& request, const Job& job) const;
    void ended(RequestId id, const Response& response);
    void answer_later(RequestId id, BucketReply reply);
    void end_waiting(RequestId id);
    void arm_waiting();
    void waiting_due();
    [[nodiscard]] bool gate_closed() const;
    [[nodiscard]] Client& client_of(BucketVerb verb);

    BucketContext context_;
    Deliver deliver_;
    HashesWanted hashes_;
    ProblemLog log_;
    std::map<RequestId, Job> jobs_;
    BoottimeTimer waiting_;               ///< the first deadline among those that wait
    std::shared_ptr<StoreClient*> self_;  ///< for work on its way back from the pool
    Client reads_;                        ///< GET, LIST
    Client writes_;                       ///< PUT, DELETE: the sockets that the watchdog may shut
    std::unique_ptr<CredentialsKeeper> credentials_;
};

}  // namespace leasehold::agent
