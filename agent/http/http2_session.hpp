// Http2Session: the frames of one HTTP/2 connection (nghttp2) and the streams that they are of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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
    /// Requests of one connection at once; more are refused.
    static constexpr std::uint32_t kStreams = 1000;
    /// Until one has come from somebody who may ask.
    static constexpr std::uint32_t kStreamsOfStrangers = 100;

    /// `queued`: something has come up for next(), perhaps within another call of this.
    Http2Session(std::shared_ptr<Shared> shared, std::function<void()> queued);
    ~Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    /// Takes what the client has sent. False: this is not HTTP/2, or a flood.
    [[nodiscard]] bool feed(std::string_view bytes);
    /// Does what the next request that has come asks for. False: none has.
    bool serve();
    /// The next frame to send, until the next call; empty: there is none now.
    [[nodiscard]] std::string_view next();
    /// No request from now on; those that have come are answered.
    void drain();
    /// Neither side has anything more to say.
    [[nodiscard]] bool over() const;
    /// Has it no request?
    [[nodiscard]] bool idle() const { return streams_.empty(); }
    /// Requests so far.
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    /// Nothing more is taken, also of what is being fed.
    void stop() { stopped_ = true; }

  private:
    struct Callbacks;

    void proceed(std::int32_t stream) override;
    void open(std::int32_t stream, std::size_t window) override;
    void dealt_with(std::int32_t stream, std::size_t count) override;
    void begin(std::int32_t stream, int status, const Fields& fields, bool content) override;
    void more(std::int32_t stream) override;
    void give_up(std::int32_t stream) override;
    void put_off(std::int32_t stream) override;
    void admitted() override;

    void allow(std::uint32_t streams);
    void reset(std::int32_t stream, std::uint32_t error);
    [[nodiscard]] Http2Stream* find(std::int32_t stream) const;

    std::shared_ptr<Shared> shared_;
    std::function<void()> queued_;
    std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)> session_;
    std::map<std::int32_t, std::shared_ptr<Http2Stream>> streams_;
    std::deque<std::int32_t> come_;  ///< whole heads, not yet served
    std::size_t head_bytes_ = 0;     ///< of the head or trailer that is coming
    std::uint64_t requests_ = 0;
    bool admitted_ = false;
    bool draining_ = false;
    bool stopped_ = false;
};

}  // namespace leasehold::agent
