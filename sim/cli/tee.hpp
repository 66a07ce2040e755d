// One history for several observers.
#pragma once

#include <utility>
#include <vector>

#include "model/protocol/history.hpp"

namespace leasehold::cli {

/// Hands each record to all of them, in their order.
class Tee : public Observer {
  public:
    explicit Tee(std::vector<Observer*> observers) : observers_(std::move(observers)) {}

    void on(const ProcessStarted& record) override { pass(record); }
    void on(const ProcessEnded& record) override { pass(record); }
    void on(const ClockChanged& record) override { pass(record); }
    void on(const ReplicaStepped& record) override { pass(record); }
    void on(const RequestLeft& record) override { pass(record); }
    void on(const LeaseCommitted& record) override { pass(record); }
    void on(const ObjectCommitted& record) override { pass(record); }
    void on(const FaultTookEffect& record) override { pass(record); }
    void on(const PathChanged& record) override { pass(record); }
    void on(const ReplicaTold& record) override { pass(record); }

  private:
    template <class Record>
    void pass(const Record& record) {
        for (Observer* observer : observers_)
            observer->on(record);
    }

    std::vector<Observer*> observers_;
};

}  // namespace leasehold::cli
