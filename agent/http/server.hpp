// Server: the agent's HTTP endpoints (HTTP/1.1, read by Boost.Beast), on the loop. See README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/http/service.hpp"
#include "agent/metrics/metrics.hpp"

namespace leasehold::agent {

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9003;     ///< 0: any free one
    std::string token_file;        ///< bearer token; required unless loopback or insecure
    std::string certificate_file;  ///< PEM, with its chain; required unless loopback or insecure
    std::string key_file;          ///< PEM, without a pass phrase
    bool insecure_listen = false;  ///< another address than loopback without token or TLS
    std::uint64_t body_limit = 1ULL << 30;              ///< bytes of an uploaded body
    std::string spool_directory;                        ///< for bodies above kSpoolInMemory
    Duration idle_timeout = std::chrono::seconds(60);   ///< without progress, either way
    Duration query_deadline = std::chrono::seconds(2);  ///< of queries that name none
    Duration poll_period = std::chrono::seconds(30);    ///< of the replica, for Retry-After
    Duration refresh_period = std::chrono::minutes(1);  ///< token and certificate are read again
    std::size_t connection_limit = 20'000;
    std::size_t upload_limit = 64;  ///< bodies on their way at once; more wait, unread
};

class Server {
  public:
    /// Binds at once; throws std::runtime_error in one line when that fails, or when the options
    /// would serve others than this machine without a token and TLS. `service` and `metrics`
    /// outlive the server. Raises this process's limit of open files to what it may be.
    Server(asio::io_context& loop, ServerOptions options, Service& service, Metrics& metrics);
    /// Closes all connections; reads and queries that still wait are cancelled.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::size_t connections() const;
    /// No new connection; open ones end when their present answer has gone out.
    void drain();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
