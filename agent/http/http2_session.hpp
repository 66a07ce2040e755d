// Http2Session: the frames of one HTTP/2 connection (nghttp2) and the streams that they are of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/http/http2_stream.hpp"
#include "agent/http/shared.hpp"

struct nghttp2_session;

namespace leasehold::agent {

class Http2Session final : private Http2Port {
  public:
    /// Streams of one connection at once; more are refused.
    static constexpr std::uint32_t kStreams = 1000;

    /// `queued`: something has come up for next(), perhaps within another call of this.
    Http2Session(std::shared_ptr<Shared> shared, std::function<void()> queued);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    /// Takes what the client has sent. False: this is not HTTP/2, or a flood.
    [[nodiscard]] bool feed(std::string_view bytes);
    /// The next frame to send, until the next call; empty: there is none now.
    [[nodiscard]] std::string_view next();
    /// No request from now on; those that have come are answered.
    void drain();
    /// Neither side has anything more to say.
    [[nodiscard]] bool over() const;
    /// Has it no request?
    [[nodiscard]] bool idle() const { return streams_.empty(); }

  private:
    struct Callbacks;

    void proceed(std::int32_t stream) override;
    void open(std::int32_t stream, std::size_t window) override;
    void dealt_with(std::int32_t stream, std::size_t count) override;
    void begin(std::int32_t stream, int status, const Fields& fields, bool content) override;
    void more(std::int32_t stream) override;
    void give_up(std::int32_t stream) override;

    [[nodiscard]] Http2Stream* find(std::int32_t stream) const;

    std::shared_ptr<Shared> shared_;
    std::function<void()> queued_;
    std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)> session_;
    std::map<std::int32_t, std::shared_ptr<Http2Stream>> streams_;
};

}  // namespace leasehold::agent
