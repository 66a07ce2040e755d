// A history as JSON lines: the first line names the format, each further line is one record.
//
// The writer observes a run and streams; the reader feeds any observer, so that checkers judge a
// recording as they judge a run. Both ends share the list of fields (history_fields.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/result.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/history.hpp"
#include "model/storage/config.hpp"

namespace leasehold::reports {

inline constexpr std::uint64_t kHistorySchemaVersion = 1;

/// What a recorded process was configured with.
struct RecordedSettings {
    std::optional<ElectorConfig> election;  ///< none: HA off or one replica
    std::optional<StorageConfig> storage;
    friend bool operator==(const RecordedSettings&, const RecordedSettings&) = default;
};

/// The first line of a history. A simulated run has none of these members: its replicas are those
/// of the scenario, and its time is simulated.
struct HistoryHeader {
    std::string boot;                   ///< kernel boot id: times are CLOCK_BOOTTIME of that boot
    std::vector<std::string> replicas;  ///< names of the replicas by position in this file
    std::optional<RecordedSettings> settings;
    friend bool operator==(const HistoryHeader&, const HistoryHeader&) = default;
};

/// Writes each record as it comes, as one line with its line end, to `sink`.
class HistoryWriter : public Observer {
  public:
    using Sink = std::function<void(std::string_view)>;
    /// Writes the header line at once.
    explicit HistoryWriter(Sink sink, const HistoryHeader& header = {});

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

/// Reads a history record by record, so that several can be read side by side.
class HistoryReader {
  public:
    /// Reads the header. `input` must outlive the reader.
    explicit HistoryReader(std::istream& input);
    ~HistoryReader();
    HistoryReader(const HistoryReader&) = delete;
    HistoryReader& operator=(const HistoryReader&) = delete;

    /// Why the reader stopped, if it did before the end.
    [[nodiscard]] const std::optional<HistoryError>& error() const { return error_; }
    [[nodiscard]] const HistoryHeader& header() const { return header_; }
    /// The time of the next record; none at the end, and after an error.
    [[nodiscard]] std::optional<TrueTime> next_at() const { return next_at_; }
    /// Line of the next record, from 1.
    [[nodiscard]] std::uint64_t line() const { return line_; }
    /// Hands the next record to `observer` and reads on. False at the end, or after an error.
    bool hand_over(Observer& observer);
    /// The input ended within a line: its writer was killed. Not an error of this reader.
    [[nodiscard]] bool cut_off() const { return cut_off_; }

  private:
    struct Line;
    void fetch();

    std::istream& input_;
    HistoryHeader header_;
    std::unique_ptr<Line> next_;
    std::optional<TrueTime> next_at_;
    TrueTime last_ = TrueTime::min();
    std::uint64_t line_ = 0;
    bool cut_off_ = false;
    std::optional<HistoryError> error_;
};

/// Hands every record of `input` to `observer`, in their order, and counts them. Stops at the
/// first line that is not a record of this schema version, where time goes back, and where the
/// last line is cut off.
[[nodiscard]] Result<std::uint64_t, HistoryError> read_history(std::istream& input,
                                                               Observer& observer);

}  // namespace leasehold::reports
