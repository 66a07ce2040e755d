// What S3 can hold the body of a PUT against, and what each store wants of that.
#pragma once

#include <string>

#include "agent/bucket/bucket_config.hpp"
#include "agent/bucket/put_body.hpp"
#include "agent/bucket/s3_reply.hpp"

namespace leasehold::agent {

/// SHA-256 of the body in the signature costs us and the store a pass over it, and the body can't
/// leave before ours is done. Over TLS to a server that was verified nobody can change the body on
/// its way, so a CRC-32 (signed, and verified by the store) goes along in its place, as the SDKs do
/// it. Over plain HTTP, or where certificates are not verified, the signature covers the body.
class S3Proof {
  public:
    explicit S3Proof(const BucketConfig& config);

    [[nodiscard]] HashesWanted wanted() const;
    /// May a checksum header go along?
    [[nodiscard]] bool checksum() const { return !checksum_refused_; }
    /// The answer to a PUT whose signature covered its body, or did not. Of use to PUTs to come;
    /// a line for people when they change, else empty.
    [[nodiscard]] std::string learn(const S3Reply& answer, bool signed_over_body);

  private:
    bool trusted_;                   ///< nobody can change a body on its way
    bool md5_;                       ///< Content-MD5 is asked for
    bool checksum_refused_ = false;  ///< this store does not know x-amz-checksum-*
    bool signs_ = false;             ///< a PUT that was not signed over its body was refused
    bool proven_ = false;            ///< one that was signed over it was not
};

}  // namespace leasehold::agent
