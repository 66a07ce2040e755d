// Addresses to listen on. Internal.
#pragma once

#include <cstdint>
#include <string>

#include "model/base/result.hpp"

namespace leasehold::agent {

struct ListenAddress {
    std::string address;  ///< an IP address, IPv6 without brackets
    std::uint16_t port = 0;
    bool loopback = false;
};

/// "127.0.0.1:9003", "[::1]:0". Or what was expected.
[[nodiscard]] Result<ListenAddress, std::string> parse_listen(std::string_view text);
/// As parse_listen takes it.
[[nodiscard]] std::string format_listen(const std::string& address, std::uint16_t port);
/// Is this text an address of this machine alone? ("127.0.0.1", "::1", "localhost")
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace leasehold::agent
