// Recorder: this process's part of a history, as `leasehold verify` reads it (--record FILE).
#pragma once

#include <string>
#include <vector>

#include "model/protocol/history.hpp"
#include "reports/history_codec.hpp"

namespace leasehold::agent {

/// Writes each record with one write(2), so that a killed process loses at most the line that it
/// was about to write. An output that fails is given up, with one line in the log.
class Recorder {
  public:
    /// Truncates `file`. Throws std::runtime_error: it can't be written, or another process does.
    Recorder(const std::string& file, const reports::HistoryHeader& header);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void started(Instant at, std::string_view name, std::string_view identity, bool elects);
    void stepped(Now now, const Event& event, const Effects& effects);
    void left(Instant at, RequestId request, BucketVerb verb, bool permitted);
    void ended(Instant at);
    void lease_committed(Instant at, LeasePtr before, LeasePtr after);
    void object_committed(Instant at, const ObjectKey& key, const ETag& etag, const Stamp& stamp);

  private:
    template <class Record>
    void write(Record record, Instant at);
    void write_line(std::string_view line);

    std::string file_;
    int descriptor_ = -1;
    std::uint64_t number_ = 0;
    std::uint64_t objects_ = 0;
    TrueTime last_{};
    reports::HistoryWriter writer_;
};

}  // namespace leasehold::agent
