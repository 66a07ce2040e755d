#include "agent/http/http2_connection.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/http/http2_session.hpp"

namespace leasehold::agent {
namespace {

// Steps of one connection before others have their turn.
constexpr int kStepsAtOnce = 16;
// Small frames go out together: a system call and a TLS record for each would be most of their
// cost.
constexpr std::size_t kTogether = 16U << 10;
// A record of TLS.
constexpr std::size_t kReadBytes = 16U << 10;

struct Running {
    explicit Running(bool& flag) : flag_(flag) { flag_ = true; }
    ~Running() { flag_ = false; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    bool& flag_;
};

/// The socket of one: bytes between channel and session.
class Http2Connection final : public std::enable_shared_from_this<Http2Connection>,
                              public Served,
                              private Expirable {
  public:
    Http2Connection(std::shared_ptr<Shared> shared, asio::ip::tcp::socket socket,
                    std::unique_ptr<Channel> channel)
        : shared_(std::move(shared)),
          socket_(std::move(socket)),
          channel_(std::move(channel)),
          session_(std::make_unique<Http2Session>(shared_, [this] { wake(); })) {}

    void drain() override {
        if (!lingering_ && !closed_) session_->drain();
    }
    void close() override;
    void run();

  private:
    using Wait = asio::ip::tcp::socket::wait_type;
    enum class Limit : std::uint8_t { none, idle, stuck, lingering };

    bool step();
    bool send();
    bool receive();
    void finish();
    bool starve(Channel::Io io);
    void watch(Wait type, bool& watched);
    void wake();
    void limit();
    void expired() override;

    std::shared_ptr<Shared> shared_;
    asio::ip::tcp::socket socket_;
    std::unique_ptr<Channel> channel_;
    std::unique_ptr<Http2Session> session_;

    std::string out_;
    std::string_view sending_;  ///< what is left of `out_`
    bool running_ = false;
    bool woken_ = false;
    bool ended_ = false;  ///< to be closed when run() is through
    bool closed_ = false;
    bool watching_read_ = false;
    bool watching_write_ = false;
    bool lingering_ = false;  ///< everything is said; until the client has read it
    bool fresh_ = false;      ///< `out_` was filled since the limit was set
    Limit limit_ = Limit::none;
    std::uint64_t requests_ = 0;  ///< when the limit was set
};

void Http2Connection::run() {
    if (running_ || closed_) return;
    const auto self = shared_from_this();
    int steps = 0;
    {
        // A broken belief of the replica comes through here, and the server still has to close
        // this.
        const Running running(running_);
        while (steps < kStepsAtOnce && !ended_ && step())
            ++steps;
    }
    if (ended_) return close();
    if (steps == kStepsAtOnce) wake();
    limit();
}

/// Says whether it got further. A client that does not read is read all the same: it may wait for
/// us to do so first. What piles up meanwhile the session bounds.
bool Http2Connection::step() {
    const bool sent = send();
    if (ended_) return false;
    if (!lingering_ && sending_.empty() && session_->over()) finish();
    // What has come first: a client that goes on sending must not keep its requests from being
    // served.
    return session_->serve() || receive() || sent;
}

bool Http2Connection::send() {
    bool moved = false;
    for (;;) {
        if (sending_.empty()) {
            out_.clear();
            if (lingering_) return moved;
            for (std::string_view frame = session_->next(); !frame.empty();
                 frame = session_->next()) {
                out_ += frame;
                if (out_.size() >= kTogether) break;
            }
            if (out_.empty()) {
                out_ = std::string();
                return moved;
            }
            sending_ = out_;
            fresh_ = true;
        }
        const auto [io, count] = channel_->write(sending_);
        if (io != Channel::Io::moved) {
            starve(io);
            return moved;
        }
        sending_.remove_prefix(count);
        moved = true;
    }
}

/// Into a buffer of its own: what is read may let other connections run.
bool Http2Connection::receive() {
    std::array<char, kReadBytes> bytes;
    const auto [io, count] = channel_->read(bytes);
    if (io != Channel::Io::moved) return starve(io);
    if (!lingering_ && !session_->feed({bytes.data(), count})) ended_ = true;
    return true;
}

void Http2Connection::finish() {
    channel_->finish();
    lingering_ = true;
}

/// Waits for what the channel needs; false for its callers' convenience.
bool Http2Connection::starve(Channel::Io io) {
    if (io == Channel::Io::want_read)
        watch(Wait::wait_read, watching_read_);
    else if (io == Channel::Io::want_write)
        watch(Wait::wait_write, watching_write_);
    else
        ended_ = true;
    return false;
}

void Http2Connection::watch(Wait type, bool& watched) {
    if (std::exchange(watched, true)) return;
    socket_.async_wait(type,
                       [self = shared_from_this(), &watched](const boost::system::error_code&) {
                           watched = false;
                           self->run();
                       });
}

/// Answers of one step of the replica go out together.
void Http2Connection::wake() {
    if (running_ || closed_ || std::exchange(woken_, true)) return;
    asio::post(shared_->loop, [self = shared_from_this()] {
        self->woken_ = false;
        self->run();
    });
}

/// Streams have limits of their own. The connection has one while it has none, and for each piece
/// that the client does not take.
void Http2Connection::limit() {
    const Limit wanted = lingering_          ? Limit::lingering
                         : !sending_.empty() ? Limit::stuck
                         : session_->idle()  ? Limit::idle
                                             : Limit::none;
    const bool busy = std::exchange(requests_, session_->requests()) != session_->requests();
    const bool fresh = std::exchange(fresh_, false);
    if (wanted == limit_ && !(wanted == Limit::stuck ? fresh : busy)) return;
    limit_ = wanted;
    const Duration span =
        wanted == Limit::lingering ? Shared::kLinger : shared_->options.idle_timeout;
    shared_->deadlines->set(*this,
                            wanted == Limit::none ? kNever : saturating_add(boottime(), span));
}

void Http2Connection::expired() {
    const auto self = shared_from_this();
    if (limit_ != Limit::idle) return close();
    limit_ = Limit::none;
    session_->drain();
}

void Http2Connection::close() {
    if (closed_) return;
    ended_ = true;
    session_->stop();
    if (running_) return;
    const auto self = shared_from_this();
    closed_ = true;
    if (shared_->deadlines) shared_->deadlines->set(*this, kNever);
    session_.reset();
    channel_.reset();
    boost::system::error_code ignored;
    socket_.close(ignored);
    shared_->connections.erase(self);
    shared_->metrics.http_connections(shared_->connections.size());
}

}  // namespace

void serve_http2(const std::shared_ptr<Shared>& shared, asio::ip::tcp::socket socket,
                 std::unique_ptr<Channel> channel) {
    const auto connection =
        std::make_shared<Http2Connection>(shared, std::move(socket), std::move(channel));
    shared->connections.insert(connection);
    shared->metrics.http_connections(shared->connections.size());
    connection->run();
}

}  // namespace leasehold::agent
