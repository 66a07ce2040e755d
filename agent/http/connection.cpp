#include "agent/http/connection.hpp"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "agent/base/clock.hpp"
#include "agent/http/http2_connection.hpp"

namespace leasehold::agent {
namespace {

// Steps of one connection before others have their turn.
constexpr int kStepsAtOnce = 32;
// Requests that a client sends ahead while one of its requests waits. Beyond that its end of the
// connection is no longer looked at until the answer has gone out.
constexpr std::size_t kAheadMax = 16U << 10;
// What a client may still send after its last answer.
constexpr std::uint64_t kLingerBytes = 64U << 20;

/// Has the other side ended the connection? What it sent before may still lie there unread; where
/// that is more than the kernel takes, its end has not come.
bool has_left(int socket) {
    pollfd asked{socket, POLLRDHUP, 0};
    return ::poll(&asked, 1, 0) > 0;
}

}  // namespace

Connection::Connection(std::shared_ptr<Shared> shared, asio::ip::tcp::socket socket)
    : shared_(std::move(shared)), socket_(std::move(socket)) {}

void Connection::start() {
    boost::system::error_code ignored;
    socket_.native_non_blocking(true, ignored);
    const TlsContext& tls = shared_->access.tls();
    channel_ =
        tls ? tls_channel(socket_.native_handle(), tls) : plain_channel(socket_.native_handle());
    limit(shared_->options.idle_timeout);
    run();
}

void Connection::drain() {
    const auto self = shared_from_this();
    if (phase_ == Phase::handshake) return close();
    if (phase_ != Phase::head || begun_) return;
    keep_alive_ = false;
    answered();
    run();
}

void Connection::close() {
    if (phase_ == Phase::closed) return;
    const auto self = shared_from_this();
    phase_ = Phase::closed;
    unlimited();
    turn_.reset();
    channel_.reset();
    boost::system::error_code ignored;
    socket_.close(ignored);
    payload_.reset();
    reader_.reset();
    shared_->connections.erase(self);
    shared_->metrics.http_connections(shared_->connections.size());
    if (call_) shared_->service.cancel(*std::exchange(call_, std::nullopt));
}

void Connection::run() {
    if (running_ || phase_ == Phase::closed) return;
    running_ = true;
    int steps = 0;
    while (steps < kStepsAtOnce && step())
        ++steps;
    running_ = false;
    if (steps == kStepsAtOnce)
        asio::post(shared_->loop, [self = shared_from_this()] { self->run(); });
}

bool Connection::step() {
    switch (phase_) {
        case Phase::handshake:
            return step_handshake();
        case Phase::head:
            return step_head();
        case Phase::accepting:
            return step_accepting();
        case Phase::body:
            return step_body();
        case Phase::waiting:
            return step_waiting();
        case Phase::sending:
            return step_sending();
        case Phase::lingering:
            return step_lingering();
        case Phase::turn:
        case Phase::storing:
        case Phase::loading:
        case Phase::closed:
            return false;
    }
    return false;
}

bool Connection::step_handshake() {
    const Channel::Io io = channel_->handshake();
    if (io != Channel::Io::moved) return starve(io);
    if (channel_->http2()) {
        serve_http2(shared_, std::move(socket_), std::move(channel_));
        close();
        return false;
    }
    phase_ = Phase::head;
    return true;
}

bool Connection::step_head() {
    const bool in_body = reader_ && reader_->state() == RequestReader::State::body;
    if (starved_) {
        if (!receive()) return false;
    } else {
        feed({});
    }
    // The time for the whole head runs from its first byte: a slow one gains nothing.
    if (reader_->begun() && !std::exchange(begun_, true)) limit(shared_->options.idle_timeout);
    starved_ = reader_->state() == RequestReader::State::head;
    if (reader_->perhaps_empty() && reader_->head().method != Method::put) {
        // A removal in no chunks is none with a body. What came with the head is still unread.
        starved_ = in_body || unread_.empty();
    } else if (!starved_) {
        on_head();
    }
    return true;
}

bool Connection::step_accepting() {
    if (!flush()) return false;
    phase_ = Phase::body;
    return true;
}

/// While one piece is hashed and stored, the next one is received, and grows: each costs two turns
/// of the loop, in which nothing is stored.
bool Connection::step_body() {
    if (buffer_) return step_buffer();
    const auto state = reader_->state();
    const bool whole = state == RequestReader::State::complete;
    const std::size_t enough = spooling_ ? Shared::kLargestPiece : Shared::kUploadPiece;
    if (state == RequestReader::State::refused) {
        refuse(reader_->refusal());
    } else if (whole || reader_->body_size() >= enough) {
        if (spooling_) {
            unlimited();  // the wait is not the client's
            return false;
        }
        spool(whole);
    } else {
        if (starved_) {
            if (!receive()) return false;
        } else {
            feed({});
        }
        starved_ = reader_->state() == RequestReader::State::body;
    }
    return true;
}

/// Received where it will lie, while what has come is hashed: a pool thread that has begun goes on
/// for as long as it finds more. One that was told of each piece stood still until this loop had
/// time for it, and the loop was busy receiving.
bool Connection::step_buffer() {
    const std::span<char> rest = buffer_->rest();
    if (!spooling_ && (rest.empty() || buffer_->unhashed() >= Shared::kUploadPiece)) {
        if (!rest.empty() || buffer_->unhashed() > Shared::kHashInline) {
            spool(rest.empty());
        } else {
            phase_ = Phase::storing;
            unlimited();
            buffer_->hash();
            spooled(0, buffer_->finish());
        }
        return true;
    }
    if (rest.empty()) {
        unlimited();  // the wait is not the client's
        return false;
    }
    const auto [io, count] = channel_->read(rest.first(std::min(rest.size(), Shared::kScratch)));
    if (io != Channel::Io::moved) return starve(io);
    buffer_->fill(count);
    return true;
}

/// A client that goes away while its request waits must not keep the replica busy.
bool Connection::step_waiting() {
    if (unread_.size() >= kAheadMax) return false;
    const auto [io, count] = channel_->read(shared_->scratch);
    if (io != Channel::Io::moved) return starve(io);
    unread_.append(shared_->scratch.data(), count);
    return true;
}

bool Connection::step_sending() {
    if (!flush()) return false;
    if (!next_piece()) answered();
    return true;
}

bool Connection::step_lingering() {
    const auto [io, count] = channel_->read(shared_->scratch);
    if (io != Channel::Io::moved) return starve(io);
    sent_ += count;
    if (sent_ > kLingerBytes) close();
    return true;
}

bool Connection::receive() {
    const auto [io, count] = channel_->read(shared_->scratch);
    if (io != Channel::Io::moved) return starve(io);
    feed({shared_->scratch.data(), count});
    return true;
}

void Connection::feed(std::string_view bytes) {
    if (!reader_) reader_ = std::make_unique<RequestReader>(shared_->options.body_limit);
    if (unread_.empty()) {
        const std::size_t taken = reader_->take(bytes);
        unread_.assign(bytes.substr(taken));
    } else {
        unread_.append(bytes);
        unread_.erase(0, reader_->take(unread_));
    }
}

/// Is everything sent that was to be sent?
bool Connection::flush() {
    while (!sending_.empty()) {
        const auto [io, count] = channel_->write(sending_);
        if (io != Channel::Io::moved) return starve(io);
        sending_.remove_prefix(count);
    }
    return true;
}

/// Waits for what the channel needs; false for its callers' convenience.
bool Connection::starve(Channel::Io io) {
    if (io == Channel::Io::want_read)
        watch(Wait::wait_read, watching_read_);
    else if (io == Channel::Io::want_write)
        watch(Wait::wait_write, watching_write_);
    else
        close();
    return false;
}

void Connection::watch(Wait type, bool& watched) {
    if (std::exchange(watched, true)) return;
    socket_.async_wait(type,
                       [self = shared_from_this(), &watched](const boost::system::error_code&) {
                           watched = false;
                           if (self->channel_ && &watched == &self->watching_read_)
                               self->channel_->readable();
                           self->run();
                       });
}

void Connection::limit(Duration span) {
    shared_->deadlines->set(*this, saturating_add(boottime(), span));
}

void Connection::unlimited() {
    if (shared_->deadlines) shared_->deadlines->set(*this, kNever);
}

void Connection::expired() {
    const auto self = shared_from_this();
    // Nothing is read then by which its end could be noticed.
    if (phase_ == Phase::turn) return has_left(socket_.native_handle()) ? close() : limit(kLook);
    const bool reading =
        phase_ == Phase::head || phase_ == Phase::accepting || phase_ == Phase::body;
    if (!reading || !begun_) return close();
    keep_alive_ = false;
    refuse(refusals::too_slow());
    run();
}

}  // namespace leasehold::agent
