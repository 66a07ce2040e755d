// World: one state of a small world: a few electors, the server of their Lease, and what is on its
// way between them. A copy is a state of its own.
//
// Time is a grid: everything happens at a multiple of the space's tick in true time, in any order
// at one instant, and time goes on when nothing is due any more. That is all there is to it for
// clocks without drift and closed constraints: a message takes any time between 0 and its limit, a
// timer fires at its deadline, a watch tells within a tick. Every order in dense time of such a
// system is one on the grid (digitization: Henzinger, Manna, Pnueli, "What good are digital
// clocks?", ICALP 1992): round every instant down or up by one and the same threshold for its
// fraction, and differences keep their side of every whole bound, `<=` and `>=` alike.
// - Closed: the limits of messages, the deadlines of timers (a timer is due from its deadline on,
//   and must have fired before time goes on), faults (no constraint at all).
// - Strict, in the property: a gate is open before its end alone, so two gates overlap if one opens
//   *before* the other's end. One strict bound survives: take the threshold between the fractions
//   of the two instants, or above the first's, and they stay apart.
// - Strict, in the machine: at its gate's end a leader is a follower, whatever comes at that
//   instant, and only what came before may still extend it. On the grid `just before` is a tick
//   before. A schedule that needs several such orders inside one tick is not on this grid but on
//   one of half the tick: the spaces come in both. `complete` is said of the grid.
// - Drifting clocks read no whole ticks, so the argument does not hold there: such spaces end
//   `bounded`, not `complete`, and say so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/base/time.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/history.hpp"
#include "model/protocol/lease.hpp"
#include "sim/explore/form.hpp"
#include "sim/explore/space.hpp"

namespace leasehold::explore {

/// What can happen next.
enum class Happens : std::uint8_t {
    tick,     ///< time goes on
    start,    ///< a process begins
    timer,    ///< a process's deadline has come
    arrive,   ///< its request reaches the server
    answer,   ///< it is told what became of its request
    give_up,  ///< it woke up after its request's limit, which has passed
    watch,    ///< its watch tells the next change
    drained,  ///< the work of a stopping leader has ended
    resume,   ///< it goes on
    land,     ///< a write that was given up is applied
    own,      ///< it reads its own Pod, and learns which container it runs in
    own_old,  ///< it reads a status that is one restart old: of the container before
    ended,    ///< it is told that the container which it watches has ended
    late,     ///< it is told so of one that it watched before
    fault     ///< `fault`, to `replica` if it concerns one
};

/// One thing that happens; small, so that a schedule can be kept.
struct Action {
    Happens what = Happens::tick;
    std::uint8_t replica = 0;  ///< or which of the writes that land
    Fault fault = Fault::request_lost;
    friend bool operator==(const Action&, const Action&) = default;
};

/// What is checked in every state and at every change.
enum class Broken : std::uint8_t {
    nothing,
    at_most_one,             ///< leader.at-most-one
    term_increases,          ///< leader.term-increases
    taken_only_when_free,    ///< lease.taken-only-when-free
    changed_only_by_holder,  ///< lease.changed-only-by-holder
    eventually_one,          ///< leader.eventually-one
    stop_bounded,            ///< stop.bounded
    check                    ///< a CHECK of the model
};
[[nodiscard]] std::string_view broken_id(Broken broken);

/// What is told of each thing that happens, for those who read along.
class Witness {
  public:
    virtual ~Witness() = default;
    virtual void stepped(std::uint8_t replica, Now now, const Event& event,
                         const Effects& effects) = 0;
    virtual void committed(int writer, const LeasePtr& before, const LeasePtr& after) = 0;
    virtual void ended(std::uint8_t replica, EndCause cause) = 0;
};

/// What an action did that the state after it does not show.
struct Noted {
    std::optional<Version> term;      ///< a leadership began
    std::optional<Version> stranger;  ///< a record of a stranger's was shown
    std::optional<Version> put_over;  ///< a PUT left, which names that version
    bool put_lands = false;           ///< and it is the present one
    bool gate_open = false;           ///< after the step of the process
    bool commits = false;             ///< the Lease was written
    bool takes = false;               ///< by a takeover
    bool left_behind = false;         ///< a write that was given up may still land
    bool dropped_create = false;      ///< or could, were there no Lease
};

/// What one thread needs beside the states; reused from one to the next.
struct Scratch {
    Effects effects;
    Witness* witness = nullptr;
    std::string failure;  ///< of Broken::check
    Noted noted;
};

/// Whom an operator writes as the holder (sim/world/lease_rules).
inline constexpr std::string_view kStranger = "operator";

/// Does it strike one replica?
[[nodiscard]] constexpr bool concerns_one(Fault fault) {
    return fault <= Fault::stop && fault != Fault::api_restart;
}

inline constexpr int kNoWriter = -1;  ///< an operator

class World {
  public:
    explicit World(const Space& space);

    /// What can happen in this state, in a fixed order.
    void next(std::vector<Action>& actions) const;
    /// It happens. Returns what it broke; then the state must not be used any further.
    Broken take(const Action& action, Scratch& scratch);
    [[nodiscard]] std::int64_t ticks() const { return ticks_; }
    [[nodiscard]] TrueTime now() const { return TrueTime(ticks_ * space_->tick); }

    // For those who tell of it.
    struct Exchange {
        enum class Stage : std::uint8_t { none, on_way, answered };
        Stage stage = Stage::none;
        LeaseVerb verb = LeaseVerb::get;
        RequestId id;
        LeasePtr body;
        LeaseReply reply;
        Instant limit{};  ///< on the sender's clock
    };
    struct Told {
        WatchKind kind = WatchKind::seen;
        Version version;
        LeasePtr lease;
        std::int64_t since = 0;  ///< ticks
    };
    enum class Life : std::uint8_t { awaited, running, gone };
    struct Process {
        std::optional<Elector> elector;  ///< running
        Life life = Life::awaited;
        bool paused = false;
        bool stopping = false;
        bool watching = false;
        bool watch_silent = false;
        std::uint8_t incarnation = 0;
        std::int8_t drift = 0;  ///< of its clock: -1, 0, 1 times the bound
        WatchId watch;
        Instant clock{};
        Instant stop_by = kNever;
        // Its Pod. A container has the name of the process in it: nobody else may have it.
        bool knows_itself = false;
        WallTime started{};         ///< in whole ticks
        WallTime started_before{};  ///< the process before, in the same Pod
        WallTime ended_before{};
        std::string watched;  ///< the container whose end it wants to know; empty = none
        std::string left;     ///< one that it wanted to know of before, and was not told
        Exchange exchange;
        std::vector<Told> told;    ///< oldest first
        std::vector<Told> missed;  ///< changes since the answer that is on its way
        bool missed_many = false;  ///< more than a server keeps
        Shape shape;
        bool shaped = false;  ///< `shape` is that of now
    };
    [[nodiscard]] const std::vector<Process>& processes() const { return processes_; }
    [[nodiscard]] Now now_of(std::uint8_t replica) const;
    /// Of the process that begins there as the `incarnation`th, from 1 on; and of its container.
    [[nodiscard]] static std::string identity(std::uint8_t replica, unsigned incarnation);
    [[nodiscard]] std::string identity_of(std::uint8_t replica) const;
    /// Of the process that starts there next.
    [[nodiscard]] std::string next_identity_of(std::uint8_t replica) const;
    [[nodiscard]] const Space& space() const { return *space_; }
    [[nodiscard]] const LeasePtr& lease() const { return lease_; }
    /// Has that container ended? One that never was has not.
    [[nodiscard]] bool container_ended(const std::string& id) const;
    /// A write that nobody waits for, and that may still be applied.
    struct Landing {
        LeaseVerb verb = LeaseVerb::update;
        LeasePtr body;
        std::string identity;  ///< of the process that sent it, which may be no more
        std::uint8_t writer = 0;
    };
    [[nodiscard]] const std::vector<Landing>& landings() const { return landing_; }

    // For those who take it apart (compact.hpp): each part's form, and what follows from it alone.
    [[nodiscard]] const Shape& process_shape(std::uint8_t replica);
    [[nodiscard]] Shape lease_shape() const;
    [[nodiscard]] Shape landing_shape(std::uint8_t index) const;
    [[nodiscard]] bool due(const Process& process) const;
    /// Does a change of the Lease change it?
    [[nodiscard]] bool heeds(const Process& process) const;
    /// What can happen to it, faults apart.
    void next_of(std::uint8_t replica, std::vector<Action>& actions) const;
    void faults_of(std::uint8_t replica, std::vector<Fault>& faults) const;
    [[nodiscard]] std::uint32_t faults_left() const { return faults_left_; }
    [[nodiscard]] std::uint32_t leaderless() const { return leaderless_; }
    [[nodiscard]] std::uint64_t last_term() const { return last_term_; }
    [[nodiscard]] std::uint64_t revision() const { return revision_; }
    [[nodiscard]] bool released() const { return released_ != nullptr; }
    /// Does any part speak of it?
    [[nodiscard]] bool knows_name(std::uint64_t name);

  private:
    // world.cpp: time and processes
    [[nodiscard]] bool may_tick() const;
    Broken tick();
    Broken step(std::uint8_t replica, const Event& event, Scratch& scratch);
    Broken perform(std::uint8_t replica, Scratch& scratch);
    Broken start(std::uint8_t replica, Scratch& scratch);
    Broken drained(std::uint8_t replica, Scratch& scratch);
    void end(std::uint8_t replica, EndCause cause, bool again, Scratch& scratch);
    Broken read_own_pod(std::uint8_t replica, bool old, Scratch& scratch);
    Broken told_of_end(std::uint8_t replica, const std::string& id, Scratch& scratch);
    [[nodiscard]] Broken judge_gates(std::uint8_t replica, Scratch& scratch) const;
    [[nodiscard]] bool other_gate_open(const std::string& identity) const;

    // server.cpp: the Lease, requests and watches
    Broken arrive(std::uint8_t replica, Scratch& scratch);
    Broken answer(std::uint8_t replica, Scratch& scratch);
    Broken watch(std::uint8_t replica, Scratch& scratch);
    [[nodiscard]] Broken judge_shown(std::uint8_t replica, const LeasePtr& shown,
                                     Scratch& scratch) const;
    Broken land(std::uint8_t index, Scratch& scratch);
    Broken apply(LeaseVerb verb, const LeasePtr& body, const std::string& identity,
                 std::uint8_t writer, LeaseReply& reply, Scratch& scratch);
    void commit(std::shared_ptr<Lease> after, int writer, Scratch& scratch);
    [[nodiscard]] std::string next_uid();
    [[nodiscard]] Broken judge_write(const Lease& before, const Lease& after,
                                     const std::string& identity, Scratch& scratch) const;
    void tell(Process& process, Told told);
    void open_watch(Process& process, WatchId id, Version from);
    void give_up(std::uint8_t replica, bool may_land, Scratch& scratch);
    [[nodiscard]] bool can_land(const LeasePtr& put) const;
    void forget_landing();

    // faults.cpp
    void next_faults(std::vector<Action>& actions) const;
    Broken strike(const Action& action, Scratch& scratch);
    Broken edit(Fault fault, Scratch& scratch);
    void break_connections(Scratch& scratch);

    void shape_of(std::uint8_t replica);

    const Space* space_;
    std::int64_t ticks_ = 0;
    std::uint32_t faults_left_;
    LeasePtr lease_;
    LeasePtr released_;  ///< the newest record with the mark of a release, if it can be replayed
    std::uint64_t revision_ = 1;
    std::uint32_t uids_ = 0;
    std::uint64_t last_term_ = 0;
    std::uint32_t leaderless_ = 0;  ///< ticks for which somebody should have led
    std::vector<Landing> landing_;
    std::vector<Process> processes_;
};

}  // namespace leasehold::explore
