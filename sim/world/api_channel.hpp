// ApiChannel: the way between the replicas and the Lease API, with everything that can go wrong.
//
// Each call has four outcomes: not applied; applied and answered; applied, answer lost; applied
// late. The driver's time-out answers "unknown" on the replica's clock; only the earlier of answer
// and time-out is ever queued.
#pragma once

#include <map>

#include "sim/world/context.hpp"
#include "sim/world/draw.hpp"
#include "sim/world/lease_api.hpp"
#include "sim/world/paths.hpp"

namespace leasehold::sim {

class Faults;

/// What the injected request faults do to one request.
struct Interference {
    bool drop = false;  ///< never arrives
    bool lose_answer = false;
    Duration late{0};         ///< applied so much later
    std::int32_t status = 0;  ///< answered so, not applied
    Duration retry_after{0};
};

class ApiChannel {
  public:
    ApiChannel(Context& context, Paths& paths, Faults& faults);

    void send(ReplicaIndex replica, const SendLease& request);
    void watch(ReplicaIndex replica, const WatchLease& request);
    void stop_watch(ReplicaIndex replica, WatchId watch);
    void process_ended(ReplicaIndex replica);

    void request_arrives(std::uint64_t handle);
    void watch_opens(std::uint64_t handle);
    void bookmark(std::uint64_t handle);
    /// Is mail from a server still let through? If not, the driver's time-out takes its place.
    bool arrives(const Mail& letter, ReplicaIndex replica);

    /// An operator's act. False: there was no Lease to act on, or the server is down.
    bool remove_lease();
    bool edit_lease(LeaseEdit edit);
    /// The server answers nothing and applies nothing.
    void set_up(bool up) { up_ = up; }
    [[nodiscard]] const LeasePtr& lease() const { return api_.lease(); }
    [[nodiscard]] Duration longest_handling() const { return handling_.longest(); }

  private:
    struct Exchange {
        ReplicaIndex replica = kNobody;
        std::uint32_t incarnation = 0;
        SendLease request;
        Instant deadline = kNever;  ///< on the replica's clock
        TrueTime deadline_true{};
        std::uint64_t cause = 0;
        Interference interference;
        bool answered = false;  ///< the time-out is queued already
    };
    struct Watcher {
        ReplicaIndex replica = kNobody;
        std::uint32_t incarnation = 0;
        WatchId id;
        Version from;
        TrueTime opened{};
        TrueTime last{};      ///< newest delivery: a stream never reorders
        bool silent = false;  ///< an event was lost: the stream is dead and doesn't say so
    };

    void answer(Exchange& exchange, LeaseReply reply, TrueTime when);
    void time_out(Exchange& exchange);
    void commit(const LeaseChange& change, ReplicaIndex writer);
    void tell(Watcher& watcher, WatchKind kind, Version version, LeasePtr lease);
    void close(std::uint64_t handle, bool say);

    Context& context_;
    Paths& paths_;
    Faults& faults_;
    LeaseApi api_;
    LatencyDraw handling_;
    Random random_;
    Slab<Exchange> exchanges_;
    Slab<Watcher> watchers_;
    std::vector<std::uint64_t> streams_;  ///< handles of the open watchers, in the order of opening
    bool up_ = true;
};

}  // namespace leasehold::sim
