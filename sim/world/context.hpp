// What the parts of one simulated run share: the engine's queue, the scenario, the machines.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/base/check.hpp"
#include "model/base/random.hpp"
#include "model/protocol/history.hpp"
#include "sim/engine/engine.hpp"
#include "sim/peers/peer.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/world/clock.hpp"
#include "sim/world/file_store.hpp"
#include "sim/world/recorder.hpp"
#include "sim/world/slab.hpp"

namespace leasehold::sim {

/// Kinds of the queue's events; World::due hands each to the part that owns it.
enum class Kind : std::uint32_t {
    wake,             ///< a replica's deadline; data = generation of the arming
    mail,             ///< something reaches a process; data = handle
    lease_arrives,    ///< a request reaches the Lease API; data = handle
    watch_opens,      ///< a watch request reaches the Lease API; data = handle
    bookmark,         ///< data = watcher handle
    bucket_arrives,   ///< a request (GET, LIST, DELETE) reaches the bucket; data = handle
    bucket_applies,   ///< an uploaded PUT is applied; data = handle
    bucket_deadline,  ///< a transfer's time-out on the replica's clock; data = handle
    fault_due,        ///< data = position of the fault
    fault_ends,       ///< data = handle of the injection
    process_starts,   ///< target = replica, data = the incarnation that it follows
    stop_due,         ///< target = replica, data = the stop's span in nanoseconds
    resume_due,       ///< target = replica, data = the halt that it ends
    query_due,        ///< target = replica, data = incarnation
    export_due,       ///< target = replica, data = incarnation << 8 | pipeline
    restore_due,      ///< target = replica, data = incarnation
    removal_due,      ///< likewise
    backfill_due,     ///< likewise
    file_done,        ///< an operation of the local files ends; data = handle
    clock_wobbles,    ///< target = replica, data = position on the sine
    kubelet_writes,   ///< target = replica, data = number of the status
    container_ready,  ///< target = replica, data = incarnation
    own_pod_read,     ///< likewise
    holder_pod_read,  ///< target = replica, data = watch
    lease_deadline,   ///< the time-out of a request that a frozen server holds; data = handle
    slow_step_ends    ///< target = replica, data = incarnation
};

enum class Via : std::uint8_t { here, api, bucket };

/// An event on its way to a process.
struct Mail {
    Event event;
    std::uint32_t incarnation = 0;  ///< of the process that it is for
    Via via = Via::here;            ///< came from that server: lost when the path is cut
    Instant deadline = kNever;      ///< lost on the way: the driver's time-out answers then
    bool timeout = false;           ///< this is that answer
};

/// One machine with the process that it runs.
struct Host {
    std::string name;
    std::string identity;
    std::set<std::string> identities;  ///< of its processes so far
    MachineClock clock;
    FileStore disk;
    Peer replica;                   ///< empty: no process
    std::uint32_t incarnation = 0;  ///< grows with each start
    bool paused = false;
    bool busy = false;        ///< a slow machine: with its last step still
    std::uint64_t halts = 0;  ///< pauses and suspends so far: a resume belongs to one
    bool asleep = false;      ///< the machine is suspended: SIGCONT can't wake it
    std::optional<std::int64_t> awake_rate;  ///< asleep, clock frozen: ppb to go on with
    std::int64_t rate = 0;                   ///< ppb, without what wobbles
    TrueTime disk_free{};                    ///< its operations are done one after the other
    Duration step_takes{0};                  ///< a slow machine: until it does anything again
    bool upgraded = false;                   ///< its processes run the other configuration
    bool skewed = false;                     ///< the bucket refuses it for its wall clock
    bool stopping = false;
    Instant armed = kNever;     ///< the deadline for which a wake is in the queue
    std::uint64_t arming = 0;   ///< generation of the newest wake
    std::vector<Mail> inbox;    ///< came while halted, in order
    std::vector<Mail> frozen;   ///< time-outs that wait for a frozen clock
    Effects effects;            ///< of the last step
    std::size_t performed = 0;  ///< how many of them were carried out
    bool permitted = false;     ///< the next one has its permit already (paused behind it)
    Role role = Role::follower;

    [[nodiscard]] bool running() const { return static_cast<bool>(replica); }
    /// Does nothing now; what comes waits.
    [[nodiscard]] bool halted() const { return paused || busy; }
};

/// The parts know each other only through this and the handful of references below.
struct Context {
    Engine& engine;
    const Scenario& scenario;
    std::uint64_t seed;
    Recorder recorder;
    std::vector<Host> hosts;
    Slab<Mail> mail;
    MakePeer make_peer;  ///< makes other machines than the scenario's

    [[nodiscard]] TrueTime now() const { return engine.now(); }
    [[nodiscard]] std::uint32_t replicas() const {
        return static_cast<std::uint32_t>(hosts.size());
    }
    // Hosts of the engine's platform: the two servers, then the machines.
    [[nodiscard]] static HostIndex api_host() { return 0; }
    [[nodiscard]] static HostIndex bucket_host() { return 1; }
    [[nodiscard]] static HostIndex machine(ReplicaIndex replica) { return replica + 2; }

    /// A stream of randomness of its own for each component: a new fault reshuffles nothing else.
    [[nodiscard]] Random stream(std::string_view component, std::uint64_t index = 0) const {
        return Random(
            mix64(seed * 0x9e3779b97f4a7c15ULL ^ hash_text(component) ^ mix64(index + 1)));
    }
    void at(TrueTime when, Kind kind, std::uint32_t target, std::uint64_t data) {
        engine.at(when, static_cast<std::uint32_t>(kind), target, data);
    }
    /// Puts mail for the present process of `replica` into the queue; the caller fills it in.
    Mail& post(TrueTime when, ReplicaIndex replica) {
        const Slab<Mail>::Made made = mail.make();
        made.value.incarnation = hosts[replica].incarnation;
        at(when, Kind::mail, replica, made.handle);
        return made.value;
    }
    /// Of the life that it is for: an answer to a process that has ended is none to the next one.
    void post(TrueTime when, ReplicaIndex replica, Mail&& letter) {
        CHECK_MSG(letter.incarnation != 0, "a letter that is for no process");
        post(when, replica) = std::move(letter);
    }
};

}  // namespace leasehold::sim
