#include "agent/base/timer.hpp"

#include <algorithm>
#include <cstdint>

#include <sys/timerfd.h>

#include "agent/base/clock.hpp"
#include "agent/base/descriptor.hpp"

namespace leasehold::agent {

struct BoottimeTimer::State {
    State(asio::io_context& loop, int descriptor, std::function<void()> callback)
        : stream(loop, descriptor), due(std::move(callback)) {}
    asio::posix::stream_descriptor stream;
    std::function<void()> due;
    bool gone = false;  ///< the timer was destroyed while a wait was under way
};

BoottimeTimer::BoottimeTimer(asio::io_context& loop, std::function<void()> due) {
    Descriptor made(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!made.valid()) fail_errno("timerfd");
    state_ = std::make_shared<State>(loop, made.number(), std::move(due));
    (void)made.release();
    wait();
}

BoottimeTimer::~BoottimeTimer() {
    state_->gone = true;
    boost::system::error_code ignored;
    state_->stream.close(ignored);
}

/// What is put off leaves the kernel's timer as it is: that fires early once and is set again. So
/// a deadline that moves with each request costs no system call.
void BoottimeTimer::arm(Instant at) {
    armed_ = at;
    if (at < set_) set();
}

void BoottimeTimer::set() {
    set_ = armed_;
    // All zeros would disarm it: an instant that is past is due at once.
    const auto since = std::max(set_.time_since_epoch(), Duration(1));
    itimerspec spec{};
    spec.it_value.tv_sec = since / std::chrono::seconds(1);
    spec.it_value.tv_nsec = (since % std::chrono::seconds(1)).count();
    timerfd_settime(state_->stream.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void BoottimeTimer::fired() {
    set_ = kNever;
    if (armed_ == kNever) return;
    if (boottime() < armed_) return set();
    armed_ = kNever;
    state_->due();
}

void BoottimeTimer::wait() {
    state_->stream.async_wait(asio::posix::stream_descriptor::wait_read,
                              [this, state = state_](const boost::system::error_code& error) {
                                  if (state->gone || error) return;
                                  std::uint64_t expirations = 0;
                                  const auto got = ::read(state->stream.native_handle(),
                                                          &expirations, sizeof expirations);
                                  if (got == static_cast<ssize_t>(sizeof expirations)) fired();
                                  if (!state->gone) wait();
                              });
}

}  // namespace leasehold::agent
