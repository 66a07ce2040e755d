// Shorthand for the effects of a machine.
#pragma once

#include "model/replica/events.hpp"

namespace leasehold {

/// Notes that an interesting point was reached.
inline void mark(Effects& out, MarkId id) {
    out.emplace_back(Mark{id});
}

}  // namespace leasehold
