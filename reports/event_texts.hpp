// Words for chosen event numbers: fills the lines of a causal chain from a second, equal run.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "model/check/result.hpp"
#include "model/protocol/history.hpp"
#include "reports/timeline.hpp"

namespace leasehold::reports {

/// A commit of the Lease or of an object in one line; `writer` is a name.
[[nodiscard]] std::string to_text(const LeaseCommitted& record, const std::string& writer);
[[nodiscard]] std::string to_text(const ObjectCommitted& record, const std::string& writer);
/// A permit that was asked for, without the replica's name.
[[nodiscard]] std::string to_text(const RequestLeft& record);
/// "fault: crash replica-0", "fault ends: crash replica-0".
[[nodiscard]] std::string to_text(const FaultTookEffect& record);

/// Gives each line of `lines` the time, columns and words of the record of its number. Words are
/// cut after about 150 characters: the whole record stands in the history.
class EventTexts : public Observer {
  public:
    /// `lines` must outlive the observer; only their numbers are read.
    explicit EventTexts(std::vector<check::TimelineLine>& lines);

    void on(const ProcessStarted&) override;
    void on(const ProcessEnded&) override;
    void on(const ClockChanged&) override;
    void on(const ReplicaStepped&) override;
    void on(const RequestLeft&) override;
    void on(const LeaseCommitted&) override;
    void on(const ObjectCommitted&) override;
    void on(const FaultTookEffect&) override;
    void on(const PathChanged&) override;

  private:
    template <class Record, class Words>
    void fill(const Record& record, Words words);
    [[nodiscard]] std::string name(ReplicaIndex replica) const;

    Timeline timeline_{0, 1};  // for its columns
    std::vector<std::string> names_;
    std::multimap<std::uint64_t, check::TimelineLine*> wanted_;
};

}  // namespace leasehold::reports
