#include "agent/http/access.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include <openssl/crypto.h>
#include <boost/asio/ip/address.hpp>

#include "agent/base/sha256.hpp"

namespace leasehold::agent {
namespace {

using boost::asio::ip::make_address;

constexpr std::string_view kBlanks = " \t\r\n";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Empty when it cannot be read.
std::string content(const std::string& file) {
    if (file.empty()) return {};
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Takes the same time wherever the texts differ, and whatever their lengths.
bool same_secret(std::string_view a, std::string_view b) {
    Sha256 hash;
    hash.add(a);
    const Sha256Value of_a = hash.finish();
    hash.add(b);
    const Sha256Value of_b = hash.finish();
    return CRYPTO_memcmp(of_a.data(), of_b.data(), of_a.size()) == 0;
}

/// The token of "Bearer TOKEN"; the scheme's name knows no case (RFC 9110 §11.1).
std::string_view bearer(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer ";
    if (authorization.size() <= kScheme.size()) return {};
    for (std::size_t i = 0; i < kScheme.size(); ++i)
        if (lower(authorization[i]) != kScheme[i]) return {};
    return trimmed(authorization.substr(kScheme.size()));
}

bool is_loopback_address(const std::string& text) {
    boost::system::error_code error;
    const auto address = make_address(text, error);
    return !error && address.is_loopback();
}

}  // namespace

bool is_loopback_host(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end != std::string_view::npos &&
               is_loopback_address(std::string(host.substr(1, end - 1)));
    }
    std::string name(host.substr(0, host.find(':')));
    for (char& c : name)
        c = lower(c);
    return name == "localhost" || name.ends_with(".localhost") || is_loopback_address(name);
}

Access::Access(const ServerOptions& options)
    : wants_token_(!options.token_file.empty()), wants_tls_(!options.certificate_file.empty()) {
    boost::system::error_code error;
    const auto address = make_address(options.address, error);
    if (error)
        throw std::runtime_error("listen address '" + options.address + "' is no IP address");
    loopback_ = address.is_loopback();
    if (options.certificate_file.empty() != options.key_file.empty())
        throw std::runtime_error("a certificate file and a key file go together; one is missing");
    if (!loopback_ && !options.insecure_listen && !(wants_token_ && wants_tls_))
        throw std::runtime_error("listening on " + options.address + " needs a token file and a " +
                                 "certificate with its key, or the explicit insecure listen; " +
                                 (wants_token_ ? "the certificate" : "the token file") +
                                 " is missing");
    const Secrets secrets = read_secrets(options);
    if (wants_token_ && secrets.token.empty())
        throw std::runtime_error("token file " + options.token_file +
                                 " cannot be read or is empty");
    if (wants_tls_) {
        if (secrets.certificate.empty())
            throw std::runtime_error("certificate file " + options.certificate_file +
                                     " cannot be read or is empty");
        if (secrets.key.empty())
            throw std::runtime_error("key file " + options.key_file +
                                     " cannot be read or is empty");
        tls_ = make_tls_context(secrets.certificate, secrets.key);
    }
    secrets_ = secrets;
}

Secrets Access::read_secrets(const ServerOptions& options) {
    return Secrets{std::string(trimmed(content(options.token_file))),
                   content(options.certificate_file), content(options.key_file)};
}

void Access::use(const Secrets& secrets) {
    secrets_.token = secrets.token;
    if (!wants_tls_) return;
    if (secrets.certificate == secrets_.certificate && secrets.key == secrets_.key) return;
    try {
        tls_ = make_tls_context(secrets.certificate, secrets.key);
        secrets_.certificate = secrets.certificate;
        secrets_.key = secrets.key;
    } catch (const std::runtime_error&) {
        // Between the two renames of a rotation they don't fit; the next reading finds both.
    }
}

std::optional<Refusal> Access::refusal(const Head& head) const {
    if (wants_token_) {
        const std::string_view given = bearer(head.authorization);
        if (secrets_.token.empty() || given.empty() || !same_secret(given, secrets_.token))
            return Refusal{401, "a valid bearer token is needed", {}};
        return std::nullopt;
    }
    // A web page whose name resolves to 127.0.0.1 reaches us through its reader's browser; it
    // can't lie about its name.
    if (loopback_ && !head.host.empty() && !is_loopback_host(head.host))
        return Refusal{403, "without a token this is served to loopback names only", {}};
    return std::nullopt;
}

}  // namespace leasehold::agent
