// Timeline: one line for each change of a run, for people.
//
// A change is a new role, a fault that began or ended, a process that began or ended, or a
// notable mark. A renewal is not a change. What repeats without anything else having changed is
// one line with a count. Memory is bounded: of a long run the first and the last lines are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "model/check/result.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::reports {

class Timeline : public Observer {
  public:
    /// Keeps `first` lines from the start and `last` from the end of a run.
    explicit Timeline(std::size_t first = 400, std::size_t last = 200);

    void on(const ProcessStarted&) override;
    void on(const ProcessEnded&) override;
    void on(const ClockChanged&) override;
    void on(const ReplicaStepped&) override;
    void on(const FaultTookEffect&) override;
    void on(const PathChanged&) override;

    /// The lines so far, oldest first; where lines were left out, one says how many.
    [[nodiscard]] std::vector<check::TimelineLine> lines() const;
    /// One character a replica, now: capital = leader, small = follower, '#' crashed, 'z' paused
    /// or suspended, '-' cut, '.' stopped or not yet started.
    [[nodiscard]] std::string columns() const;

    /// What a replica is after the newest record: the parts of its column, one by one.
    struct SeatState {
        bool running = false;
        bool crashed = false;
        bool leads = false;
        bool asleep = false;
        bool cut = false;
        TrueTime gate_end{};  ///< of the write gate, in true time; not after now = closed
        friend bool operator==(const SeatState&, const SeatState&) = default;
    };
    [[nodiscard]] std::size_t seats() const { return seats_.size(); }
    /// `index` < seats().
    [[nodiscard]] SeatState seat_state(std::size_t index) const;

  private:
    struct Seat {
        std::string name;
        bool running = false;
        bool crashed = false;
        bool leads = false;
        bool elects = true;
        bool asleep = false;
        TrueTime asleep_since{};
        std::vector<std::uint32_t> cuts;  ///< positions of the faults that cut it
        ClockPiece clock;
        Instant valid_until{};  ///< of its gate, on its own clock
        TrueTime gate_end{};    ///< the same in true time
        bool had_gate = false;
        TrueTime earlier_end{};  ///< end of the gate before the present one
        bool had_earlier = false;
    };
    enum class Kind : std::uint8_t { start, crash, fault, mark, other };
    struct Line {
        check::TimelineLine line;
        Kind kind = Kind::other;
        ReplicaIndex replica = kNobody;
        MarkId mark{};
        std::uint64_t era = 0;
        std::uint64_t times = 1;
        TrueTime last{};
    };

    Seat& seat(ReplicaIndex replica);
    [[nodiscard]] std::string name(ReplicaIndex replica) const;
    [[nodiscard]] char column(std::size_t index) const;
    [[nodiscard]] Line* newest();
    Line& add(const RecordBase& record, Kind kind, ReplicaIndex replica, std::string text);
    void refresh(TrueTime at);
    void on_role(const ReplicaStepped& record, const RoleChanged& change);
    void on_mark(const ReplicaStepped& record, MarkId mark, bool with_role);
    [[nodiscard]] std::string gap_text(TrueTime at, ReplicaIndex leader) const;

    std::size_t first_;
    std::size_t last_;
    std::vector<Seat> seats_;
    std::vector<Line> head_;
    std::deque<Line> tail_;
    std::uint64_t left_out_ = 0;
    std::uint64_t era_ = 0;  ///< grows with each change other than a mark
};

}  // namespace leasehold::reports
