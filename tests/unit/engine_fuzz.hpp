// Random runs on the engine: control events, flows, cancels, faults; a run is known by its digest.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/base/digest.hpp"
#include "model/base/random.hpp"
#include "sim/engine/engine.hpp"

namespace leasehold::test {

inline constexpr HostIndex kFuzzHosts = 6;
inline constexpr Duration kFuzzLength = std::chrono::seconds(40);

inline PlatformSpec fuzz_platform() {
    PlatformSpec platform;
    for (HostIndex i = 0; i < kFuzzHosts; ++i) {
        const LinkSpec link{1.25e9, std::chrono::microseconds(250)};
        platform.hosts.push_back({"host-" + std::to_string(i), {link, link}});
    }
    return platform;
}

/// What a run reached, so that a comparison of empty runs can't pass.
struct FuzzCounts {
    std::uint64_t started = 0, finished = 0, failed = 0, cancels = 0, faults = 0, bandwidths = 0;
    void operator+=(const FuzzCounts& other) {
        started += other.started, finished += other.finished, failed += other.failed;
        cancels += other.cancels, faults += other.faults, bandwidths += other.bandwidths;
    }
};

class FuzzRun final : public Client {
  public:
    FuzzRun(Engine& engine, std::uint64_t seed) : engine_(engine), random_(mix64(seed + 77)) {
        std::vector<HostLinks> links;
        // Some runs on the platform's own links, some on others.
        if (random_.below(2) == 0)
            for (HostIndex i = 0; i < kFuzzHosts; ++i)
                links.push_back({random_link(), random_link()});
        engine.begin_run(*this, seed, kFuzzLength - Duration(random_.below(1'000'000'000)), links);
        for (HostIndex host = 0; host < kFuzzHosts; ++host)
            after(Duration(0), kTick, host, 0);
        after(Duration(0), kGo, 0, 0);
        after(Duration(0), kChaos, 0, 0);
        engine.run();
        digest_.add(static_cast<std::uint64_t>(engine.now().time_since_epoch().count()));
        engine.end_run();
        for (const auto& [flow, reports] : reports_)
            if (reports > 1) throw std::logic_error("a flow was reported twice");
    }

    [[nodiscard]] std::uint64_t digest() const { return digest_.value(); }
    [[nodiscard]] const FuzzCounts& counts() const { return counts_; }

  private:
    enum Kind : std::uint32_t { kTick, kMessage, kGo, kChaos, kHostOn, kLinkOn };

    LinkSpec random_link() {
        return {1e8 + static_cast<double>(random_.below(1'000'000'000)),
                Duration(random_.below(3'000'000))};
    }
    Duration about(Duration mean) {
        return Duration(random_.below(static_cast<std::uint64_t>(2 * mean.count())));
    }
    void after(Duration span, std::uint32_t kind, std::uint32_t target, std::uint64_t data) {
        engine_.at(engine_.now() + span, kind, target, data);
    }
    HostIndex any_host() { return static_cast<HostIndex>(random_.below(kFuzzHosts)); }
    LinkDirection any_direction() {
        return random_.below(2) == 0 ? LinkDirection::up : LinkDirection::down;
    }
    void add(std::uint64_t what, std::uint64_t target, std::uint64_t data) {
        digest_.add(static_cast<std::uint64_t>(engine_.now().time_since_epoch().count()));
        digest_.add(what << 32 | target);
        digest_.add(data);
    }

    void due(const Due& event) override {
        if (event.at != engine_.now()) throw std::logic_error("an event at another date than now");
        add(event.kind, event.target, event.data);
        switch (event.kind) {
            case kTick: {  // a control message to everyone, all ticks of all hosts at equal dates
                for (HostIndex to = 0; to < kFuzzHosts; ++to)
                    after(engine_.latency(event.target, to), kMessage, to, ++messages_);
                after(std::chrono::milliseconds(500), kTick, event.target, event.data + 1);
                return;
            }
            case kMessage:
                return;
            case kGo:
                go();
                return;
            case kChaos:
                chaos();
                return;
            case kHostOn:
                engine_.set_host_on(event.target, true);
                return;
            case kLinkOn:
                engine_.set_link_on(event.target, static_cast<LinkDirection>(event.data), true);
                return;
        }
    }

    void go() {
        // Bursts with pauses in between, so that a run changes between both ways of going on.
        const bool pause = random_.below(4) == 0;
        const HostIndex from = any_host();
        const auto to =
            static_cast<HostIndex>((from + 1 + random_.below(kFuzzHosts - 1)) % kFuzzHosts);
        const std::uint64_t bytes = random_.below(8) == 0 ? 0 : random_.below(900'000'000);
        flows_.push_back(engine_.start_flow(from, to, bytes));
        ++counts_.started;
        // Cancelled in the very event that starts it.
        if (random_.below(16) == 0) cancel(flows_.back());
        const Duration mean = std::chrono::milliseconds(pause ? 3000 : 150);
        after(about(mean), kGo, 0, 0);
    }

    void chaos() {
        const HostIndex host = any_host();
        const LinkDirection direction = any_direction();
        switch (random_.below(6)) {
            case 0:
                engine_.set_host_on(host, false);
                after(about(std::chrono::seconds(1)), kHostOn, host, 0);
                ++counts_.faults;
                break;
            case 1:
                engine_.set_link_on(host, direction, false);
                after(about(std::chrono::seconds(1)), kLinkOn, host,
                      static_cast<std::uint64_t>(direction));
                ++counts_.faults;
                break;
            case 2:
            case 3:
                engine_.set_bandwidth(host, direction,
                                      1e7 + static_cast<double>(random_.below(1'000'000'000)));
                ++counts_.bandwidths;
                break;
            default:
                if (!flows_.empty()) cancel(flows_[random_.below(flows_.size())]);
                break;
        }
        after(about(std::chrono::milliseconds(200)), kChaos, 0, 0);
    }

    void cancel(FlowId flow) {
        engine_.cancel_flow(flow);
        ++counts_.cancels;
    }

    void flow_ended(FlowId flow, bool finished) override {
        add(99, finished ? 1 : 0, flow.value());
        ++reports_[flow.value()];
        ++(finished ? counts_.finished : counts_.failed);
    }

    Engine& engine_;
    Random random_;
    RunDigest digest_;
    FuzzCounts counts_;
    std::uint64_t messages_ = 0;
    std::vector<FlowId> flows_;
    std::map<std::uint64_t, int> reports_;
};

}  // namespace leasehold::test
