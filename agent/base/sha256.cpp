#include "agent/base/sha256.hpp"

#include <openssl/evp.h>

#include "model/base/check.hpp"

namespace leasehold::agent {

struct Sha256::Context {
    Context() : evp(EVP_MD_CTX_new()) { CHECK(evp != nullptr); }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    void begin() const { CHECK(EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) == 1); }
    EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    context_->begin();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::string_view bytes) {
    CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

Sha256Value Sha256::finish() {
    Sha256Value value{};
    unsigned length = 0;
    CHECK(EVP_DigestFinal_ex(context_->evp, value.data(), &length) == 1);
    CHECK(length == value.size());
    context_->begin();
    return value;
}

std::string to_hex(const Sha256Value& value) {
    std::string text;
    text.reserve(value.size() * 2);
    for (const unsigned char byte : value) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

ContentDigest content_digest(const Sha256Value& value) {
    ContentDigest digest;
    for (std::size_t i = 0; i < 8; ++i) {
        digest.high = (digest.high << 8) | value[i];
        digest.low = (digest.low << 8) | value[i + 8];
    }
    return digest;
}

}  // namespace leasehold::agent
