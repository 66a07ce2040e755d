#include "model/protocol/lease.hpp"

namespace leasehold {

namespace {

/// A 404 is absence only if it is about this Lease: a proxy, a missing namespace and an API
/// server that is still starting answer 404 as well (election-review 13).
bool is_absence(const LeaseReply& reply) {
    return reply.status == 404 && reply.reason == StatusReason::not_found && reply.about_lease;
}

}  // namespace

LeaseOutcome classify(LeaseVerb verb, const LeaseReply& reply) {
    if (reply.not_sent) return LeaseOutcome::rejected;
    // 1xx and 3xx come from something that is not the API server: nothing is known then.
    if (reply.status < 200 || (reply.status >= 300 && reply.status < 400))
        return LeaseOutcome::unknown;
    // A 504 is ambiguous: half of those measured had been applied. So is every 5xx.
    // A 408 comes from something in between, which may have passed the request on.
    if (reply.status >= 500 || reply.status == 408) return LeaseOutcome::unknown;
    if (reply.status < 300) {
        // PUT on a missing object without uid answers 201; ours carries one, so only POST may.
        const bool expected = verb == LeaseVerb::create ? reply.status == 201 : reply.status == 200;
        if (!expected || !reply.lease) return LeaseOutcome::unknown;
        return verb == LeaseVerb::get ? LeaseOutcome::found : LeaseOutcome::written;
    }
    if (verb != LeaseVerb::create && is_absence(reply)) return LeaseOutcome::missing;
    if (reply.status == 409 && verb == LeaseVerb::create &&
        reply.reason == StatusReason::already_exists)
        return LeaseOutcome::exists;
    if (reply.status == 409 && verb == LeaseVerb::update) return LeaseOutcome::conflict;
    return LeaseOutcome::rejected;
}

}  // namespace leasehold
