// Connection: one client, as a small machine over non-blocking reads and writes.
//
// run() goes as far as it can; what it waits for (the socket, a file, the replica, its time
// limit) calls it again. A connection whose request waits for the replica holds no buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "agent/base/body_buffer.hpp"
#include "agent/base/bytes.hpp"
#include "agent/http/answer.hpp"
#include "agent/http/asking.hpp"
#include "agent/http/channel.hpp"
#include "agent/http/deadlines.hpp"
#include "agent/http/shared.hpp"
#include "agent/http/wire.hpp"

namespace leasehold::agent {

class Connection final : public std::enable_shared_from_this<Connection>,
                         public Served,
                         private Expirable {
  public:
    Connection(std::shared_ptr<Shared> shared, asio::ip::tcp::socket socket);
    ~Connection() override = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Begins to serve. The server's set of connections keeps it until it closes.
    void start();
    void drain() override;
    void close() override;

  private:
    enum class Phase : std::uint8_t {
        handshake,
        head,       ///< idle, or reading the head of a request
        turn,       ///< an upload that waits until others have ended
        accepting,  ///< sending "100 Continue"
        body,
        storing,  ///< the last piece of the body is being hashed and stored
        waiting,  ///< for the replica
        sending,
        loading,    ///< the next piece of the payload is being read
        lingering,  ///< everything is sent; until the client has read it
        closed
    };
    using Wait = asio::ip::tcp::socket::wait_type;
    /// So often a client that waits for its turn is looked for.
    static constexpr Duration kLook = std::chrono::seconds(1);

    // The machine (connection.cpp). Each step says whether it got further; if not, something
    // will call run() again.
    void run();
    bool step();
    bool step_handshake();
    bool step_head();
    bool step_accepting();
    bool step_body();
    bool step_buffer();
    bool step_waiting();
    bool step_sending();
    bool step_lingering();
    bool receive();
    void feed(std::string_view bytes);
    bool flush();
    bool starve(Channel::Io io);
    void watch(Wait type, bool& watched);
    void limit(Duration span);
    void unlimited();
    void expired() override;

    // What is asked (requests.cpp)
    void on_head();
    void dispatch();
    void await_turn();
    void accept_body();
    void begin_body();
    void spool(bool last);
    void spooled(int error, Blob payload);
    Answered answered_by_replica();

    // What is answered (answering.cpp)
    void answer(Answer answer);
    void refuse(const Refusal& refusal);
    bool next_piece();
    void load();
    void loaded(std::string piece);
    void answered();

    std::shared_ptr<Shared> shared_;
    asio::ip::tcp::socket socket_;
    std::unique_ptr<Channel> channel_;

    Phase phase_ = Phase::handshake;
    bool running_ = false;
    bool watching_read_ = false;
    bool watching_write_ = false;
    bool begun_ = false;       ///< the first byte of a request is here
    bool starved_ = true;      ///< the reader has seen all of unread_ and needs more
    bool keep_alive_ = false;  ///< the present request is whole, and wants it
    bool http10_ = false;
    bool spooling_ = false;  ///< a piece of the body is being hashed and stored

    std::string unread_;  ///< received, not yet used: of this request or the next
    std::unique_ptr<RequestReader> reader_;
    Turns::Turn turn_;  ///< of an upload
    Asked asked_;
    std::shared_ptr<Spool> spool_;        ///< of a body that is large, or in chunks
    std::shared_ptr<BodyBuffer> buffer_;  ///< of any other one
    std::optional<CallId> call_;          ///< what waits for the replica

    std::string out_;  ///< head and body of the answer, then a piece of the payload
    std::string_view sending_;
    BytesPtr payload_;
    std::uint64_t sent_ = 0;  ///< of the payload; of what is discarded while lingering
};

}  // namespace leasehold::agent
