// Client: HTTP exchanges on the agent's loop, by libcurl's multi-socket interface.
//
// One request is one exchange: no redirect, no queue, and nothing but a GET or HEAD is ever sent
// twice (libcurl would repeat a request whose kept connection died). Deadlines are on
// CLOCK_BOOTTIME. The only folder that includes curl.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/base/bytes.hpp"
#include "agent/base/socket_set.hpp"
#include "agent/base/write_gate.hpp"
#include "model/base/strong.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

using TransferId = StrongId<struct TransferIdTag>;

/// How a server is met, the same for all requests of a client.
struct TlsOptions {
    std::string ca_file;           ///< empty: the system's roots; read anew each minute
    std::string ca_pem;            ///< instead of a file
    std::string certificate_file;  ///< client certificate, with key_file
    std::string key_file;
    std::string certificate_pem;  ///< instead of files
    std::string key_pem;
    std::string server_name;  ///< verified instead of the URL's host; empty: the host
    bool verify = true;       ///< false only where the configuration says so in words

    friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

struct ClientOptions {
    TlsOptions tls;
    /// URL; empty: none is used, not even one of the environment. A socks5 proxy looks names up.
    std::string proxy;
    /// Reached without it, as Go's NO_PROXY: names with all below them, addresses, each with a port
    /// if one is said; CIDR; "*".
    std::string no_proxy;
    bool http2 = false;  ///< offer HTTP/2 over TLS
    std::string user_agent;
    /// For name, proxy, connection and TLS together; never beyond the request's deadline, which
    /// alone bounds it where there is none: what takes longer each time is else never reached.
    std::optional<Duration> connect_timeout;
    SocketSet* uploads = nullptr;  ///< every socket of this client is entered here
    std::size_t connections = 64;  ///< kept open at most
};

/// Names in lower case, in the order received.
using Headers = std::vector<std::pair<std::string, std::string>>;

enum class TransferEnd : std::uint8_t {
    answered,   ///< a whole answer came
    timed_out,  ///< the deadline came before the answer: outcome unknown
    aborted,    ///< by abort(), or the write gate closed during the upload: outcome unknown
    not_sent,   ///< certainly not a byte of the request left: no connection, gate or deadline past
    broken,     ///< anything else: outcome unknown
    too_large   ///< the answer is larger than its limit, or the sink refused it
};

struct Response {
    TransferEnd end = TransferEnd::broken;
    std::int32_t status = 0;  ///< HTTP status; 0 unless a final status line came
    Headers headers;
    std::string body;   ///< collected when the request has no sink; empty unless answered
    std::string error;  ///< for people, when not answered
    bool http2 = false;
    /// The header's value, or empty.
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

struct Request {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers;  ///< "Name: value"
    std::vector<BytesPtr> body;        ///< sent one after another, with a Content-Length
    bool has_body = false;             ///< send Content-Length: 0 for an empty body
    Instant deadline = kNever;
    std::size_t body_limit = 4U << 20;  ///< of a collected answer
    /// Takes the answer's body piece by piece; false ends the transfer (too_large). Called with
    /// the status and headers known. It may call the client, and must not destroy it. Without it
    /// the body is collected.
    std::function<bool(const Response&, std::string_view)> sink;
    const WriteGate* gate = nullptr;  ///< nothing of the request is sent after it closed
    bool fresh_connection = false;
    /// Headers and half of the body leave; the rest waits for Client::resume(). Deadline, gate and
    /// abort() go on meanwhile.
    bool stalled = false;
};

class Client {
  public:
    using Done = std::function<void(Response)>;

    /// Throws std::runtime_error when curl cannot be set up.
    Client(asio::io_context& loop, ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Begins an exchange. `done` is called exactly once, never inside this call, and not after
    /// the client is gone.
    TransferId send(Request request, Done done);
    /// Lets the rest of a stalled request go, once and for all. Unknown ids are ignored.
    void resume(TransferId id);
    /// Ends an exchange; its `done` comes with `aborted`. Unknown ids are ignored.
    void abort(TransferId id);
    /// Later requests use new connections, and look names up anew. It happens by itself after each
    /// exchange to which the server gave no answer: the old connections may be black holes, and
    /// the name may be that of another address by now (libcurl believes it for a minute).
    void drop_connections();
    [[nodiscard]] std::size_t in_flight() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
