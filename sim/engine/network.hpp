// Network: SimGrid behind a plain interface. Only network.cpp includes SimGrid's headers, and only
// it knows dates as seconds in a double.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "model/base/time.hpp"
#include "sim/engine/platform.hpp"

namespace leasehold {

/// What SimGrid's clock is to do next, and what it tells. Called during Network::run only. No call
/// may throw: SimGrid is between two of its phases then.
class NetworkDriver {
  public:
    virtual ~NetworkDriver() = default;
    /// The next date at which the driver wants `reached`; none: it only waits for flows.
    virtual std::optional<TrueTime> next_date() = 0;
    /// The clock has come to `limit`, or to less than a nanosecond above it.
    virtual void reached(TrueTime limit) = 0;
    /// A flow has ended at `at` (rounded to a nanosecond). Exactly once for each start.
    virtual void flow_done(FlowId flow, bool finished, TrueTime at) = 0;
};

/// One per process. Between open() calls the clock only grows; dates count from the last open().
class Network {
  public:
    Network(const PlatformSpec& platform, NetworkDriver& driver);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] bool fits(Duration length) const;
    /// Moves the clock to the next slot, turns everything on and sets the links (as begin_run of
    /// Engine). No flow may be alive.
    void open(Duration length, std::span<const HostLinks> links);
    /// Steps SimGrid until the driver has no next date and no flow is alive. Throws CheckFailure
    /// if SimGrid reports a deadlock, which it would otherwise end with exit code 0.
    void run();

    /// Both hosts and both links must be on.
    void start(FlowId flow, HostIndex from, HostIndex to, std::uint64_t bytes);
    void cancel(FlowId flow);
    void cancel_all();
    /// Lets go of a flow that is done. Not within flow_done: SimGrid still uses it then.
    void forget(FlowId flow);
    /// The same for all; every one of them must be done.
    void forget_all();

    void set_host_on(HostIndex host, bool on);
    void set_link_on(HostIndex host, LinkDirection direction, bool on);
    void set_bandwidth(HostIndex host, LinkDirection direction, double bytes_per_second);
    [[nodiscard]] Duration latency(HostIndex from, HostIndex to);

    /// For the guard test: starts something that waits for ever, and runs.
    void provoke_deadlock();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace leasehold
