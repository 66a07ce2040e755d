// A small HTTP/1.1 server for the tests of the agent's clients: it answers with whatever bytes a
// test wants, when it wants, also wrong ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/base/clock.hpp"
#include "tests/unit/own_folder.hpp"

namespace leasehold::agent::testing {

/// A request as it arrived.
struct Seen {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< lower-case names
    std::string body;
    bool whole = false;  ///< false: the connection ended in its body
    int connection = 0;  ///< 1-based
};

/// The server's end of a connection. Writing after the end is ignored.
class Peer {
  public:
    virtual ~Peer() = default;
    virtual void write(std::string bytes) = 0;
    /// After what was written.
    virtual void close() = 0;
};
using PeerPtr = std::shared_ptr<Peer>;

/// Paths of PEM files; all empty: plain HTTP.
struct ServerTls {
    std::string certificate_file;
    std::string key_file;
    std::string client_ca_file;  ///< a client certificate is required
    /// Speaks HTTP/2 where that is offered, and then answers nothing: a black hole.
    bool silent_http2 = false;
};

class TestServer {
  public:
    /// Called for each whole request.
    using Answer = std::function<void(const Seen&, const PeerPtr&)>;

    TestServer(asio::io_context& loop, Answer answer, const ServerTls& tls = {});
    ~TestServer();

    [[nodiscard]] std::string url(const std::string& path = "/") const;
    [[nodiscard]] std::uint16_t port() const;
    /// Requests so far, cut ones included, in the order of their end.
    [[nodiscard]] const std::vector<Seen>& seen() const;
    [[nodiscard]] int connections() const;
    /// Those that the client has not closed, and those whose Peer is still held.
    [[nodiscard]] std::size_t open_connections() const;
    /// Connections that agreed on HTTP/2.
    [[nodiscard]] int http2_connections() const;
    /// Bytes of bodies that were read so far.
    [[nodiscard]] std::size_t body_bytes() const;
    /// Stops reading after so many bytes of bodies, until called again with more.
    void read_at_most(std::size_t bytes);
    /// Closes every connection, without an answer.
    void close_all();

    struct State;

  private:
    std::shared_ptr<State> state_;
};

/// An answer with a Content-Length.
[[nodiscard]] std::string http_answer(int status, const std::string& body,
                                      const std::string& headers = "");

/// Runs the loop until `done`; false when it is not so within `limit`.
template <class Done>
bool run_until(asio::io_context& loop, Done done, Duration limit = std::chrono::seconds(20)) {
    const Instant end = boottime() + limit;
    while (!done()) {
        if (boottime() > end) return false;
        loop.restart();
        loop.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
}

class TemporaryFolder : public leasehold::test::OwnFolder {
  public:
    [[nodiscard]] std::string file(const std::string& name) const { return path(name); }
};

/// A certificate and its key, PEM.
struct Certificate {
    std::string certificate;
    std::string key;
};
/// A certificate authority.
[[nodiscard]] Certificate make_authority(const std::string& name);
/// Signed by `authority`; `names` as in "DNS:localhost,IP:127.0.0.1"; ends after `seconds`, which
/// may be negative.
[[nodiscard]] Certificate make_certificate(const Certificate& authority, const std::string& names,
                                           long seconds);

}  // namespace leasehold::agent::testing
