// Recordings of several processes of one boot, judged as one history.
//
// An agent records its own steps; nobody records the servers. What the Lease and the bucket were
// is put together from what anybody saw of them: answers to the agents, their watches, and the
// recorder of the world (leasehold-agent record-world). Faults are declared by who injected them.
#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "model/base/result.hpp"
#include "model/check/check.hpp"
#include "model/protocol/history.hpp"
#include "reports/history_codec.hpp"

namespace leasehold::verify {

/// One file, and how its replicas are numbered in the common history.
struct Recording {
    std::string file;
    std::vector<ReplicaIndex> replicas;  ///< position in the file -> common position
    std::uint64_t size = 0;              ///< bytes that it had when it was opened
};

/// What a recording held when it was opened: an agent that still runs makes it longer between two
/// readings, which must be of one history.
class RecordingInput final : private std::streambuf {
  public:
    explicit RecordingInput(const Recording& recording);
    [[nodiscard]] std::istream& stream() { return stream_; }

  private:
    int_type underflow() override;

    std::filebuf file_;
    std::uint64_t left_;
    std::array<char, 1 << 16> part_;
    std::istream stream_{this};
};

/// All files, looked through once.
struct Recordings {
    std::vector<Recording> files;
    std::vector<std::string> names;  ///< of the replicas, by common position
    reports::RecordedSettings settings;
    TrueTime begin = TrueTime::max();  ///< the first record of any
    TrueTime end = TrueTime::min();
};

/// Opens and compares the headers. An error is one line that names the file: unreadable,
/// given twice, no recording, another boot, other settings, no agent's recording among them.
[[nodiscard]] Result<Recordings, std::string> open_recordings(
    const std::vector<std::string>& files);

/// Hands all records to `observer`, file by file, with common replica positions, and notes the
/// first and the last time. Or the error, in one line with file and line. A last line that is cut
/// off (a killed process) ends its file.
[[nodiscard]] std::optional<std::string> play(Recordings& recordings, Observer& observer);

}  // namespace leasehold::verify
