#include "model/storage/state.hpp"

#include <algorithm>

namespace leasehold::storage {

Sight State::sight(Instant now) const {
    // A follower has no validity, knows nothing of what the store does with conditions, and has
    // no epoch. So whatever is asked through this sight by mistake gets the careful answer: no put
    // may start, nothing fences, nothing is purged.
    Sight sight{now, config, catalog, requests, life.writer, life.stopping, {}, {}, {}};
    if (const Leading* leader = leading(); leader != nullptr) {
        sight.tenure = leader->tenure;
        sight.store = leader->probe.verdict();
        sight.epoch = leader->claim.epoch();
    }
    return sight;
}

Instant State::landing_until(Instant now) const {
    if (!config.ha) return Instant{};
    const Leading* leader = leading();
    if (leader == nullptr) return life.unresolved_until;
    if (leader->probe.verdict().fences()) return Instant{};
    // And what a leader that was proven dead had sent before: whoever takes the Lease that we
    // release waits for nothing, and may know of no proof.
    const Instant earlier = std::max(life.unresolved_until, leader->tenure.landing_until);
    // What is in flight may be applied after its caller has given it up, by so much at most.
    if (requests.changes() == 0) return earlier;
    return std::max(earlier, saturating_add(now, config.largest_request_age));
}

}  // namespace leasehold::storage
