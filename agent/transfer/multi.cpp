#include "agent/transfer/multi.hpp"

#include <chrono>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

MultiHandle make_handle() {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    MultiHandle handle(global == CURLE_OK ? curl_multi_init() : nullptr);
    if (handle == nullptr) throw std::runtime_error("libcurl cannot be set up");
    return handle;
}

/// Of either end of a connection; 0 when it has none (any more).
int port_of(int socket, int (*which)(int, sockaddr*, socklen_t*)) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (which(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return 0;
}

}  // namespace

/// A socket of libcurl's, lent to Asio while libcurl wants to hear of it.
struct Multi::Watch {
    explicit Watch(asio::io_context& loop) : stream(loop) {}
    asio::posix::stream_descriptor stream;
    int wanted = CURL_POLL_NONE;
    bool reading = false;  ///< a wait is under way
    bool writing = false;
    bool gone = false;  ///< given back; the number may already be that of another socket
};

Multi::Multi(asio::io_context& loop, std::size_t connections, SocketSet* sockets, Ended ended)
    : loop_(loop),
      sockets_(sockets),
      ended_(std::move(ended)),
      handle_(make_handle()),
      timer_(loop, [this] {
          const auto self = shared_from_this();
          act(CURL_SOCKET_TIMEOUT);
      }) {
    curl_multi_setopt(handle_.get(), CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
    curl_multi_setopt(handle_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(handle_.get(), CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
    curl_multi_setopt(handle_.get(), CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(handle_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
}

Multi::~Multi() {
    // Closes the kept connections: the callbacks still come to this object.
    handle_.reset();
    while (!watches_.empty())
        forget(watches_.begin()->first);
}

void Multi::add(CURL* easy) {
    set_option(easy, CURLOPT_OPENSOCKETFUNCTION, &Multi::open_socket);
    set_option(easy, CURLOPT_OPENSOCKETDATA, this);
    set_option(easy, CURLOPT_CLOSESOCKETFUNCTION, &Multi::close_socket);
    set_option(easy, CURLOPT_CLOSESOCKETDATA, this);
    const CURLMcode code = curl_multi_add_handle(handle_.get(), easy);
    if (code != CURLM_OK) throw std::runtime_error(curl_multi_strerror(code));
    ++transfers_;
}

void Multi::remove(CURL* easy) {
    curl_multi_remove_handle(handle_.get(), easy);
    --transfers_;
}

bool Multi::speaks(int local_port, int peer_port) const {
    for (const curl_socket_t socket : open_) {
        if (port_of(socket, ::getsockname) != local_port ||
            port_of(socket, ::getpeername) != peer_port)
            continue;
        char byte = 0;
        if (::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) return true;
    }
    return false;
}

curl_socket_t Multi::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    const int socket =
        ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (socket < 0) return CURL_SOCKET_BAD;
    auto* multi = static_cast<Multi*>(self);
    if (multi->sockets_ != nullptr) multi->sockets_->add(socket);
    multi->open_.insert(socket);
    return socket;
}

int Multi::close_socket(void* self, curl_socket_t socket) {
    auto* multi = static_cast<Multi*>(self);
    multi->forget(socket);
    multi->open_.erase(socket);
    return multi->sockets_ == nullptr ? ::close(socket) : multi->sockets_->close(socket);
}

int Multi::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto* multi = static_cast<Multi*>(self);
    if (what == CURL_POLL_REMOVE) {
        multi->forget(socket);
    } else {
        multi->want(socket, what);
    }
    return 0;
}

int Multi::on_timer(CURLM*, long milliseconds, void* self) {
    auto* multi = static_cast<Multi*>(self);
    if (milliseconds == 0) {
        // As soon as this callback has returned, as each transfer begins: by the kernel's timer it
        // was three system calls and a turn of the loop later.
        asio::post(multi->loop_, [weak = multi->weak_from_this()] {
            if (const auto alive = weak.lock()) alive->act(CURL_SOCKET_TIMEOUT);
        });
        milliseconds = -1;
    }
    multi->timer_.arm(milliseconds < 0 ? kNever
                                       : boottime() + std::chrono::milliseconds(milliseconds));
    return 0;
}

void Multi::want(curl_socket_t socket, int what) {
    std::shared_ptr<Watch>& watch = watches_[socket];
    if (watch == nullptr) {
        watch = std::make_shared<Watch>(loop_);
        boost::system::error_code error;
        watch->stream.assign(socket, error);
        if (error) {
            // The kernel's limit of watched descriptors: this transfer ends by its deadline. An
            // error told to libcurl would end all the others too.
            watches_.erase(socket);
            return;
        }
    }
    watch->wanted = what;
    wait(socket, watch);
}

void Multi::wait(curl_socket_t socket, const std::shared_ptr<Watch>& watch) {
    const auto start = [&](int direction, bool Watch::*waiting, auto kind) {
        if ((watch->wanted & direction) == 0 || (*watch).*waiting) return;
        (*watch).*waiting = true;
        watch->stream.async_wait(kind, [weak = weak_from_this(), watch = watch, socket, direction,
                                        waiting](const boost::system::error_code& error) {
            (*watch).*waiting = false;
            if (error || watch->gone) return;
            const auto self = weak.lock();
            if (self == nullptr) return;
            if ((watch->wanted & direction) != 0) self->act(socket);
            if (!watch->gone) self->wait(socket, watch);
        });
    };
    start(CURL_POLL_IN, &Watch::reading, asio::posix::stream_descriptor::wait_read);
    start(CURL_POLL_OUT, &Watch::writing, asio::posix::stream_descriptor::wait_write);
}

void Multi::forget(curl_socket_t socket) {
    const auto found = watches_.find(socket);
    if (found == watches_.end()) return;
    found->second->gone = true;
    // Asio lets go of it before libcurl closes it; closing it here would close it twice.
    (void)found->second->stream.release();
    watches_.erase(found);
}

/// libcurl looks for itself what the socket is ready for. Asio tells first that it can be written
/// to: libcurl, told that alone, would write before it reads, and where the other side has answered
/// and closed, the failed write ends the transfer and the answer is lost.
void Multi::act(curl_socket_t socket) {
    int running = 0;
    curl_multi_socket_action(handle_.get(), socket, 0, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(handle_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode result = message->data.result;
        ended_(message->easy_handle, result);
    }
}

}  // namespace leasehold::agent
