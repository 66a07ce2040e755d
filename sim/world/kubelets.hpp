// Kubelets: what runs in each machine's Pod, what the API says of it, and who reads that.
//
// A kubelet sees its own containers at once and tells the API later: its notice takes time, waits
// while the machine does not reach the API, and is never wrong. Others write into a Pod's status
// too, without seeing its processes (editPod, forceDeletePod): they never write of a container of
// the agent that it has ended under its own id, which is all that a proof rests on.
//
// Without elections that believe in ended holders nothing of this exists: no draw, no event.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "model/protocol/pod.hpp"
#include "sim/world/api_channel.hpp"
#include "sim/world/context.hpp"
#include "sim/world/draw.hpp"
#include "sim/world/paths.hpp"

namespace leasehold::sim {

class Kubelets {
  public:
    Kubelets(Context& context, Paths& paths);
    void connect(const ApiChannel& api) { api_ = &api; }

    // What the machines do.
    void started(ReplicaIndex replica);
    void ended(ReplicaIndex replica);
    /// The driver's part: the Pod of a holder is watched, or no more.
    void watch(ReplicaIndex replica, const ContainerPtr& container);
    void stop_watch(ReplicaIndex replica);
    /// A report of an end was lost on the way: it is looked at again.
    void lost(ReplicaIndex replica);

    // The queue's events.
    void writes(ReplicaIndex replica, std::uint64_t number);
    void ready(ReplicaIndex replica, std::uint64_t incarnation);
    void own_pod_read(ReplicaIndex replica, std::uint64_t incarnation);
    void holder_read(ReplicaIndex replica, std::uint64_t watch);

    // Faults.
    /// The machine is gone with its kubelet; nothing is written until it comes back.
    void node_lost(ReplicaIndex replica);
    /// The kubelet tells the API nothing (+1), or goes on (-1).
    void silence(ReplicaIndex replica, int by);
    /// The Pod's object is removed while its process may run. False: it is gone already.
    bool force_delete(ReplicaIndex replica);
    /// Somebody who does not see the process writes into the Pod's status.
    bool edit(ReplicaIndex replica, PodEdit edit);

  private:
    struct Pod {
        PodReport truth;                ///< as the kubelet knows it
        PodReport shown;                ///< as the API has it
        std::deque<PodReport> written;  ///< on its way to the API, oldest first
        std::uint64_t first_written = 1;
        TrueTime last_write{};
        WallTime forked{};  ///< of the present process
        int silenced = 0;
        bool node_lost = false;
        std::uint32_t incarnations = 0;  ///< of the object
    };
    struct Reader {
        ContainerPtr holder;        ///< watched
        std::uint64_t watch = 0;    ///< grows with each
        bool told = false;          ///< of its end
        bool knows_itself = false;  ///< the present process
    };

    [[nodiscard]] bool off() const { return pods_.empty(); }
    [[nodiscard]] ContainerState& entry(ReplicaIndex replica);
    [[nodiscard]] WallTime wall_second(ReplicaIndex replica) const;
    [[nodiscard]] bool reads(ReplicaIndex replica) const;
    void notice(ReplicaIndex replica);
    void changed(ReplicaIndex replica);
    void create(ReplicaIndex replica);
    void tell(ReplicaIndex replica, Event event);

    Context& context_;
    Paths& paths_;
    const ApiChannel* api_ = nullptr;
    LatencyDraw notice_;
    Random random_;
    std::vector<Pod> pods_;
    std::vector<Reader> readers_;
    Version version_;
};

}  // namespace leasehold::sim
