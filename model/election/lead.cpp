// Leading: renewing, and losing the Lease to another.
#include <algorithm>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

void Elector::lead(Now now, Effects& out) {
    if (in_flight_) return;
    if (now.monotonic >= look_at_) {
        send_look(now, out);
        return;
    }
    if (must_look_) return;
    // Each period from the start of the last renewal, never from its end: one slow answer must
    // not consume the window.
    auto& leading = std::get<Leading>(role_);
    if (!leading.renewal_wanted && now.monotonic < write_at_) return;
    leading.renewal_wanted = false;
    // With the gate open nobody else can lead, so a Lease that is missing may be created at once.
    send_write(now, observed_ ? WriteKind::renew : WriteKind::recreate, out);
}

/// A write of this leadership has certainly been stored: validity counts from its send.
void Elector::extend(OwnWrite& write, Effects& out) {
    CHECK(write.counts && std::holds_alternative<Leading>(role_));
    if (write.kind == WriteKind::recreate && !write.proven) mark(out, MarkId::recreated_lease);
    write.proven = true;
    reassess();
    if (write.sent_at <= leadership_.renewed_sent) return;
    leadership_.renewed_sent = write.sent_at;
    leadership_.valid_until = write.sent_at + renew_deadline_;
    out.emplace_back(GateMoved{leadership_.term, leadership_.valid_until});
}

/// The record is another's (or nobody's): leadership ends in this step (clause 8).
void Elector::lose_to_foreign(Now now, Effects& out) {
    const Instant stop_deadline = std::get<Leading>(role_).stop_deadline;
    close_gate(now, out);
    mark(out, MarkId::stepped_down_foreign);
    if (stop_deadline == kNever) {
        become_following(now, Instant::min());
    } else {
        become_releasing(now, {.stopping = true, .deadline = stop_deadline, .sit_out_until = {}});
    }
}

}  // namespace leasehold
