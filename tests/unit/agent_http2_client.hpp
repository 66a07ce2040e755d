// An HTTP/2 client over TLS: nghttp2's own client side, moved by the test's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/ossl_typ.h>

#include "tests/unit/agent_http_client.hpp"

struct nghttp2_session;

namespace leasehold::agent::test {

class Http2Client {
  public:
    using Fields = std::vector<std::pair<std::string, std::string>>;
    struct Stream {
        Reply reply;
        bool continued = false;   ///< "100 Continue" came
        bool closed = false;      ///< by its last frame, or reset
        std::uint32_t error = 0;  ///< of the reset; 0: none
        std::size_t sent = 0;     ///< bytes of `body` that have left
        std::string body;         ///< of the request
        bool more = false;        ///< the body does not end with `body`
        bool reads = true;        ///< false: the answer's bytes stay unacknowledged
    };

    /// Connects to 127.0.0.1 and offers "h2"; throws std::runtime_error when that is not chosen.
    /// `window`: what it may be sent ahead, of each stream and of all.
    explicit Http2Client(std::uint16_t port, std::int32_t window = 1 << 20);
    ~Http2Client();
    Http2Client(const Http2Client&) = delete;
    Http2Client& operator=(const Http2Client&) = delete;

    /// Begins a request with ":authority: localhost"; its stream.
    std::int32_t begin(const std::string& method, const std::string& path, Fields fields = {},
                       std::string body = {}, bool more = false);
    /// Sends and receives until the stream is closed, or for `seconds`.
    const Stream& finish(std::int32_t stream, int seconds = 20);
    /// The same for a whole request.
    Reply ask(const std::string& method, const std::string& path, Fields fields = {},
              std::string body = {});
    /// More of a body that was begun with `more`.
    void add(std::int32_t stream, std::string_view piece, bool more);
    void cancel(std::int32_t stream);
    /// From now on it takes nothing of the stream's answer.
    void hold(std::int32_t stream) { streams_[stream].reads = false; }
    /// Sends and receives for so long.
    void turn(int milliseconds);
    /// Sends bytes that are no frames of the session's.
    void raw(std::string_view bytes);
    /// Does the server end the connection within `seconds`?
    bool ends(int seconds = 5);
    /// The last stream that the server's GOAWAY speaks of; -1: none has come.
    [[nodiscard]] std::int32_t goaway() const { return goaway_; }
    [[nodiscard]] const Stream& stream(std::int32_t id) const { return streams_.at(id); }
    void close();

  private:
    struct Callbacks;
    bool exchange(int milliseconds);

    int socket_ = -1;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
    nghttp2_session* session_ = nullptr;
    std::map<std::int32_t, Stream> streams_;
    std::int32_t goaway_ = -1;
    bool gone_ = false;
};

}  // namespace leasehold::agent::test
