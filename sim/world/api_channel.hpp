// ApiChannel: the way between the replicas and the Lease API, with everything that can go wrong.
//
// Each call has four outcomes: not applied; applied and answered; applied, answer lost; applied
// late. The driver's time-out answers "unknown" on the replica's clock; only the earlier of answer
// and time-out is ever queued.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "sim/world/context.hpp"
#include "sim/world/draw.hpp"
#include "sim/world/lease_api.hpp"
#include "sim/world/paths.hpp"
#include "sim/world/server_state.hpp"

namespace leasehold::sim {

class Faults;
class Kubelets;

/// What the injected request faults do to one request.
struct Interference {
    bool drop = false;  ///< never arrives
    bool lose_answer = false;
    Duration late{0};         ///< applied so much later
    std::int32_t status = 0;  ///< answered so, not applied
    Duration retry_after{0};
    bool applied = false;                ///< with `status`: and yet applied
    bool plain_text = false;             ///< with `status`: without a Status object
    std::optional<AnswerDamage> damage;  ///< of the body of a GET
};

class ApiChannel {
  public:
    ApiChannel(Context& context, Paths& paths, Faults& faults);

    void connect(Kubelets& kubelets) { kubelets_ = &kubelets; }

    void send(ReplicaIndex replica, const SendLease& request);
    void watch(ReplicaIndex replica, const WatchLease& request);
    void stop_watch(ReplicaIndex replica, WatchId watch);
    void process_ended(ReplicaIndex replica);

    void request_arrives(std::uint64_t handle);
    void deadline(std::uint64_t handle);
    void watch_opens(std::uint64_t handle);
    void bookmark(std::uint64_t handle);
    /// Is mail from a server still let through? If not, the driver's time-out takes its place.
    bool arrives(const Mail& letter, ReplicaIndex replica);

    /// An operator's act. False: there was no Lease to act on, or the server is down.
    bool remove_lease();
    bool edit_lease(LeaseEdit edit);
    /// Sets the store back to what it was at `then`. False: it is as it was.
    bool restore(TrueTime then, bool bump);
    /// What becomes of the open watches of `replica`. False: it has none.
    bool break_watches(ReplicaIndex replica, WatchBreak how);
    /// Begins (+1) or ends (-1): the server answers nothing and applies nothing.
    void outage(int by) { state_.outage(by); }
    /// Likewise: it does nothing, and when the last one ends all that came.
    void freeze(int by);
    /// Does the server answer now?
    [[nodiscard]] bool up() const { return state_.answers(); }
    [[nodiscard]] const LeasePtr& lease() const { return api_.lease(); }
    [[nodiscard]] Duration longest_handling() const { return handling_.longest(); }

  private:
    struct Exchange {
        ReplicaIndex replica = kNobody;
        std::uint32_t incarnation = 0;
        SendLease request;
        Instant deadline = kNever;  ///< on the replica's clock
        TrueTime deadline_true{};
        Interference interference;
        bool answered = false;  ///< the time-out is queued already
    };
    struct Watcher {
        ReplicaIndex replica = kNobody;
        std::uint32_t incarnation = 0;
        WatchId id;
        Version from;  ///< it tells of nothing that is not above it
        TrueTime opened{};
        TrueTime last{};       ///< newest delivery: a stream never reorders
        bool refused = false;  ///< answered with an error
        bool silent = false;   ///< an event was lost: the stream is dead and doesn't say so
    };

    /// What the store was from an instant on; kept only for a scenario that goes back to it.
    struct Past {
        TrueTime since{};
        LeasePtr lease;
        Version revision;
    };

    void handled(Exchange& exchange);
    LeaseReply handle(const Exchange& exchange);
    [[nodiscard]] bool in_second(ReplicaIndex replica) const;
    [[nodiscard]] LeaseApi& api_of(ReplicaIndex replica) {
        return in_second(replica) ? second_ : api_;
    }
    void answer(Exchange& exchange, LeaseReply reply, TrueTime when);
    void time_out(Exchange& exchange);
    void commit(const LeaseChange& change, ReplicaIndex writer);
    void tell(Watcher& watcher, WatchKind kind, Version version, LeasePtr lease);
    void close(std::uint64_t handle, bool say);

    Context& context_;
    Paths& paths_;
    Faults& faults_;
    Kubelets* kubelets_ = nullptr;
    LeaseApi api_;
    LeaseApi second_;  ///< the Lease of the second group, which no operator touches
    LatencyDraw handling_;
    Random random_;
    Slab<Exchange> exchanges_;
    Slab<Watcher> watchers_;
    std::vector<std::uint64_t> streams_;  ///< handles of the open watchers, in the order of opening
    std::vector<Past> past_;
    bool keeps_past_;
    ServerState state_;
};

}  // namespace leasehold::sim
