#include "agent/lease/api_session.hpp"

#include <exception>
#include <utility>

#include "agent/base/clock.hpp"

namespace leasehold::agent {
namespace {

ClientOptions client_options(const ApiAccess& access) {
    ClientOptions options;
    options.tls = access.tls;
    options.proxy = access.proxy;
    options.http2 = true;
    options.user_agent = "leasehold-agent";
    options.connections = 4;
    // A renewal that is late is none: better another try, by another address.
    options.connect_timeout = std::chrono::seconds(2);
    return options;
}

}  // namespace

ApiSession::ApiSession(asio::io_context& loop, ApiAccess access, std::function<void()> plugin_ended)
    : loop_(loop),
      access_(std::move(access)),
      own_certificate_(!access_.tls.certificate_pem.empty() ||
                       !access_.tls.certificate_file.empty()),
      tokens_(access_.token, access_.token_file) {
    if (access_.exec) keeper_.emplace(loop, *access_.exec, std::move(plugin_ended));
    connect(requests_);
    connect(watches_);
}

ApiSession::~ApiSession() = default;

/// What is under way ends on the connections on which it began. False: no new client can be made
/// (there are no descriptors left, say), and the one before goes on, whose certificate may live
/// still.
bool ApiSession::connect(std::shared_ptr<Client>& client) {
    std::erase_if(retired_, [](const auto& old) { return old->in_flight() == 0; });
    try {
        auto made = std::make_shared<Client>(loop_, client_options(access_));
        if (client != nullptr) retired_.push_back(std::move(client));
        client = std::move(made);
        return true;
    } catch (const std::exception&) {
        if (client == nullptr) throw;  // at the start
        return false;
    }
}

bool ApiSession::prove() {
    if (!keeper_) return true;
    const ExecCredential* const now = keeper_->current();
    if (now == nullptr) return false;
    access_.token = now->token;
    if (!own_certificate_ && (now->certificate_pem != access_.tls.certificate_pem ||
                              now->key_pem != access_.tls.key_pem)) {
        access_.tls.certificate_pem = now->certificate_pem;
        access_.tls.key_pem = now->key_pem;
        requests_outdated_ = watches_outdated_ = true;
    }
    if (requests_outdated_) requests_outdated_ = !connect(requests_);
    return true;
}

void ApiSession::refused(std::uint64_t generation) {
    tokens_.refused();
    if (keeper_) keeper_->refused(generation);
}

Request ApiSession::request_to(std::string method, const std::string& path) {
    Request request;
    request.method = std::move(method);
    request.url = access_.server + path;
    request.headers = {"Accept: application/json"};
    const std::string& token = keeper_ ? access_.token : tokens_.token(boottime());
    if (!token.empty()) request.headers.push_back("Authorization: Bearer " + token);
    return request;
}

Client& ApiSession::watches(bool begins) {
    if (begins && watches_outdated_) watches_outdated_ = !connect(watches_);
    return *watches_;
}

SideExchange ApiSession::beside(Request request, bool begins, Client::Done done) {
    Client& client = watches(begins);
    const TransferId id = client.send(
        std::move(request), [this, done = std::move(done), used = generation()](Response response) {
            if (response.status == 401) refused(used);
            done(std::move(response));
        });
    return {watches_, id};
}

}  // namespace leasehold::agent
