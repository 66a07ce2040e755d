// Felt: did somebody feel what a fault says that it does?
//
// A fault that the world says it injected and that changes nothing would pass unseen. So this reads
// the history alone, never the world: what replicas sent and were answered, when they stepped, what
// their clocks read. Each fault is felt, contradicted (something came through a cut), or neither.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/check/result.hpp"
#include "model/protocol/history.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

class Felt final : public Observer {
  public:
    /// `scenario` must outlive it.
    explicit Felt(const Scenario& scenario);

    void on(const ProcessStarted& record) override;
    void on(const ProcessEnded& record) override;
    void on(const ClockChanged& record) override;
    void on(const ReplicaStepped& record) override;
    void on(const LeaseCommitted& record) override;
    void on(const ObjectCommitted& record) override;
    void on(const FaultTookEffect& record) override;

    /// Fills in what was felt of each fault. Call it after the run.
    void tell(std::vector<check::FaultResult>& faults);
    /// What the run must show of the world besides its faults: clocks that run as they were told,
    /// transfers that take their time, answers that overtake each other.
    [[nodiscard]] std::vector<check::Expectation> of_the_world() const;

  private:
    enum class Server : std::uint8_t { api, bucket };
    /// A fault of single requests that may have met this one; `sure`: it can have been no other.
    struct Met {
        std::uint32_t fault = 0;
        bool sure = false;
    };
    struct Request {
        RequestId id;
        RequestKind kind = RequestKind::get_lease;
        TrueTime sent{};
        std::uint64_t bytes = 0;                      ///< of a PUT's payload
        PutCondition condition = PutCondition::none;  ///< of a PUT, and of a DELETE
        ObjectKey key;                                ///< as SendBucket has these three; only
        ETag etag;                                    ///< where a fault asks for them
        ObjectKey prefix;
        bool skewed = false;  ///< the sender's wall clock was further off than the bucket bears
        std::vector<Met> met;
    };
    struct Answer {
        RequestId request;
        Server server = Server::api;
        std::int32_t status = 0;
        const ObjectBody* body = nullptr;  ///< of a GET
        const ListPage* page = nullptr;    ///< of a LIST
    };
    /// A watch, from its request on.
    struct Stream {
        WatchId id;
        std::vector<Met> met;
        std::optional<std::uint32_t> broken;  ///< the fault that broke it
        TrueTime broken_at{};
    };
    struct FileOperation {
        RequestId id;
        FileVerb verb = FileVerb::load;
        TrueTime sent{};
        std::vector<Met> met;
    };
    /// A fault that took effect, and is still to be felt or goes on.
    struct Watch {
        std::uint32_t fault = 0;
        bool lasting = false;  ///< felt by what is answered meanwhile, not by a step of each target
        TrueTime at{};
        TrueTime until = TrueTime::max();     ///< it must last so long
        TrueTime ended = TrueTime::max();     ///< as the world says, which may be too early
        std::vector<ReplicaIndex> targets{};  ///< those that have not shown it yet
    };
    struct Machine {
        std::vector<Request> open;
        std::vector<Stream> streams;
        std::vector<FileOperation> files;
        std::optional<Now> last;  ///< readings of the newest step of this process
        TrueTime last_at{};
        TrueTime slept = TrueTime::max();  ///< its monotonic clock stands still since
        Duration wall_stepped{0};          ///< its wall clock, alone, since the newest step
        TrueTime woke{};  ///< from its newest pause or suspend: what had come is taken only then
        TrueTime started = TrueTime::max();
        TrueTime ended = TrueTime::max();
        EndCause cause = EndCause::stopped;
        std::optional<std::uint32_t> lost_by;  ///< the fault that took the local files
        std::optional<Now> measured;           ///< first readings at the present rate
        TrueTime measured_at{};
        std::optional<std::int64_t> rate;  ///< ppb, over at least some seconds
        bool rate_is_first = true;         ///< nothing has changed it
        std::optional<std::int64_t> first_rate;
        std::string watches_pod;        ///< the Pod whose status it reads, for an end
        bool upgraded = false;          ///< its next process runs the other configuration
        bool upgraded_process = false;  ///< this one does
        /// What was written to the disk and when, where a disk is rolled back.
        std::vector<std::pair<TrueTime, FileEntry>> written;
        TrueTime rolled_back_to = TrueTime::max();
    };
    struct Held {
        ETag etag;
        TrueTime since{};
    };
    struct Tally {
        std::uint64_t felt = 0;
        std::uint64_t contradicted = 0;
    };
    /// What the history shows of the world besides its faults.
    struct World {
        std::uint64_t crowded = 0;  ///< answers that came while another request was open
        std::uint64_t overtakings = 0;
        std::uint64_t too_fast = 0;      ///< transfers
        std::uint64_t other_lease = 0;   ///< records of another configuration's duration
        std::uint64_t not_refused = 0;   ///< requests of a wrong wall clock
        std::uint64_t files = 0;         ///< operations
        std::uint64_t files_waited = 0;  ///< those that took their median
        std::uint64_t payloads = 0;
        std::uint64_t payloads_again = 0;
        std::uint64_t clock_changes = 0;
    };

    [[nodiscard]] const Fault& fault_of(const Watch& watch) const {
        return scenario_.faults[watch.fault];
    }
    [[nodiscard]] static Server server_of(RequestKind kind);
    [[nodiscard]] Machine& machine(ReplicaIndex replica) {
        if (replica >= machines_.size()) [[unlikely]]
            machines_.resize(replica + std::size_t{1});
        return machines_[replica];
    }
    void say(std::uint32_t fault, bool as_told) {
        ++(as_told ? tallies_[fault].felt : tallies_[fault].contradicted);
    }

    // Faults (felt.cpp).
    void begins(const FaultTookEffect& record, const Fault& fault);
    void resumed(const FaultTookEffect& record);
    void wake(const FaultTookEffect& record);
    void clock_changes(const FaultTookEffect& record, const Fault& fault);
    void crashed(const FaultTookEffect& record, const Fault& fault);
    void restarted(const FaultTookEffect& record, const Fault& fault);
    [[nodiscard]] bool pod_is_read(const std::vector<ReplicaIndex>& targets) const;
    void not_written(ReplicaIndex replica, TrueTime at);
    void watches_break(const FaultTookEffect& record);
    void met_one(const FaultTookEffect& record, const Fault& fault);
    void stepped(Watch& watch, const ReplicaStepped& record, const Machine& machine);
    [[nodiscard]] bool slept(const Watch& watch, const ReplicaStepped& record,
                             const Machine& machine) const;

    // What was asked and answered (felt_answers.cpp).
    void sent(Machine& machine, const ReplicaStepped& record, const Effect& effect);
    void sent(Machine& machine, const ReplicaStepped& record, const SendBucket& effect);
    void sent(Machine& machine, const ReplicaStepped& record, const SendFile& effect);
    void holds(const Machine& machine, const Lease& lease);
    void came(Machine& own, const ReplicaStepped& record);
    void answered(Machine& own, ReplicaIndex replica, TrueTime at, const Answer& answer);
    void watched(Machine& machine, TrueTime at, const LeaseWatched& event);
    void stream_over(const Stream& stream);
    void file_answered(Machine& machine, TrueTime at, const FileAnswered& event);
    void disk_shown(Machine& machine, const FileList& files);
    void of_request(const Request& request, TrueTime at, const Answer& answer);
    void through(const Watch& watch, const Request& request, TrueTime at, const Answer& answer);
    void by_condition(const Watch& watch, const Request& request, TrueTime at,
                      const Answer& answer);
    [[nodiscard]] bool leaves_out(const Request& request, const ListPage& page) const;

    // The world besides its faults (felt_world.cpp).
    void measure(Machine& machine, const ReplicaStepped& record);
    void crowd(const Machine& machine, const Request& request);

    static constexpr std::int64_t kRateGrace = 100;  ///< ppb
    const Scenario& scenario_;
    bool rolls_back_ = false;        ///< some fault does so to a disk
    bool looks_at_steps_ = false;    ///< something of the run is judged by more than its records
    bool asks_for_files_ = false;    ///< something is felt by operations on files
    bool asks_the_api_ = false;      ///< some fault is felt by what is asked of the Lease API
    bool asks_for_objects_ = false;  ///< some fault is felt by keys and versions
    std::vector<Machine> machines_;
    std::vector<Watch> watches_;
    std::vector<Tally> tallies_;
    std::map<ObjectKey, Held> objects_;
    std::set<ContentDigest> payloads_;
    TrueTime operator_wrote_ = TrueTime::max();
    TrueTime restored_ = TrueTime::max();
    TrueTime damaged_ = TrueTime::max();  ///< an object, by nobody
    World world_;
};

}  // namespace leasehold::sim
