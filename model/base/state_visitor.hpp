// StateVisitor: what a machine shows of its state, each part by what it can matter for.
//
// Two states from which the same will happen may still differ: in instants that have passed, in
// versions that only their order counts of, in numbers that were drawn. A machine says of each part
// which of these it is, and only what still matters; a visitor makes of it what it needs (a form
// that is equal for equal futures, a print).
#pragma once

#include <cstdint>
#include <string>

#include "model/base/strong.hpp"
#include "model/base/time.hpp"

namespace leasehold {

template <class V>
concept StateVisitor = requires(V& v, std::int64_t plain, Instant at, WallTime wall, Duration reach,
                                Version version, std::uint64_t drawn, const std::string& text) {
    v.value(plain);       ///< matters as it stands
    v.until(at);          ///< matters while it is to come: all that has passed is one
    v.until(wall);        ///< the same on the wall clock
    v.since(at, reach);   ///< matters until `reach` after it: all that is older is one
    v.version(version);   ///< compared by order alone
    v.id(drawn);          ///< compared for equality, with ids of this machine alone
    v.name(drawn);        ///< compared for equality alone; 0 is none
    v.name(text);         ///< the same; empty is none
    v.name(drawn, wall);  ///< the two together, the same
};

}  // namespace leasehold
