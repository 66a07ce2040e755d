// Recorder: numbers the records of a run, keeps its digest and counts, and hands them on.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/base/digest.hpp"
#include "model/base/marks.hpp"
#include "model/check/result.hpp"
#include "model/protocol/history.hpp"

namespace leasehold::sim {

/// One per run. Every record goes through here, in the order of true time.
class Recorder {
  public:
    /// `observer` gets every record; it must outlive the recorder.
    void add(Observer* observer) { observers_.push_back(observer); }

    void started(ProcessStarted record) { send(record, 1); }
    void ended(ProcessEnded record) { send(record, 2); }
    void clock_changed(ClockChanged record) { send(record, 3); }
    void left(RequestLeft record) { send(record, 4); }
    void lease_committed(LeaseCommitted record);
    void object_committed(ObjectCommitted record);
    void fault(FaultTookEffect record) { send(record, 7); }
    void path(PathChanged record) { send(record, 8); }
    /// A step of a replica.
    void stepped(TrueTime at, ReplicaIndex replica, Now now, const Event& event,
                 std::span<const Effect> effects);

    [[nodiscard]] std::uint64_t digest() const { return digest_.value(); }
    [[nodiscard]] const std::array<std::uint64_t, kMarkCount>& marks() const { return marks_; }
    check::Work work;
    std::uint64_t leaderships = 0;

  private:
    template <class Record>
    void send(Record& record, std::uint64_t tag) {
        record.number = ++number_;
        digest_.add(static_cast<std::uint64_t>(record.at.time_since_epoch().count()));
        digest_.add(tag);
        for (Observer* observer : observers_)
            observer->on(record);
    }

    std::vector<Observer*> observers_;
    RunDigest digest_;
    std::uint64_t number_ = 0;
    std::array<std::uint64_t, kMarkCount> marks_{};
};

}  // namespace leasehold::sim
