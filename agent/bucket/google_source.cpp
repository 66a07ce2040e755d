#include "agent/bucket/google_source.hpp"

#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_request.hpp"
#include "agent/bucket/google_answer.hpp"
#include "agent/bucket/google_jwt.hpp"
#include "agent/bucket/s3_url.hpp"
#include "agent/bucket/token_file.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeout = 5s;
// It answers within milliseconds; where there is none, its name is unknown or swallows everything.
constexpr Duration kLocalTimeout = 2s;
/// Objects may be read, written, removed and listed, and no rights changed.
constexpr const char* kScope = "https://www.googleapis.com/auth/devstorage.read_write";
/// An impersonated account's scope limits what is done; the exchanged token only asks for it.
constexpr const char* kAnyScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr const char* kMetadataToken =
    "/computeMetadata/v1/instance/service-accounts/default/token";

Request form(const std::string& url, const std::string& grant, const std::string& fields) {
    return post_request(url, "application/x-www-form-urlencoded", "application/json",
                        "grant_type=" + percent_encode(grant, false) + fields, kTimeout);
}

Request get(const std::string& url) {
    Request request;
    request.url = url;
    request.deadline = boottime() + kLocalTimeout;
    return request;
}

}  // namespace

GoogleSource::GoogleSource(GooglePlan plan, asio::io_context& loop, FilePool& pool)
    : plan_(std::move(plan)),
      pool_(pool),
      self_(std::make_shared<GoogleSource*>(this)),
      services_(loop, service_options(plan_.proxy, plan_.no_proxy)),
      local_(loop, nearby_options(kLocalTimeout)) {}

void GoogleSource::fetch(Done done) {
    pool_.run([plan = plan_] { return find_google_key(plan); },
              [weak = std::weak_ptr(self_),
               done = std::move(done)](const Result<FoundKey, std::string>& found) {
                  const auto self = weak.lock();
                  if (!self) return;
                  if (!found) return done(Unexpected<std::string>{found.error()});
                  (*self)->ask(*found, done);
              });
}

void GoogleSource::ask(const FoundKey& found, const Done& done) {
    const auto* key = std::get_if<GoogleKey>(&found.key);
    if (key == nullptr) return ask_metadata(done);
    Asked asked{name_of(*key), "", done};
    std::visit([&](const auto& one) { ask_with(one, std::move(asked)); }, *key);
}

/// An exchange whose answers other than 200 end the fetch with their words.
void GoogleSource::send(Client& client, Request request, Asked asked,
                        const std::function<void(const Response&, const Asked&)>& answered) {
    request.body_limit = kLargestAnswer;
    client.send(std::move(request), [asked = std::move(asked), answered](const Response& response) {
        if (response.end == TransferEnd::answered && response.status == 200)
            return answered(response, asked);
        asked.done(Unexpected<std::string>{asked.name + ": " + failure(response, asked.secret)});
    });
}

void GoogleSource::take_token(const Response& response, const Asked& asked) {
    auto grant = grant_of(response, asked.secret, asked.name, parse_token_answer);
    if (!grant) return asked.done(Unexpected<std::string>{asked.name + ": " + grant.error()});
    asked.done(std::move(grant));
}

void GoogleSource::ask_metadata(const Done& done) {
    Request request = get(plan_.metadata_url + kMetadataToken);
    request.headers = {"Metadata-Flavor: Google"};
    send(local_, std::move(request), Asked{"metadata server at " + plan_.metadata_url, "", done},
         [this](const Response& response, const Asked& asked) {
             // Whoever else answers to that name or address has no token for this bucket.
             if (response.header("metadata-flavor") != "Google")
                 return asked.done(Unexpected<std::string>{
                     asked.name + ": its answer is not a metadata server's (no Metadata-Flavor)"});
             take_token(response, asked);
         });
}

void GoogleSource::ask_with(const ServiceAccountKey& key, Asked asked) {
    auto assertion = service_account_assertion(key, kScope, read_now().wall);
    if (!assertion)
        return asked.done(Unexpected<std::string>{asked.name + ": " + assertion.error()});
    asked.secret = *assertion;
    send(services_,
         form(key.token_url, "urn:ietf:params:oauth:grant-type:jwt-bearer",
              form_field("assertion", *assertion)),
         std::move(asked),
         [this](const Response& response, const Asked& to) { take_token(response, to); });
}

void GoogleSource::ask_with(const AuthorizedUser& user, Asked asked) {
    asked.secret = user.refresh_token + " " + user.client_secret;
    send(services_,
         form(user.token_url, "refresh_token",
              form_field("client_id", user.client_id) +
                  form_field("client_secret", user.client_secret) +
                  form_field("refresh_token", user.refresh_token)),
         std::move(asked),
         [this](const Response& response, const Asked& to) { take_token(response, to); });
}

void GoogleSource::ask_with(const ExternalAccount& account, Asked asked) {
    if (!account.token_file.empty()) return read_subject(account, std::move(asked));
    Request request = get(account.subject_url);
    for (const auto& [name, value] : account.subject_headers)
        request.headers.push_back(name + ": " + value);
    send(local_, std::move(request), std::move(asked),
         [this, account](const Response& response, const Asked& to) {
             const auto subject = parse_subject_token(response.body, account.subject_field);
             if (!subject)
                 return to.done(Unexpected<std::string>{to.name + ": " + subject.error()});
             exchange(account, *subject, to);
         });
}

void GoogleSource::read_subject(const ExternalAccount& account, Asked asked) {
    pool_.run(
        [account] { return load_subject_token(account.token_file, account.subject_field); },
        [weak = std::weak_ptr(self_), account,
         asked = std::move(asked)](const Result<std::string, std::string>& subject) {
            const auto self = weak.lock();
            if (!self) return;
            if (!subject)
                return asked.done(Unexpected<std::string>{asked.name + ": " + subject.error()});
            (*self)->exchange(account, *subject, asked);
        });
}

void GoogleSource::exchange(const ExternalAccount& account, const std::string& subject,
                            Asked asked) {
    asked.secret = subject;
    const bool impersonates = !account.impersonation_url.empty();
    Request request = form(
        account.token_url, "urn:ietf:params:oauth:grant-type:token-exchange",
        form_field("audience", account.audience) +
            form_field("requested_token_type", "urn:ietf:params:oauth:token-type:access_token") +
            form_field("subject_token_type", account.token_type) +
            form_field("subject_token", subject) +
            form_field("scope", impersonates ? kAnyScope : kScope));
    send(services_, std::move(request), std::move(asked),
         [this, account, impersonates](const Response& response, const Asked& to) {
             if (!impersonates) return take_token(response, to);
             const auto issued = parse_token_answer(response.body, read_now().wall);
             if (!issued) return to.done(Unexpected<std::string>{to.name + ": " + issued.error()});
             impersonate(account, issued->credentials.session_token, to);
         });
}

void GoogleSource::impersonate(const ExternalAccount& account, const std::string& token,
                               Asked asked) {
    asked.secret = token;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(account.lifetime);
    const nlohmann::json body{{"scope", {kScope}},
                              {"lifetime", std::to_string(seconds.count()) + "s"}};
    Request request = post_request(account.impersonation_url, "application/json",
                                   "application/json", body.dump(), kTimeout);
    request.headers.push_back("Authorization: Bearer " + token);
    send(services_, std::move(request), std::move(asked),
         [this](const Response& response, const Asked& to) {
             const auto issued = parse_impersonation_answer(response.body);
             if (!issued) return to.done(Unexpected<std::string>{to.name + ": " + issued.error()});
             auto grant = granted(*issued, read_now().wall, to.name);
             if (!grant) return to.done(Unexpected<std::string>{to.name + ": " + grant.error()});
             to.done(std::move(grant));
         });
}

}  // namespace leasehold::agent
