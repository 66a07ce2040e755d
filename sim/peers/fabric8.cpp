// kubernetes-client 8.0.0, LeaderElector and LeaseLock.
#include <algorithm>
#include <utility>
#include <variant>

#include "sim/peers/libraries.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 15s, kRenewDeadline = 10s, kRetryPeriod = 2s;

/// Whether it can read it at all: it unboxes the duration.
bool readable(const LeaseRecord& record) {
    return record.duration_seconds != 0;
}

}  // namespace

Fabric8Elector::Fabric8Elector(std::string identity, bool release, std::uint64_t seed)
    : line_(std::move(identity), 10s, false), release_(release), random_(seed) {}

void Fabric8Elector::step(Now now, const Event& event, Effects& out) {
    if (line_.stopped()) return;
    if (std::holds_alternative<Start>(event)) wake_ = now.monotonic;
    if (std::holds_alternative<Stop>(event) && !std::exchange(stopping_, true)) {
        line_.drop();
        stop_leading(now, out);
    }
    if (const LeaseReply* reply = line_.answered(now, event, out)) answered(now, *reply, out);
    if (!line_.stopped() && !line_.waiting() && now.monotonic >= wake_) woke(now, out);
}

void Fabric8Elector::woke(Now now, Effects& out) {
    wake_ = kNever;
    if (line_.leads() && now.wall > renew_by_) {
        stop_leading(now, out);
        return;
    }
    attempted_ = now.monotonic;
    wanted_ = line_.own(now, kLease);
    call_ = Call::get;
    line_.get(now, out);
}

/// From one beginning to the next: an attempt that took longer is followed at once.
void Fabric8Elector::schedule(Now now) {
    const Duration jitter =
        line_.leads() ? Duration{} : std::chrono::milliseconds(random_.below(2400));
    wake_ = std::max(now.monotonic, attempted_ + kRetryPeriod + jitter);
}

void Fabric8Elector::answered(Now now, const LeaseReply& reply, Effects& out) {
    const bool written_well = reply.status == 200 || reply.status == 201;
    switch (call_) {
        case Call::get:
            if (reply.status == 200) {
                found(now, reply.lease, out);
            } else if (reply.status == 404) {
                gain_ = MarkId::acquired_free_lease;
                call_ = Call::write;
                line_.put(now, nullptr, wanted_, out);
            } else {
                schedule(now);
            }
            return;
        case Call::write:
            if (written_well)
                written(now, reply.lease, out);
            else
                schedule(now);
            return;
        case Call::release_get:
            if (reply.status != 200 || !line_.holds(reply.lease->record)) {
                run_ended(now, out);
                return;
            }
            // A merge patch leaves out what is null: the holder's name stays.
            wanted_ = line_.own(now, 1s);
            wanted_.transitions = reply.lease->record.transitions;
            call_ = Call::release_write;
            line_.put(now, reply.lease, wanted_, out);
            return;
        case Call::release_write:
            if (written_well) mark(out, MarkId::released_lease);
            run_ended(now, out);
            return;
    }
}

void Fabric8Elector::found(Now now, const LeasePtr& lease, Effects& out) {
    const LeaseRecord& got = lease->record;
    if (!readable(got)) {
        schedule(now);
        return;
    }
    const bool own = line_.holds(got);
    if (!own && !got.holder.empty()) {
        if (line_.leads()) {  // whoever leads stops at the sight of another's name
            const bool expired =
                got.renew_time &&
                now.wall > *got.renew_time + std::chrono::seconds(got.duration_seconds);
            line_.follow(now, out);
            mark(out, MarkId::stepped_down_foreign);
            if (!expired) {
                run_ended(now, out);
                return;
            }
        }
        if (!got.renew_time ||
            now.wall <= *got.renew_time + std::chrono::seconds(got.duration_seconds)) {
            schedule(now);
            return;
        }
    }
    if (own) wanted_.acquire_time = got.acquire_time;
    wanted_.transitions = got.transitions + (own ? 0 : 1);
    gain_ = gain_of(got);
    call_ = Call::write;
    line_.put(now, lease, wanted_, out);
}

void Fabric8Elector::written(Now now, const LeasePtr& lease, Effects& out) {
    renew_by_ = now.wall + kRenewDeadline;
    if (!line_.leads()) {
        line_.lead(Term{lease->version.value()}, kNever, out);
        if (gain_) mark(out, *gain_);
        wake_ = now.monotonic;  // the loop of renewals begins at once
        return;
    }
    schedule(now);
}

/// The user is told behind the release.
void Fabric8Elector::stop_leading(Now now, Effects& out) {
    wake_ = kNever;
    if (!release_ || !line_.leads()) {
        run_ended(now, out);
        return;
    }
    call_ = Call::release_get;
    line_.get(now, out);
}

void Fabric8Elector::run_ended(Now now, Effects& out) {
    if (stopping_) {
        line_.stop(now, out);
        return;
    }
    line_.follow(now, out);
    attempted_ = now.monotonic;
    schedule(now);
}

}  // namespace leasehold::sim
