// EndBy: the end of a process whose threads are still at the disk.
//
// What a thread has begun (hashing 60 GB, an fsync on a file system that hangs) can't be called
// off, and whoever waits for it at the end is late for the deadline that was promised. It need not
// be waited for either: nothing half-written counts after SIGKILL, and so not after this.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "model/base/time.hpp"

namespace leasehold::agent {

class EndBy {
  public:
    EndBy() = default;
    ~EndBy();
    EndBy(const EndBy&) = delete;
    EndBy& operator=(const EndBy&) = delete;

    /// The process ends at `deadline` with exit code `code`, unless this object is gone before.
    /// Called once, when all that was promised is done: no destructor runs.
    void at(Instant deadline, int code);

  private:
    std::mutex mutex_;
    std::condition_variable gone_;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace leasehold::agent
