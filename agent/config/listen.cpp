#include "agent/config/listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <limits>

#include "config/units.hpp"

namespace leasehold::agent {
namespace {

Unexpected<std::string> expected(std::string_view text, const std::string& what) {
    return Unexpected{"expected " + what + ", found \"" + std::string(text) + "\""};
}

}  // namespace

bool is_loopback(const std::string& host) {
    if (host == "localhost") return true;
    in_addr four{};
    if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24U == 127;
    in6_addr six{};
    if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return false;
    return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

Result<ListenAddress, std::string> parse_listen(std::string_view text) {
    const std::string kForm = "ADDR:PORT such as 127.0.0.1:9003 or [::1]:9003";
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return expected(text, kForm);
    std::string_view host = text.substr(0, colon);
    const bool brackets = host.starts_with('[') && host.ends_with(']');
    if (brackets) host = host.substr(1, host.size() - 2);
    ListenAddress found;
    found.address = std::string(host);
    in6_addr ignored{};
    if (inet_pton(brackets ? AF_INET6 : AF_INET, found.address.c_str(), &ignored) != 1)
        return expected(text, "an IP address and a port, " + kForm);
    const auto port = config::parse_count(text.substr(colon + 1));
    if (!port || *port > std::numeric_limits<std::uint16_t>::max())
        return expected(text, "a port from 0 to 65535");
    found.port = static_cast<std::uint16_t>(*port);
    found.loopback = is_loopback(found.address);
    return found;
}

std::string format_listen(const std::string& address, std::uint16_t port) {
    const bool six = address.find(':') != std::string::npos;
    return (six ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace leasehold::agent
