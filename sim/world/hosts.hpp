// Hosts: runs the replicas. A dumb driver: each effect is performed once, now, in its order.
#pragma once

#include <optional>

#include "sim/world/context.hpp"
#include "sim/world/draw.hpp"
#include "sim/world/onlooker.hpp"

namespace leasehold::sim {

class ApiChannel;
class BucketChannel;
class Faults;
class Kubelets;
class Workload;

class Hosts {
  public:
    explicit Hosts(Context& context);
    void connect(ApiChannel& api, BucketChannel& bucket, Faults& faults, Workload& workload,
                 Kubelets& kubelets);

    /// Starts a process on machine `replica`, which must have none.
    void start(ReplicaIndex replica);
    /// The process is gone at once. Its requests on the way go on; nobody hears the answers.
    /// `age`: how far the disk goes back.
    void crash(ReplicaIndex replica, Disk disk, Duration age);
    void stop(ReplicaIndex replica, Duration within);
    void pause(ReplicaIndex replica);
    void resume(ReplicaIndex replica);
    void slow_step_ends(ReplicaIndex replica, std::uint64_t incarnation);

    /// The machine's monotonic clock runs at another rate from now on.
    void clock_changed(ReplicaIndex replica);

    /// The next piece of the sine by which the clock wobbles.
    void wobble(ReplicaIndex replica, std::uint64_t position);

    void wake(ReplicaIndex replica, std::uint64_t arming);
    void file_done(ReplicaIndex replica, std::uint64_t handle);
    void deliver(ReplicaIndex replica, std::uint64_t handle);
    /// False: it was for an earlier process, was lost on the way, or is a time-out that this
    /// machine's clock hasn't reached (it comes again then).
    bool reaches(ReplicaIndex replica, Mail& letter);
    /// An event from this machine itself (workload), now; kept while the process is halted.
    void give(ReplicaIndex replica, Event event);

    /// The replica whose gate is open at this instant, by its own clock; kNobody if there is none.
    [[nodiscard]] ReplicaIndex leader() const;

  private:
    void step(ReplicaIndex replica, const Event& event);
    void goes_on(ReplicaIndex replica);
    void perform(ReplicaIndex replica);
    // One effect each; false: paused before it was carried out, to be repeated on resume.
    bool on(ReplicaIndex replica, const SendLease& request);
    bool on(ReplicaIndex replica, const WatchLease& request);
    bool on(ReplicaIndex replica, const SendBucket& request);
    bool on(ReplicaIndex replica, const StopWatch& stop);
    bool on(ReplicaIndex replica, const WatchHolder& watch);
    bool on(ReplicaIndex replica, const StopHolderWatch& stop);
    bool on(ReplicaIndex replica, const AbortBucket& abort);
    bool on(ReplicaIndex replica, const ResumeBucket& resume);
    bool on(ReplicaIndex replica, const SendFile& request);
    bool on(ReplicaIndex replica, const RoleChanged& role);
    bool on(ReplicaIndex replica, const GateMoved& gate);
    bool on(ReplicaIndex replica, const Mark& mark);
    bool on(ReplicaIndex replica, const ReadDone& done);
    bool on(ReplicaIndex replica, const WriteDone& done);
    bool on(ReplicaIndex replica, const QueryDone& done);
    bool on(ReplicaIndex replica, const Stopped& stopped);
    bool leaves(ReplicaIndex replica, RequestKind kind);
    void send_file(ReplicaIndex replica, const SendFile& request);
    void end(ReplicaIndex replica, EndCause cause);
    void arm(ReplicaIndex replica);
    void cut_off_files(ReplicaIndex replica);

    /// An operation of the local files under way.
    struct FileUnderWay {
        ReplicaIndex replica = kNobody;
        SendFile request;
        std::optional<FileStatus> failure;
        Mail answer;
    };

    Context& context_;
    Onlooker onlooker_;
    Slab<FileUnderWay> files_;
    LatencyDraw file_latency_;
    Random file_random_;
    ApiChannel* api_ = nullptr;
    BucketChannel* bucket_ = nullptr;
    Faults* faults_ = nullptr;
    Workload* workload_ = nullptr;
    Kubelets* kubelets_ = nullptr;
};

}  // namespace leasehold::sim
