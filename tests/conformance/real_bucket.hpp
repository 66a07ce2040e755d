// RealBucket: a real S3 server behind the suite's interface, through the agent's client.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/bucket/bucket_client.hpp"
#include "agent/bucket/bucket_config.hpp"
#include "tests/conformance/bucket_server.hpp"

namespace leasehold::conformance {

class RealBucket : public BucketServer {
  public:
    /// `config`'s bucket exists; this run writes below a prefix of its own, and leaves there what
    /// it wrote.
    explicit RealBucket(agent::BucketConfig config);

    /// Another prefix.
    void fresh() override;
    std::vector<BucketReply> perform(std::span<const BucketCall> calls) override;

  private:
    using Answer = std::function<void(BucketReply)>;

    agent::BucketClient& client_of(std::uint32_t number);
    void send(std::uint32_t client, SendBucket request, Answer answer);
    BucketReply fill(const BucketCall& call);
    /// Runs the loop until all is answered but `left` requests.
    void run_until(std::size_t left);

    agent::BucketConfig config_;
    std::string prefix_;
    agent::asio::io_context loop_;
    agent::FilePool pool_;
    std::uint64_t buckets_ = 0;
    std::uint64_t requests_ = 0;
    std::map<RequestId, Answer> waiting_;
    std::map<std::uint32_t, std::unique_ptr<agent::BucketClient>> clients_;
};

}  // namespace leasehold::conformance
