// Paths between replicas and the two servers: latency, cuts, extra delay, and their health.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/topology/topology.hpp"
#include "sim/world/context.hpp"
#include "sim/world/draw.hpp"

namespace leasehold::sim {

enum class Server : std::uint8_t { api, bucket };

/// Who reaches whom, and how long it takes. Counts what disturbs a path, so that PathChanged says
/// when a path is healthy again.
class Paths {
  public:
    explicit Paths(Context& context);

    [[nodiscard]] bool to(Server server, ReplicaIndex replica) const {
        return cuts_ == 0 || reaches(replica, server, true);
    }
    [[nodiscard]] bool from(Server server, ReplicaIndex replica) const {
        return cuts_ == 0 || reaches(replica, server, false);
    }
    /// One way of one message, drawn now.
    [[nodiscard]] Duration latency(ReplicaIndex replica, Server server);
    /// The part of it that comes on top of the platform's route: what varies, and delays.
    [[nodiscard]] Duration beyond_route(ReplicaIndex replica, Server server);
    /// No healthy message takes longer.
    [[nodiscard]] Duration longest() const { return base_ + extra_draw_.longest(); }

    /// What is cut; undone by the returned handle.
    CutId cut(const std::vector<ReplicaIndex>& replicas, const Fault& fault);
    void heal(CutId cut);
    /// Adds `by` to each message between these and the fault's peers (negative: takes it away).
    void delay(const std::vector<ReplicaIndex>& replicas, const Fault& fault, Duration by);
    /// A disturbance of another kind (outage, request fault) begins (+1) or ends (-1).
    void disturb(ReplicaIndex replica, Server server, int by);
    /// Tells the history what has changed since the last call.
    void report();

  private:
    struct Link {
        Duration extra{0};
        int disturbed = 0;
    };
    [[nodiscard]] bool reaches(ReplicaIndex replica, Server server, bool towards) const;
    [[nodiscard]] bool healthy(ReplicaIndex replica, Server server) const;
    Link& link(ReplicaIndex replica, Server server) {
        return links_[replica * 2 + static_cast<std::size_t>(server)];
    }

    Context& context_;
    Topology topology_;
    std::vector<NodeId> nodes_;  ///< replicas, then api, then bucket
    std::vector<Link> links_;
    std::vector<std::uint8_t> reported_;
    Duration base_{0};
    LatencyDraw extra_draw_;  ///< beyond the platform's own latency
    bool varies_ = false;
    Random random_;
    int cuts_ = 0;
};

}  // namespace leasehold::sim
