// A service account's key for tests, and what was signed with it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace leasehold::agent::testing {

inline EVP_PKEY* test_pkey() {
    static EVP_PKEY* const key = EVP_RSA_gen(2048);
    return key;
}

/// PKCS #8, PEM: made once per process.
inline const std::string& test_key() {
    static const std::string pem = [] {
        BIO* const bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(bio, test_pkey(), nullptr, nullptr, 0, nullptr, nullptr);
        char* text = nullptr;
        const long size = BIO_get_mem_data(bio, &text);
        std::string out(text, static_cast<std::size_t>(size));
        BIO_free(bio);
        return out;
    }();
    return pem;
}

inline std::string from_base64_url(std::string text) {
    for (char& c : text)
        c = c == '-' ? '+' : c == '_' ? '/' : c;
    const std::size_t size = text.size() * 3 / 4;
    text.resize((text.size() + 3) / 4 * 4, '=');
    std::string out(text.size(), '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                    reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
    out.resize(size);
    return out;
}

/// Header and claims of a JWT whose signature is that of the key; else a failure.
inline std::pair<std::string, std::string> verified_jwt(const std::string& jwt) {
    const std::size_t first = jwt.find('.');
    const std::size_t second = jwt.find('.', first + 1);
    if (first == jwt.npos || second == jwt.npos) {
        ADD_FAILURE() << "no JWT: " << jwt;
        return {"{}", "{}"};
    }
    const std::string signature = from_base64_url(jwt.substr(second + 1));
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, test_pkey());
    const int good = EVP_DigestVerify(
        context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
        reinterpret_cast<const unsigned char*>(jwt.data()), second);
    EVP_MD_CTX_free(context);
    EXPECT_EQ(good, 1) << "another signature";
    return {from_base64_url(jwt.substr(0, first)),
            from_base64_url(jwt.substr(first + 1, second - first - 1))};
}

}  // namespace leasehold::agent::testing
