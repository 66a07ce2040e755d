// What a request of the model is on S3's wire: method, URL and headers, yet without a signature.
#pragma once

#include <string>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/put_body.hpp"
#include "agent/bucket/s3_url.hpp"
#include "agent/bucket/sigv4.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

struct S3Request {
    std::string method;
    S3Url url;
    SignedHeaders headers;
};

/// Conditions (If-Match in quotes), user metadata with the stamp, and encryption. SSE-C needs its
/// key with every GET and PUT; the other kinds only concern PUT. `token`: of a LIST, where to go on
/// instead of behind its key; empty: there.
[[nodiscard]] S3Request s3_request(const BucketConfig& config, const SendBucket& request,
                                   std::string_view token);
/// Of a put: what the store can hold the body against, as far as it was taken; `checksum`: also an
/// x-amz-checksum-*.
void add_checksums(S3Request& request, const BodyHash& hash, bool checksum);

}  // namespace leasehold::agent
