// Log of a run on stderr: changes at level debug, every step with its effects at trace.
#pragma once

#include <string>
#include <vector>

#include "model/protocol/history.hpp"

namespace leasehold::cli {

class LogObserver : public Observer {
  public:
    void on(const ProcessStarted&) override;
    void on(const ProcessEnded&) override;
    void on(const ClockChanged&) override;
    void on(const ReplicaStepped&) override;
    void on(const RequestLeft&) override;
    void on(const LeaseCommitted&) override;
    void on(const ObjectCommitted&) override;
    void on(const FaultTookEffect&) override;
    void on(const PathChanged&) override;

    /// One is wanted at the present log level.
    [[nodiscard]] static bool wanted();

  private:
    [[nodiscard]] std::string name(ReplicaIndex replica) const;

    std::vector<std::string> names_;
};

}  // namespace leasehold::cli
