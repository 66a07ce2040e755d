// Stopping, abdicating, and releasing the Lease.
#include <algorithm>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

void Elector::on(Now now, const Stop& event, Effects& out) {
    // kNever says "not stopping" in Leading; a stop without a deadline is one far away.
    const Instant deadline = std::min(event.deadline, kNever - Duration(1));
    if (auto* leading = std::get_if<Leading>(&role_)) {
        // Work drains while the Lease is still renewed; drained() ends it.
        leading->stop_deadline = std::min(leading->stop_deadline, deadline);
        leadership_.draining = true;
    } else if (auto* releasing = std::get_if<Releasing>(&role_)) {
        releasing->deadline =
            releasing->stopping ? std::min(releasing->deadline, deadline) : deadline;
        releasing->stopping = true;
    } else {
        // What would make this process the holder is resolved first; a create in flight would
        // not: it is no proof, and released it would be taken before its wait is over.
        const OwnWrite* mine = own_observed();
        const bool taking = in_flight_ && in_flight_->verb == LeaseVerb::update;
        const auto is_put = [](const OwnWrite& write) { return write.precondition != Version(); };
        const bool unknown = must_look_ && !refused_ && std::ranges::any_of(writes_, is_put);
        const bool may_hold = taking || unknown || (mine && mine->proven);
        if (may_hold) {
            become_releasing(now, {.stopping = true, .deadline = deadline, .sit_out_until = {}});
        } else {
            become_done(out);
        }
    }
    settle(now, out);  // the deadline may be in the past
}

/// A leader ends its leadership: gate first, and only then, in wind_down, the release.
void Elector::release_leadership(Now now, Effects& out) {
    const Instant stop_deadline = std::get<Leading>(role_).stop_deadline;
    close_gate(now, out);
    const bool stopping = stop_deadline != kNever;
    // An abdication tries for as long as the record could hold others up; then it is pointless.
    const Instant sit_out = now.monotonic + config_.lease_duration;
    become_releasing(now, {.stopping = stopping,
                           .deadline = stopping ? stop_deadline : sit_out,
                           .sit_out_until = sit_out});
}

void Elector::wind_down(Now now, Effects& out) {
    if (in_flight_) return;  // not while a renewal is unresolved
    if (must_look_) {
        if (now.monotonic >= look_at_) send_look(now, out);
        return;
    }
    const OwnWrite* mine = own_observed();
    if (!mine || !mine->proven) {
        end_release(now, out);
    } else if (now.monotonic >= write_at_) {
        send_write(now, WriteKind::release, out);
    }
}

void Elector::end_release(Now now, Effects& out) {
    const Releasing releasing = std::get<Releasing>(role_);
    if (releasing.stopping) {
        become_done(out);
    } else {
        become_following(now, releasing.sit_out_until);
    }
}

}  // namespace leasehold
