#include "agent/host/end_by.hpp"

#include <cstdlib>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"

namespace leasehold::agent {

EndBy::~EndBy() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    gone_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void EndBy::at(Instant deadline, int code) {
    thread_ = std::thread([this, deadline, code] {
        std::unique_lock lock(mutex_);
        if (gone_.wait_for(lock, deadline - boottime(), [this] { return over_; })) return;
        spdlog::warn("ends in the midst of work on the disk: its time is up");
        std::_Exit(code);
    });
}

}  // namespace leasehold::agent
