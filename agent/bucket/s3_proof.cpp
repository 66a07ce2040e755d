#include "agent/bucket/s3_proof.hpp"

#include <cstddef>
#include <utility>

namespace leasehold::agent {
namespace {

constexpr std::size_t kDeniedKept = 256;
constexpr int kOthers = 16;

/// A body that changed on its way is no word about the header that told of it.
bool of_a_digest(const std::string& code) {
    return code == "BadDigest" || code == "InvalidDigest" || code.ends_with("ChecksumMismatch");
}

}  // namespace

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

std::string S3Proof::learn_checksum(const S3Reply& answer) {
    // A 501 that names it is a 400 here (s3_reply.cpp).
    if (answer.reply.status != 400) return {};
    if (answer.error.wants_checksum) {
        checksum_required_ = true;
        if (!std::exchange(checksum_refused_, false)) return {};
        return "PUTs carry x-amz-checksum-* again: " + answer.error.message;
    }
    const bool refused = answer.error.names_checksum && !of_a_digest(answer.error.code);
    if (!refused || checksum_refused_ || checksum_required_) return {};
    checksum_refused_ = true;
    return "PUTs carry no x-amz-checksum-* from now on: " + answer.error.message;
}

std::string S3Proof::learn(const S3Reply& answer, std::string_view key, bool signed_over_body) {
    if (std::string news = learn_checksum(answer); !news.empty()) return news;
    if (proven_) return {};
    // A bucket's policy can want signed bodies (s3:x-amz-content-sha256), and says AccessDenied as
    // for everything: only what the same key meets next tells the two apart.
    const bool denied = answer.reply.status == 403 && answer.error.code == "AccessDenied";
    const bool named = answer.reply.status == 400 && answer.error.names_body_hash;
    if (!signed_over_body && denied) {
        if (denied_.size() >= kDeniedKept) denied_.clear();
        denied_.emplace(key);
        signs_ = true;
        others_ = 0;
    } else if (!signed_over_body && named) {
        signs_ = proven_ = true;
    } else if (signed_over_body && signs_) {
        const auto before = denied_.find(key);
        const bool same = before != denied_.end();
        const bool stored = answer.reply.status == 200;
        proven_ = same && stored;
        if (denied && same) denied_.erase(before);
        if (stored && !same) ++others_;
        // A key that does not come again must not cost all others a pass over their bodies.
        if ((denied && same) || others_ > kOthers) signs_ = false;
    }
    if (proven_) return "it refuses PUTs that are not signed over their bodies: all are, now";
    return {};
}

}  // namespace leasehold::agent
