// Faults: places the scenario's faults, binds their targets, and records what took effect.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/check/result.hpp"
#include "sim/world/api_channel.hpp"
#include "sim/world/bucket_channel.hpp"
#include "sim/world/context.hpp"
#include "sim/world/drawn.hpp"
#include "sim/world/hosts.hpp"
#include "sim/world/kubelets.hpp"
#include "sim/world/paths.hpp"

namespace leasehold::sim {

class Faults {
  public:
    Faults(Context& context, Paths& paths, Hosts& hosts);
    void connect(ApiChannel& api, BucketChannel& bucket, Kubelets& kubelets);

    /// Puts what is placed by time into the queue.
    void plan();
    void due(std::size_t fault);
    void ends(std::uint64_t injection);

    // Milestones, told as they happen.
    void sending(ReplicaIndex replica, RequestKind kind);
    void reached(ReplicaIndex replica, MarkId mark);
    void performed(ReplicaIndex replica) {
        if (!performs_.empty()) milestones(replica);
    }
    void process_stopped(ReplicaIndex replica);

    /// A store that looks at its callers' clocks begins or ends to refuse all that this one asks.
    void refused_by_clock(ReplicaIndex replica);

    /// What the active request faults do to this request; uses up one of their times.
    Interference interfere(ReplicaIndex replica, RequestKind kind);
    /// The failure with which this operation of the local store is answered; none: it is done.
    std::optional<FileStatus> interfere(ReplicaIndex replica, FileVerb verb);

    [[nodiscard]] std::vector<check::FaultResult> results() const;

  private:
    /// A fault at work: what must be undone when it ends.
    struct Injection {
        std::size_t fault = 0;
        std::vector<ReplicaIndex> targets;
        std::optional<CutId> cut;
        std::uint32_t times = 0;  ///< request faults: how many are left
        /// Each target's halt (pause, suspend) or life (crash, killNode), which alone it ends.
        std::vector<std::uint64_t> numbers;
        std::vector<Bucket::Laid> archived;
    };
    struct Placed {
        std::uint64_t seen = 0;  ///< milestones counted
        bool fired = false;
        std::uint64_t injections = 0;
        std::uint64_t took_effect = 0;
    };

    void at(TrueTime when, std::size_t fault);
    void inject(std::size_t fault);
    bool begin(const Fault& fault, Injection& injection);
    bool begin_process_fault(const Fault& fault, Injection& injection);
    bool begin_pod_fault(const Fault& fault, Injection& injection);
    bool begin_clock_fault(const Fault& fault, Injection& injection);
    bool begin_server_fault(const Fault& fault, Injection& injection);
    void undo_server_fault(const Fault& fault, const Injection& injection);
    bool change_rules(const Fault& fault);
    void apply_rules();
    void count_down(std::uint64_t handle, Injection& injection, const Fault& fault);
    void disturb(const Fault& fault, const std::vector<ReplicaIndex>& targets, int by);
    void suspend(const Fault& fault, Injection& injection);
    void wake_machine(ReplicaIndex replica);
    void undo(std::uint64_t handle);
    bool heal(const Fault& fault);
    void milestones(ReplicaIndex replica);
    void milestone(std::size_t fault, ReplicaIndex replica);
    [[nodiscard]] std::vector<ReplicaIndex> resolve(const Target& target, std::uint64_t name);
    [[nodiscard]] bool matches(const Target& target, ReplicaIndex replica) const;
    /// `met`: the request or operation of a fault of single ones.
    void record(std::size_t index, const std::vector<ReplicaIndex>& targets, bool began,
                std::string_view met = {});
    [[nodiscard]] std::vector<ReplicaIndex> everybody() const;

    Context& context_;
    Paths& paths_;
    Hosts& hosts_;
    ApiChannel* api_ = nullptr;
    BucketChannel* bucket_ = nullptr;
    Kubelets* kubelets_ = nullptr;
    std::vector<DrawnFault> drawn_;
    std::vector<Placed> placed_;
    Slab<Injection> active_;
    std::vector<std::uint64_t> interfering_;  ///< request faults at work, oldest first
    std::map<std::string, std::vector<ReplicaIndex>> bound_;
    std::vector<std::optional<Duration>> restart_after_;  ///< of a graceful stop, per replica
    std::vector<const Fault*> rules_;    ///< setPreconditions in force, in their order
    std::vector<std::int64_t> omitted_;  ///< shares of the omitKeys in force: the largest counts
    bool any_sends_ = false;
    bool any_reaches_ = false;
    std::vector<std::size_t> performs_;  ///< faults that wait for effects performed: each counts
};

/// A fault of single requests or operations: so many of them, or for a time.
[[nodiscard]] bool is_counted(FaultKind kind);
/// The fault as one reads it: "crash leader at 1m".
[[nodiscard]] std::string describe(const Fault& fault);

}  // namespace leasehold::sim
