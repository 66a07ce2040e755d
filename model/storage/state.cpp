#include "model/storage/state.hpp"

namespace leasehold::storage {

Sight State::sight(Instant now) const {
    Sight sight{now, config, catalog, requests, life.writer, life.stopping, {}, {}, {}};
    if (const Leading* leader = leading(); leader != nullptr) {
        sight.tenure = leader->tenure;
        sight.store = leader->probe.verdict();
        sight.epoch = leader->claim.epoch();
    }
    return sight;
}

}  // namespace leasehold::storage
