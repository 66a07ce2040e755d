#include "agent/base/socket_set.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace leasehold::agent {

void SocketSet::add(int socket) {
    const std::lock_guard lock(mutex_);
    sockets_.insert(socket);
}

int SocketSet::close(int socket) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(socket);
    return ::close(socket);
}

std::size_t SocketSet::shut_all() {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_)
        ::shutdown(socket, SHUT_RDWR);
    return sockets_.size();
}

}  // namespace leasehold::agent
