// Renumber: replicas of one file in the numbering of all.
#pragma once

#include <optional>
#include <vector>

#include "model/protocol/history.hpp"

namespace leasehold::verify {

/// Forwards every record with its replicas' common positions.
class Renumber final : public Observer {
  public:
    Renumber(const std::vector<ReplicaIndex>& positions, Observer& next)
        : positions_(positions), next_(next) {}

    /// Whose process began in this file; none in the world's and in declared faults.
    [[nodiscard]] std::optional<ReplicaIndex> started() const { return started_; }

    void on(const ProcessStarted& record) override {
        started_ = common(record.replica);
        forward(record);
    }
    void on(const ProcessEnded& record) override { forward(record); }
    void on(const ClockChanged& record) override { forward(record); }
    void on(const ReplicaStepped& record) override { forward(record); }
    void on(const RequestLeft& record) override { forward(record); }
    void on(const PathChanged& record) override { forward(record); }
    void on(const LeaseCommitted& record) override { next_.on(record); }
    void on(const ObjectCommitted& record) override { next_.on(record); }
    void on(const FaultTookEffect& record) override {
        FaultTookEffect copy = record;
        for (ReplicaIndex& target : copy.targets)
            target = common(target);
        next_.on(copy);
    }

  private:
    [[nodiscard]] ReplicaIndex common(ReplicaIndex position) const {
        return position < positions_.size() ? positions_[position] : kNobody;
    }
    template <class Record>
    void forward(const Record& record) {
        Record copy = record;
        copy.replica = common(record.replica);
        if (copy.replica != kNobody) next_.on(copy);
    }

    const std::vector<ReplicaIndex>& positions_;
    Observer& next_;
    std::optional<ReplicaIndex> started_;
};

}  // namespace leasehold::verify
