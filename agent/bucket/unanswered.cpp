#include "agent/bucket/unanswered.hpp"

namespace leasehold::agent {

bool unanswered(const SendBucket& request, const Response& response, bool gate_closed,
                BucketReply& reply, std::string& problem) {
    if (response.end == TransferEnd::answered) return false;
    // For a read it would mean nothing: what was asked stays unknown either way.
    const bool changes = request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
    reply.not_sent = response.end == TransferEnd::not_sent && changes;
    if (response.end != TransferEnd::aborted && !gate_closed)
        problem = response.error.empty() ? "no answer" : response.error;
    return true;
}

}  // namespace leasehold::agent
