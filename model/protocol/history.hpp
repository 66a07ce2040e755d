// The records of a history: written by both drivers, read by the checkers and the reports.
//
// Records are handed over in the order of `at`; several may share one instant. References are
// valid during the call only. `event` numbers are given by the recorder, from 1 upwards.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/base/time.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold {

/// A replica of the history, by position: 0, 1, 2 ... (its name stands in ProcessStarted).
using ReplicaIndex = std::uint32_t;
inline constexpr ReplicaIndex kNobody = ~0U;  ///< an operator, a foreign writer, the world itself

/// One piece of a process's monotonic clock: exact in integers, in both directions.
/// reading(t) = monotonic + floor((t - since) * (1e9 + rate_ppb) / 1e9) for t >= since.
struct ClockPiece {
    TrueTime since;
    Instant monotonic;
    std::int64_t rate_ppb = 0;  ///< -1e9 = frozen
    [[nodiscard]] Instant reading(TrueTime at) const;
    /// The first true instant at which the clock has reached `target`; TrueTime::max() = never.
    [[nodiscard]] TrueTime reaches(Instant target) const;
    friend bool operator==(const ClockPiece&, const ClockPiece&) = default;
};

struct RecordBase {
    std::uint64_t number = 0;  ///< event number, for citing
    TrueTime at;
};

/// A replica's process began (again). Its clock is `clock` until a ClockChanged.
struct ProcessStarted : RecordBase {
    ReplicaIndex replica = kNobody;
    std::string_view name;
    std::string_view identity;
    bool elects = true;  ///< false: HA off or one replica
    ClockPiece clock;
};
enum class EndCause : std::uint8_t { stopped, crashed, run_ended };
struct ProcessEnded : RecordBase {
    ReplicaIndex replica = kNobody;
    EndCause cause = EndCause::stopped;
};
struct ClockChanged : RecordBase {
    ReplicaIndex replica = kNobody;
    ClockPiece clock;
};
/// One step of a replica.
struct ReplicaStepped : RecordBase {
    ReplicaIndex replica = kNobody;
    Now now;
    const Event* event = nullptr;
    std::span<const Effect> effects;
};
/// A put or remove asked for its permit as it was about to leave. gate_open is judged by the
/// recorder on the replica's own clock at `at`, not by the replica.
struct RequestLeft : RecordBase {
    ReplicaIndex replica = kNobody;
    RequestId request;
    BucketVerb verb = BucketVerb::put;
    bool permitted = false;
};
/// The Lease changed on the server. Null = absent.
struct LeaseCommitted : RecordBase {
    ReplicaIndex writer = kNobody;
    LeasePtr before;
    LeasePtr after;
    bool restored = false;  ///< a restore of an older revision
};
/// An object changed in the bucket.
struct ObjectCommitted : RecordBase {
    ReplicaIndex writer = kNobody;
    ObjectKey key;
    ETag etag;                  ///< empty = deleted
    Stamp stamp;                ///< epoch 0 for foreign and plain HA-off objects
    std::uint64_t version = 0;  ///< of the bucket's history, growing
};
/// A fault began or ended and did something: there was a target, and its state changed.
struct FaultTookEffect : RecordBase {
    std::uint32_t fault = 0;  ///< position in the scenario
    bool began = true;
    std::string_view what;  ///< "crash replica-0"
    std::vector<ReplicaIndex> targets;
};
/// What lies between a replica and its servers changed; both true again = healthy path.
struct PathChanged : RecordBase {
    ReplicaIndex replica = kNobody;
    bool api_healthy = true;  ///< reachable both ways, server up, no injected delay or error
    bool bucket_healthy = true;
};

struct ReplicaTold;  // what it tells who asks: model/replica/told.hpp

/// Reads a history as it is made. Overrides of records that don't matter are left out.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on(const ProcessStarted&) {}
    virtual void on(const ProcessEnded&) {}
    virtual void on(const ClockChanged&) {}
    virtual void on(const ReplicaStepped&) {}
    virtual void on(const RequestLeft&) {}
    virtual void on(const LeaseCommitted&) {}
    virtual void on(const ObjectCommitted&) {}
    virtual void on(const FaultTookEffect&) {}
    virtual void on(const PathChanged&) {}
    virtual void on(const ReplicaTold&) {}
};

}  // namespace leasehold
