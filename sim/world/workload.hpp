// Workload: what a Kubecost-like service asks of its replica: exports, restores, queries.
#pragma once

#include <map>
#include <vector>

#include "sim/world/context.hpp"

namespace leasehold::sim {

class BucketChannel;
class Hosts;

/// Runs in every process alike: it doesn't know who leads, but for reading on what a follower
/// waits for. All it does comes from the queue, never from the middle of a step.
class Workload {
  public:
    Workload(Context& context, Hosts& hosts);

    /// Puts older windows into the bucket, as a run before this one would have left them.
    void preload(BucketChannel& bucket);

    void started(ReplicaIndex replica);
    void ended(ReplicaIndex replica);
    void role_changed(ReplicaIndex replica, Role role);
    void read_done(ReplicaIndex replica, const ReadDone& done);
    void write_done(ReplicaIndex replica, const WriteDone& done);
    void query_done(ReplicaIndex replica, const QueryDone& done);

    /// One of its timers, by the kind under which it was set. That of an ended process does
    /// nothing.
    void due(Kind kind, ReplicaIndex replica, std::uint64_t data);

  private:
    /// A reader of one window of one pipeline: at most one backup read at a time.
    struct Loader {
        ObjectKey key;
        ETag known;
        CallId reading;  ///< 0 = none
    };
    struct Process {
        bool live = false;
        std::uint64_t calls = 0;
        std::vector<Loader> loaders;
        std::size_t exporting = 0;             ///< pipeline
        std::uint32_t outstanding = 0;         ///< its writes without an answer
        std::map<CallId, std::size_t> writes;  ///< to the pipeline
        CallId answered;                       ///< the newest query that was
        std::uint64_t asked = 0;               ///< queries
        CallId removing;                       ///< retention's open removal; 0 = none
        std::size_t removes = 0;               ///< which window that is about
    };

    [[nodiscard]] ObjectKey window_key(std::size_t pipeline, std::size_t window, TrueTime at) const;
    const ObjectKey& current_key(std::size_t slot);
    CallId next_call(ReplicaIndex replica) { return CallId(++processes_[replica].calls); }
    [[nodiscard]] std::uint64_t tag(ReplicaIndex replica, std::uint64_t low) const {
        return static_cast<std::uint64_t>(context_.hosts[replica].incarnation) << 16 | low;
    }
    void read_next(ReplicaIndex replica, std::size_t loader, TrueTime when);
    /// What a pipeline computed: bytes like no others.
    std::shared_ptr<Blob> computed();

    void query_due(ReplicaIndex replica, std::uint64_t data);
    void export_due(ReplicaIndex replica, std::uint64_t data);
    void restore_due(ReplicaIndex replica, std::uint64_t data);
    void removal_due(ReplicaIndex replica, std::uint64_t data);
    void backfill_due(ReplicaIndex replica, std::uint64_t data);

    Context& context_;
    Hosts& hosts_;
    bool active_;
    Random random_;
    Random contents_;
    std::vector<Process> processes_;
    std::vector<ObjectKey> keys_;  ///< of the current windows, by pipeline and window
    std::vector<TrueTime> keys_until_;
    std::vector<ObjectKey> expiring_;  ///< the preloaded windows, oldest first
    std::size_t removed_ = 0;          ///< how many of them are known to be removed
};

}  // namespace leasehold::sim
