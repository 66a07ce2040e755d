#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "agent/http/channel.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;

// ---- a socket as OpenSSL sees it ----------------------------------------------------------------
// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a client that closes would end the process.

int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::recv(socket_of(bio), out, static_cast<std::size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(count);
}

int bio_write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t count =
        ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
}

long bio_control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
    static const BIO_METHOD* const method = [] {
        BIO_METHOD* made =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        CHECK(made != nullptr);
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_ctrl(made, bio_control);
        return made;
    }();
    return method;
}

class TlsChannel final : public Channel {
  public:
    TlsChannel(int socket, const TlsContext& context) : ssl_(SSL_new(context.get())) {
        CHECK(ssl_ != nullptr);
        BIO* bio = BIO_new(socket_method());
        CHECK(bio != nullptr);
        BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
    }

    Io handshake() override {
        ERR_clear_error();
        const int done = SSL_accept(ssl_.get());
        return done == 1 ? Io::moved : reason(done);
    }

    Result read(std::span<char> out) override {
        std::size_t count = 0;
        ERR_clear_error();
        const int done = SSL_read_ex(ssl_.get(), out.data(), out.size(), &count);
        return done == 1 ? Result{Io::moved, count} : Result{reason(done), 0};
    }

    Result write(std::string_view bytes) override {
        std::size_t count = 0;
        ERR_clear_error();
        const int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
        return done == 1 ? Result{Io::moved, count} : Result{reason(done), 0};
    }

    [[nodiscard]] bool http2() const override {
        const unsigned char* name = nullptr;
        unsigned int size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &name, &size);
        return size == 2 && name[0] == 'h' && name[1] == '2';
    }

    void finish() override {
        ERR_clear_error();
        if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
        ::shutdown(socket_of(SSL_get_wbio(ssl_.get())), SHUT_WR);
    }

  private:
    [[nodiscard]] Io reason(int done) const {
        switch (SSL_get_error(ssl_.get(), done)) {
            case SSL_ERROR_WANT_READ:
                return Io::want_read;
            case SSL_ERROR_WANT_WRITE:
                return Io::want_write;
            default:
                return Io::closed;
        }
    }

    SslPtr ssl_;
};

/// HTTP/2 if the client offers it (RFC 7301). One that offers neither is served HTTP/1.1, like one
/// that says nothing.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
    static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, kOurs, sizeof kOurs - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// ---- certificate and key ------------------------------------------------------------------------

[[noreturn]] void fail(const std::string& message) {
    // Of OpenSSL's reasons the first one names the cause. It holds no content of the files.
    const unsigned long code = ERR_peek_error();
    const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    throw std::runtime_error(reason != nullptr ? message + ": " + reason : message);
}

BioPtr text_bio(const std::string& text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without it OpenSSL would ask for a pass phrase at the terminal.
int no_pass_phrase(char*, int, int, void*) {
    return -1;
}

void use_certificate(SSL_CTX* context, const std::string& text) {
    const BioPtr bio = text_bio(text);
    const CertificatePtr own(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!own || SSL_CTX_use_certificate(context, own.get()) != 1)
        fail("the certificate file holds no usable PEM certificate");
    while (X509* issuer = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr)) {
        if (SSL_CTX_add0_chain_cert(context, issuer) == 1) continue;
        X509_free(issuer);
        fail("the certificate file's chain cannot be used");
    }
    ERR_clear_error();  // the end of the file
}

void use_key(SSL_CTX* context, const std::string& text) {
    const BioPtr bio = text_bio(text);
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!key) fail("the key file holds no usable PEM key without a pass phrase");
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
        fail("the key does not belong to the certificate");
}

}  // namespace

TlsContext make_tls_context(const std::string& certificate, const std::string& key) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context) fail("no TLS context");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // Idle connections give their buffers back.
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    use_certificate(context.get(), certificate);
    use_key(context.get(), key);
    return context;
}

std::unique_ptr<Channel> tls_channel(int socket, const TlsContext& context) {
    return std::make_unique<TlsChannel>(socket, context);
}

}  // namespace leasehold::agent
