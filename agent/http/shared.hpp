// What the connections of a server share.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/base/file_pool.hpp"
#include "agent/http/access.hpp"
#include "agent/http/deadlines.hpp"
#include "agent/http/server.hpp"
#include "agent/http/service.hpp"
#include "agent/http/turns.hpp"
#include "agent/metrics/metrics.hpp"

namespace leasehold::agent {

/// A client's connection, as the server ends it.
class Served {
  public:
    virtual ~Served() = default;
    /// Ends it now if it is idle, or after its present answers.
    virtual void drain() = 0;
    /// Ends it at once; reads and queries that wait are cancelled.
    virtual void close() = 0;
};

struct Shared {
    Shared(asio::io_context& io, ServerOptions given, Service& host, Metrics& counters)
        : loop(io),
          options(std::move(given)),
          service(host),
          metrics(counters),
          access(options),
          deadlines(std::in_place, io),
          pool(std::make_unique<FilePool>(io, 2)),
          scratch(kScratch),
          uploads(io, options.upload_limit),
          listings(io, 1) {}

    static constexpr std::size_t kScratch = 64U << 10;
    /// For what was said last to be read. Closed at once, with bytes of the client unread, the
    /// kernel would take it back (RST).
    static constexpr Duration kLinger = std::chrono::seconds(2);
    /// Payloads are read in pieces of this size. A connection holds at most one, however slow
    /// its client is.
    static constexpr std::size_t kPiece = 64U << 10;
    /// Bodies are hashed in pieces of this size, or larger ones while the disk is behind; an upload
    /// holds at most two of those.
    static constexpr std::size_t kUploadPiece = 256U << 10;
    static constexpr std::size_t kLargestPiece = 1U << 20;
    /// Bodies over HTTP/2 before their turn, of all connections together.
    static constexpr std::size_t kEarlyBytes = 4U << 20;
    /// So much is hashed in less time than another thread takes to hear of it: 40 us.
    static constexpr std::size_t kHashInline = 64U << 10;

    asio::io_context& loop;
    const ServerOptions options;
    Service& service;
    Metrics& metrics;
    Access access;
    /// None once the server is gone, like the pool.
    std::optional<Deadlines> deadlines;
    std::unique_ptr<FilePool> pool;
    /// One buffer for all: a connection keeps only what it cannot use yet.
    std::vector<char> scratch;
    std::unordered_set<std::shared_ptr<Served>> connections;
    std::size_t streams = 0;      ///< requests over HTTP/2 whose senders may ask
    std::size_t early_bytes = 0;  ///< of bodies over HTTP/2 that came before their turn
    bool draining = false;

    /// Bodies on their way hold memory: more of them wait, unread.
    Turns uploads;
    /// Answers that tell the index, which are made on the pool.
    Turns listings;
};

}  // namespace leasehold::agent
