#include "sim/engine/network.hpp"

#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/base/check.hpp"

namespace leasehold {
namespace {

namespace sg = simgrid::s4u;

// The binade in which all runs lie. Its doubles are the multiples of 2^-32 s; the bases of runs are
// whole seconds, so even multiples, and every sum of a base and a date rounds as it would at the
// first base. Measured: other bases give other flow dates in half of the runs.
constexpr double kFirstBase = 1 << 20;
constexpr double kLastClock = 1 << 21;

double seconds(Duration span) {
    // '/' and not '* 1e-9': the quotient is correctly rounded and so survives the way back.
    return static_cast<double>(span.count()) / 1e9;
}

double whole_seconds(Duration span) {
    return static_cast<double>(std::chrono::ceil<std::chrono::seconds>(span).count());
}

/// SimGrid's constructor installs handlers, for SIGINT whatever was there before. The caller's
/// stay.
class KeepSignalHandlers {
  public:
    KeepSignalHandlers() {
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            sigaction(kSignals[i], nullptr, &saved_[i]);
    }
    ~KeepSignalHandlers() {
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            sigaction(kSignals[i], &saved_[i], nullptr);
    }
    KeepSignalHandlers(const KeepSignalHandlers&) = delete;
    KeepSignalHandlers& operator=(const KeepSignalHandlers&) = delete;

  private:
    static constexpr std::array kSignals{SIGINT, SIGSEGV, SIGBUS};
    std::array<struct sigaction, kSignals.size()> saved_{};
};

/// SimGrid takes its options out of argv and ends the process at --help: it gets an argv of its
/// own.
std::unique_ptr<sg::Engine> make_simgrid(const PlatformSpec& platform) {
    const KeepSignalHandlers keep;
    std::vector<std::string> words{
        "leasehold",
        "--log=root.thresh:critical",
        "--log=xbt_cfg.thresh:critical",
        // CM02: latency as given. The default, LV08, multiplies it by 13 and loses flows when a
        // bandwidth changes.
        "--cfg=network/model:CM02",
        // Otherwise a flow hangs for ever when a link of the *reverse* route is off.
        "--cfg=network/crosstraffic:0",
        // The default, pinned: the other algorithm gives other flow dates.
        "--cfg=network/optim:Lazy",
        "--cfg=network/TCP-gamma:" + std::to_string(platform.tcp_window_bytes),
        "--cfg=debug/verbose-exit:0",
    };
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    return std::make_unique<sg::Engine>(&count, arguments.data());
}

void check_link(const LinkSpec& link) {
    CHECK_MSG(std::isfinite(link.bandwidth) && link.bandwidth > 0, "bandwidth of a link");
    CHECK_MSG(link.latency >= Duration::zero(), "latency of a link");
}

}  // namespace

struct Network::Impl {
    struct Flow {
        sg::CommPtr comm;
        bool done = false;
    };
    struct HostParts {
        sg::Host* host = nullptr;
        std::array<sg::Link*, 2> links{};  ///< by LinkDirection
        HostLinks original;
        HostLinks present;  ///< the latencies that SimGrid has now, and the bandwidths
    };

    Impl(const PlatformSpec& platform, NetworkDriver& the_driver)
        : driver(the_driver), engine(make_simgrid(platform)) {}

    void build(const PlatformSpec& platform);
    void connect();
    [[nodiscard]] double date_of(TrueTime at) const {
        return base + seconds(at.time_since_epoch());
    }
    [[nodiscard]] std::int64_t rounded(double clock) const {
        return std::llround((clock - base) * 1e9);
    }
    double next_event(double clock);
    void time_advanced();
    void activity_completed(const sg::Activity& activity);
    void move_clock_to(double clock);
    sg::Link& link(HostIndex host, LinkDirection direction) {
        return *hosts.at(host).links[direction == LinkDirection::down ? 1 : 0];
    }
    void set_link(HostParts& parts, LinkDirection direction, const LinkSpec& wanted);
    /// The next run must set this host's state anew.
    void touch(HostIndex host) { touched = std::max(touched, std::size_t{host} + 1); }

    NetworkDriver& driver;
    std::unique_ptr<sg::Engine> engine;
    std::vector<HostParts> hosts;
    std::map<std::uint64_t, Flow> flows;  ///< by id; ordered, as cancel_all walks it
    std::uint64_t live = 0;               ///< not yet done
    std::uint64_t opened = 0;             ///< runs so far: part of a flow's tag
    std::vector<std::int64_t> latencies;  ///< from * hosts + to; -1 unknown
    bool latencies_stale = false;         ///< of some link another was set
    std::size_t touched = 0;  ///< hosts from here on are as the platform has them, and on
    double base = 0;
    double goal = -1;  ///< while the clock moves to a slot
    std::exception_ptr failure;
};

namespace {

/// The queue as one more of SimGrid's models: it says when its next event is due.
class QueueModel final : public simgrid::kernel::resource::Model {
  public:
    explicit QueueModel(std::function<double(double)> next)
        : Model("leasehold"), next_(std::move(next)) {}
    double next_occurring_event(double now) override { return next_(now); }
    void update_actions_state(double, double) override {}

  private:
    std::function<double(double)> next_;
};

}  // namespace

void Network::Impl::build(const PlatformSpec& platform) {
    CHECK_MSG(!platform.hosts.empty(), "a platform without hosts");
    CHECK_MSG(platform.backbone_latency >= Duration::zero(), "latency of the backbone");
    auto* zone = sg::create_star_zone("world");
    sg::Link* backbone = nullptr;
    if (platform.backbone_latency > Duration::zero()) {
        // A fat pipe: no flow slows another one down there.
        backbone = zone->create_link("backbone", 1e15)
                       ->set_latency(seconds(platform.backbone_latency))
                       ->set_sharing_policy(sg::Link::SharingPolicy::FATPIPE, {})
                       ->seal();
    }
    for (const HostSpec& spec : platform.hosts) {
        check_link(spec.links.up);
        check_link(spec.links.down);
        HostParts parts;
        parts.original = parts.present = spec.links;
        parts.host = zone->create_host(spec.name, 1e9)->seal();
        parts.links[0] = zone->create_link(spec.name + ".up", spec.links.up.bandwidth)
                             ->set_latency(seconds(spec.links.up.latency))
                             ->seal();
        parts.links[1] = zone->create_link(spec.name + ".down", spec.links.down.bandwidth)
                             ->set_latency(seconds(spec.links.down.latency))
                             ->seal();
        std::vector<sg::LinkInRoute> way_up{sg::LinkInRoute(parts.links[0])};
        if (backbone != nullptr) way_up.emplace_back(backbone);
        zone->add_route(parts.host->get_netpoint(), nullptr, nullptr, nullptr, way_up, false);
        zone->add_route(nullptr, parts.host->get_netpoint(), nullptr, nullptr,
                        {sg::LinkInRoute(parts.links[1])}, false);
        hosts.push_back(parts);
    }
    zone->seal();
    engine->seal_platform();
    latencies.assign(hosts.size() * hosts.size(), -1);
}

void Network::Impl::connect() {
    // These signals are static and can't be disconnected: once per process, as is this class.
    engine->add_model(
        std::make_shared<QueueModel>([this](double clock) { return next_event(clock); }));
    sg::Engine::on_time_advance_cb([this](double) { time_advanced(); });
    sg::Activity::on_completion_cb([this](const sg::Activity& a) { activity_completed(a); });
    sg::Engine::on_deadlock_cb(
        [this] { failure = std::make_exception_ptr(CheckFailure("SimGrid reports a deadlock")); });
}

double Network::Impl::next_event(double clock) {
    if (goal >= 0) return std::max(0.0, goal - clock);
    const std::optional<TrueTime> next = driver.next_date();
    return next ? std::max(0.0, date_of(*next) - clock) : -1.0;
}

void Network::Impl::time_advanced() {
    const double clock = sg::Engine::get_clock();
    if (goal >= 0) {
        if (clock >= goal) goal = -1;
        return;
    }
    // The last nanosecond whose date is not after the clock. Dates are compared, not rounded
    // nanoseconds: one that is a rounding ahead of the clock would be asked for again for ever.
    TrueTime limit{Duration(rounded(clock))};
    if (date_of(limit) > clock) limit -= Duration(1);
    driver.reached(limit);
}

void Network::Impl::activity_completed(const sg::Activity& activity) {
    const auto* comm = dynamic_cast<const sg::Comm*>(&activity);
    if (comm == nullptr) return;
    const auto tag = reinterpret_cast<std::uintptr_t>(comm->get_data<void>());
    // A cancelled activity is told twice, as CANCELED and then as FAILED.
    if (tag == 0 || activity.get_state() == sg::Activity::State::CANCELED) return;
    const auto found = flows.find(tag & 0xffffffffffULL);
    if (found == flows.end() || found->second.done || tag >> 40 != (opened & 0xffffffULL)) {
        failure = std::make_exception_ptr(CheckFailure("SimGrid ended a flow that is not alive"));
        return;
    }
    found->second.done = true;
    --live;
    driver.flow_done(FlowId(found->first), activity.get_state() == sg::Activity::State::FINISHED,
                     TrueTime(Duration(rounded(sg::Engine::get_clock()))));
}

void Network::Impl::move_clock_to(double clock) {
    if (sg::Engine::get_clock() == clock) return;
    goal = clock;
    engine->run();
    CHECK_MSG(goal < 0 && sg::Engine::get_clock() == clock, "SimGrid's clock missed the slot");
}

void Network::Impl::set_link(HostParts& parts, LinkDirection direction, const LinkSpec& wanted) {
    check_link(wanted);
    const std::size_t side = direction == LinkDirection::down ? 1 : 0;
    LinkSpec& present = side == 1 ? parts.present.down : parts.present.up;
    sg::Link* link = parts.links[side];
    if (!link->is_on()) link->turn_on();
    if (present.bandwidth != wanted.bandwidth) link->set_bandwidth(wanted.bandwidth);
    if (present.latency != wanted.latency) {
        // Broken under live flows, and safe here, where there are none.
        link->set_latency(seconds(wanted.latency));
        latencies_stale = true;
    }
    present = wanted;
}

// ---- the interface ------------------------------------------------------------------------------

Network::Network(const PlatformSpec& platform, NetworkDriver& driver)
    : impl_(std::make_unique<Impl>(platform, driver)) {
    impl_->build(platform);
    impl_->connect();
}

Network::~Network() = default;

bool Network::fits(Duration length) const {
    // Counted from where the clock is and not from the last slot's end: a run without flows leaves
    // the clock nearly where it was.
    const double next = std::max(kFirstBase, std::ceil(sg::Engine::get_clock()));
    return next + whole_seconds(length) <= kLastClock;
}

void Network::open(Duration length, std::span<const HostLinks> links) {
    CHECK(fits(length));
    CHECK(impl_->flows.empty());
    ++impl_->opened;
    impl_->failure = nullptr;
    // Of a platform for the largest world most hosts are in no run.
    const std::size_t last_touched = std::exchange(impl_->touched, links.size());
    for (std::size_t i = 0; i < std::max(links.size(), last_touched); ++i) {
        Impl::HostParts& parts = impl_->hosts[i];
        const HostLinks& wanted = i < links.size() ? links[i] : parts.original;
        if (!parts.host->is_on()) parts.host->turn_on();
        impl_->set_link(parts, LinkDirection::up, wanted.up);
        impl_->set_link(parts, LinkDirection::down, wanted.down);
    }
    if (std::exchange(impl_->latencies_stale, false))
        std::fill(impl_->latencies.begin(), impl_->latencies.end(), -1);
    const double base = std::max(kFirstBase, std::ceil(sg::Engine::get_clock()));
    impl_->move_clock_to(base);
    impl_->base = base;
}

void Network::run() {
    impl_->engine->run();
    if (impl_->failure) std::rethrow_exception(std::exchange(impl_->failure, nullptr));
}

void Network::start(FlowId flow, HostIndex from, HostIndex to, std::uint64_t bytes) {
    Impl& net = *impl_;
    CHECK(from != to && flow.value() < (1ULL << 40));
    sg::Host* const sender = net.hosts.at(from).host;
    sg::Host* const receiver = net.hosts.at(to).host;
    CHECK(sender->is_on() && receiver->is_on());
    CHECK(net.link(from, LinkDirection::up).is_on() && net.link(to, LinkDirection::down).is_on());
    const std::uintptr_t tag = ((net.opened & 0xffffffULL) << 40) | flow.value();
    sg::CommPtr comm = sg::Comm::sendto_init();
    // Size first and hosts last: the flow starts as soon as it knows both. 0 bytes never start.
    comm->set_payload_size(std::max<std::uint64_t>(1, bytes));
    comm->set_data(reinterpret_cast<void*>(tag));
    CHECK(net.flows.emplace(flow.value(), Impl::Flow{comm, false}).second);
    ++net.live;
    comm->set_source(sender);
    comm->set_destination(receiver);
}

void Network::cancel(FlowId flow) {
    const auto found = impl_->flows.find(flow.value());
    if (found == impl_->flows.end() || found->second.done) return;
    const sg::CommPtr keep = found->second.comm;
    keep->cancel();
}

void Network::cancel_all() {
    for (auto& [id, flow] : impl_->flows)
        if (!flow.done) flow.comm->cancel();
}

void Network::forget(FlowId flow) {
    const auto found = impl_->flows.find(flow.value());
    CHECK(found != impl_->flows.end() && found->second.done);
    impl_->flows.erase(found);
}

void Network::forget_all() {
    CHECK_MSG(impl_->live == 0, "a flow outlives its run");
    impl_->flows.clear();
}

void Network::set_host_on(HostIndex host, bool on) {
    sg::Host* const target = impl_->hosts.at(host).host;
    impl_->touch(host);
    if (on)
        target->turn_on();
    else
        target->turn_off();  // and SimGrid fails its flows
}

void Network::set_link_on(HostIndex host, LinkDirection direction, bool on) {
    sg::Link& link = impl_->link(host, direction);
    impl_->touch(host);
    if (on)
        link.turn_on();
    else
        link.turn_off();
}

void Network::set_bandwidth(HostIndex host, LinkDirection direction, double bytes_per_second) {
    Impl::HostParts& parts = impl_->hosts.at(host);
    impl_->touch(host);
    (direction == LinkDirection::down ? parts.present.down : parts.present.up).bandwidth =
        bytes_per_second;
    impl_->link(host, direction).set_bandwidth(bytes_per_second);
}

Duration Network::latency(HostIndex from, HostIndex to) {
    const std::size_t count = impl_->hosts.size();
    CHECK(from < count && to < count);
    if (from == to) return Duration::zero();
    std::int64_t& known = impl_->latencies[std::size_t{from} * count + to];
    if (known < 0) {
        std::vector<sg::Link*> links;
        double total = 0;
        impl_->hosts[from].host->route_to(impl_->hosts[to].host, links, &total);
        known = std::llround(total * 1e9);
    }
    return Duration(known);
}

void Network::provoke_deadlock() {
    sg::Actor::create("waits for ever", impl_->hosts.front().host,
                      [] { sg::this_actor::suspend(); });
    run();
}

}  // namespace leasehold
