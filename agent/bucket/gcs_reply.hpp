// From an HTTP exchange with Google Cloud Storage to the model's plain wire terms.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/gcs_json.hpp"
#include "agent/bucket/gcs_request.hpp"
#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

struct GcsReply {
    BucketReply reply;    ///< generations as ETags
    GcsError error;       ///< what the server said of an error
    std::string problem;  ///< for people: why nothing was learnt or nothing done; empty = all well
    bool unfinished = false;  ///< no answer yet: the content, or another page, has to be asked for
    std::string page;         ///< the token of that page
};

struct GcsAsked {
    GcsPlace place;
    GcsStep step = GcsStep::whole;
};

/// `body` is what came but content; `object` what came of content with 200. Statuses are those of
/// the server, but: a version that is still the known one is 304 (fake-gcs-server does not look at
/// ifGenerationNotMatch), removed is 204 (it says 200 and "null"), and too many requests are 429
/// (Google has a 403 for some).
[[nodiscard]] GcsReply gcs_reply(const GcsAsked& asked, const SendBucket& request,
                                 const Response& response, std::string_view body,
                                 ObjectBodyPtr object, bool gate_closed);

}  // namespace leasehold::agent
