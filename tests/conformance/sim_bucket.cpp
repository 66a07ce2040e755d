#include "tests/conformance/sim_bucket.hpp"

#include <optional>

namespace leasehold::conformance {

std::vector<BucketReply> SimBucket::perform(std::span<const BucketCall> calls) {
    std::vector<BucketReply> replies;
    for (const BucketCall& call : calls)
        replies.push_back(apply(call));
    return replies;
}

BucketReply SimBucket::apply(const BucketCall& call) {
    if (call.fill == 1) return one(call.request);
    BucketReply reply;
    SendBucket request = call.request;
    for (std::uint32_t n = 0; n < call.fill; ++n) {
        request.key = filled_key(call.request.key, n);
        reply = one(request);
    }
    return reply;
}

BucketReply SimBucket::one(const SendBucket& request) {
    std::optional<sim::BucketChange> change;
    BucketReply reply = bucket_.handle(request, change);
    if (change && change->body) {
        objects_[change->key] = change->body;
        tags_[change->key] = change->etag;
    }
    if (change && !change->body) {
        objects_.erase(change->key);
        tags_.erase(change->key);
    }
    return reply;
}

}  // namespace leasehold::conformance
