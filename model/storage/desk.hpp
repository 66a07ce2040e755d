// Desk: where a machine of the storage hands out what it wants done, for one step.
#pragma once

#include <utility>
#include <vector>

#include "model/protocol/effects.hpp"
#include "model/storage/calls.hpp"
#include "model/storage/facts.hpp"
#include "model/storage/requests.hpp"

namespace leasehold::storage {

/// Effects leave in the order in which they are appended. A fact is told on when the machine that
/// told it has returned, so no machine is changed under its own hands.
struct Desk {
    Effects& out;
    Requests& requests;
    Calls& calls;
    std::vector<Fact>& facts;

    void note(MarkId id) { mark(out, id); }
    void tell(Fact fact) { facts.push_back(std::move(fact)); }
};

}  // namespace leasehold::storage
