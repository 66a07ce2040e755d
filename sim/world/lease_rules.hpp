// What an API server makes of one request for a Lease, or of an operator's edit: rules alone,
// without a history, a watch or numbers of its own.
//
// Specification: what a real kube-apiserver 1.34.4 answers, refusal by refusal in its order.
#pragma once

#include <memory>

#include "model/protocol/lease.hpp"
#include "sim/scenario/scenario.hpp"

namespace leasehold::sim {

struct LeaseRuling {
    LeaseReply reply;              ///< its object, where something is written, is what that becomes
    std::shared_ptr<Lease> write;  ///< to be stored under the next version; null = nothing is
    bool creates = false;          ///< `write` needs a uid of its own
};

/// The answer to a request, where `present` (null = none) is there. `body` is null for a GET.
[[nodiscard]] LeaseRuling rule(const LeasePtr& present, LeaseVerb verb, const LeasePtr& body);

/// The present Lease (there must be one) as an operator's edit makes it; null = it changes nothing.
/// `released`: the newest record with the mark of a release, null = none.
[[nodiscard]] std::shared_ptr<Lease> edited(const Lease& present, LeaseEdit edit,
                                            const LeasePtr& released);

}  // namespace leasehold::sim
