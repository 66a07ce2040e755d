// The platform of a simulation: hosts around a switch, each with a link up and a link down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/base/strong.hpp"
#include "model/base/time.hpp"

namespace leasehold {

/// A host, by its position in PlatformSpec::hosts.
using HostIndex = std::uint32_t;
/// One bulk transfer; unique within a run, counted from 1.
using FlowId = StrongId<struct FlowIdTag>;

/// `up` leads from the host to the switch, `down` from the switch to the host.
enum class LinkDirection : std::uint8_t { up, down };

struct LinkSpec {
    double bandwidth = 1.25e9;  ///< bytes per second, > 0
    Duration latency{0};        ///< >= 0
    friend bool operator==(const LinkSpec&, const LinkSpec&) = default;
};

struct HostLinks {
    LinkSpec up;
    LinkSpec down;
    friend bool operator==(const HostLinks&, const HostLinks&) = default;
};

struct HostSpec {
    std::string name;  ///< unique, not empty
    HostLinks links;
};

/// A star: a route is the sender's link up, the backbone if there is one, the receiver's link down.
/// Flows that share a link share its bandwidth (max-min fair); links share nothing with each other.
struct PlatformSpec {
    std::vector<HostSpec> hosts;
    /// Added to every route. It delays and limits nothing else. 0: no backbone.
    Duration backbone_latency{0};
    /// A flow is never faster than window / (2 * latency of its route), as one TCP connection.
    /// SimGrid's default; raise it where the latency is that of a WAN and clients use several.
    std::uint64_t tcp_window_bytes = 4ULL << 20;
};

}  // namespace leasehold
