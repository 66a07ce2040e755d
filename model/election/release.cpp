// Stopping, abdicating, and releasing the Lease.
#include <algorithm>

#include "model/base/check.hpp"
#include "model/election/elector.hpp"
#include "model/election/record.hpp"
#include "model/protocol/effects.hpp"

namespace leasehold {

using namespace election;

/// A stop comes once, or again with an earlier deadline; a later one is no promise to wait for.
void Elector::on(Now now, const Stop& event, Effects& out) {
    // kNever says "not stopping" in Leading; a stop without a deadline is one far away.
    const Instant deadline = std::min(event.deadline, kNever - Duration(1));
    if (auto* leading = std::get_if<Leading>(&role_)) {
        // Work drains while the Lease is still renewed; drained() ends it.
        // Released at once, the successor would write beside PUTs of ours that are still on their
        // way.
        leading->stop_deadline = std::min(leading->stop_deadline, deadline);
        leadership_.draining = true;
    } else if (auto* releasing = std::get_if<Releasing>(&role_)) {
        releasing->deadline =
            releasing->stopping ? std::min(releasing->deadline, deadline) : deadline;
        releasing->stopping = true;
    } else {
        // What would make this process the holder is resolved first; a create in flight would
        // not: it is no proof, and released it would be taken before its wait is over.
        const bool taking = requests_.writing() && requests_.in_flight()->verb == LeaseVerb::update;
        const bool holds = view_.lease() && own_.claim(view_.lease()->record) == Claim::proven;
        const bool may_hold = taking || own_.may_have_taken() || holds;
        if (may_hold) {
            become_releasing(now, {.stopping = true, .deadline = deadline, .sit_out_until = {}});
        } else {
            become_done(out);
        }
    }
    settle(now, out);  // the deadline may be in the past
}

/// A leader ends its leadership: gate first, and only then, in pursue(), the release.
void Elector::end_leadership(Now now, Effects& out) {
    const Instant stop_deadline = std::get<Leading>(role_).stop_deadline;
    // The other way round, the release could be applied, another lead, and this gate be open still:
    // two leaders for as long as its answer takes (clause 5).
    close_gate(now, out);
    const bool stopping = stop_deadline != kNever;
    // An abdication tries for as long as the record could hold others up; then it is pointless. And
    // it sits out so long: nothing is released over a PUT that may land, and whoever waits the
    // lease out, the longest that is in use, from its last sight, must come first. One that came
    // back before would lead again and again while another could write.
    const Instant sit_out = now.monotonic +
                            stretched(config_.longest_of_members(), config_.drift_ppm) +
                            config_.retry_period;
    become_releasing(now, {.stopping = stopping,
                           .deadline = stopping ? stop_deadline : sit_out,
                           .sit_out_until = sit_out});
}

// By steps that are longer than what clocks and ways differ by. Counted up to eight: leaderships in
// vain are borne twice as long each time, so the count tells those apart that failed as often.
void Elector::stand_back(std::uint32_t given_up) {
    constexpr std::uint32_t kMost = 8;
    stand_back_ = std::min(given_up, kMost) * (config_.retry_period / kMost);
}

}  // namespace leasehold
