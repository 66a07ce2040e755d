// Multi: one libcurl multi handle on the loop, with the connections that it keeps.
//
// A client replaces its multi when it drops its connections; the old one lives on until its last
// transfer has ended. Internal to agent/transfer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

#include "agent/base/asio.hpp"
#include "agent/base/socket_set.hpp"
#include "agent/base/timer.hpp"
#include "agent/transfer/curl.hpp"

namespace leasehold::agent {

class Multi : public std::enable_shared_from_this<Multi> {
  public:
    /// A transfer came to its end by itself. It is still part of the multi.
    using Ended = std::function<void(CURL*, CURLcode)>;

    /// Every socket is entered in `sockets` unless null. Throws std::runtime_error,
    /// std::system_error.
    Multi(asio::io_context& loop, std::size_t connections, SocketSet* sockets, Ended ended);
    ~Multi();
    Multi(const Multi&) = delete;
    Multi& operator=(const Multi&) = delete;

    /// Begins a transfer; nothing of it happens inside this call. Not to be called by a callback
    /// of libcurl, and likewise remove(). Throws std::runtime_error.
    void add(CURL* easy);
    /// Ends a transfer, finished or not.
    void remove(CURL* easy);
    [[nodiscard]] std::size_t transfers() const { return transfers_; }
    /// Has a connection between these ports bytes to read (or its end)? Of one that no request is
    /// under way on they answer nothing.
    [[nodiscard]] bool speaks(int local_port, int peer_port) const;

  private:
    struct Watch;
    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* unused);
    static int on_timer(CURLM* handle, long milliseconds, void* self);
    static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int close_socket(void* self, curl_socket_t socket);

    void want(curl_socket_t socket, int what);
    void wait(curl_socket_t socket, const std::shared_ptr<Watch>& watch);
    void forget(curl_socket_t socket);
    void act(curl_socket_t socket);

    asio::io_context& loop_;
    SocketSet* sockets_;
    Ended ended_;
    MultiHandle handle_;
    BoottimeTimer timer_;  ///< libcurl's own: connection attempts, retries
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::set<curl_socket_t> open_;  ///< of connections, kept ones included
    std::size_t transfers_ = 0;
};

}  // namespace leasehold::agent
