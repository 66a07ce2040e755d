#include "agent/host/recorder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/descriptor.hpp"

namespace leasehold::agent {
namespace {

/// Emptied only when nobody else writes into it: a process that was started beside another one by
/// mistake, and ends because of it, leaves the other one's recording whole.
int open_for_writing(const std::string& file) {
    Descriptor made(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    struct stat status {};
    if (!made.valid() || ::fstat(made.number(), &status) != 0) fail_errno(file);
    if (!S_ISREG(status.st_mode)) return made.release();
    // Some file systems know no locks.
    if (::flock(made.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw std::runtime_error(file + ": another process writes its recording there");
    if (::ftruncate(made.number(), 0) != 0) fail_errno(file);
    return made.release();
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
