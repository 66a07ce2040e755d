// AWS Signature Version 4 for requests whose body is known: the Authorization header.
//
// libcurl signs too, but 7.88.1 orders the signed headers by whole lines: a request with both
// x-amz-server-side-encryption and x-amz-server-side-encryption-aws-kms-key-id is refused.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/bucket/credentials.hpp"
#include "agent/bucket/s3_url.hpp"
#include "model/base/time.hpp"

namespace leasehold::agent {

/// Headers of a request: names in lower case, each once.
using SignedHeaders = std::map<std::string, std::string>;

/// SHA-256 of nothing, in hexadecimal.
inline constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// In place of a body's SHA-256: the signature covers the headers alone.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// "20150830T123600Z"
[[nodiscard]] std::string amz_date(WallTime at);

/// Adds host, x-amz-date, x-amz-content-sha256, x-amz-security-token (with a session token) and
/// authorization, which covers every header there is. `content_sha256` in hexadecimal, or
/// kUnsignedPayload.
void sign(SignedHeaders& headers, std::string_view method, const S3Url& url,
          std::string_view content_sha256, const Credentials& credentials, std::string_view region,
          WallTime at);

/// The Authorization header's value for headers that are complete; for any AWS service.
[[nodiscard]] std::string authorization(const SignedHeaders& headers, std::string_view method,
                                        const S3Url& url, std::string_view content_sha256,
                                        const Credentials& credentials, std::string_view region,
                                        std::string_view service, std::string_view date);

}  // namespace leasehold::agent
