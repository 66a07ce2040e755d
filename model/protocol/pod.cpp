#include "model/protocol/pod.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace leasehold {

namespace {

using namespace std::chrono_literals;

/// The runtime stamps a container as running right after it has started its process. More than this
/// after it, the time was told by a clock that was set in between (a machine that booted without
/// one, say): then nothing is known.
constexpr Duration kStartTakes = 10s;

/// What the kubelet writes of a process whose exit it was told. The other reasons are those of a
/// container that nobody found ("ContainerStatusUnknown"), of which the runtime lost track
/// ("Unknown"), or that never ran; of a word that is not known yet nothing is known.
constexpr std::array<std::string_view, 3> kExits{"Completed", "Error", "OOMKilled"};

/// What containerd and CRI-O give for an exit code that they could not learn, with a reason like
/// any other's ("Error"): containerd when it lost a container's shim and failed to clean up after
/// it, CRI-O when its question to the OCI runtime failed, for whatever cause. The process may run.
/// No process of ours ends with it.
constexpr std::int32_t kUnknownExitCode = 255;

/// The one entry of that name, or null. Two of one name are no report of any kubelet.
const ContainerState* entry_of(const PodReport& report, const std::string& name) {
    const auto found = std::ranges::find(report.containers, name, &ContainerState::name);
    if (found == report.containers.end()) return nullptr;
    const auto named = [&](const ContainerState& one) { return one.name == name; };
    return std::ranges::count_if(report.containers, named) == 1 ? &*found : nullptr;
}

bool ended(const std::optional<ContainerEnd>& end, const std::string& id) {
    return end && end->id == id && end->finished_at && end->exit_code != kUnknownExitCode &&
           std::ranges::find(kExits, end->reason) != kExits.end();
}

}  // namespace

// The report lags. After a restart the Pod is the same one, by name and uid, and its status may
// still show the container before this one: running, for all that it knows. Whoever writes that id
// as the own is "proven" dead a moment later, and leads.
//
// What tells the two apart is when they started. The one before had ended when this process was
// forked (the kubelet makes a container only when the last one has ended), so it started before
// that. This one's startedAt is stamped by the runtime once the process has been started, so it is
// not before it was forked. One node, one clock; but startedAt comes in whole seconds, cut off:
// - a later second than that of the fork: it is this one;
// - an earlier one: it is not;
// - the same second, which is how it mostly ends: it is this one, or one before it that started and
//   ended within that very second, and nothing that is read later changes it. What tells them apart
//   then is that this container got older. Its readiness shows it: the kubelet keeps that by
//   container id and takes it from a probe, and no process of ours is ready in its first two
//   seconds, so one that ended within the second in which it had started never was.
std::optional<Container> own_container(const PodReport& report, const std::string& container_name,
                                       const std::string& pod_uid, WallTime process_started) {
    if (report.deleted || report.uid != pod_uid) return std::nullopt;
    const ContainerState* entry = entry_of(report, container_name);
    if (!entry || entry->phase != ContainerPhase::running || !entry->started_at)
        return std::nullopt;
    const auto forked = std::chrono::floor<std::chrono::seconds>(process_started);
    const auto started = std::chrono::floor<std::chrono::seconds>(*entry->started_at);
    if (started < forked || started > forked + kStartTakes) return std::nullopt;
    if (started == forked && !(entry->ready && entry->probed)) return std::nullopt;
    Container own{report.name, report.uid, entry->id};
    // One that has ended already, by the same report, is not the one that asks.
    if (!own.known() || ended(entry->ended_last, own.id)) return std::nullopt;
    return own;
}

// The container's id in a terminated state, in a report of the very same Pod, and nothing else:
// - The Pod deleted or replaced: force deletion and the garbage collection of lost nodes remove the
//   object while the process may run.
// - phase Failed: the garbage collector writes it too, of Pods whose node it cannot ask.
// - The node NotReady or tainted, conditions, readiness: the process may run all the same.
// - Another container of the Pod, or another id: of an earlier restart, which says nothing of this.
// - An end without an id, whatever id the entry itself has (a kubelet that lost sight of a running
//   container writes it so), or one of which the reason or the exit code says that nobody knows.
// - A report that shows the container as running too contradicts itself.
std::optional<WallTime> ended_at(const PodReport& report, const std::string& container_name,
                                 const Container& holder) {
    if (!holder.known() || report.deleted) return std::nullopt;
    if (report.name != holder.pod || report.uid != holder.pod_uid) return std::nullopt;
    const ContainerState* entry = entry_of(report, container_name);
    if (!entry) return std::nullopt;
    const bool present = entry->id == holder.id;
    if (entry->phase == ContainerPhase::terminated && present && ended(entry->ended, holder.id))
        return entry->ended->finished_at;
    const bool runs = entry->phase == ContainerPhase::running && present;
    if (runs || !ended(entry->ended_last, holder.id)) return std::nullopt;
    return entry->ended_last->finished_at;
}

}  // namespace leasehold
