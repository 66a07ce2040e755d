// A history as JSON lines: the first line names the format, each further line is one record.
//
// The writer observes a run and streams; the reader feeds any observer, so that checkers judge a
// recording as they judge a run. Both ends share the list of fields (history_fields.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <string_view>

#include "model/base/result.hpp"
#include "model/replica/history.hpp"

namespace leasehold::reports {

inline constexpr std::uint64_t kHistorySchemaVersion = 1;

/// Writes each record as it comes, as one line with its line end, to `sink`.
class HistoryWriter : public Observer {
  public:
    using Sink = std::function<void(std::string_view)>;
    /// Writes the header line at once.
    explicit HistoryWriter(Sink sink);

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
    Sink sink_;
};

struct HistoryError {
    std::uint64_t line = 0;  ///< from 1; 0 = the input as a whole
    std::string message;
    [[nodiscard]] std::string to_string() const;
};

/// Hands every record of `input` to `observer`, in their order, and counts them. Stops at the
/// first line that is not a record of this schema version, and where time goes back.
[[nodiscard]] Result<std::uint64_t, HistoryError> read_history(std::istream& input,
                                                               Observer& observer);

}  // namespace leasehold::reports
