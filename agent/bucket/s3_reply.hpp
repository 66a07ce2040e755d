// From an HTTP exchange to the model's plain wire terms.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"
#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

struct S3Reply {
    BucketReply reply;
    std::string code;     ///< S3's own word for an error; empty = none
    std::string problem;  ///< for people: why nothing was learnt or nothing done; empty = all well
};

/// `body` is what came of an error or a page; `object` what came of a GET with 200.
/// An exchange that did not end with a whole answer is status 0 whatever its status line said. So
/// is one that could not connect: `not_sent` is kept for a permit that ended (`gate_closed`), as
/// the model takes no account of it when it judges the bucket's health.
[[nodiscard]] S3Reply s3_reply(const BucketConfig& config, const SendBucket& request,
                               const Response& response, std::string_view body,
                               ObjectBodyPtr object, bool gate_closed);

}  // namespace leasehold::agent
