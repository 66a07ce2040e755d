// RunRecorder: reads a history and keeps what pages and traces show of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reports/record/run_record.hpp"
#include "reports/timeline.hpp"

namespace leasehold::reports {

/// How much a record may hold. Spans, faults and changes are always kept.
struct RecordLimits {
    std::size_t events = 60'000;   ///< with details; beyond it the quietest go first
    std::size_t points = 100'000;  ///< of each count; beyond it neighbours are put together
};

class RunRecorder : public Observer {
  public:
    explicit RunRecorder(RecordLimits limits = {});

    void on(const ProcessStarted&) override;
    void on(const ProcessEnded&) override;
    void on(const ClockChanged&) override;
    void on(const ReplicaStepped&) override;
    void on(const RequestLeft&) override;
    void on(const LeaseCommitted&) override;
    void on(const ObjectCommitted&) override;
    void on(const FaultTookEffect&) override;
    void on(const PathChanged&) override;

    /// The record of a run that ended at `end`. To be called once, at the end.
    [[nodiscard]] RunRecord take(TrueTime end);

  private:
    struct Flight {
        std::size_t exchange = 0;
        bool writes = false;
        ObjectKey key;
        std::uint64_t nonce = 0;
    };
    struct Seat {
        std::string identity;  ///< what it writes into the Lease as its holder
        Timeline::SeatState shown;
        std::map<std::pair<bool, RequestId>, Flight> open;  ///< (bucket?, request)
        std::map<RequestId, std::uint64_t> files;           ///< request to the step that sent it
        std::set<CallId> reads;                             ///< pending
        std::uint32_t flying = 0;
        std::map<SpanKind, std::size_t> spans;  ///< position of what lasts
    };

    Seat& seat(ReplicaIndex replica);
    [[nodiscard]] std::string name(ReplicaIndex replica) const;
    RecordedEvent& add(const RecordBase& record, EventKind kind, ReplicaIndex lane,
                       std::string text);
    template <class Record>
    void pass(const Record& record);
    void look(TrueTime at);
    void hold(SpanKind kind, ReplicaIndex lane, bool holds, TrueTime at);
    void gate(ReplicaIndex lane, TrueTime until, TrueTime at);
    void world_span(SpanKind kind, ReplicaIndex lane, ReplicaIndex owner, std::string text,
                    TrueTime at);
    std::uint64_t cause_of(Seat& s, const ReplicaStepped& record);
    void answered(Seat& s, bool bucket, RequestId request, const ReplicaStepped& record, bool lost);
    void effect(Seat& s, const ReplicaStepped& record, const Effect& effect);
    void sent(Seat& s, const ReplicaStepped& record, bool bucket, RequestId request,
              std::string verb, Flight flight);
    void count(ReplicaIndex replica, TrueTime at);
    void abandon(ReplicaIndex replica, TrueTime at);
    void thin();

    RecordLimits limits_;
    Timeline timeline_{0, 1};  // who is what
    RunRecord record_;
    std::vector<Seat> seats_;
    std::map<std::uint32_t, std::size_t> faults_;  ///< open ones, by position
    std::map<Version, std::uint64_t> commits_;     ///< of the Lease, by version: the newest
    std::size_t lease_span_ = 0;
    std::size_t bucket_span_ = 0;
    bool any_lease_ = false;
    bool any_epoch_ = false;
    Epoch epoch_{};
    std::size_t thin_at_ = 0;
};

}  // namespace leasehold::reports
