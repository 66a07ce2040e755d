#include "agent/base/md5.hpp"

#include <array>

#include <openssl/evp.h>

#include "model/base/check.hpp"

namespace leasehold::agent {

struct Md5::Context {
    Context() : evp(EVP_MD_CTX_new()) {
        CHECK(evp != nullptr && EVP_DigestInit_ex(evp, EVP_md5(), nullptr) == 1);
    }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    EVP_MD_CTX* evp;
};

Md5::Md5() : context_(std::make_unique<Context>()) {}
Md5::~Md5() = default;

void Md5::add(std::string_view bytes) {
    CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Md5::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned length = 0;
    CHECK(EVP_DigestFinal_ex(context_->evp, value.data(), &length) == 1);
    return std::string(value.begin(), value.begin() + length);
}

std::string base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

}  // namespace leasehold::agent
