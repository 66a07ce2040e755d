#include "agent/transfer/options.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace leasehold::agent {
namespace {

constexpr long kUploadBuffer = 256L << 10;  ///< also the grain at which the write gate is asked
constexpr long kDownloadBuffer = 128L << 10;
constexpr long kRootsKept = 60;  ///< seconds; a CA file that was replaced counts after this

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
    // libcurl wants a pointer to non-const; with COPY it only reads.
    curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
    set_option(easy, option, &blob);
}

void set_file_or_blob(CURL* easy, CURLoption file_option, const std::string& file,
                      CURLoption blob_option, const std::string& pem) {
    if (!pem.empty()) {
        set_blob(easy, blob_option, pem);
    } else if (!file.empty()) {
        set_option(easy, file_option, file.c_str());
    }
}

void set_tls(CURL* easy, const TlsOptions& tls) {
    set_option(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set_option(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
    set_option(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
    if (!tls.ca_pem.empty() || !tls.ca_file.empty()) {
        // The system's folder of roots would be trusted beside the given CA.
        set_option(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set_file_or_blob(easy, CURLOPT_CAINFO, tls.ca_file, CURLOPT_CAINFO_BLOB, tls.ca_pem);
    set_file_or_blob(easy, CURLOPT_SSLCERT, tls.certificate_file, CURLOPT_SSLCERT_BLOB,
                     tls.certificate_pem);
    set_file_or_blob(easy, CURLOPT_SSLKEY, tls.key_file, CURLOPT_SSLKEY_BLOB, tls.key_pem);
    set_option(easy, CURLOPT_CA_CACHE_TIMEOUT, kRootsKept);
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string copy(text);
    curl_free(text);
    return copy;
}

/// What Go's form of NO_PROXY says of a URL's port, in that of libcurl 7.88, which knows neither
/// ports nor "*." nor "*" in a list.
std::string no_proxy_for(const std::string& list, const std::string& port) {
    std::string said;
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find_first_of(", \t", at), list.size());
        std::string entry = list.substr(at, end - at);
        at = end + 1;
        if (entry == "*") return entry;
        if (entry.starts_with("*.")) entry.erase(0, 1);
        const std::size_t colon = entry.rfind(':');
        // More than one colon without brackets is an IPv6 address.
        if (colon != entry.npos && (entry.find(':') == colon || entry.starts_with('['))) {
            if (entry.substr(colon + 1) != port) continue;
            entry.resize(colon);
            std::erase_if(entry, [](char c) { return c == '[' || c == ']'; });
        }
        if (!entry.empty()) said += (said.empty() ? "" : ",") + entry;
    }
    return said;
}

}  // namespace

void set_proxy(CURL* easy, const ClientOptions& options, const std::string& url) {
    constexpr std::string_view kSocks = "socks5://";
    std::string proxy = options.proxy;
    // To Go the name is the proxy's business: here nobody may know it.
    if (proxy.starts_with(kSocks)) proxy.insert(kSocks.find(':'), "h");
    // Without one not even that of the environment: a Lease must not hang on a proxy's health
    // because the bucket needs one.
    set_option(easy, CURLOPT_PROXY, proxy.c_str());
    std::string except;
    if (!options.no_proxy.empty()) {
        const std::unique_ptr<CURLU, CurlDeleter> parsed(curl_url());
        if (parsed != nullptr &&
            curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK)
            except = no_proxy_for(options.no_proxy,
                                  part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
    }
    set_option(easy, CURLOPT_NOPROXY, except.c_str());
}

void set_client_options(CURL* easy, const ClientOptions& options) {
    set_option(easy, CURLOPT_NOSIGNAL, 1L);
    // An aborted transfer does not wait for its name server.
    set_option(easy, CURLOPT_QUICK_EXIT, 1L);
    set_option(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set_option(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set_option(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // they are the proxy's, no answer
    set_option(easy, CURLOPT_HTTP_VERSION,
               static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    set_option(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set_option(easy, CURLOPT_TCP_KEEPIDLE, 15L);
    set_option(easy, CURLOPT_TCP_KEEPINTVL, 5L);
    set_option(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBuffer);
    set_option(easy, CURLOPT_BUFFERSIZE, kDownloadBuffer);
    if (!options.user_agent.empty())
        set_option(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    set_tls(easy, options.tls);
}

RenamedHost rename_host(const std::string& url, const std::string& server_name) {
    const std::unique_ptr<CURLU, CurlDeleter> parsed(curl_url());
    if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
        throw std::runtime_error("not a URL: " + url);
    const std::string host = part_of(parsed.get(), CURLUPART_HOST, 0);
    const std::string port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const std::string said_port = part_of(parsed.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    if (host.empty() ||
        curl_url_set(parsed.get(), CURLUPART_HOST, server_name.c_str(), 0) != CURLUE_OK)
        throw std::runtime_error("not a server name: " + server_name);
    return RenamedHost{part_of(parsed.get(), CURLUPART_URL, 0), "::" + host + ":" + port,
                       said_port.empty() ? host : host + ":" + said_port};
}

}  // namespace leasehold::agent
