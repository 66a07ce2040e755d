#include "model/protocol/object.hpp"

namespace leasehold {
namespace {

BucketOutcome classify_success(BucketVerb verb, std::int32_t status) {
    switch (verb) {
        case BucketVerb::get:
            return status == 200 ? BucketOutcome::object : BucketOutcome::unknown;
        case BucketVerb::put:
            return status == 200 ? BucketOutcome::written : BucketOutcome::unknown;
        case BucketVerb::remove:
            return status == 204 ? BucketOutcome::removed : BucketOutcome::unknown;
        case BucketVerb::list:
            return status == 200 ? BucketOutcome::page : BucketOutcome::unknown;
    }
    return BucketOutcome::unknown;
}

BucketOutcome classify_not_found(BucketVerb verb, BucketCode code) {
    // A bucket that is gone says nothing of its keys: neither "missing" nor "precondition failed".
    if (code == BucketCode::no_such_bucket) return BucketOutcome::denied;
    switch (verb) {
        case BucketVerb::get:
            return code == BucketCode::no_such_key ? BucketOutcome::missing : BucketOutcome::denied;
        case BucketVerb::put:
            return code == BucketCode::no_such_key ? BucketOutcome::precondition_failed
                                                   : BucketOutcome::denied;
        case BucketVerb::remove:
            return code == BucketCode::no_such_key ? BucketOutcome::removed : BucketOutcome::denied;
        case BucketVerb::list:
            return BucketOutcome::denied;
    }
    return BucketOutcome::denied;
}

/// A success without its content (no body, no page) taught nothing.
bool has_content(BucketVerb verb, const BucketReply& reply) {
    if (verb == BucketVerb::get) {
        const auto* body = std::get_if<ObjectBodyPtr>(&reply.content);
        return body != nullptr && *body != nullptr && !reply.etag.empty();
    }
    if (verb == BucketVerb::list) {
        const auto* page = std::get_if<ListPagePtr>(&reply.content);
        return page != nullptr && *page != nullptr;
    }
    return verb != BucketVerb::put || !reply.etag.empty();
}

}  // namespace

BucketOutcome classify(BucketVerb verb, const BucketReply& reply) {
    if (reply.not_sent) return BucketOutcome::not_sent;
    const std::int32_t status = reply.status;
    // Some stores do no conditional writes and say so (B2, OSS: 501 NotImplemented). Whether the
    // request had a condition is the sender's knowledge; without one a 501 is an outage.
    const bool changes = verb == BucketVerb::put || verb == BucketVerb::remove;
    if (changes && (status == 501 || (status == 400 && reply.names_condition)))
        return BucketOutcome::refused;
    if (status >= 200 && status < 300)
        return has_content(verb, reply) ? classify_success(verb, status) : BucketOutcome::unknown;
    switch (status) {
        case 304:
            return verb == BucketVerb::get ? BucketOutcome::unchanged : BucketOutcome::unknown;
        case 404:
            return classify_not_found(verb, reply.code);
        case 409:
            return BucketOutcome::unknown;  // a conflicting operation, never "exists"
        case 412:
            return BucketOutcome::precondition_failed;
        case 429:
            return BucketOutcome::throttled;
        case 503:
            return reply.code == BucketCode::slow_down ? BucketOutcome::throttled
                                                       : BucketOutcome::unknown;
        default:
            break;
    }
    // 408 is a time-out that the server tells of.
    const bool refused = status >= 400 && status < 500 && status != 408;
    return refused ? BucketOutcome::denied : BucketOutcome::unknown;
}

}  // namespace leasehold
