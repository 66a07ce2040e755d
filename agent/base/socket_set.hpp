// SocketSet: the sockets that uploads use, so that the watchdog can shut them from its thread.
#pragma once

#include <mutex>
#include <set>

namespace leasehold::agent {

class SocketSet {
  public:
    void add(int socket);
    /// Closes the socket while no other thread can be shutting it.
    int close(int socket);
    /// Ends both directions of every socket. The number of them.
    std::size_t shut_all();

  private:
    std::mutex mutex_;
    std::set<int> sockets_;
};

}  // namespace leasehold::agent
