#include <cerrno>

#include <sys/socket.h>

#include "agent/http/channel.hpp"

namespace leasehold::agent {
namespace {

class PlainChannel final : public Channel {
  public:
    explicit PlainChannel(int socket) : socket_(socket) {}

    Io handshake() override { return Io::moved; }

    Result read(std::span<char> out) override {
        return result(::recv(socket_, out.data(), out.size(), 0), Io::want_read);
    }

    Result write(std::string_view bytes) override {
        return result(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), Io::want_write);
    }

    void finish() override { ::shutdown(socket_, SHUT_WR); }

  private:
    static Result result(ssize_t count, Io again) {
        if (count > 0) return {Io::moved, static_cast<std::size_t>(count)};
        const bool later = count < 0 && (errno == EAGAIN || errno == EINTR);
        return {later ? again : Io::closed, 0};
    }

    int socket_;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) {
    return std::make_unique<PlainChannel>(socket);
}

}  // namespace leasehold::agent
