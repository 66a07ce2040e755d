// Following: waiting for the Lease to be free, and taking it.
#include <algorithm>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

/// When the present record is taken, if nothing changes.
Instant Elector::take_at() const {
    if (!observed_ || must_look_ || !started_) return kNever;
    return std::max({observed_->free_at, write_at_, std::get<Following>(role_).sit_out_until});
}

/// When the missing Lease is created. Two periods of absence leave a leader with an open gate the
/// time to do it first, without any loss of leadership.
Instant Elector::create_at() const {
    if (!absent_since_ || must_look_ || !started_) return kNever;
    return std::max({*absent_since_ + 2 * config_.retry_period, write_at_,
                     std::get<Following>(role_).sit_out_until});
}

void Elector::follow(Now now, Effects& out) {
    if (in_flight_ && in_flight_->verb != LeaseVerb::get) return;
    const bool take = now.monotonic >= take_at();
    if (take || now.monotonic >= create_at()) {
        // A poll under way must not delay a write that proves itself; its answer is dropped.
        if (in_flight_) look_at_ = now.monotonic;
        in_flight_.reset();
        // The conditional PUT at expiry is the proof of it: 200 means that nobody renewed since
        // the record was first seen. No GET before, no polling delay, no stagger (clause 3).
        send_write(now, take ? observed_->take : WriteKind::create, out);
    } else if (!in_flight_ && now.monotonic >= look_at_) {
        send_look(now, out);
    }
}

/// The record is ours by a write that was sent when it was free to take. Opens the gate, unless
/// the validity that counts from the send has passed.
void Elector::grant(Now now, OwnWrite& write, Effects& out) {
    if (write.sent_at + renew_deadline_ <= now.monotonic) {
        // Late, but ours: a conditional PUT takes it again, as a new term.
        write.counts = false;
        mark(out, MarkId::late_grant_refused);
        return;
    }
    become_leading(now, write, out);
    switch (write.kind) {
        case WriteKind::take_free:
            mark(out, MarkId::acquired_free_lease);
            break;
        case WriteKind::take_expired:
            mark(out, MarkId::takeover_after_expiry);
            break;
        case WriteKind::take_own:
            mark(out, MarkId::retook_own_lease);
            break;
        case WriteKind::take_created:
            mark(out, MarkId::opened_created_lease);
            break;
        case WriteKind::create:
        case WriteKind::recreate:
        case WriteKind::renew:
        case WriteKind::release:
            CHECK_MSG(false, "a write that can't open a gate");
    }
}

}  // namespace leasehold
