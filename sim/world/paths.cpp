#include "sim/world/paths.hpp"

#include <algorithm>
#include <array>

namespace leasehold::sim {
namespace {

constexpr std::array kServers{Server::api, Server::bucket};

bool meets(const Fault& fault, Server server) {
    return server == Server::api ? fault.api : fault.bucket;
}

}  // namespace

Paths::Paths(Context& context)
    : context_(context),
      links_(context.hosts.size() * 2),
      reported_(context.hosts.size(), 3),
      random_(context.stream("paths")) {
    // Zones of the scenario; a machine that is in none shares one with the servers.
    const NetworkSpec& network = context.scenario.network;
    const ZoneId common = topology_.add_zone("");
    std::vector<ZoneId> zones;
    for (const std::string& name : network.zone_names) {
        zones.push_back(topology_.add_zone(name));
        topology_.add_link(name, zones.back(), common);
    }
    for (const Host& host : context.hosts) {
        ZoneId zone = common;
        for (std::size_t z = 0; z < zones.size(); ++z)
            if (std::ranges::count(network.zone_members[z], host.name) > 0) zone = zones[z];
        nodes_.push_back(topology_.add_node(host.name, zone));
    }
    nodes_.push_back(topology_.add_node("api", common));
    nodes_.push_back(topology_.add_node("bucket", common));
    // The platform's routes carry the least latency; what varies comes on top of it.
    const LatencySpec& spec = context.scenario.network.latency;
    varies_ = spec.p50 != spec.p99;
    base_ = context.engine.latency(Context::machine(0), Context::api_host());
    if (varies_) {
        const LatencySpec extra{Duration(0), spec.p50 - base_, spec.p99 - base_};
        extra_draw_ = LatencyDraw(extra);
    }
}

Duration Paths::latency(ReplicaIndex replica, Server server) {
    return base_ + beyond_route(replica, server);
}

Duration Paths::beyond_route(ReplicaIndex replica, Server server) {
    Duration more = link(replica, server).extra;
    if (varies_) more += extra_draw_(random_);
    return more;
}

bool Paths::reaches(ReplicaIndex replica, Server server, bool towards) const {
    const NodeId near = nodes_[replica];
    const NodeId far = nodes_[context_.hosts.size() + static_cast<std::size_t>(server)];
    return towards ? topology_.reaches(near, far) : topology_.reaches(far, near);
}

CutId Paths::cut(const std::vector<ReplicaIndex>& replicas, const Fault& fault) {
    std::vector<NodeId> from;
    std::vector<NodeId> to;
    for (const ReplicaIndex replica : replicas)
        from.push_back(nodes_[replica]);
    for (const Server server : kServers)
        if (meets(fault, server))
            to.push_back(nodes_[context_.hosts.size() + static_cast<std::size_t>(server)]);
    ++cuts_;
    const auto direction = fault.direction == Direction::both   ? CutDirection::both
                           : fault.direction == Direction::send ? CutDirection::send
                                                                : CutDirection::receive;
    return topology_.cut(from, to, direction);
}

void Paths::heal(CutId cut) {
    topology_.heal(cut);
    --cuts_;
}

void Paths::delay(const std::vector<ReplicaIndex>& replicas, const Fault& fault, Duration by) {
    for (const ReplicaIndex replica : replicas)
        for (const Server server : kServers)
            if (meets(fault, server)) link(replica, server).extra += by;
}

void Paths::disturb(ReplicaIndex replica, Server server, int by) {
    link(replica, server).disturbed += by;
}

bool Paths::healthy(ReplicaIndex replica, Server server) const {
    const Link& link = links_[replica * 2 + static_cast<std::size_t>(server)];
    return to(server, replica) && from(server, replica) && link.disturbed == 0 &&
           link.extra == Duration(0);
}

void Paths::report() {
    for (ReplicaIndex replica = 0; replica < context_.replicas(); ++replica) {
        PathChanged record;
        record.at = context_.now();
        record.replica = replica;
        record.api_healthy = healthy(replica, Server::api);
        record.bucket_healthy = healthy(replica, Server::bucket);
        const auto bits = static_cast<std::uint8_t>((record.api_healthy ? 1U : 0U) |
                                                    (record.bucket_healthy ? 2U : 0U));
        if (bits == reported_[replica]) continue;
        reported_[replica] = bits;
        context_.recorder.path(record);
    }
}

}  // namespace leasehold::sim
