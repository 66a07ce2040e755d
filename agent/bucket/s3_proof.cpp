#include "agent/bucket/s3_proof.hpp"

namespace leasehold::agent {

S3Proof::S3Proof(const BucketConfig& config)
    : trusted_(!config.insecure && config.tls.verify), md5_(config.send_content_md5) {}

HashesWanted S3Proof::wanted() const {
    HashesWanted hashes;
    // Without the checksum nothing of ours would be there for the store to verify.
    hashes.crc32 = trusted_ && !checksum_refused_ && !signs_;
    hashes.sha256 = !hashes.crc32;
    hashes.md5 = md5_;
    return hashes;
}

std::string S3Proof::learn(const S3Reply& answer, bool signed_over_body) {
    if (answer.error.names_checksum && !checksum_refused_) {
        checksum_refused_ = true;
        return "PUTs carry no x-amz-checksum-* from now on: " + answer.error.message;
    }
    // A bucket's policy can want signed bodies (s3:x-amz-content-sha256), and says AccessDenied as
    // for everything: only what the next one meets tells the two apart.
    const bool denied = answer.reply.status == 403 && answer.error.code == "AccessDenied";
    if (!signed_over_body && (denied || answer.error.names_body_hash)) {
        signs_ = true;
    } else if (signed_over_body && signs_ && !proven_) {
        if (denied) signs_ = false;
        proven_ = answer.reply.status == 200;
        if (proven_) return "it refuses PUTs that are not signed over their bodies: all are, now";
    }
    return {};
}

}  // namespace leasehold::agent
