// Temporary folders and certificates for the tests of the agent's clients.
#include <memory>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/agent_transfer_server.hpp"

namespace leasehold::agent::testing {
namespace {

struct Deleter {
    void operator()(X509* value) const { X509_free(value); }
    void operator()(EVP_PKEY* value) const { EVP_PKEY_free(value); }
    void operator()(BIO* value) const { BIO_free(value); }
    void operator()(X509_EXTENSION* value) const { X509_EXTENSION_free(value); }
};
template <class Value>
using Owned = std::unique_ptr<Value, Deleter>;

void require(bool good) {
    if (!good) throw std::runtime_error("OpenSSL could not make a certificate");
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Owned<BIO> reader(const std::string& text) {
    return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void extend(X509* subject, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, subject, nullptr, nullptr, 0);
    const Owned<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension != nullptr && X509_add_ext(subject, extension.get(), -1) == 1);
}

Certificate make(const std::string& name, const std::string& names, long seconds,
                 const Certificate* authority) {
    const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
    const Owned<X509> made(X509_new());
    require(key != nullptr && made != nullptr);
    static long serial = 1000;
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    Owned<X509> issuer;
    Owned<EVP_PKEY> issuer_key;
    if (authority != nullptr) {
        issuer.reset(
            PEM_read_bio_X509(reader(authority->certificate).get(), nullptr, nullptr, nullptr));
        issuer_key.reset(
            PEM_read_bio_PrivateKey(reader(authority->key).get(), nullptr, nullptr, nullptr));
    }
    X509* signer = issuer != nullptr ? issuer.get() : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
    if (authority == nullptr) {
        extend(made.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
        extend(made.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        extend(made.get(), signer, NID_subject_alt_name, names);
    }
    require(X509_sign(made.get(), issuer_key != nullptr ? issuer_key.get() : key.get(),
                      EVP_sha256()) > 0);

    const Owned<BIO> certificate(BIO_new(BIO_s_mem()));
    const Owned<BIO> key_text(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_X509(certificate.get(), made.get()) == 1 &&
            PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) == 1);
    return Certificate{text_of(certificate.get()), text_of(key_text.get())};
}

}  // namespace

Certificate make_authority(const std::string& name) {
    return make(name, "", 3600, nullptr);
}

Certificate make_certificate(const Certificate& authority, const std::string& names, long seconds) {
    return make("leasehold test", names, seconds, &authority);
}

}  // namespace leasehold::agent::testing
