// The name under which faults know a request.
#pragma once

#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

[[nodiscard]] constexpr RequestKind kind_of(LeaseVerb verb) {
    switch (verb) {
        case LeaseVerb::get:
            return RequestKind::get_lease;
        case LeaseVerb::create:
            return RequestKind::create_lease;
        case LeaseVerb::update:
            break;
    }
    return RequestKind::update_lease;
}

[[nodiscard]] constexpr RequestKind kind_of(BucketVerb verb) {
    switch (verb) {
        case BucketVerb::get:
            return RequestKind::get_object;
        case BucketVerb::put:
            return RequestKind::put_object;
        case BucketVerb::remove:
            return RequestKind::remove_object;
        case BucketVerb::list:
            break;
    }
    return RequestKind::list_objects;
}

}  // namespace leasehold::sim
