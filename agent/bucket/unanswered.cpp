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

void take_removed(const Response& response, std::string_view body, std::int32_t gone,
                  BucketReply& reply, std::string& problem) {
    const bool empty = response.status == 200 && body.empty();
    if (response.status == gone || empty) reply.status = 204;
    if (reply.status != 204)
        problem = "answered " + std::to_string(response.status) +
                  (body.empty() ? "" : " and something") +
                  ", which is no word of an object removed";
}

}  // namespace leasehold::agent
