// What S3 can hold the body of a PUT against, and what each store wants of that.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

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
    /// The answer to a PUT of `key` whose signature covered its body, or did not. Of use to PUTs to
    /// come; a line for people when they change, else empty.
    [[nodiscard]] std::string learn(const S3Reply& answer, std::string_view key,
                                    bool signed_over_body);

  private:
    [[nodiscard]] std::string learn_checksum(const S3Reply& answer);

    bool trusted_;                    ///< nobody can change a body on its way
    bool md5_;                        ///< Content-MD5 is asked for
    bool checksum_refused_ = false;   ///< this store does not know x-amz-checksum-*
    bool checksum_required_ = false;  ///< it said that it does not take a PUT without one
    bool signs_ = false;              ///< PUTs are signed over their bodies, to see or as proven
    bool proven_ = false;             ///< that this store wants it
    std::set<std::string, std::less<>> denied_;  ///< keys that were not signed so, of late
    int others_ = 0;                             ///< PUTs of other keys that were, and were stored
};

}  // namespace leasehold::agent
