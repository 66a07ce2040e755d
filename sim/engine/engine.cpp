#include "sim/engine/engine.hpp"

#include <algorithm>
#include <cmath>

namespace leasehold {
namespace {

constexpr std::uint32_t kFlowEnded = Engine::kFirstReservedKind;
// Bits of the target of a kFlowEnded event.
constexpr std::uint32_t kWasFinished = 1;
constexpr std::uint32_t kWasInSimgrid = 2;

bool one_engine_was_made = false;

}  // namespace

Engine::Engine(const PlatformSpec& platform)
    : hosts_on_(platform.hosts.size(), 1), links_on_(2 * platform.hosts.size(), 1) {
    CHECK_MSG(!one_engine_was_made, "SimGrid's clock can't be reset: one engine per process");
    one_engine_was_made = true;
    NetworkDriver& driver = *this;
    network_ = std::make_unique<Network>(platform, driver);
}

Engine::~Engine() = default;

bool Engine::fits_another(Duration length) const {
    return network_->fits(length);
}

void Engine::set_mode(Mode mode) {
    CHECK(phase_ == Phase::idle);
    mode_ = mode;
}

void Engine::begin_run(Client& client, std::uint64_t seed, Duration length,
                       std::span<const HostLinks> links) {
    CHECK_MSG(phase_ == Phase::idle, "the last run was not closed");
    CHECK_MSG(length > Duration::zero() && length <= kMaxLength, "length of a run");
    CHECK_MSG(links.size() <= hosts_on_.size(), "more links than hosts");
    CHECK_MSG(fits_another(length), "the clock's binade is used up: replace the process");
    client_ = &client;
    queue_.reset(seed);
    now_ = 0;
    end_ = length.count();
    interrupt_ = stop_ = end_reached_ = false;
    live_flows_ = flows_started_ = 0;
    pending_.clear();
    std::fill(hosts_on_.begin(), hosts_on_.end(), std::uint8_t{1});
    std::fill(links_on_.begin(), links_on_.end(), std::uint8_t{1});
    failure_ = nullptr;
    finished_ = true;  // the driver stays silent while the clock moves to the slot
    network_->open(length, links);
    finished_ = false;
    phase_ = Phase::open;
}

void Engine::end_run() {
    CHECK_MSG(phase_ == Phase::open || phase_ == Phase::over, "no run to close");
    network_->forget_all();
    pending_.clear();
    client_ = nullptr;
    phase_ = Phase::idle;
}

void Engine::run() {
    CHECK_MSG(phase_ == Phase::open, "a run is run once");
    phase_ = Phase::running;
    try {
        interrupt_ = !pending_.empty() || stop_;
        while (!finished_) {
            if (stop_) {
                finish();
            } else if (mode_ == Mode::run_ahead && live_flows_ == 0 && pending_.empty()) {
                run_ahead();
            } else {
                network_->run();
                if (failure_) std::rethrow_exception(failure_);
            }
        }
    } catch (...) {
        finished_ = true;
        phase_ = Phase::over;
        throw;
    }
    if (!stop_) now_ = end_;
    phase_ = Phase::over;
}

void Engine::run_ahead() {
    while (!queue_.empty() && queue_.first_date() <= end_) {
        deliver(queue_.pop());
        if (interrupt_) [[unlikely]] {
            interrupt_ = false;
            return;
        }
    }
    finish();
}

inline void Engine::deliver(const EventQueue::Element& element) {
    now_ = element.at;
    if (element.kind == kFlowEnded) [[unlikely]] {
        const FlowId flow(element.data);
        if ((element.target & kWasInSimgrid) != 0) {
            network_->forget(flow);
            --live_flows_;
        }
        client_->flow_ended(flow, (element.target & kWasFinished) != 0);
        return;
    }
    client_->due(Due{TrueTime(Duration(element.at)), element.kind, element.target, element.data});
}

void Engine::finish() {
    finished_ = true;
    network_->cancel_all();
}

// ---- what touches SimGrid -----------------------------------------------------------------------

FlowId Engine::start_flow(HostIndex from, HostIndex to, std::uint64_t bytes) {
    CHECK_MSG(phase_ == Phase::open || phase_ == Phase::running, "no run");
    CHECK_MSG(from != to && from < hosts_on_.size() && to < hosts_on_.size(), "ends of a flow");
    const FlowId flow(++flows_started_);
    // Asked of the state as ordered, which is what SimGrid's will be when the start is carried out.
    // SimGrid aborts for a host that is off and never reports a flow that starts on a dead link.
    if (!host_on(from) || !host_on(to) || !link_on(from, LinkDirection::up) ||
        !link_on(to, LinkDirection::down)) {
        queue_.push(now_, kFlowEnded, 0, flow.value());
        return flow;
    }
    Op op;
    op.kind = OpKind::start;
    op.host = from;
    op.to = to;
    op.flow = flow;
    op.bytes = bytes;
    postpone(op);
    return flow;
}

void Engine::cancel_flow(FlowId flow) {
    CHECK_MSG(phase_ == Phase::open || phase_ == Phase::running, "no run");
    CHECK_MSG(flow.value() >= 1 && flow.value() <= flows_started_, "no such flow in this run");
    Op op;
    op.kind = OpKind::cancel;
    op.flow = flow;
    postpone(op);
}

void Engine::set_host_on(HostIndex host, bool on) {
    CHECK_MSG(phase_ == Phase::open || phase_ == Phase::running, "no run");
    if (host_on(host) == on) return;
    hosts_on_.at(host) = on ? 1 : 0;
    Op op;
    op.kind = OpKind::host;
    op.host = host;
    op.on = on;
    postpone(op);
}

void Engine::set_link_on(HostIndex host, LinkDirection direction, bool on) {
    CHECK_MSG(phase_ == Phase::open || phase_ == Phase::running, "no run");
    if (link_on(host, direction) == on) return;
    links_on_.at(link_of(host, direction)) = on ? 1 : 0;
    Op op;
    op.kind = OpKind::link;
    op.host = host;
    op.direction = direction;
    op.on = on;
    postpone(op);
}

void Engine::set_bandwidth(HostIndex host, LinkDirection direction, double bytes_per_second) {
    CHECK_MSG(phase_ == Phase::open || phase_ == Phase::running, "no run");
    CHECK_MSG(host < hosts_on_.size(), "no such host");
    CHECK_MSG(std::isfinite(bytes_per_second) && bytes_per_second > 0, "bandwidth");
    Op op;
    op.kind = OpKind::bandwidth;
    op.host = host;
    op.direction = direction;
    op.bandwidth = bytes_per_second;
    postpone(op);
}

void Engine::postpone(const Op& op) {
    pending_.push_back(op);
    interrupt_ = true;
}

void Engine::carry_out() {
    interrupt_ = stop_;
    for (const Op& op : pending_)
        perform(op);
    pending_.clear();
}

void Engine::perform(const Op& op) {
    switch (op.kind) {
        case OpKind::start:
            network_->start(op.flow, op.host, op.to, op.bytes);
            ++live_flows_;
            return;
        case OpKind::cancel:
            network_->cancel(op.flow);
            return;
        case OpKind::host:
            network_->set_host_on(op.host, op.on);
            return;
        case OpKind::link:
            network_->set_link_on(op.host, op.direction, op.on);
            return;
        case OpKind::bandwidth:
            network_->set_bandwidth(op.host, op.direction, op.bandwidth);
            return;
    }
}

void Engine::provoke_deadlock() {
    CHECK(phase_ == Phase::idle);
    network_->provoke_deadlock();
}

// ---- called by SimGrid --------------------------------------------------------------------------

std::optional<TrueTime> Engine::next_date() {
    if (finished_) return std::nullopt;
    if (!pending_.empty()) return now();
    if (mode_ == Mode::run_ahead && live_flows_ == 0) return std::nullopt;
    const std::int64_t next = queue_.empty() ? end_ : std::min(queue_.first_date(), end_);
    return TrueTime(Duration(next));
}

void Engine::reached(TrueTime limit) {
    ++steps_;
    if (finished_) return;
    const std::int64_t upto = limit.time_since_epoch().count();
    try {
        if (!pending_.empty() && upto >= now_) carry_out();
        while (!queue_.empty() && queue_.first_date() <= std::min(upto, end_)) {
            deliver(queue_.pop());
            if (stop_) return finish();
            if (interrupt_) carry_out();
        }
        if (upto < end_) return;
        // A flow that ends exactly at the run's end is told only after this step: take one more.
        if (end_reached_) return finish();
        end_reached_ = true;
    } catch (...) {
        failure_ = std::current_exception();
        finish();
    }
}

void Engine::flow_done(FlowId flow, bool finished, TrueTime at) {
    if (finished_) return;
    const std::int64_t date = std::max(now_, at.time_since_epoch().count());
    queue_.push(date, kFlowEnded, kWasInSimgrid | (finished ? kWasFinished : 0), flow.value());
}

}  // namespace leasehold
