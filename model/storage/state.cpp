#include "model/storage/state.hpp"

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

}  // namespace leasehold::storage
