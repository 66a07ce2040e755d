// Makes the client of a configured bucket.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/base/duties.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/base/socket_set.hpp"
#include "agent/base/write_gate.hpp"
#include "agent/bucket/bucket_client.hpp"
#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/server_clock.hpp"

namespace leasehold::agent {

/// What a bucket client shares with the rest of the agent; all of it outlives the client.
struct BucketContext {
    asio::io_context& loop;
    FilePool& pool;               ///< for hashing and for the directory's files
    const WriteGate* gate;        ///< puts are aborted once it is closed; null: never
    SocketSet* uploads;           ///< sockets of puts and removes; null: not kept
    std::string spool_directory;  ///< for large objects on their way in
    Duties* duties = nullptr;     ///< told of what fails and works; null: nobody is
    /// Takes the server's own word for each answer as it comes ("BlobNotFound"; empty: it had
    /// none); null: nobody asks.
    std::string* word = nullptr;
    /// Takes the region of the bucket where a refusal names it (S3); null: nobody asks.
    std::string* region = nullptr;
    /// Takes what each answer says of the server's clock; null: nobody asks.
    std::optional<ClockOffset>* clock = nullptr;
};

/// A client for `config`. Throws std::runtime_error when it cannot be set up.
[[nodiscard]] std::unique_ptr<BucketClient> make_bucket(const BucketConfig& config,
                                                        const BucketContext& context,
                                                        BucketClient::Deliver deliver);

}  // namespace leasehold::agent
