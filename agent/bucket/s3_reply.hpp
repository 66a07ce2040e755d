// From an HTTP exchange to the model's plain wire terms.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/s3_xml.hpp"
#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

struct S3Reply {
    BucketReply reply;
    S3Error error;        ///< what the server said of an error
    std::string problem;  ///< for people: why nothing was learnt or nothing done; empty = all well
    bool unfinished = false;  ///< of a LIST: none of the keys on this page is one of ours
    ObjectKey last;           ///< what such a page ended with; empty: it showed no key at all
    std::string token;        ///< of the page behind such a one
};

/// `body` is what came of an error or a page; `object` what came of a GET with 200.
/// An exchange that did not end with a whole answer is status 0 whatever its status line said.
/// `not_sent` is a put or remove of which no byte left: no name, no connection, or the permit ended
/// first (`gate_closed`, which is no problem of the bucket's).
[[nodiscard]] S3Reply s3_reply(const BucketConfig& config, const SendBucket& request,
                               const Response& response, std::string_view body,
                               ObjectBodyPtr object, bool gate_closed);

}  // namespace leasehold::agent
