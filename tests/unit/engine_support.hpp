// The one engine of the test process, and a client made of a function.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/engine/engine.hpp"

namespace leasehold::test {

inline constexpr HostIndex kTestHosts = 4;
inline constexpr double kTestBandwidth = 1e8;
inline constexpr Duration kTestLatency = std::chrono::milliseconds(1);

/// One per process is all that there can be. Four hosts, 100 MB/s and 1 ms on every link.
inline Engine& test_engine() {
    static const std::unique_ptr<Engine> engine = [] {
        PlatformSpec platform;
        for (HostIndex i = 0; i < kTestHosts; ++i) {
            const LinkSpec link{kTestBandwidth, kTestLatency};
            platform.hosts.push_back({"host-" + std::to_string(i), {link, link}});
        }
        return std::make_unique<Engine>(platform);
    }();
    return *engine;
}

struct Ended {
    FlowId flow;
    bool finished = false;
    std::int64_t at = 0;
    friend bool operator==(const Ended&, const Ended&) = default;
};

/// Opens a run in its constructor and closes it in its destructor. Events are functions.
class Script final : public Client {
  public:
    explicit Script(Duration length = std::chrono::seconds(100), std::uint64_t seed = 1,
                    std::span<const HostLinks> links = {},
                    Engine::Mode mode = Engine::Mode::run_ahead) {
        engine.set_mode(mode);
        engine.begin_run(*this, seed, length, links);
    }
    ~Script() override { engine.end_run(); }
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    void at(Duration when, std::function<void()> action) {
        actions_.push_back(std::move(action));
        engine.at(TrueTime(when), 0, 0, actions_.size() - 1);
    }
    [[nodiscard]] std::int64_t now() const { return engine.now().time_since_epoch().count(); }

    std::vector<Ended> ended;
    Engine& engine = test_engine();

  private:
    void due(const Due& event) override { actions_.at(event.data)(); }
    void flow_ended(FlowId flow, bool finished) override {
        ended.push_back({flow, finished, now()});
    }
    std::vector<std::function<void()>> actions_;
};

}  // namespace leasehold::test
