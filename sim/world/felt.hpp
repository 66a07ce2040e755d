// Felt: did somebody feel what a fault says that it does?
//
// A fault that the world says it injected and that changes nothing would pass unseen. So this reads
// the history alone, never the world: what replicas sent and were answered, when they stepped, what
// their clocks read. Each fault is felt, contradicted (something came through a cut), or neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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
        std::uint64_t bytes = 0;  ///< of a PUT's payload
        std::vector<Met> met;
    };
    struct Answer {
        RequestId request;
        Server server = Server::api;
        std::int32_t status = 0;
        std::uint64_t bytes = 0;  ///< of a GET's payload
    };
    /// A fault that took effect, and is still to be felt or goes on.
    struct Watch {
        std::uint32_t fault = 0;
        TrueTime at{};
        TrueTime until = TrueTime::max();   ///< it must last so long
        TrueTime ended = TrueTime::max();   ///< as the world says, which may be too early
        std::vector<ReplicaIndex> targets;  ///< those that have not shown it yet
    };
    struct Machine {
        std::vector<Request> open;
        std::optional<Now> last;  ///< readings of the newest step of this process
        TrueTime last_at{};
        TrueTime started = TrueTime::max();
        TrueTime ended = TrueTime::max();
        EndCause cause = EndCause::stopped;
        RequestId list;                        ///< of the local files
        std::optional<std::uint32_t> lost_by;  ///< the fault that took them
        std::optional<Now> measured;           ///< first readings at the present rate
        TrueTime measured_at{};
        std::optional<std::int64_t> rate;  ///< ppb, over at least some seconds
        bool rate_is_first = true;         ///< nothing has changed it
        std::optional<std::int64_t> first_rate;
    };
    struct Tally {
        std::uint64_t felt = 0;
        std::uint64_t contradicted = 0;
    };

    [[nodiscard]] const Fault& fault_of(const Watch& watch) const {
        return scenario_.faults[watch.fault];
    }
    [[nodiscard]] static Server server_of(RequestKind kind);
    [[nodiscard]] Machine& machine(ReplicaIndex replica);
    void say(std::uint32_t fault, bool as_told) {
        ++(as_told ? tallies_[fault].felt : tallies_[fault].contradicted);
    }

    void begins(const FaultTookEffect& record, const Fault& fault);
    void crashed(const FaultTookEffect& record, const Fault& fault);
    void met_request(const FaultTookEffect& record, const Fault& fault);
    void of_request(const Request& request, TrueTime at, std::int32_t status);
    void sent(Machine& machine, TrueTime at, const Effect& effect);
    void answered(ReplicaIndex replica, TrueTime at, const Answer& answer);
    void through(const Watch& watch, const Request& request, TrueTime at, std::int32_t status);
    void crowd(const Machine& machine, const Request& request);
    void stepped(Watch& watch, const ReplicaStepped& record, const Machine& machine);
    [[nodiscard]] bool slept(const Watch& watch, const ReplicaStepped& record,
                             const Machine& machine) const;
    void measure(Machine& machine, const ReplicaStepped& record);

    const Scenario& scenario_;
    std::vector<Machine> machines_;
    std::vector<Watch> watches_;
    std::vector<Tally> tallies_;
    TrueTime operator_wrote_ = TrueTime::max();
    std::uint64_t crowded_ = 0;  ///< answers that came while another request was open
    std::uint64_t overtakings_ = 0;
    std::uint64_t too_fast_ = 0;  ///< transfers
};

}  // namespace leasehold::sim
