#include <cerrno>

#include <sys/socket.h>

#include "agent/http/channel.hpp"

namespace leasehold::agent {
namespace {

class PlainChannel final : public Channel {
  public:
    explicit PlainChannel(int socket) : socket_(socket) {}

    Io handshake() override { return Io::moved; }

    /// A read that did not fill its buffer has emptied the socket: asking again would be a system
    /// call for nothing, and there were two of them in each query.
    Result read(std::span<char> out) override {
        if (drained_) return {Io::want_read, 0};
        const Result got = result(::recv(socket_, out.data(), out.size(), 0), Io::want_read);
        drained_ = got.io == Io::want_read || (got.io == Io::moved && got.count < out.size());
        return got;
    }

    Result write(std::string_view bytes) override {
        return result(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), Io::want_write);
    }

    void finish() override { ::shutdown(socket_, SHUT_WR); }

    void readable() override { drained_ = false; }

  private:
    static Result result(ssize_t count, Io again) {
        if (count > 0) return {Io::moved, static_cast<std::size_t>(count)};
        const bool later = count < 0 && (errno == EAGAIN || errno == EINTR);
        return {later ? again : Io::closed, 0};
    }

    int socket_;
    bool drained_ = false;  ///< nothing more can be read until the socket says so
};

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) {
    return std::make_unique<PlainChannel>(socket);
}

}  // namespace leasehold::agent
