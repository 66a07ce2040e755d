// Access: who may ask. The rules of listening, the bearer token, certificate and key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/channel.hpp"
#include "agent/http/route.hpp"
#include "agent/http/server.hpp"
#include "agent/http/wire.hpp"

namespace leasehold::agent {

/// What lies in the files; read where it may block, used on the loop.
struct Secrets {
    std::string token;  ///< empty: unreadable, or holds nothing
    std::string certificate;
    std::string key;
    friend bool operator==(const Secrets&, const Secrets&) = default;
};

class Access {
  public:
    /// Throws std::runtime_error in one line: options that would serve strangers, or files that
    /// cannot be used.
    explicit Access(const ServerOptions& options);

    /// Reads the files again; may block, touches nothing else.
    [[nodiscard]] static Secrets read_secrets(const ServerOptions& options);
    /// Uses what was read. A token that cannot be read lets nobody in; a certificate that
    /// cannot be used (half of a rotation) leaves the last one in force.
    void use(const Secrets& secrets);

    /// Why this request is not served, if so: 401 without the token, 403 for a foreign Host.
    [[nodiscard]] std::optional<Refusal> refusal(const Head& head) const;
    /// Null: plain.
    [[nodiscard]] const TlsContext& tls() const { return tls_; }
    [[nodiscard]] bool has_secrets() const { return wants_token_ || wants_tls_; }

  private:
    bool loopback_ = false;
    bool wants_token_ = false;
    bool wants_tls_ = false;
    Secrets secrets_;
    TlsContext tls_;
};

/// Is it a loopback address or name, with or without a port?
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace leasehold::agent
