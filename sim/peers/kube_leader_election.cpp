// kube-leader-election 0.44.0 on kube 4.2, in the loop of its README.
#include <utility>
#include <variant>

#include "sim/peers/libraries.hpp"

namespace leasehold::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 15s, kPeriod = 5s;

}  // namespace

KubeLeaderElectionElector::KubeLeaderElectionElector(std::string identity, bool release)
    : line_(std::move(identity), 295s, true), release_(release) {}  // kube's read time-out

void KubeLeaderElectionElector::step(Now now, const Event& event, Effects& out) {
    if (line_.stopped()) return;
    if (std::holds_alternative<Start>(event)) wake_ = now.monotonic;
    if (std::holds_alternative<Stop>(event) && !std::exchange(stopping_, true)) {
        line_.drop();
        if (!release_ || !line_.leads()) {
            line_.stop(now, out);
            return;
        }
        patch_ = Patch::none;
        wake_ = now.monotonic;
    }
    if (const LeaseReply* reply = line_.answered(now, event, out)) answered(now, *reply, out);
    if (line_.stopped() || line_.waiting() || now.monotonic < wake_) return;
    wake_ = kNever;
    patch_ = Patch::none;
    call_ = Call::get;
    line_.get(now, out);
}

void KubeLeaderElectionElector::answered(Now now, const LeaseReply& reply, Effects& out) {
    const bool written = reply.status == 200 || reply.status == 201;
    if (call_ == Call::get) {
        if (reply.status == 200 && patch_ != Patch::none) {
            patch(now, reply.lease, out);
        } else if (reply.status == 200) {
            found(now, reply.lease, out);
        } else if (reply.status == 404 && !stopping_) {
            gain_ = MarkId::acquired_free_lease;
            call_ = Call::create;
            line_.put(now, nullptr, line_.own(now, kLease), out);
        } else {
            ended(now);  // an error keeps the flag
        }
    } else if (call_ == Call::patch && reply.status == 409) {
        // A merge patch without a version goes over whatever stands there by now.
        call_ = Call::get;
        line_.get(now, out);
    } else {
        if (written && !stopping_) {
            const bool led = line_.leads();
            line_.lead(Term{reply.lease->version.value()}, kNever, out);
            if (!led && gain_) mark(out, *gain_);
        }
        if (written && stopping_) mark(out, MarkId::released_lease);
        ended(now);
    }
    if (stopping_ && !line_.waiting()) line_.stop(now, out);
}

void KubeLeaderElectionElector::found(Now now, const LeasePtr& lease, Effects& out) {
    const LeaseRecord& got = lease->record;
    // What is missing is an error, and errors change nothing: a Lease without a time stays so.
    if (!got.renew_time || got.duration_seconds == 0) {
        ended(now);
        return;
    }
    const bool expired = now.wall > *got.renew_time + std::chrono::seconds(got.duration_seconds);
    wanted_ = line_.own(now, kLease);
    gain_ = gain_of(got);
    if (line_.holds(got)) {
        patch_ = stopping_ ? Patch::release : Patch::renew;
    } else if (expired && !stopping_) {
        patch_ = Patch::acquire;
        wanted_.transitions = got.transitions + 1;
    } else {
        if (line_.leads()) {
            line_.follow(now, out);
            mark(out, MarkId::stepped_down_foreign);
        }
        ended(now);
        return;
    }
    patch(now, lease, out);
}

/// Only the fields that it names: of a renewal not the holder, whoever that is by then.
void KubeLeaderElectionElector::patch(Now now, const LeasePtr& lease, Effects& out) {
    LeaseRecord record = lease->record;
    record.renew_time = wanted_.renew_time;
    record.duration_seconds = patch_ == Patch::release ? 1 : wanted_.duration_seconds;
    if (patch_ != Patch::renew) record.acquire_time = wanted_.acquire_time;
    if (patch_ == Patch::acquire) {
        record.holder = line_.identity();
        record.transitions = wanted_.transitions;
    }
    if (patch_ == Patch::release) record.holder.clear();
    call_ = Call::patch;
    line_.put(now, lease, std::move(record), out);
}

void KubeLeaderElectionElector::ended(Now now) {
    patch_ = Patch::none;
    wake_ = now.monotonic + kPeriod;
}

}  // namespace leasehold::sim
