#include "agent/bucket/google_jwt.hpp"

#include <chrono>
#include <memory>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <nlohmann/json.hpp>

#include "agent/base/md5.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

constexpr std::chrono::seconds kLife(3600);  ///< the longest that is granted

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Free>;

/// Null: not such a key. Never asks a terminal for a pass phrase.
KeyHandle load_key(const std::string& pem) {
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (bio == nullptr) return nullptr;
    const auto no_phrase = [](char*, int, int, void*) { return -1; };
    KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, nullptr));
    if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return nullptr;
    return key;
}

/// RFC 7515: the URL's alphabet, without padding.
std::string base64_url(std::string_view bytes) {
    std::string text = base64(bytes);
    while (text.ends_with('='))
        text.pop_back();
    for (char& c : text)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

std::string signature(EVP_PKEY* key, std::string_view text) {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    if (context == nullptr ||
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
        return {};
    std::string out(size, '\0');
    auto* const into = reinterpret_cast<unsigned char*>(out.data());
    if (EVP_DigestSign(context.get(), into, &size, bytes, text.size()) != 1) return {};
    out.resize(size);
    return out;
}

}  // namespace

bool usable_private_key(const std::string& pem) {
    return load_key(pem) != nullptr;
}

Result<std::string, std::string> service_account_assertion(const ServiceAccountKey& key,
                                                           std::string_view scope, WallTime now) {
    using std::chrono::seconds;
    const std::int64_t begin = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    nlohmann::json header{{"alg", "RS256"}, {"typ", "JWT"}};
    if (!key.key_id.empty()) header["kid"] = key.key_id;
    const nlohmann::json claims{{"iss", key.email},
                                {"scope", scope},
                                {"aud", key.token_url},
                                {"iat", begin},
                                {"exp", begin + kLife.count()}};
    const std::string text = base64_url(header.dump()) + "." + base64_url(claims.dump());
    const KeyHandle handle = load_key(key.private_key);
    const std::string signed_with = handle ? signature(handle.get(), text) : std::string();
    if (signed_with.empty()) return Error{"its private key signs nothing"};
    return text + "." + base64_url(signed_with);
}

}  // namespace leasehold::agent
