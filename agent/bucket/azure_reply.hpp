// From an exchange with Azure to the model's plain wire terms.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/azure_place.hpp"
#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

struct AzureReply {
    BucketReply reply;
    std::string code;         ///< the server's word for an error
    std::string problem;      ///< for people: why nothing was learnt or nothing done; empty: well
    bool unfinished = false;  ///< of a LIST: nothing of what was asked for was on this page
    std::string marker;       ///< of the next page
};

/// As s3_reply(). Azure says 201 for a written blob and 409 BlobAlreadyExists for If-None-Match;
/// the model hears what S3 says: 200 and 412.
[[nodiscard]] AzureReply azure_reply(const AzurePlace& place, const SendBucket& request,
                                     const Response& response, std::string_view body,
                                     ObjectBodyPtr object, bool gate_closed);

}  // namespace leasehold::agent
