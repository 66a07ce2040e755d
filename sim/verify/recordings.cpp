#include "sim/verify/recordings.hpp"

#include <algorithm>
#include <filesystem>

#include "sim/verify/renumber.hpp"

namespace leasehold::verify {
namespace {

using reports::HistoryHeader;
using reports::HistoryReader;
using reports::RecordedSettings;

/// What all agents of one service share: identity and seed are of one process.
RecordedSettings shared(RecordedSettings settings) {
    if (settings.election) {
        settings.election->identity.clear();
        settings.election->seed = 0;
    }
    if (settings.storage) settings.storage->identity.clear();
    return settings;
}

ReplicaIndex position_of(std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<ReplicaIndex>(found - names.begin());
    names.push_back(name);
    return static_cast<ReplicaIndex>(names.size() - 1);
}

/// Why `file` can't be read beside those before it; empty when it can.
std::string flaw_of(const std::string& file, const std::vector<Recording>& before) {
    namespace fs = std::filesystem;
    std::error_code unknown;
    if (!std::ifstream(file)) return file + ": cannot be opened";
    if (!fs::is_regular_file(file, unknown)) return file + ": not a regular file";
    for (const Recording& other : before)
        // What is read twice tells of everything twice.
        if (fs::equivalent(file, other.file, unknown))
            return file + ": the same recording as " + other.file;
    return {};
}

}  // namespace

RecordingInput::RecordingInput(const Recording& recording) : left_(recording.size) {
    if (file_.open(recording.file, std::ios::in | std::ios::binary) == nullptr)
        stream_.setstate(std::ios::badbit);
}

RecordingInput::int_type RecordingInput::underflow() {
    const auto most = static_cast<std::streamsize>(std::min<std::uint64_t>(left_, part_.size()));
    const std::streamsize size = most == 0 ? 0 : file_.sgetn(part_.data(), most);
    left_ -= static_cast<std::uint64_t>(size);
    setg(part_.data(), part_.data(), part_.data() + size);
    return size == 0 ? traits_type::eof() : traits_type::to_int_type(part_.front());
}

Result<Recordings, std::string> open_recordings(const std::vector<std::string>& files) {
    Recordings all;
    std::vector<HistoryHeader> headers;
    std::optional<std::size_t> first;  // with settings
    for (const std::string& file : files) {
        if (const std::string flaw = flaw_of(file, all.files); !flaw.empty())
            return Unexpected{flaw};
        std::error_code unknown;
        all.files.push_back({file, {}, std::filesystem::file_size(file, unknown)});
        RecordingInput input(all.files.back());
        const HistoryReader reader(input.stream());
        if (reader.error()) return Unexpected{file + ": " + reader.error()->to_string()};
        const HistoryHeader& header = reader.header();
        if (header.boot.empty())
            return Unexpected{file +
                              ": not a recording: its header names no boot (the history of "
                              "a simulated run was judged when it was played)"};
        if (!headers.empty() && header.boot != headers.front().boot)
            return Unexpected{file + ": recorded in another boot than " + files.front() +
                              ": their clocks can't be compared"};
        if (header.settings) {
            if (first && shared(*header.settings) != shared(*headers[*first].settings))
                return Unexpected{file + ": recorded with other settings than " + files[*first]};
            if (!first) first = headers.size();
            for (const std::string& name : header.replicas)
                position_of(all.names, name);
        }
        headers.push_back(header);
    }
    if (!first) return Unexpected{std::string("no agent's recording among these files")};
    all.settings = shared(*headers[*first].settings);
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (const std::string& name : headers[i].replicas) {
            // A fault may be declared for somebody who recorded nothing (another elector).
            const auto known = std::find(all.names.begin(), all.names.end(), name);
            all.files[i].replicas.push_back(
                known == all.names.end() ? kNobody
                                         : static_cast<ReplicaIndex>(known - all.names.begin()));
        }
    }
    return all;
}

std::optional<std::string> play(Recordings& recordings, Observer& observer) {
    for (const Recording& recording : recordings.files) {
        RecordingInput input(recording);
        HistoryReader reader(input.stream());
        Renumber renumber(recording.replicas, observer);
        while (const auto at = reader.next_at()) {
            recordings.begin = std::min(recordings.begin, *at);
            recordings.end = std::max(recordings.end, *at);
            reader.hand_over(renumber);
        }
        if (reader.error()) return recording.file + ": " + reader.error()->to_string();
    }
    if (recordings.begin > recordings.end) return "the recordings hold no record";
    return std::nullopt;
}

}  // namespace leasehold::verify
