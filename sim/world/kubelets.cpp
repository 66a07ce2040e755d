#include "sim/world/kubelets.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

const std::string kAgent = "leasehold";
const std::string kSidecar = "sidecar";

/// How soon a driver, or a kubelet that was not heard, tries again.
constexpr Duration kAgain = 1s;
/// The readiness probe's period: a container is found ready so long after it is, at most.
constexpr std::uint64_t kProbePeriod = 2'000'000'000;

std::string container_id(ReplicaIndex replica, std::uint32_t incarnation) {
    return "containerd://" + std::to_string(replica) + "-" + std::to_string(incarnation);
}

}  // namespace

Kubelets::Kubelets(Context& context, Paths& paths)
    : context_(context),
      paths_(paths),
      notice_(context.scenario.election.believe_ended_holder
                  ? LatencyDraw(context.scenario.kubelets.notice)
                  : LatencyDraw()),
      random_(context.stream("kubelets")) {
    if (!context.scenario.election.believe_ended_holder) return;
    pods_.resize(context.hosts.size());
    readers_.resize(context.hosts.size());
    for (ReplicaIndex i = 0; i < pods_.size(); ++i)
        create(i);
}

/// A Pod's object is made, by its controller: nothing runs in it yet.
void Kubelets::create(ReplicaIndex replica) {
    Pod& pod = pods_[replica];
    pod.truth = PodReport{};
    pod.truth.name = replica_name(replica);
    pod.truth.uid = "pod-" + std::to_string(replica) + "-" + std::to_string(++pod.incarnations);
    pod.truth.phase = "Pending";
    for (const std::string& name : {kAgent, kSidecar}) {
        ContainerState state;
        state.name = name;
        state.probed = name == kAgent;
        pod.truth.containers.push_back(std::move(state));
    }
    pod.written.clear();
    pod.first_written = pod.first_written + 1'000;  // nothing that was on its way is of this one
    pod.shown = pod.truth;
    pod.shown.version = version_ = Version(version_.value() + 1);
}

ContainerState& Kubelets::entry(ReplicaIndex replica) {
    return pods_[replica].truth.containers.front();
}

/// On the wall clock of the machine, as the wire has it: whole seconds.
WallTime Kubelets::wall_second(ReplicaIndex replica) const {
    const WallTime wall = context_.hosts[replica].clock.read(context_.now()).wall;
    return std::chrono::floor<std::chrono::seconds>(wall);
}

// ---- what the kubelet sees --------------------------------------------------------------------

void Kubelets::started(ReplicaIndex replica) {
    if (off()) return;
    Pod& pod = pods_[replica];
    pod.node_lost = false;
    // A Pod that was removed is replaced by its controller, under another uid.
    if (pod.shown.deleted) create(replica);
    pod.forked = context_.hosts[replica].clock.read(context_.now()).wall;
    readers_[replica] = Reader{.holder = nullptr,
                               .watch = readers_[replica].watch + 1,
                               .told = false,
                               .knows_itself = false};
    ContainerState& state = entry(replica);
    const std::uint32_t incarnation = context_.hosts[replica].incarnation;
    if (state.ended) state.ended_last = std::exchange(state.ended, std::nullopt);
    state.id = container_id(replica, incarnation);
    state.phase = ContainerPhase::running;
    state.started_at = wall_second(replica);
    state.ready = false;
    pod.truth.phase = "Running";
    ContainerState& sidecar = pod.truth.containers.back();
    if (sidecar.id.empty()) {
        sidecar.id = "containerd://sidecar-" + std::to_string(replica);
        sidecar.phase = ContainerPhase::running;
        sidecar.started_at = state.started_at;
    }
    notice(replica);
    const Duration probed(static_cast<std::int64_t>(random_.below(kProbePeriod)));
    context_.at(context_.now() + kReadyNotBefore + probed, Kind::container_ready, replica,
                incarnation);
    // Who does not believe in such an end asks for no container of its own, and names none.
    const Scenario& scenario = context_.scenario;
    const bool upgraded = context_.hosts[replica].upgraded;
    if (!(upgraded ? scenario.upgrade->election : scenario.election).believe_ended_holder) return;
    context_.at(context_.now() + kAgain, Kind::own_pod_read, replica, incarnation);
}

void Kubelets::ready(ReplicaIndex replica, std::uint64_t incarnation) {
    const Host& host = context_.hosts[replica];
    if (!host.running() || host.incarnation != incarnation) return;
    entry(replica).ready = true;
    notice(replica);
}

void Kubelets::ended(ReplicaIndex replica) {
    if (off()) return;
    ++readers_[replica].watch;
    readers_[replica].holder = nullptr;
    ContainerState& state = entry(replica);
    if (state.phase != ContainerPhase::running) return;
    state.phase = ContainerPhase::terminated;
    state.started_at.reset();
    state.ready = false;
    // What a runtime that comes back finds of the containers before: that they are gone, and not
    // what became of them.
    const bool seen = !pods_[replica].node_lost;
    state.ended = ContainerEnd{.id = state.id,
                               .reason = seen ? "Error" : "Unknown",
                               .exit_code = seen ? 137 : 255,
                               .finished_at = wall_second(replica)};
    if (seen) notice(replica);
}

/// What there is now reaches the API some time later, and not before what was sent earlier.
void Kubelets::notice(ReplicaIndex replica) {
    Pod& pod = pods_[replica];
    if (pod.node_lost || pod.shown.deleted) return;
    pod.written.push_back(pod.truth);
    pod.last_write = std::max(pod.last_write, context_.now() + notice_(random_));
    context_.at(pod.last_write, Kind::kubelet_writes, replica,
                pod.first_written + pod.written.size() - 1);
}

void Kubelets::writes(ReplicaIndex replica, std::uint64_t number) {
    Pod& pod = pods_[replica];
    if (number < pod.first_written || pod.written.empty() || pod.shown.deleted) return;
    if (pod.node_lost || pod.silenced > 0 || !api_->up() || !paths_.to(Server::api, replica)) {
        context_.at(context_.now() + kAgain, Kind::kubelet_writes, replica, number);
        return;
    }
    while (pod.first_written <= number && !pod.written.empty()) {
        pod.shown = std::move(pod.written.front());
        pod.written.pop_front();
        ++pod.first_written;
    }
    changed(replica);
}

/// The API's object has changed: whoever watches it reads it.
void Kubelets::changed(ReplicaIndex replica) {
    pods_[replica].shown.version = version_ = Version(version_.value() + 1);
    for (ReplicaIndex i = 0; i < readers_.size(); ++i)
        if (readers_[i].holder && readers_[i].holder->pod == replica_name(replica))
            context_.at(context_.now() + paths_.latency(i, Server::api), Kind::holder_pod_read, i,
                        readers_[i].watch);
}

// ---- the drivers ------------------------------------------------------------------------------

bool Kubelets::reads(ReplicaIndex replica) const {
    return api_->up() && paths_.to(Server::api, replica) && paths_.from(Server::api, replica);
}

void Kubelets::tell(ReplicaIndex replica, Event event) {
    Mail& letter = context_.post(context_.now() + paths_.latency(replica, Server::api), replica);
    letter.event = std::move(event);
    letter.via = Via::api;
}

/// Until it is known; a status that still shows the container before is no answer.
void Kubelets::own_pod_read(ReplicaIndex replica, std::uint64_t incarnation) {
    const Host& host = context_.hosts[replica];
    if (!host.running() || host.incarnation != incarnation || readers_[replica].knows_itself)
        return;
    const Pod& pod = pods_[replica];
    if (reads(replica)) {
        const std::optional<Container> own =
            own_container(pod.shown, kAgent, pod.truth.uid, pod.forked);
        if (own) {
            readers_[replica].knows_itself = true;
            tell(replica, OwnContainer{std::make_shared<const Container>(*own)});
            return;
        }
    }
    context_.at(context_.now() + kAgain, Kind::own_pod_read, replica, incarnation);
}

void Kubelets::watch(ReplicaIndex replica, const ContainerPtr& container) {
    if (off()) return;
    Reader& reader = readers_[replica];
    reader.holder = container;
    reader.told = false;
    context_.at(context_.now() + paths_.latency(replica, Server::api), Kind::holder_pod_read,
                replica, ++reader.watch);
}

void Kubelets::stop_watch(ReplicaIndex replica) {
    if (off()) return;
    readers_[replica].holder = nullptr;
    ++readers_[replica].watch;
}

void Kubelets::lost(ReplicaIndex replica) {
    readers_[replica].told = false;
    if (readers_[replica].holder)
        context_.at(context_.now() + kAgain, Kind::holder_pod_read, replica,
                    readers_[replica].watch);
}

void Kubelets::holder_read(ReplicaIndex replica, std::uint64_t watch) {
    Reader& reader = readers_[replica];
    if (!reader.holder || reader.watch != watch || reader.told) return;
    if (!reads(replica)) {
        context_.at(context_.now() + kAgain, Kind::holder_pod_read, replica, watch);
        return;
    }
    for (const Pod& pod : pods_) {
        if (pod.shown.name != reader.holder->pod) continue;
        const std::optional<WallTime> end = ended_at(pod.shown, kAgent, *reader.holder);
        if (!end) return;
        reader.told = true;
        tell(replica, HolderEnded{reader.holder, *end, pod.shown.version});
    }
}

// ---- faults -----------------------------------------------------------------------------------

void Kubelets::node_lost(ReplicaIndex replica) {
    if (!off()) pods_[replica].node_lost = true;
}

void Kubelets::silence(ReplicaIndex replica, int by) {
    if (!off()) pods_[replica].silenced += by;
}

bool Kubelets::force_delete(ReplicaIndex replica) {
    if (off() || pods_[replica].shown.deleted) return false;
    pods_[replica].shown.deleted = true;
    changed(replica);
    return true;
}

bool Kubelets::edit(ReplicaIndex replica, PodEdit edit) {
    if (off() || pods_[replica].shown.deleted) return false;
    PodReport& shown = pods_[replica].shown;
    ContainerState& agent = shown.containers.front();
    switch (edit) {
        case PodEdit::phase_failed:
            shown.phase = "Failed";
            break;
        case PodEdit::not_ready:
            agent.ready = !agent.ready;
            break;
        case PodEdit::status_unknown:
            // As a kubelet that does not find the container: the entry keeps its id.
            agent.phase = ContainerPhase::terminated;
            agent.started_at.reset();
            agent.ready = false;
            agent.ended = ContainerEnd{.id = "",
                                       .reason = "ContainerStatusUnknown",
                                       .exit_code = 137,
                                       .finished_at = wall_second(replica)};
            break;
        case PodEdit::exit_unknown:
            // As a runtime that lost the container's shim: with its id, and of the process nothing.
            agent.phase = ContainerPhase::terminated;
            agent.started_at.reset();
            agent.ready = false;
            agent.ended = ContainerEnd{.id = agent.id,
                                       .reason = "Error",
                                       .exit_code = 255,
                                       .finished_at = wall_second(replica)};
            break;
        case PodEdit::other_ended: {
            ContainerState& other = shown.containers.back();
            other.phase = ContainerPhase::terminated;
            other.ended = ContainerEnd{.id = other.id,
                                       .reason = "OOMKilled",
                                       .exit_code = 137,
                                       .finished_at = wall_second(replica)};
            break;
        }
        case PodEdit::earlier_end:
            agent.ended_last = ContainerEnd{.id = container_id(replica, 0),
                                            .reason = "Error",
                                            .exit_code = 1,
                                            .finished_at = wall_second(replica)};
            break;
    }
    changed(replica);
    return true;
}

}  // namespace leasehold::sim
