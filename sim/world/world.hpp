// World: one simulated run, from its parts; the client of the engine's queue.
#pragma once

#include "sim/world/api_channel.hpp"
#include "sim/world/bucket_channel.hpp"
#include "sim/world/context.hpp"
#include "sim/world/faults.hpp"
#include "sim/world/hosts.hpp"
#include "sim/world/kubelets.hpp"
#include "sim/world/paths.hpp"
#include "sim/world/workload.hpp"

namespace leasehold::sim {

class World final : public Client {
  public:
    /// `engine` stands in an open run. Observers are added to recorder() before begin().
    World(Engine& engine, const Scenario& scenario, std::uint64_t seed);

    /// Puts the beginnings into the queue: process starts, faults, what the bucket holds.
    void begin();
    void due(const Due& event) override;
    void flow_ended(FlowId flow, bool finished) override { bucket_.flow_ended(flow, finished); }

    [[nodiscard]] Recorder& recorder() { return context_.recorder; }
    [[nodiscard]] const Context& context() const { return context_; }
    [[nodiscard]] std::vector<check::FaultResult> fault_results() const {
        return faults_.results();
    }
    void set_make_peer(MakePeer make) { context_.make_peer = std::move(make); }
    /// Each replica in words, for a failing run.
    [[nodiscard]] std::string state() const;
    /// No healthy exchange with the Lease API takes longer.
    [[nodiscard]] Duration api_round_trip() const {
        return 2 * paths_.longest() + api_.longest_handling();
    }
    [[nodiscard]] Duration longest_latency() const { return paths_.longest(); }

  private:
    void time_goes_on(ReplicaIndex replica);

    Context context_;
    Paths paths_;
    Hosts hosts_;
    Faults faults_;
    ApiChannel api_;
    BucketChannel bucket_;
    Workload workload_;
    Kubelets kubelets_;
    TrueTime instant_{};
    std::uint64_t at_once_ = 0;  ///< events of that instant
};

}  // namespace leasehold::sim
