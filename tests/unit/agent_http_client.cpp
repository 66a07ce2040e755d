#include "tests/unit/agent_http_client.hpp"

#include <array>
#include <cctype>
#include <memory>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace leasehold::agent::test {
namespace {

constexpr int kPatienceSeconds = 20;

std::string lower(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

int connected(std::uint16_t port) {
    const int made = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return made;
    ::close(made);
    throw std::runtime_error("cannot connect");
}

Client::Client(std::uint16_t port, bool tls) : socket_(connected(port)) {
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!tls) return;
    context_ = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_);
    if (SSL_connect(ssl_) != 1) throw std::runtime_error("no TLS");
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      context_(std::exchange(other.context_, nullptr)),
      ssl_(std::exchange(other.ssl_, nullptr)),
      buffer_(std::move(other.buffer_)) {}

Client::~Client() {
    close();
}

void Client::close() {
    SSL_free(std::exchange(ssl_, nullptr));
    SSL_CTX_free(std::exchange(context_, nullptr));
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void Client::reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto size = static_cast<int>(bytes.size());
        const auto sent = ssl_ != nullptr
                              ? SSL_write(ssl_, bytes.data(), size)
                              : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Client::fill() {
    std::array<char, 65536> piece{};
    const auto got = ssl_ != nullptr ? SSL_read(ssl_, piece.data(), static_cast<int>(piece.size()))
                                     : ::recv(socket_, piece.data(), piece.size(), 0);
    if (got <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
}

Reply Client::receive(bool has_body) {
    Reply reply;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!fill()) return reply;
    const std::string head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    for (std::size_t at = head.find("\r\n"); at != std::string::npos;) {
        const std::size_t next = head.find("\r\n", at + 2);
        const std::string line = head.substr(at + 2, next - at - 2);
        const std::size_t colon = line.find(": ");
        reply.fields[lower(line.substr(0, colon))] = line.substr(colon + 2);
        at = next;
    }
    const std::string length = reply.fields["content-length"];
    const std::size_t size = has_body && !length.empty() ? std::stoull(length) : 0;
    while (buffer_.size() < size)
        if (!fill()) return reply;
    reply.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    reply.status = std::stoi(head.substr(9, 3));
    return reply;
}

std::string Client::peer_certificate() const {
    const std::unique_ptr<X509, void (*)(X509*)> peer(SSL_get1_peer_certificate(ssl_), X509_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(out.get(), peer.get());
    return text_of(out.get());
}

Reply Client::ask(const std::string& method, const std::string& target, const std::string& fields,
                  const std::string& body) {
    send(request(method, target, fields, body));
    return receive(method != "HEAD");
}

bool Client::has_bytes(int milliseconds) const {
    if (!buffer_.empty()) return true;
    pollfd waited{socket_, POLLIN, 0};
    return ::poll(&waited, 1, milliseconds) > 0;
}

bool Client::ends(int seconds) {
    if (!has_bytes(seconds * 1000)) return false;
    return buffer_.empty() && !fill();
}

std::string request(const std::string& method, const std::string& target, const std::string& fields,
                    const std::string& body) {
    std::string text = method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + body;
}

Pem make_pem(const std::string& name) {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), subject);
    X509_sign(made.get(), key.get(), EVP_sha256());
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
    Pem pem;
    PEM_write_bio_X509(out.get(), made.get());
    pem.certificate = text_of(out.get());
    (void)BIO_reset(out.get());
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    pem.key = text_of(out.get());
    return pem;
}

}  // namespace leasehold::agent::test
