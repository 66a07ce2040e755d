// client-java-extended 25.0.0, LeaderElector and LeaseLock.
#include <algorithm>
#include <utility>
#include <variant>

#include "sim/peers/libraries.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 15s, kRenewDeadline = 10s, kRetryPeriod = 2s;

/// A Date has whole milliseconds.
WallTime date(WallTime time) {
    return std::chrono::floor<std::chrono::milliseconds>(time);
}
std::optional<WallTime> date(const std::optional<WallTime>& time) {
    if (!time) return std::nullopt;
    return date(*time);
}
LeaseRecord seen(const LeaseRecord& record) {
    LeaseRecord dates;
    dates.holder = record.holder;
    dates.duration_seconds = record.duration_seconds;
    dates.transitions = record.transitions;
    dates.acquire_time = date(record.acquire_time);
    dates.renew_time = date(record.renew_time);
    return dates;
}

}  // namespace

OfficialJavaElector::OfficialJavaElector(std::string identity, bool release, std::uint64_t seed)
    : line_(std::move(identity), 10s, false), release_(release), random_(seed) {}

Instant OfficialJavaElector::next_deadline() const {
    if (line_.stopped()) return kNever;
    return std::min({line_.waiting() ? kNever : attempt_at_, attempt_by_, look_at_, deadline_});
}

void OfficialJavaElector::run(Now now) {
    phase_ = Phase::acquiring;
    line_.drop();
    observed_.reset();
    acquired_ = false;
    // JITTER_FACTOR: 1 to 2.2 periods.
    delay_ = kRetryPeriod + std::chrono::milliseconds(random_.below(2400));
    attempt_at_ = now.monotonic;
    look_at_ = now.monotonic + kRetryPeriod;
    attempt_by_ = deadline_ = kNever;
}

void OfficialJavaElector::step(Now now, const Event& event, Effects& out) {
    if (line_.stopped()) return;
    if (std::holds_alternative<Start>(event)) run(now);
    if (std::holds_alternative<Stop>(event) && phase_ != Phase::closing) close(now, out);
    if (const LeaseReply* reply = line_.answered(now, event, out)) answered(now, *reply, out);
    if (!line_.stopped()) woke(now, out);
}

/// Over the object that it has, without a GET; the user leads until the process ends.
void OfficialJavaElector::close(Now now, Effects& out) {
    line_.drop();
    phase_ = Phase::closing;
    attempt_at_ = attempt_by_ = look_at_ = deadline_ = kNever;
    if (!release_ || !observed_ || !line_.holds(*observed_)) {
        line_.stop(now, out);
        return;
    }
    LeaseRecord empty;
    empty.duration_seconds = static_cast<std::int32_t>(kLease / 1s);
    empty.transitions = observed_->transitions;
    line_.put(now, cached_, empty, out);
}

void OfficialJavaElector::woke(Now now, Effects& out) {
    if (now.monotonic >= attempt_by_) {  // the future of an attempt to acquire
        line_.drop();
        attempt_ended(now, false);
    }
    if (now.monotonic >= deadline_) {  // the future of a renewal
        const bool foreign = observed_ && !line_.holds(*observed_);
        line_.follow(now, out);
        if (foreign) mark(out, MarkId::stepped_down_foreign);
        run(now);
    }
    if (now.monotonic >= look_at_) {
        look_at_ = now.monotonic + kRetryPeriod;
        if (acquired_) {
            phase_ = Phase::renewing;
            look_at_ = attempt_by_ = kNever;
            line_.drop();
            line_.lead(term_, kNever, out);
            if (gain_) mark(out, *gain_);
            attempt_at_ = now.monotonic;
            renewed_ = true;
        }
    }
    if (!line_.waiting() && now.monotonic >= attempt_at_) attempt(now, out);
}

void OfficialJavaElector::attempt(Now now, Effects& out) {
    if (phase_ == Phase::acquiring)
        attempt_by_ = now.monotonic + kRetryPeriod;
    else if (std::exchange(renewed_, false))
        deadline_ = now.monotonic + kRenewDeadline;
    attempt_at_ = kNever;
    attempted_ = now.wall;
    wanted_ = line_.own(now, kLease);
    wanted_.acquire_time = wanted_.renew_time = date(now.wall);
    writing_ = false;
    line_.get(now, out);
}

void OfficialJavaElector::attempt_ended(Now now, bool succeeded) {
    attempt_by_ = kNever;
    if (phase_ == Phase::acquiring) {
        acquired_ = succeeded;
        attempt_at_ = now.monotonic + delay_;
        return;
    }
    if (succeeded) {
        renewed_ = true;
        deadline_ = kNever;
    }
    attempt_at_ = now.monotonic + kRetryPeriod;
}

void OfficialJavaElector::answered(Now now, const LeaseReply& reply, Effects& out) {
    const bool written = writing_ && (reply.status == 200 || reply.status == 201);
    if (phase_ == Phase::closing) {
        if (reply.status == 200) mark(out, MarkId::released_lease);
        line_.stop(now, out);
    } else if (writing_) {
        if (written) {
            cached_ = reply.lease;
            observe(now, wanted_);
            if (phase_ == Phase::acquiring) term_ = Term{reply.lease->version.value()};
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

void OfficialJavaElector::found(Now now, const LeasePtr& lease, Effects& out) {
    cached_ = lease;
    const LeaseRecord& got = lease->record;
    if (got.duration_seconds == 0) {  // its int is null
        attempt_ended(now, false);
        return;
    }
    bool own = false;
    // An empty name is a name: only a record without a time, or without any holder, is free.
    if (got.acquire_time && got.renew_time) {
        if (observed_ != seen(got)) observe(now, got);
        own = line_.holds(got);
        if (!own && observed_at_ + kLease > attempted_) {
            attempt_ended(now, false);
            return;
        }
        if (own) wanted_.acquire_time = date(got.acquire_time);
    }
    wanted_.transitions = got.transitions + (own ? 0 : 1);
    gain_ = gain_of(got);
    writing_ = true;
    line_.put(now, lease, wanted_, out);
}

void OfficialJavaElector::observe(Now now, const LeaseRecord& record) {
    observed_ = seen(record);
    observed_at_ = now.wall;
}

}  // namespace leasehold::sim
