// BucketSession: the configured bucket, asked one question after the other, for commands that a
// person runs. Blocks; a command has nothing else to do.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/base/duties.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/bucket/make_bucket.hpp"
#include "agent/config/config.hpp"

namespace leasehold::agent {

class BucketSession {
  public:
    /// Throws std::exception when no client can be made of the configuration.
    explicit BucketSession(const AgentConfig& config);

    /// A request with an id of its own, `key` empty for a LIST from the start; not sent yet.
    [[nodiscard]] SendBucket request(BucketVerb verb, const ObjectKey& key);
    void send(const SendBucket& what);
    void resume(RequestId id) { bucket_->resume(id); }
    /// The answer to what was sent; each can be had once.
    [[nodiscard]] BucketReply wait(RequestId id);
    [[nodiscard]] BucketReply ask(const SendBucket& what);
    struct Told {
        BucketOutcome outcome = BucketOutcome::unknown;
        BucketReply reply;
    };
    /// Asks until the answer is about the question itself, three times at most: what never came or
    /// says "later" after a while, a refusal at once, since a region that was guessed and keys that
    /// have ended are learnt from the first. Ids are its own.
    [[nodiscard]] Told insist(SendBucket what);
    [[nodiscard]] bool answered(RequestId id) const { return answers_.contains(id); }
    /// Lets what is under way go on for `span`.
    void pass(Duration span);

    /// The server's words to the last question sent, or what there was in their place: libcurl's.
    [[nodiscard]] std::string words(const BucketReply& reply) const;
    /// The status of the last answer with the server's own word for it: "404 BlobNotFound".
    [[nodiscard]] std::string status_and_word(const BucketReply& reply) const;
    /// The server's own word for the last answer; empty: it had none.
    [[nodiscard]] const std::string& word() const { return word_; }
    /// Where the bucket is, by the last refusal that said so; empty: none did.
    [[nodiscard]] const std::string& region() const { return region_; }
    /// What the last answer says of the server's clock.
    [[nodiscard]] const std::optional<ClockOffset>& clock() const { return clock_; }

  private:
    asio::io_context loop_;
    FilePool pool_;
    Duties duties_;
    Duty asked_ = Duty::bucket_reads;   ///< of the last question
    std::string word_;                  ///< of the last answer
    std::string region_;                ///< of the last refusal that named one
    std::optional<ClockOffset> clock_;  ///< of the last answer
    std::map<RequestId, BucketReply> answers_;
    std::uint64_t requests_ = 0;
    std::unique_ptr<BucketClient> bucket_;
};

}  // namespace leasehold::agent
