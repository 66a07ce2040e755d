#include "agent/http/tls_records.hpp"

#include <algorithm>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "model/base/check.hpp"

namespace leasehold::agent {

struct TlsSuite {
    std::uint16_t number;
    const char* hash;
    std::size_t secret;  ///< bytes of a traffic secret: the hash's
    std::size_t key;
    const EVP_CIPHER* (*cipher)();
};

namespace {

constexpr std::size_t kTag = 16;
constexpr std::array<TlsSuite, 3> kSuites{{
    {0x1301, "SHA256", 32, 16, EVP_aes_128_gcm},
    {0x1302, "SHA384", 48, 32, EVP_aes_256_gcm},
    {0x1303, "SHA256", 32, 32, EVP_chacha20_poly1305},
}};

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

/// One for all connections of a thread: the key is set anew for each record.
EVP_CIPHER_CTX* context() {
    thread_local const std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>> one(
        EVP_CIPHER_CTX_new());
    CHECK(one != nullptr);
    return one.get();
}

/// HKDF-Expand-Label of TLS 1.3, without a context.
EVP_KDF* expansion() {
    static const std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>> one(
        EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, nullptr));
    CHECK(one != nullptr);
    return one.get();
}

unsigned char* bytes(char* text) {
    return reinterpret_cast<unsigned char*>(text);
}
const unsigned char* bytes(const char* text) {
    return reinterpret_cast<const unsigned char*>(text);
}

/// Type "data", version 1.2 and the length: all that an observer sees, and authentic too.
std::string record_head(std::size_t size) {
    return {static_cast<char>(TlsContent::data), 3, 3, static_cast<char>(size >> 8),
            static_cast<char>(size & 0xff)};
}

}  // namespace

const TlsSuite* tls_suite(std::uint16_t number) {
    const auto* const found = std::find_if(
        kSuites.begin(), kSuites.end(), [&](const TlsSuite& one) { return one.number == number; });
    return found == kSuites.end() ? nullptr : found;
}

std::optional<std::size_t> tls_record_size(std::string_view head) {
    CHECK(head.size() >= kTlsRecordHead);
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
    const std::size_t size = (std::size_t{at(3)} << 8) | at(4);
    // After the handshake everything is encrypted, and goes as "data".
    const bool ours = at(0) == static_cast<unsigned char>(TlsContent::data) && at(1) == 3 &&
                      at(2) == 3 && size > kTag && size <= kTlsRecordMax - kTlsRecordHead;
    if (!ours) return std::nullopt;
    return kTlsRecordHead + size;
}

TlsFlow::TlsFlow(const TlsSuite& suite, std::string_view secret) : suite_(suite) {
    CHECK(secret.size() == suite.secret);
    std::copy(secret.begin(), secret.end(), secret_.begin());
    derive();
}

TlsFlow::~TlsFlow() {
    OPENSSL_cleanse(secret_.data(), secret_.size());
    OPENSSL_cleanse(key_.data(), key_.size());
    OPENSSL_cleanse(iv_.data(), iv_.size());
}

std::string TlsFlow::expand(std::string_view label, std::size_t size) const {
    const std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>> kdf(EVP_KDF_CTX_new(expansion()));
    CHECK(kdf != nullptr);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    std::string prefix = "tls13 ";
    std::string name(label);
    const auto octets = [](const char* key, const void* data, std::size_t count) {
        return OSSL_PARAM_construct_octet_string(key, const_cast<void*>(data), count);
    };
    const std::array<OSSL_PARAM, 6> parameters{
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(suite_.hash), 0),
        octets(OSSL_KDF_PARAM_KEY, secret_.data(), suite_.secret),
        octets(OSSL_KDF_PARAM_PREFIX, prefix.data(), prefix.size()),
        octets(OSSL_KDF_PARAM_LABEL, name.data(), name.size()),
        OSSL_PARAM_construct_end()};
    std::string out(size, '\0');
    CHECK(EVP_KDF_derive(kdf.get(), bytes(out.data()), size, parameters.data()) == 1);
    return out;
}

void TlsFlow::derive() {
    std::string key = expand("key", suite_.key);
    const std::string iv = expand("iv", iv_.size());
    std::copy(key.begin(), key.end(), key_.begin());
    std::copy(iv.begin(), iv.end(), iv_.begin());
    OPENSSL_cleanse(key.data(), key.size());
    next_ = 0;
}

void TlsFlow::update() {
    std::string next = expand("traffic upd", suite_.secret);
    std::copy(next.begin(), next.end(), secret_.begin());
    OPENSSL_cleanse(next.data(), next.size());
    derive();
}

/// Of the next record, which is counted: no nonce comes twice under one key.
std::array<unsigned char, 12> TlsFlow::nonce() {
    std::array<unsigned char, 12> nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i)
        nonce[nonce.size() - 1 - i] ^= static_cast<unsigned char>(next_ >> (8 * i));
    ++next_;
    return nonce;
}

void TlsFlow::seal(TlsContent type, std::string_view content, std::string& out) {
    CHECK(content.size() <= kTlsContentMax);
    const std::string head = record_head(content.size() + 1 + kTag);
    const std::array<unsigned char, 12> number = nonce();
    const std::size_t begin = out.size() + head.size();
    out += head;
    out.resize(begin + content.size() + 1 + kTag);
    unsigned char* const to = bytes(out.data() + begin);
    const auto kind = static_cast<unsigned char>(type);
    EVP_CIPHER_CTX* const cipher = context();
    int count = 0;
    CHECK(EVP_EncryptInit_ex(cipher, suite_.cipher(), nullptr, key_.data(), number.data()) == 1);
    CHECK(EVP_EncryptUpdate(cipher, nullptr, &count, bytes(head.data()),
                            static_cast<int>(head.size())) == 1);
    CHECK(EVP_EncryptUpdate(cipher, to, &count, bytes(content.data()),
                            static_cast<int>(content.size())) == 1);
    CHECK(EVP_EncryptUpdate(cipher, to + content.size(), &count, &kind, 1) == 1);
    CHECK(EVP_EncryptFinal_ex(cipher, to + content.size() + 1, &count) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTag, to + content.size() + 1) == 1);
}

std::optional<TlsFlow::Opened> TlsFlow::open(std::string& record) {
    if (record.size() <= kTlsRecordHead + kTag) return std::nullopt;
    unsigned char* const head = bytes(record.data());
    unsigned char* const text = head + kTlsRecordHead;
    const std::size_t size = record.size() - kTlsRecordHead - kTag;
    const std::array<unsigned char, 12> number = nonce();
    EVP_CIPHER_CTX* const cipher = context();
    int count = 0;
    CHECK(EVP_DecryptInit_ex(cipher, suite_.cipher(), nullptr, key_.data(), number.data()) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, kTag, text + size) == 1);
    CHECK(EVP_DecryptUpdate(cipher, nullptr, &count, head, kTlsRecordHead) == 1);
    CHECK(EVP_DecryptUpdate(cipher, text, &count, text, static_cast<int>(size)) == 1);
    // Nothing of it is looked at before it is known to be the other side's.
    if (EVP_DecryptFinal_ex(cipher, text + size, &count) != 1) return std::nullopt;
    // The content, its type, and zeros as padding.
    std::size_t end = size;
    while (end > 0 && text[end - 1] == 0)
        --end;
    if (end == 0 || end - 1 > kTlsContentMax) return std::nullopt;
    const auto type = static_cast<TlsContent>(text[end - 1]);
    if (type != TlsContent::alert && type != TlsContent::handshake && type != TlsContent::data)
        return std::nullopt;
    return Opened{type, std::string_view(record).substr(kTlsRecordHead, end - 1)};
}

}  // namespace leasehold::agent
