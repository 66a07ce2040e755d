// Watchdog: ends uploads when validity ends, even if the loop is stuck.
//
// A thread of its own that knows the write gate and the upload sockets, and nothing of the
// replica. The gate closes by time alone; what would still leave this machine are bytes that the
// loop or the kernel already hold for a socket.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "agent/base/socket_set.hpp"
#include "agent/base/write_gate.hpp"

namespace leasehold::agent {

class Watchdog {
  public:
    /// Both outlive the watchdog. Throws std::system_error.
    Watchdog(WriteGate& gate, SocketSet& uploads);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// The gate was published anew: look at it.
    void gate_moved();
    /// How often validity ended while uploads had sockets.
    [[nodiscard]] std::uint64_t interventions() const { return interventions_; }

  private:
    void watch();
    void wait_until(Instant at) const;

    WriteGate& gate_;
    SocketSet& uploads_;
    int wake_ = -1;   ///< eventfd
    int timer_ = -1;  ///< timerfd on CLOCK_BOOTTIME
    std::atomic<bool> ending_{false};
    std::atomic<std::uint64_t> interventions_{0};
    std::thread thread_;
};

}  // namespace leasehold::agent
