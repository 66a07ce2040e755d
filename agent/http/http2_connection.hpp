// HTTP/2 (RFC 9113) for clients that offer it over TLS: all their requests share one connection and
// one TLS session, those that wait among them.
#pragma once

#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "agent/http/channel.hpp"
#include "agent/http/shared.hpp"

namespace leasehold::agent {

/// Serves a client whose handshake has chosen HTTP/2, from its first byte on. The server's set of
/// connections keeps it until it closes.
void serve_http2(const std::shared_ptr<Shared>& shared, asio::ip::tcp::socket socket,
                 std::unique_ptr<Channel> channel);

}  // namespace leasehold::agent
