// RunRecord: what happened in one run, in the form in which pages and traces show it.
//
// Made by RunRecorder from a history, so that a simulated run and the recordings of real agents
// look alike. Plain data; times are true times of the history, numbers its event numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/protocol/history.hpp"

namespace leasehold::reports {

/// What lasts on a lane.
enum class SpanKind : std::uint8_t { runs, crashed, leads, gate, asleep, cut, holder, epoch };

/// Lanes are replicas by their position; behind them, numbered down from the top, the world's.
inline constexpr ReplicaIndex kLeaseLane = kNobody - 1;
inline constexpr ReplicaIndex kBucketLane = kNobody - 2;

struct Span {
    SpanKind kind = SpanKind::runs;
    ReplicaIndex lane = kNobody;
    TrueTime from{};
    TrueTime to{};                 ///< the end of the run for what still lasts
    ReplicaIndex owner = kNobody;  ///< holder, epoch: whose it is
    std::string text;              ///< holder, epoch: "term 1004"
};

/// What kind of record an event was.
enum class EventKind : std::uint8_t { start, end, clock, step, left, lease, object, fault, path };

struct RecordedEvent {
    std::uint64_t number = 0;
    TrueTime at{};
    ReplicaIndex lane = kNobody;  ///< a replica, kLeaseLane, kBucketLane; kNobody = the world
    EventKind kind = EventKind::step;
    bool change = false;  ///< a role, a process, a fault, another holder or epoch
    std::string text;     ///< the event in one line
    std::string effects;  ///< of a step: a line for each, in their order
    /// What it came from besides the step before it of the same replica; 0 = nothing that is known.
    std::uint64_t cause = 0;
};

/// An exchange with the Lease API or the bucket.
struct Exchange {
    ReplicaIndex replica = kNobody;
    bool bucket = false;
    std::string verb;
    std::uint64_t sent = 0;  ///< event number of the step that sent it
    TrueTime sent_at{};
    std::uint64_t reached = 0;   ///< of the commit that it made; 0 = none, or not seen
    std::uint64_t answered = 0;  ///< of the step that got the answer; 0 = none
    TrueTime answered_at{};
    bool lost = false;  ///< answered by its time-out alone
};

struct FaultSpan {
    std::uint32_t fault = 0;  ///< position in the scenario
    TrueTime from{};
    TrueTime to{};  ///< `from` where no end was recorded
    std::string text;
    std::vector<ReplicaIndex> targets;
    std::uint64_t number = 0;  ///< event number of its beginning
};

/// A count of one replica that holds until the next point.
struct CountPoint {
    TrueTime at{};
    std::uint32_t value = 0;
};

/// The end that a write gate has from an instant on; not after it: closed.
struct GatePoint {
    TrueTime at{};
    TrueTime until{};
};

struct LaneRecord {
    std::string name;
    std::vector<ClockPiece> clocks;         ///< in the order of `since`
    std::vector<CountPoint> pending_reads;  ///< backup reads that wait for an answer
    std::vector<CountPoint> writes_flying;  ///< PUTs and DELETEs under way to the bucket
    std::vector<GatePoint> gates;           ///< each time that the gate's end moved
};

struct RunRecord {
    std::vector<LaneRecord> lanes;  ///< replicas
    std::vector<Span> spans;        ///< in the order in which they began
    std::vector<FaultSpan> faults;
    std::vector<RecordedEvent> events;  ///< in the order of their numbers
    std::vector<Exchange> exchanges;    ///< in the order of `sent`
    std::uint64_t left_out = 0;         ///< events without details: a long run's quiet stretches
    TrueTime end{};
};

}  // namespace leasehold::reports
