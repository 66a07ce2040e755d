#include "agent/host/watchdog.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/base/clock.hpp"

namespace leasehold::agent {

Watchdog::Watchdog(WriteGate& gate, SocketSet& uploads) : gate_(gate), uploads_(uploads) {
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    timer_ = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (wake_ < 0 || timer_ < 0)
        throw std::system_error(errno, std::generic_category(), "the watchdog's descriptors");
    thread_ = std::thread([this] {
        // Signals are the loop's.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        watch();
    });
}

Watchdog::~Watchdog() {
    ending_ = true;
    gate_moved();
    thread_.join();
    ::close(wake_);
    ::close(timer_);
}

void Watchdog::gate_moved() {
    const std::uint64_t one = 1;
    // Only a full counter can fail, and then the thread wakes up anyway.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Watchdog::watch() {
    Instant ended = Instant::min();  // the validity whose end was dealt with
    while (!ending_) {
        const Instant until = gate_.valid_until();
        if (until == kNever || until <= ended) {
            wait_until(kNever);
            continue;
        }
        if (boottime() < until) {
            wait_until(until);
            continue;
        }
        ended = until;
        if (uploads_.shut_all() > 0) ++interventions_;
    }
}

void Watchdog::wait_until(Instant at) const {
    itimerspec spec{};
    if (at != kNever) {
        const auto since = std::max(at.time_since_epoch(), Duration(1));
        spec.it_value.tv_sec = since / std::chrono::seconds(1);
        spec.it_value.tv_nsec = (since % std::chrono::seconds(1)).count();
    }
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
    std::array<pollfd, 2> wanted{pollfd{wake_, POLLIN, 0}, pollfd{timer_, POLLIN, 0}};
    ::poll(wanted.data(), wanted.size(), -1);
    std::uint64_t count = 0;
    for (const pollfd& one : wanted)
        if (one.revents != 0) [[maybe_unused]]
            const auto got = ::read(one.fd, &count, sizeof count);
}

}  // namespace leasehold::agent
