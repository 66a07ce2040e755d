#include "agent/http/server.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <boost/asio/ip/tcp.hpp>

#include "agent/base/clock.hpp"
#include "agent/http/connection.hpp"
#include "agent/http/shared.hpp"

namespace leasehold::agent {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

// Of the descriptors that this process may have, so many are not for connections.
constexpr std::size_t kOtherDescriptors = 256;
constexpr Duration kAcceptPause = 100ms;

/// Raises the soft limit of open files towards `wanted`; the limit then in force. (The soft limit
/// is low for programs that use select(), which this one does not.)
std::size_t raise_descriptors(std::size_t wanted) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    if (limit.rlim_cur < wanted) {
        rlimit raised = limit;
        raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur;
}

/// A client whose machine is gone says nothing: without a word from it for a minute its connection
/// ends, and a read that waits for ever with it. Of data that it does not take, likewise: then the
/// kernel asks nothing else. (The client's side of the same: agent/transfer/options.cpp.)
boost::system::error_code tell_the_vanished(int socket) {
    constexpr int kIdle = 15;
    constexpr int kInterval = 5;
    constexpr int kProbes = 9;
    const auto set = [socket](int level, int name, int value) {
        return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
    };
    if (set(SOL_SOCKET, SO_KEEPALIVE, 1) && set(IPPROTO_TCP, TCP_KEEPIDLE, kIdle) &&
        set(IPPROTO_TCP, TCP_KEEPINTVL, kInterval) && set(IPPROTO_TCP, TCP_KEEPCNT, kProbes) &&
        set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * (kIdle + kProbes * kInterval)))
        return {};
    return {errno, boost::system::system_category()};
}

/// An action that is due at intervals.
class Periodic final : public Expirable {
  public:
    explicit Periodic(std::function<void()> action) : action_(std::move(action)) {}
    void expired() override { action_(); }

  private:
    std::function<void()> action_;
};

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
    State(asio::io_context& loop, ServerOptions options, Service& service, Metrics& metrics)
        : shared(std::make_shared<Shared>(loop, std::move(options), service, metrics)),
          acceptor(loop),
          refresh([this] { read_secrets(); }),
          pause([this] { accept(); }) {
        const std::size_t wanted = shared->options.connection_limit + kOtherDescriptors;
        const std::size_t allowed = raise_descriptors(wanted);
        limit = allowed > 2 * kOtherDescriptors
                    ? std::min(shared->options.connection_limit, allowed - kOtherDescriptors)
                    : allowed / 2;
    }

    void listen() {
        const ServerOptions& options = shared->options;
        const tcp::endpoint wanted(asio::ip::make_address(options.address), options.port);
        boost::system::error_code error;
        acceptor.open(wanted.protocol(), error);
        if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        // Linux hands them on to what is accepted: no system call for each connection.
        if (!error) acceptor.set_option(tcp::no_delay(true), error);
        if (!error) error = tell_the_vanished(acceptor.native_handle());
        if (!error) acceptor.bind(wanted, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        if (error)
            throw std::runtime_error("cannot listen on " + options.address + ":" +
                                     std::to_string(options.port) + ": " + error.message());
        port = acceptor.local_endpoint().port();
        accept();
        schedule_refresh();
    }

    void accept() {
        acceptor.async_accept([self = shared_from_this()](const boost::system::error_code& error,
                                                          tcp::socket socket) {
            if (self->closed || error == asio::error::operation_aborted) return;
            if (error) {
                // Out of descriptors or memory: trying again at once would turn in a circle.
                self->shared->deadlines->set(self->pause, boottime() + kAcceptPause);
                return;
            }
            self->accepted(std::move(socket));
            self->accept();
        });
    }

    void accepted(tcp::socket socket) {
        if (shared->draining) return;
        if (shared->connections.size() >= limit) {
            // As far as it goes without waiting; under TLS the client only sees the end.
            static constexpr std::string_view kFull =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
                "Connection: close\r\n\r\n";
            if (!shared->access.tls())
                ::send(socket.native_handle(), kFull.data(), kFull.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
            shared->metrics.http_request(route_name(Route::none), 503);
            return;
        }
        const auto connection = std::make_shared<Connection>(shared, std::move(socket));
        shared->connections.insert(connection);
        shared->metrics.http_connections(shared->connections.size());
        connection->start();
    }

    void schedule_refresh() {
        if (!shared->access.has_secrets()) return;
        shared->deadlines->set(refresh, boottime() + shared->options.refresh_period);
    }

    void read_secrets() {
        shared->pool->run([options = shared->options] { return Access::read_secrets(options); },
                          [self = shared_from_this()](const Secrets& secrets) {
                              if (self->closed) return;
                              self->shared->access.use(secrets);
                              self->schedule_refresh();
                          });
    }

    /// Of all connections: closing one takes it out of the set.
    template <class Do>
    void each(Do action) {
        const std::vector<std::shared_ptr<Served>> all(shared->connections.begin(),
                                                       shared->connections.end());
        for (const auto& connection : all)
            action(*connection);
    }

    void stop_listening() {
        shared->draining = true;
        boost::system::error_code ignored;
        acceptor.close(ignored);
    }

    void close() {
        closed = true;
        stop_listening();
        each([](Served& connection) { connection.close(); });
        shared->listings.close();  // they hold `shared`
        // Before the last reference to `shared`, which may go with a handler of the loop.
        shared->pool.reset();
        shared->deadlines.reset();
    }

    std::shared_ptr<Shared> shared;
    tcp::acceptor acceptor;
    std::uint16_t port = 0;
    std::size_t limit = 0;
    bool closed = false;
    Periodic refresh;
    Periodic pause;
};

Server::Server(asio::io_context& loop, ServerOptions options, Service& service, Metrics& metrics)
    : state_(std::make_shared<State>(loop, std::move(options), service, metrics)) {
    state_->listen();
}

Server::~Server() {
    state_->close();
}

std::uint16_t Server::port() const {
    return state_->port;
}

std::size_t Server::connections() const {
    return state_->shared->connections.size();
}

void Server::drain() {
    state_->stop_listening();
    state_->each([](Served& connection) { connection.drain(); });
}

}  // namespace leasehold::agent
