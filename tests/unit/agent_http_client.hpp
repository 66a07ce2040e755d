// A client of raw bytes, plain or TLS, and certificates for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/ossl_typ.h>

namespace leasehold::agent::test {

struct Reply {
    int status = 0;                             ///< 0: the connection ended without an answer
    std::map<std::string, std::string> fields;  ///< names in lower case
    std::string body;
};

class Client {
  public:
    /// Connects to 127.0.0.1 (or ::1); throws std::runtime_error.
    explicit Client(std::uint16_t port, bool tls = false);
    ~Client();
    Client(Client&& other) noexcept;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// False when the other side is gone.
    bool send(std::string_view bytes);
    /// One answer, by its Content-Length. `has_body` is false for the answer to a HEAD.
    Reply receive(bool has_body = true);
    /// GET and the like, with a Host and nothing else.
    Reply ask(const std::string& method, const std::string& target, const std::string& fields = "",
              const std::string& body = "");
    /// Does the connection end, without a byte more, within `seconds`?
    bool ends(int seconds = 5);
    /// Are there bytes to read now?
    [[nodiscard]] bool has_bytes(int milliseconds) const;
    void close();
    /// The server's certificate as PEM.
    [[nodiscard]] std::string peer_certificate() const;
    /// Closes with RST, as a process that crashes with unread data.
    void reset();
    [[nodiscard]] int socket() const { return socket_; }

  private:
    bool fill();

    int socket_ = -1;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
    std::string buffer_;
};

/// A request with `Host: localhost`.
[[nodiscard]] std::string request(const std::string& method, const std::string& target,
                                  const std::string& fields = "", const std::string& body = "");

/// A socket that is connected to 127.0.0.1; throws std::runtime_error.
[[nodiscard]] int connected(std::uint16_t port);

struct Pem {
    std::string certificate;
    std::string key;
};
/// A self-signed certificate for localhost.
[[nodiscard]] Pem make_pem(const std::string& name);

}  // namespace leasehold::agent::test
