// Channel: the bytes of one connection, plain or TLS, without ever blocking.
//
// TLS runs OpenSSL straight on the socket: Asio's stream keeps 35 KiB of buffers for each
// connection, also while it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <openssl/ossl_typ.h>

namespace leasehold::agent {

class Channel {
  public:
    enum class Io : std::uint8_t {
        moved,       ///< `count` bytes, at least one
        want_read,   ///< again when the socket is readable
        want_write,  ///< again when it is writable
        closed       ///< by the other side, or broken
    };
    struct Result {
        Io io = Io::closed;
        std::size_t count = 0;
    };

    virtual ~Channel() = default;
    /// Called until it says `moved`; before any other call.
    virtual Io handshake() = 0;
    virtual Result read(std::span<char> out) = 0;
    virtual Result write(std::string_view bytes) = 0;
    /// Tells the other side that no more comes.
    virtual void finish() = 0;
    /// The socket may have something to read: says who has waited for that since `want_read`.
    virtual void readable() {}
    /// Has the handshake chosen HTTP/2?
    [[nodiscard]] virtual bool http2() const { return false; }
};

/// Over a connected socket that is non-blocking and stays open until the channel is gone.
[[nodiscard]] std::unique_ptr<Channel> plain_channel(int socket);

using TlsContext = std::shared_ptr<SSL_CTX>;

/// A server's context for a certificate with its chain and a key, both PEM. Throws
/// std::runtime_error in one line, without their content.
[[nodiscard]] TlsContext make_tls_context(const std::string& certificate, const std::string& key);
[[nodiscard]] std::unique_ptr<Channel> tls_channel(int socket, const TlsContext& context);

}  // namespace leasehold::agent
