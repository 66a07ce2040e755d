// Pods as both drivers show them to the model, and what their status proves of a process: the
// container that a holder ran in has ended, or nothing.
//
// A guess that a leader is dead makes two leaders. What the kubelet writes of one container is no
// guess: it names the container by an id that is never used again, and says of it that it has ended
// only once its processes are gone. Everything else that looks like death is written by others, who
// do not see the process: see ended_at().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/base/strong.hpp"
#include "model/base/time.hpp"

namespace leasehold {

/// One container that ran, runs or will have run: a restart makes another one.
struct Container {
    std::string pod;      ///< metadata.name of its Pod
    std::string pod_uid;  ///< metadata.uid of its Pod
    std::string id;       ///< containerID as the kubelet writes it, "containerd://<hex>"
    /// Is all of it known? Nothing can be proven of a container without a name.
    [[nodiscard]] bool known() const { return !pod.empty() && !pod_uid.empty() && !id.empty(); }
    friend bool operator==(const Container&, const Container&) = default;
};
using ContainerPtr = std::shared_ptr<const Container>;

/// ContainerStateTerminated: of status.containerStatuses[].state or .lastState.
struct ContainerEnd {
    std::string id;      ///< containerID; empty = absent
    std::string reason;  ///< "Error", "OOMKilled", "ContainerStatusUnknown" ...; empty = absent
    std::int32_t exit_code = 0;  ///< exitCode
    std::optional<WallTime> finished_at;  ///< finishedAt, whole seconds of its node's wall clock
    friend bool operator==(const ContainerEnd&, const ContainerEnd&) = default;
};

enum class ContainerPhase : std::uint8_t { waiting, running, terminated };

/// One entry of status.containerStatuses.
struct ContainerState {
    std::string name;
    std::string id;  ///< containerID; empty = none yet
    ContainerPhase phase = ContainerPhase::waiting;
    std::optional<WallTime> started_at;  ///< state.running.startedAt, whole seconds
    bool ready = false;                  ///< ready
    /// Does the container's spec have a readinessProbe? Without one `ready` says "running" alone.
    bool probed = false;
    std::optional<ContainerEnd> ended;       ///< state.terminated
    std::optional<ContainerEnd> ended_last;  ///< lastState.terminated
    friend bool operator==(const ContainerState&, const ContainerState&) = default;
};

/// A Pod in plain wire terms; drivers fill it in and interpret nothing.
struct PodReport {
    Version version;       ///< metadata.resourceVersion
    std::string name;      ///< metadata.name
    std::string uid;       ///< metadata.uid
    bool deleted = false;  ///< 404, or a DELETED event
    std::string phase;     ///< status.phase
    std::vector<ContainerState> containers;
    friend bool operator==(const PodReport&, const PodReport&) = default;
};

/// How long after its start a process of ours fails readiness probes; own_container() relies on it.
inline constexpr Duration kReadyNotBefore = std::chrono::seconds(2);

/// The container that this process runs in, by a report of its own Pod; none: not known (yet).
/// `process_started`: when it was forked, on the wall clock of its node. A later instant is safe
/// too, and leaves more unknown.
[[nodiscard]] std::optional<Container> own_container(const PodReport& report,
                                                     const std::string& container_name,
                                                     const std::string& pod_uid,
                                                     WallTime process_started);

/// When `holder`, a container named `container_name` in its Pod, has ended, if the report proves
/// that it has: in whole seconds, by the wall clock of its node.
[[nodiscard]] std::optional<WallTime> ended_at(const PodReport& report,
                                               const std::string& container_name,
                                               const Container& holder);

}  // namespace leasehold
