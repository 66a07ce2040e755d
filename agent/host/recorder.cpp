#include "agent/host/recorder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace leasehold::agent {
namespace {

int open_for_writing(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), file);
    return descriptor;
}

}  // namespace

Recorder::Recorder(const std::string& file, const reports::HistoryHeader& header)
    : file_(file),
      descriptor_(open_for_writing(file)),
      writer_([this](std::string_view line) { write_line(line); }, header) {}

Recorder::~Recorder() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void Recorder::write_line(std::string_view line) {
    while (descriptor_ >= 0 && !line.empty()) {
        const ssize_t done = ::write(descriptor_, line.data(), line.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            spdlog::error("recording to {} ends: {}", file_, std::strerror(errno));
            ::close(std::exchange(descriptor_, -1));
            return;
        }
        line.remove_prefix(static_cast<std::size_t>(done));
    }
}

// A process's clock is the history's: both are CLOCK_BOOTTIME.
template <class Record>
void Recorder::write(Record record, Instant at) {
    if (descriptor_ < 0) return;
    last_ = std::max(last_, TrueTime(at.time_since_epoch()));
    record.number = ++number_;
    record.at = last_;
    if constexpr (requires { record.replica; }) record.replica = 0;
    writer_.on(record);
}

void Recorder::started(Instant at, std::string_view name, std::string_view identity, bool elects) {
    ProcessStarted record;
    record.name = name;
    record.identity = identity;
    record.elects = elects;
    record.clock = ClockPiece{TrueTime(at.time_since_epoch()), at, 0};
    write(record, at);
}

void Recorder::stepped(Now now, const Event& event, const Effects& effects) {
    ReplicaStepped record;
    record.now = now;
    record.event = &event;
    record.effects = effects;
    write(record, now.monotonic);
}

void Recorder::left(Instant at, RequestId request, BucketVerb verb, bool permitted) {
    RequestLeft record;
    record.request = request;
    record.verb = verb;
    record.permitted = permitted;
    write(record, at);
}

void Recorder::ended(Instant at) {
    ProcessEnded record;
    record.cause = EndCause::stopped;
    write(record, at);
}

void Recorder::lease_committed(Instant at, LeasePtr before, LeasePtr after) {
    LeaseCommitted record;
    record.before = std::move(before);
    record.after = std::move(after);
    write(record, at);
}

void Recorder::object_committed(Instant at, const ObjectKey& key, const ETag& etag,
                                const Stamp& stamp) {
    ObjectCommitted record;
    record.key = key;
    record.etag = etag;
    record.stamp = stamp;
    record.version = ++objects_;
    write(record, at);
}

}  // namespace leasehold::agent
