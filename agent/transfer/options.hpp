// The options that all requests of a client share. Internal to agent/transfer.
#pragma once

#include <string>

#include "agent/transfer/client.hpp"
#include "agent/transfer/curl.hpp"

namespace leasehold::agent {

/// Protocols, versions, keep-alive and TLS. Throws std::runtime_error.
void set_client_options(CURL* easy, const ClientOptions& options);
/// The way to this URL, as Go's clients would choose it. Throws std::runtime_error.
void set_proxy(CURL* easy, const ClientOptions& options, const std::string& url);

/// Where to connect when another name than the URL's host is to be verified.
struct RenamedHost {
    std::string url;         ///< with the name to verify as its host
    std::string connect_to;  ///< CURLOPT_CONNECT_TO: the address that the URL named
    std::string host;        ///< the Host header that the URL asks for
};
/// Throws std::runtime_error when the URL has no host.
[[nodiscard]] RenamedHost rename_host(const std::string& url, const std::string& server_name);

}  // namespace leasehold::agent
