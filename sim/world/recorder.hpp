// Recorder: numbers the records of a run, keeps its digest and counts, and hands them on.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/base/marks.hpp"
#include "model/check/result.hpp"
#include "model/protocol/history.hpp"
#include "model/replica/told.hpp"
#include "sim/world/record_digest.hpp"

namespace leasehold::sim {

/// One per run. Every record goes through here, in the order of true time.
class Recorder {
  public:
    /// `observer` gets every record; it must outlive the recorder.
    void add(Observer* observer) { observers_.push_back(observer); }

    void started(ProcessStarted record) { send(record); }
    void ended(ProcessEnded record) { send(record); }
    void clock_changed(ClockChanged record) { send(record); }
    void left(RequestLeft record) { send(record); }
    void lease_committed(LeaseCommitted record) { send(record); }
    void object_committed(ObjectCommitted record) { send(record); }
    void fault(FaultTookEffect record) { send(record); }
    void path(PathChanged record) { send(record); }
    /// A step of a replica.
    void stepped(TrueTime at, ReplicaIndex replica, Now now, const Event& event,
                 std::span<const Effect> effects);
    /// Behind the step that was recorded last. No part of the digest: nothing comes of a look.
    void told(ReplicaTold record) {
        record.number = number_;
        for (Observer* observer : observers_)
            observer->on(record);
    }

    [[nodiscard]] std::uint64_t digest() const { return digest_.value(); }
    [[nodiscard]] const std::array<std::uint64_t, kMarkCount>& marks() const { return marks_; }
    check::Work work;
    std::uint64_t leaderships = 0;

  private:
    template <class Record>
    void send(Record& record) {
        record.number = ++number_;
        digest_.add(record);
        for (Observer* observer : observers_)
            observer->on(record);
    }

    std::vector<Observer*> observers_;
    RecordDigest digest_;
    std::uint64_t number_ = 0;
    std::array<std::uint64_t, kMarkCount> marks_{};
};

}  // namespace leasehold::sim
