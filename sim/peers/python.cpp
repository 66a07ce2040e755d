// kubernetes 37.0.2, leaderelection.py and leaselock.py.
#include <utility>
#include <variant>

#include "sim/peers/libraries.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 15s, kRenewDeadline = 10s, kRetryPeriod = 2s;

/// Its record has no transitions, and what is nothing of the spec it does not see.
LeaseRecord seen(const LeaseRecord& record) {
    LeaseRecord four;
    four.holder = record.holder;
    four.duration_seconds = record.duration_seconds;
    four.acquire_time = record.acquire_time;
    four.renew_time = record.renew_time;
    return four;
}

}  // namespace

PythonElector::PythonElector(std::string identity)
    : line_(std::move(identity), 15min, true) {}  // the kernel gives up, not Python

void PythonElector::step(Now now, const Event& event, Effects& out) {
    if (line_.stopped()) return;
    if (std::holds_alternative<Stop>(event)) {
        line_.stop(now, out);  // it has nothing that would release
        return;
    }
    if (std::holds_alternative<Start>(event)) wake_ = now.monotonic;
    if (const LeaseReply* reply = line_.answered(now, event, out)) answered(now, *reply, out);
    if (!line_.waiting() && now.monotonic >= wake_) woke(now, out);
}

void PythonElector::woke(Now now, Effects& out) {
    if (line_.leads() && !polling_) {
        polling_ = true;
        poll_ends_ = now.wall + kRenewDeadline;
    } else if (line_.leads() && now.wall >= poll_ends_) {
        const bool foreign = observed_ && !line_.holds(*observed_);
        line_.follow(now, out);
        if (foreign) mark(out, MarkId::stepped_down_foreign);
        observed_.reset();  // run() is called again
        polling_ = false;
    }
    wake_ = kNever;
    attempted_ = now.wall;
    wanted_ = line_.own(now, kLease);
    writing_ = false;
    line_.get(now, out);
}

void PythonElector::answered(Now now, const LeaseReply& reply, Effects& out) {
    if (writing_) {
        const bool written = reply.status == 200 || reply.status == 201;
        if (written) {
            observe(now, wanted_);
            if (!line_.leads()) {
                line_.lead(Term{reply.lease->version.value()}, kNever, out);
                if (gain_) mark(out, *gain_);
                polling_ = false;
                wake_ = now.monotonic;  // renew_loop begins at once
                return;
            }
        }
        attempt_ended(now, written);
    } else if (reply.status == 200) {
        found(now, reply.lease, out);
    } else if (reply.status == 404) {
        writing_ = true;
        gain_ = MarkId::acquired_free_lease;
        line_.put(now, nullptr, wanted_, out);
    } else {
        attempt_ended(now, false);
    }
}

void PythonElector::found(Now now, const LeasePtr& lease, Effects& out) {
    const LeaseRecord& got = lease->record;
    const bool whole =
        !got.holder.empty() && got.duration_seconds != 0 && got.acquire_time && got.renew_time;
    if (whole) {
        if (observed_ != seen(got)) observe(now, got);
        const bool own = line_.holds(got);
        if (!own && observed_at_ + kLease > attempted_) {
            attempt_ended(now, false);
            return;
        }
        if (own) wanted_.acquire_time = got.acquire_time;
    }
    wanted_.transitions = got.transitions;  // whatever stands there stays
    gain_ = gain_of(got);
    writing_ = true;
    line_.put(now, lease, wanted_, out);
}

void PythonElector::observe(Now now, const LeaseRecord& record) {
    observed_ = seen(record);
    observed_at_ = now.wall;
}

void PythonElector::attempt_ended(Now now, bool succeeded) {
    if (succeeded) polling_ = false;
    wake_ = now.monotonic + kRetryPeriod;
}

}  // namespace leasehold::sim
