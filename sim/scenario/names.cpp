#include "sim/scenario/names.hpp"

#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

std::string_view request_kind_name(RequestKind kind) {
    return names::kRequests.at(static_cast<std::size_t>(kind));
}

std::string_view fault_kind_name(FaultKind kind) {
    return names::kFaults.at(static_cast<std::size_t>(kind));
}

std::string target_name(const Target& target) {
    switch (target.kind) {
        case TargetKind::leader:
            return "leader";
        case TargetKind::follower:
            return "follower";
        case TargetKind::followers:
            return "followers";
        case TargetKind::all:
            return "all";
        case TargetKind::zone:
            return "zone " + target.name;
        case TargetKind::replica:
            return replica_name(target.replica);
        case TargetKind::bound:
            break;
    }
    return target.name;
}

std::string replica_name(std::uint32_t index) {
    return "replica-" + std::to_string(index);
}

}  // namespace leasehold::sim
