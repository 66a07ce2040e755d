// Server: the agent's HTTP endpoints (Boost.Beast), on the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/http/service.hpp"
#include "agent/metrics/metrics.hpp"

namespace leasehold::agent {

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9003;  ///< 0: any free one
    std::string token_file;     ///< bearer token; required unless loopback or insecure
    std::string certificate_file;
    std::string key_file;
    bool insecure_listen = false;
    std::uint64_t body_limit = 1ULL << 30;
    std::string spool_directory;
    Duration idle_timeout = std::chrono::seconds(60);
    Duration query_deadline = std::chrono::seconds(2);
};

class Server {
  public:
    /// Binds at once; throws std::runtime_error in one line when that fails.
    Server(asio::io_context& loop, ServerOptions options, Service& service, Metrics& metrics);
    ~Server();
    [[nodiscard]] std::uint16_t port() const;
    /// No new connection; open ones end when their present answer has gone out.
    void drain();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
