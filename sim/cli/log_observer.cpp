#include "sim/cli/log_observer.hpp"

#include <spdlog/spdlog.h>

#include "reports/names.hpp"
#include "reports/text.hpp"

namespace leasehold::cli {
namespace {

using reports::format_time;
using reports::name_of;
using reports::to_text;

std::string lease_text(const LeasePtr& lease) {
    return lease ? to_text(*lease) : "absent";
}

std::string clock_text(const ClockPiece& clock) {
    return reports::format_instant(clock.monotonic) + " at a rate of " +
           std::to_string(clock.rate_ppb) + " ppb";
}

void debug(const RecordBase& record, const std::string& text) {
    spdlog::debug("{} #{} {}", format_time(record.at), record.number, text);
}

}  // namespace

bool LogObserver::wanted() {
    return spdlog::should_log(spdlog::level::debug);
}

std::string LogObserver::name(ReplicaIndex replica) const {
    if (replica == kNobody) return "nobody";
    if (replica < names_.size() && !names_[replica].empty()) return names_[replica];
    return "replica-" + std::to_string(replica);
}

void LogObserver::on(const ProcessStarted& record) {
    if (names_.size() <= record.replica) names_.resize(std::size_t{record.replica} + 1);
    names_[record.replica] = std::string(record.name);
    debug(record, name(record.replica) + " starts as " + std::string(record.identity) + ", clock " +
                      clock_text(record.clock));
}

void LogObserver::on(const ProcessEnded& record) {
    debug(record, name(record.replica) + " ended: " + std::string(name_of(record.cause)));
}

void LogObserver::on(const ClockChanged& record) {
    debug(record, name(record.replica) + " clock " + clock_text(record.clock));
}

void LogObserver::on(const ReplicaStepped& record) {
    if (spdlog::should_log(spdlog::level::trace)) {
        spdlog::trace("{} #{} {} {} {}", format_time(record.at), record.number,
                      name(record.replica), reports::format_instant(record.now.monotonic),
                      to_text(*record.event));
        for (const Effect& effect : record.effects)
            spdlog::trace("    -> {}", to_text(effect));
    }
}

void LogObserver::on(const RequestLeft& record) {
    spdlog::trace("{} #{} {} {} r{} {}", format_time(record.at), record.number,
                  name(record.replica), name_of(record.verb), record.request.value(),
                  record.permitted ? "leaves" : "is not permitted");
}

void LogObserver::on(const LeaseCommitted& record) {
    spdlog::trace("{} #{} Lease by {}: {}", format_time(record.at), record.number,
                  name(record.writer), lease_text(record.after));
}

void LogObserver::on(const ObjectCommitted& record) {
    debug(record, "object " + record.key.str() + " by " + name(record.writer) + ": etag " +
                      record.etag.str() + ", epoch " + std::to_string(record.stamp.epoch.value()));
}

void LogObserver::on(const FaultTookEffect& record) {
    debug(record, (record.began ? "fault: " : "fault ends: ") + std::string(record.what));
}

void LogObserver::on(const PathChanged& record) {
    debug(record, name(record.replica) + " path: API " +
                      (record.api_healthy ? "healthy" : "disturbed") + ", bucket " +
                      (record.bucket_healthy ? "healthy" : "disturbed"));
}

}  // namespace leasehold::cli
