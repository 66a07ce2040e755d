// Engine: the clock, the ordered queue and the network of the simulated world, on SimGrid.
//
// SimGrid only has something to say while a bulk transfer is in flight. So the queue runs ahead on
// its own, and SimGrid is stepped from date to date only while a flow lives or while something
// that touches it (a flow's start, a link's failure) is to be carried out at its date. Both ways
// give the same events at the same dates in the same order; a test compares their digests.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/base/time.hpp"
#include "sim/engine/event_queue.hpp"
#include "sim/engine/network.hpp"
#include "sim/engine/platform.hpp"

namespace leasehold {

/// An event whose date has come. What kind, target and data mean is the client's business.
struct Due {
    TrueTime at;
    std::uint32_t kind = 0;
    std::uint32_t target = 0;
    std::uint64_t data = 0;
};

/// What happens in a run is told to its client. Both calls may use everything of the engine but
/// begin_run, run and end_run. An exception ends the run and leaves Engine::run.
class Client {
  public:
    virtual ~Client() = default;
    virtual void due(const Due& event) = 0;
    /// Exactly once for each start_flow, unless the run ends before. `finished`: all bytes have
    /// arrived; otherwise the flow was refused, was cancelled, or lost a link or a host.
    virtual void flow_ended(FlowId flow, bool finished) = 0;
};

/// One per process, for as many runs as fit: SimGrid's clock can't be set back, and the dates of
/// flows depend on its magnitude. Every run, the first one too, starts on a whole second within
/// [2^20, 2^21) seconds of that clock, where all dates lie on one grid of 2^-32 s, so that a run
/// is bit for bit what it would be in a process of its own.
class Engine final : private NetworkDriver {
  public:
    /// The longest run: 2^20 s, about 12 days.
    static constexpr Duration kMaxLength = std::chrono::seconds(1 << 20);
    /// Kinds from here upwards are the engine's own.
    static constexpr std::uint32_t kFirstReservedKind = 0xffffff00;

    enum class Mode : std::uint8_t {
        run_ahead,  ///< SimGrid is stepped only while it has something to say
        stepping    ///< every date goes through SimGrid: slow, for the comparison
    };

    /// Builds the platform with every host that a run of this process will need. A second engine
    /// in one process is a CHECK. The caller's signal handlers and arguments stay as they are.
    explicit Engine(const PlatformSpec& platform);
    ~Engine() override;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// False: a run of this length has no room left; the process must be replaced by a new one.
    [[nodiscard]] bool fits_another(Duration length) const;

    /// Opens a run at TrueTime 0: everything is on, the queue is empty, the links are those of the
    /// platform or, for the first links.size() hosts, those given here. 0 < length <= kMaxLength;
    /// fits_another(length) must hold. `client` must outlive end_run().
    void begin_run(Client& client, std::uint64_t seed, Duration length,
                   std::span<const HostLinks> links = {});
    /// Runs every event whose date is not after the run's length, until stop(). Once per run.
    /// Flows that are still alive then are dropped without a report.
    void run();
    /// Lets run() return after the present event.
    void stop() { stop_ = interrupt_ = true; }
    /// Closes the run, also one that was never run or was left by an exception.
    void end_run();

    /// The present event's date; the run's length after a run that was not stopped.
    [[nodiscard]] TrueTime now() const { return TrueTime(Duration(now_)); }

    /// Puts an event into the queue. A date in the past means now. Events of one date come in a
    /// seeded order, also with respect to flow_ended. Nothing can be taken back: the client
    /// ignores what has become obsolete. kind < kFirstReservedKind.
    void at(TrueTime when, std::uint32_t kind, std::uint32_t target, std::uint64_t data) {
        CHECK(kind < kFirstReservedKind);
        const std::int64_t date = when.time_since_epoch().count();
        queue_.push(date < now_ ? now_ : date, kind, target, data);
    }
    /// Likewise, for events that are put in by a list: the place among those of its date is drawn
    /// by `name`, and not by how many of its kind were put in before it.
    void at_as(TrueTime when, std::uint32_t kind, std::uint64_t name, std::uint64_t data) {
        CHECK(kind < kFirstReservedKind);
        const std::int64_t date = when.time_since_epoch().count();
        queue_.push_as(date < now_ ? now_ : date, kind, name, data);
    }

    /// Starts a transfer of `bytes` (0 counts as 1) between two different hosts, as soon as the
    /// present event is over. Refused if one of the hosts or a link of the route is off:
    /// flow_ended(flow, false) then comes at this date.
    FlowId start_flow(HostIndex from, HostIndex to, std::uint64_t bytes);
    /// Ends a flow; it is reported as not finished, once. One that has ended already is left alone.
    void cancel_flow(FlowId flow);
    /// Turning a host off ends its flows, in both directions.
    void set_host_on(HostIndex host, bool on);
    /// Turning a link off ends its flows.
    void set_link_on(HostIndex host, LinkDirection direction, bool on);
    /// Changes a link's bandwidth, also under live flows. Bytes per second, > 0; a link without
    /// any is one that is off.
    void set_bandwidth(HostIndex host, LinkDirection direction, double bytes_per_second);

    [[nodiscard]] bool host_on(HostIndex host) const { return hosts_on_.at(host) != 0; }
    [[nodiscard]] bool link_on(HostIndex host, LinkDirection direction) const {
        return links_on_.at(link_of(host, direction)) != 0;
    }
    /// The latency of the platform's route in this run, whatever is on or off; 0 to itself.
    [[nodiscard]] Duration latency(HostIndex from, HostIndex to) {
        return network_->latency(from, to);
    }

    /// Between runs only.
    void set_mode(Mode mode);
    /// How often SimGrid was stepped since the process began; for measurements.
    [[nodiscard]] std::uint64_t simgrid_steps() const { return steps_; }
    /// For the guard test, between runs: throws CheckFailure, as a deadlock within SimGrid must.
    void provoke_deadlock();

  private:
    enum class Phase : std::uint8_t { idle, open, running, over };
    enum class OpKind : std::uint8_t { start, cancel, host, link, bandwidth };
    /// Something that touches SimGrid, waiting for SimGrid's clock.
    struct Op {
        OpKind kind = OpKind::start;
        LinkDirection direction = LinkDirection::up;
        bool on = false;
        HostIndex host = 0;  ///< start: the sender
        HostIndex to = 0;
        FlowId flow;
        std::uint64_t bytes = 0;
        double bandwidth = 0;
    };

    std::optional<TrueTime> next_date() override;
    void reached(TrueTime limit) override;
    void flow_done(FlowId flow, bool finished, TrueTime at) override;

    static std::size_t link_of(HostIndex host, LinkDirection direction) {
        return 2 * std::size_t{host} + (direction == LinkDirection::down ? 1 : 0);
    }
    void run_ahead();
    void deliver(const EventQueue::Element& element);
    void postpone(const Op& op);
    void carry_out();
    void perform(const Op& op);
    void finish();

    EventQueue queue_;
    std::int64_t now_ = 0;
    std::int64_t end_ = 0;
    Client* client_ = nullptr;
    bool interrupt_ = false;  ///< the present event asked for something: leave the tight loop
    bool stop_ = false;
    bool finished_ = true;  ///< nothing is delivered any more
    bool end_reached_ = false;
    Phase phase_ = Phase::idle;
    Mode mode_ = Mode::run_ahead;
    std::uint64_t live_flows_ = 0;  ///< known to SimGrid and not yet reported
    std::uint64_t flows_started_ = 0;
    std::uint64_t steps_ = 0;
    std::vector<Op> pending_;
    // As the client has ordered them, ahead of SimGrid's own state by what is pending.
    std::vector<std::uint8_t> hosts_on_;
    std::vector<std::uint8_t> links_on_;
    std::exception_ptr failure_;
    std::unique_ptr<Network> network_;
};

}  // namespace leasehold
