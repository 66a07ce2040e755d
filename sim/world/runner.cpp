#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/base/check.hpp"
#include "sim/world/coverage.hpp"
#include "sim/world/draw.hpp"
#include "sim/world/felt.hpp"
#include "sim/world/judge.hpp"
#include "sim/world/run.hpp"
#include "sim/world/trace.hpp"
#include "sim/world/world.hpp"

namespace leasehold::sim {
namespace {

constexpr std::uint32_t kServers = 2;

PlatformSpec platform() {
    PlatformSpec spec;
    spec.hosts.push_back({"api", {}});
    spec.hosts.push_back({"bucket", {}});
    for (std::uint32_t i = 0; i < config::kReplicasMax; ++i)
        spec.hosts.push_back({replica_name(i), {}});
    spec.tcp_window_bytes =
        64ULL << 20;  // S3 clients use several connections: links limit, not windows
    return spec;
}

/// Links of this run: the least latency of a message is the route's, what varies comes on top.
std::vector<HostLinks> links(const Scenario& scenario) {
    const LatencySpec& latency = scenario.network.latency;
    const Duration least =
        latency.p50 == latency.p99 ? latency.p50 : std::min(latency.min, latency.p50 / 2);
    const auto both = [](double bandwidth, Duration one_way) {
        return HostLinks{{bandwidth, one_way}, {bandwidth, one_way}};
    };
    std::vector<HostLinks> specs;
    specs.push_back(both(1.25e9, Duration(0)));
    specs.push_back(both(static_cast<double>(scenario.network.bucket_bandwidth), Duration(0)));
    for (std::uint32_t i = 0; i < scenario.values.replicas; ++i)
        specs.push_back(both(static_cast<double>(scenario.network.bandwidth), least));
    return specs;
}

/// Takes the replicas' states down whenever one more invariant breaks: the one that is told may
/// come after others that were expected. It stands behind the checkers in the recorder's list, so
/// that they have judged the record already.
class Snapshot final : public Observer {
  public:
    Snapshot(const check::Checkers& checkers, const World& world)
        : checkers_(checkers), world_(world) {}

    void on(const ReplicaStepped&) override { look(); }
    void on(const RequestLeft&) override { look(); }
    void on(const LeaseCommitted&) override { look(); }
    void on(const ObjectCommitted&) override { look(); }
    void on(const ClockChanged&) override { look(); }
    /// The state when `broke` did; the present one if that was at the end, or null.
    [[nodiscard]] std::string state(const check::Verdict* broke) const {
        const auto broken = checkers_.broken();
        const auto at = broke == nullptr ? broken.end() : std::ranges::find(broken, broke->id);
        const auto position = static_cast<std::size_t>(at - broken.begin());
        return position < states_.size() ? states_[position] : world_.state();
    }

  private:
    void look() {
        if (states_.size() < checkers_.broken().size())
            states_.resize(checkers_.broken().size(), world_.state());
    }
    const check::Checkers& checkers_;
    const World& world_;
    std::vector<std::string> states_;  ///< as long as broken() was
};

/// The verdict whose chain is told: of those that nobody expected the one that broke first, else
/// the first of all; null if none was violated with evidence.
const check::Verdict* told(const ExpectSpec& expected, const std::vector<check::Verdict>& all) {
    const auto rank = [&expected](const check::Verdict& one) {
        const bool known = std::ranges::count(expected.violates, one.id) > 0 ||
                           std::ranges::count(expected.may_violate, one.id) > 0;
        return std::pair(known, one.at);
    };
    const check::Verdict* first = nullptr;
    for (const check::Verdict& one : all) {
        if (one.status != check::Status::violated || one.evidence.empty()) continue;
        if (first == nullptr || rank(one) < rank(*first)) first = &one;
    }
    return first;
}

}  // namespace

struct Runner::Parts {
    Engine engine{platform()};
};

Runner::Runner() : parts_(std::make_unique<Parts>()) {}
Runner::~Runner() = default;

bool Runner::fits(const Scenario& scenario) const {
    return parts_->engine.fits_another(scenario.duration);
}

check::RunResult Runner::run(const Scenario& scenario, std::uint64_t seed,
                             const RunOptions& options) {
    CHECK(scenario.values.replicas >= 1 && scenario.values.replicas <= config::kReplicasMax);
    Engine& engine = parts_->engine;
    check::RunResult result;
    result.scenario = scenario.name;
    result.file = scenario.file;
    result.seed = seed;
    result.simulated = scenario.duration;
    for (std::uint32_t i = 0; i < scenario.values.replicas; ++i)
        result.replicas.push_back(replica_name(i));

    // The world is made inside the run: its parts ask the engine for this run's latencies.
    struct Relay final : Client {
        World* world = nullptr;
        void due(const Due& event) override { world->due(event); }
        void flow_ended(FlowId flow, bool finished) override { world->flow_ended(flow, finished); }
    } relay;
    engine.set_mode(options.stepping ? Engine::Mode::stepping : Engine::Mode::run_ahead);
    engine.begin_run(relay, seed, scenario.duration, links(scenario));
    World world(engine, scenario, seed);
    relay.world = &world;
    check::Checkers checkers(
        check_settings(scenario, world.api_round_trip(), world.longest_latency()));
    if (options.checkers) world.recorder().add(&checkers);
    Felt felt(scenario);
    if (options.checkers) world.recorder().add(&felt);
    Snapshot snapshot(checkers, world);
    if (options.checkers && options.timeline) world.recorder().add(&snapshot);
    std::optional<Coverage> coverage;
    if (options.coverage) world.recorder().add(&coverage.emplace(scenario));
    if (options.recorder != nullptr) world.recorder().add(options.recorder);
    // Made only where it is asked for: in a short run it would cost as much as all events together.
    std::optional<Trace> trace;
    if (options.timeline) world.recorder().add(&trace.emplace());
    std::vector<std::unique_ptr<OwnCheck>> own;
    if (options.checkers && options.make_checks) own = options.make_checks();
    for (const auto& one : own)
        world.recorder().add(one.get());
    world.set_make_peer(options.make_peer);
    try {
        world.begin();
        engine.run();
    } catch (const CheckFailure& failure) {
        result.internal_error = failure.what();
    } catch (const std::exception& failure) {
        if (!options.make_peer) throw;
        result.internal_error = std::string("a hosted machine threw: ") + failure.what();
    }
    engine.end_run();

    result.digest = world.recorder().digest();
    result.marks = world.recorder().marks();
    result.leaderships = world.recorder().leaderships;
    result.work = world.recorder().work;
    result.faults = world.fault_results();
    if (coverage) result.coverage = coverage->counts();
    if (options.checkers) {
        felt.tell(result.faults);
        result.of_the_world = felt.of_the_world();
        result.verdicts = checkers.finish(TrueTime(scenario.duration));
        for (const auto& one : own)
            result.verdicts.push_back(one->verdict(TrueTime(scenario.duration)));
        result.failovers = checkers.failovers();
        result.open_failover = checkers.open_failover();
        result.leaderless = checkers.leaderless();
        result.commit_gap = checkers.longest_without_commit();
    }
    judge(scenario, result);
    if (!result.internal_error.empty()) result.outcome = check::Outcome::internal;
    if (options.timeline) {
        const check::Verdict* broke = told(scenario.expect, result.verdicts);
        result.state = snapshot.state(broke);
        if (broke != nullptr)
            for (const std::uint64_t number : trace->chain(broke->evidence))
                result.chain.push_back({TrueTime{}, "", "", number});
    }
    return result;
}

}  // namespace leasehold::sim
