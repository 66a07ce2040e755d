// Containers in a small world: which has ended, and what a process is told of it.
#include <chrono>
#include <memory>
#include <string>

#include "model/protocol/pod.hpp"
#include "sim/explore/world.hpp"

namespace leasehold::explore {

namespace {

using Life = World::Life;

const std::string kContainer = "leasehold";
const std::string kPod = "pod";

}  // namespace

bool World::container_ended(const std::string& id) const {
    if (id.empty()) return false;
    for (std::uint8_t i = 0; i < processes_.size(); ++i)
        if (processes_[i].life == Life::running && identity_of(i) == id) return false;
    return true;
}

/// Its own Pod, as a kubelet writes it: what it makes of that is production code's to say.
Broken World::read_own_pod(std::uint8_t replica, bool old, Scratch& scratch) {
    Process& process = processes_[replica];
    ContainerState state;
    state.name = kContainer;
    state.id = identity(replica, process.incarnation - (old ? 1U : 0U));
    state.phase = ContainerPhase::running;
    state.started_at =
        std::chrono::floor<std::chrono::seconds>(old ? process.started_before : process.started);
    // Of the present one the status may be of any instant from now on.
    state.probed = true;
    state.ready = !old || process.ended_before - process.started_before >= kReadyNotBefore;
    const PodReport report{Version(1), kPod, kPod, false, "Running", {state}};
    const std::optional<Container> own = own_container(report, kContainer, kPod, process.started);
    if (!own) return Broken::nothing;
    process.knows_itself = true;
    return step(replica, OwnContainer{std::make_shared<const Container>(*own)}, scratch);
}

Broken World::told_of_end(std::uint8_t replica, const std::string& id, Scratch& scratch) {
    // The one before of its own Pod ended before the present one began; any other may have ended
    // just now, for all that anybody compares.
    WallTime finished = now_of(replica).wall;
    for (std::uint8_t i = 0; i < processes_.size(); ++i) {
        const Process& other = processes_[i];
        const unsigned last = other.incarnation - (other.life == Life::running ? 1U : 0U);
        if (other.incarnation > 0 && identity(i, last) == id) finished = other.ended_before;
    }
    const Container container{kPod, kPod, id};
    return step(replica,
                HolderEnded{std::make_shared<const Container>(container),
                            std::chrono::floor<std::chrono::seconds>(finished), Version(1)},
                scratch);
}

}  // namespace leasehold::explore
