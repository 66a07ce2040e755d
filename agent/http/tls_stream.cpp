#include "agent/http/tls_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace leasehold::agent {
namespace {

using Io = Channel::Io;

constexpr std::size_t kWriteMax = 4 * kTlsContentMax;  ///< sealed at once, of one write
// A key is good for 2^24.5 full records (RFC 8446, 5.5).
constexpr std::uint64_t kRecordsOfAKey = 1ULL << 24;
// Records without data, before other connections have their turn.
constexpr int kRecordsAtOnce = 32;

constexpr char kUnexpectedMessage = 10;
constexpr char kBadRecord = 20;
constexpr char kWarning = 1;
constexpr char kFatal = 2;
constexpr char kCloseNotify = 0;
constexpr char kKeyUpdate = 24;

bool later() {
    return errno == EAGAIN || errno == EINTR;
}

}  // namespace

TlsStream::TlsStream(int socket, const TlsSuite& suite, std::string_view client_secret,
                     std::string_view server_secret)
    : socket_(socket), in_(suite, client_secret), out_(suite, server_secret) {}

Channel::Result TlsStream::read(std::span<char> out) {
    for (int records = 0; records < kRecordsAtOnce; ++records) {
        if (!plain_.empty()) {
            const std::size_t count = plain_.copy(out.data(), out.size());
            plain_.erase(0, count);
            if (plain_.empty()) plain_ = std::string();
            return {Io::moved, count};
        }
        if (ended_) return {Io::closed, 0};
        if (const Io io = receive(); io != Io::moved) return {io, 0};
        std::size_t count = 0;
        const bool legal = take(out, count);
        received_ = std::string();
        if (!legal) return {Io::closed, 0};
        if (count > 0) return {Io::moved, count};
    }
    return {Io::want_read, 0};  // the rest is in the socket still
}

/// A whole record. What follows it stays in the socket, which goes on to say that it is readable.
Channel::Io TlsStream::receive() {
    std::size_t wanted = kTlsRecordHead;
    while (true) {
        if (received_.size() >= kTlsRecordHead) {
            const std::optional<std::size_t> size = tls_record_size(received_);
            if (!size) {
                fail(kUnexpectedMessage);
                return Io::closed;
            }
            if (received_.size() == *size) return Io::moved;
            wanted = *size;
        }
        const std::size_t before = received_.size();
        received_.resize(wanted);
        const ssize_t got = ::recv(socket_, received_.data() + before, wanted - before, 0);
        received_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got > 0) continue;
        if (received_.empty()) received_ = std::string();
        return got < 0 && later() ? Io::want_read : Io::closed;
    }
}

/// False when the other side is gone or breaks the protocol.
bool TlsStream::take(std::span<char> out, std::size_t& count) {
    const std::optional<TlsFlow::Opened> opened = in_.open(received_);
    if (!opened) return fail(kBadRecord);
    switch (opened->type) {
        case TlsContent::data:
            count = opened->content.copy(out.data(), out.size());
            plain_ = opened->content.substr(count);
            return true;
        case TlsContent::handshake:
            return take_update(opened->content) || fail(kUnexpectedMessage);
        case TlsContent::alert:
            break;
    }
    ended_ = true;
    return false;
}

/// The one message that a client may send after the handshake: it has a new key from here on, and
/// may want one of us.
bool TlsStream::take_update(std::string_view message) {
    const std::string_view head("\x18\0\0\1", 4);
    if (message.size() != head.size() + 1 || !message.starts_with(head)) return false;
    const char wanted = message.back();
    if (wanted != 0 && wanted != 1) return false;
    in_.update();
    // One answer does for all that came while it could not be sent.
    if (wanted == 1 && !rekeyed_) {
        rekey(0);
        (void)flush();
    }
    return true;
}

void TlsStream::rekey(char answer_wanted) {
    out_.seal(TlsContent::handshake, std::string{kKeyUpdate, 0, 0, 1, answer_wanted}, sending_);
    out_.update();
    rekeyed_ = true;
}

bool TlsStream::fail(char alert) {
    out_.seal(TlsContent::alert, std::string{kFatal, alert}, sending_);
    (void)flush();
    ended_ = true;
    return false;
}

Channel::Result TlsStream::write(std::string_view bytes) {
    // What could not be sent whole is what the writer comes with again.
    if (promised_ == 0) {
        promised_ = std::min(bytes.size(), kWriteMax);
        if (out_.records() >= kRecordsOfAKey) rekey(0);
        for (std::size_t at = 0; at < promised_; at += kTlsContentMax)
            out_.seal(TlsContent::data, bytes.substr(at, std::min(kTlsContentMax, promised_ - at)),
                      sending_);
    }
    if (const Io io = flush(); io != Io::moved) return {io, 0};
    return {Io::moved, std::exchange(promised_, 0)};
}

Channel::Io TlsStream::flush() {
    while (sent_ < sending_.size()) {
        const ssize_t got =
            ::send(socket_, sending_.data() + sent_, sending_.size() - sent_, MSG_NOSIGNAL);
        if (got < 0) return later() ? Io::want_write : Io::closed;
        sent_ += static_cast<std::size_t>(got);
    }
    sending_ = std::string();
    sent_ = 0;
    rekeyed_ = false;
    return Io::moved;
}

void TlsStream::finish() {
    out_.seal(TlsContent::alert, std::string{kWarning, kCloseNotify}, sending_);
    (void)flush();
    ::shutdown(socket_, SHUT_WR);
}

}  // namespace leasehold::agent
