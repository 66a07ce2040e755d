// Http2Stream: one request on an HTTP/2 connection, and its answer.
//
// It knows no frames: http2_connection.cpp tells it what has come, and does what it asks for. One
// that waits for the replica holds no buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "agent/http/answer.hpp"
#include "agent/http/asking.hpp"
#include "agent/http/deadlines.hpp"
#include "agent/http/shared.hpp"
#include "agent/http/wire.hpp"

namespace leasehold::agent {

/// What a stream asks of its connection. Nothing of it calls the stream back within.
class Http2Port {
  public:
    /// Says "100 Continue".
    virtual void proceed(std::int32_t stream) = 0;
    /// Lets the client send so many bytes of the body without hearing from us.
    virtual void open(std::int32_t stream, std::size_t window) = 0;
    /// So many bytes of the body are dealt with: as many more may come.
    virtual void dealt_with(std::int32_t stream, std::size_t count) = 0;
    /// Begins the answer. `content`: Http2Stream::read() has the rest.
    virtual void begin(std::int32_t stream, int status, const Fields& fields, bool content) = 0;
    /// read(), which had nothing, has something now.
    virtual void more(std::int32_t stream) = 0;
    /// Gives the stream up: the client sees that its answer is not whole.
    virtual void give_up(std::int32_t stream) = 0;
    /// Gives it up before anything was done: the client may ask again.
    virtual void put_off(std::int32_t stream) = 0;
    /// Whoever it is, may ask: for more at once.
    virtual void admitted() = 0;

  protected:
    ~Http2Port() = default;
};

class Http2Stream final : public std::enable_shared_from_this<Http2Stream>, private Expirable {
  public:
    /// `port` is there until gone().
    Http2Stream(std::shared_ptr<Shared> shared, Http2Port& port, std::int32_t id);
    ~Http2Stream() = default;
    Http2Stream(const Http2Stream&) = delete;
    Http2Stream& operator=(const Http2Stream&) = delete;

    /// A field of the head, pseudo fields among them; its name is in lower case.
    void field(std::string_view name, std::string_view value);
    /// The head is whole: what it asks for may be done.
    void serve();
    void body(std::string_view piece);
    /// No more of the body comes.
    void ended();
    /// The stream is closed: a read or query that waits is cancelled.
    void gone();

    enum class Content : std::uint8_t { later, some, last, broken };
    struct Portion {
        Content content = Content::later;
        std::size_t count = 0;
    };
    /// The next bytes of the answer.
    Portion read(std::span<char> out);

  private:
    enum class Phase : std::uint8_t {
        head,  ///< until it is served
        turn,  ///< an upload that waits until others have ended
        body,
        waiting,  ///< for the replica
        answering,
        closed
    };
    struct Heading {
        Head head;
        std::size_t size = 0;
        std::optional<std::uint64_t> length;
        std::optional<Refusal> refusal;
        bool has_host = false;
        bool has_authorization = false;
        void take(std::string_view name, std::string_view value);
        void once(std::string& field, bool& seen, std::string_view value);
    };

    bool fits();
    void await_turn();
    void take_turn(const Turns::Turn& turn);
    void put_off();
    void let_go();
    void spool();
    void saved(Blob payload);
    Answered answered_by_replica();
    void answer(Answer said);
    void refuse(const Refusal& refusal);
    void load();
    void limit();
    void unlimited();
    void expired() override;

    std::shared_ptr<Shared> shared_;
    Http2Port* port_;
    std::int32_t id_;
    Phase phase_ = Phase::head;
    bool ended_ = false;     ///< the client has sent all of its request
    bool counted_ = false;   ///< among Shared::streams
    bool spooling_ = false;  ///< a piece of the body is being hashed and stored
    bool loading_ = false;   ///< a piece of the payload is being read

    std::unique_ptr<Heading> heading_;
    Asked asked_;
    Turns::Turn turn_;
    std::shared_ptr<Spool> spool_;
    std::string piece_;  ///< of the body: came, not yet spooled; of the payload: read, not yet sent
    std::optional<CallId> call_;  ///< what waits for the replica

    BytesPtr payload_;
    std::uint64_t count_ = 0;  ///< of the body: came; of the answer: sent
};

}  // namespace leasehold::agent
