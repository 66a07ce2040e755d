#include "agent/bucket/azure_source.hpp"

#include <chrono>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_request.hpp"
#include "agent/bucket/google_answer.hpp"
#include "agent/bucket/token_file.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeout = 5s;
constexpr Duration kLocalTimeout = 2s;
constexpr Duration kRotation = 45s;  ///< keys in files are read anew each minute at the latest
constexpr const char* kScope = "https://storage.azure.com/.default";
constexpr const char* kResource = "https://storage.azure.com/";
constexpr const char* kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

Request token_request(const AzurePlan& plan, const std::string& tenant, const std::string& client,
                      const std::string& proof) {
    return post_request(plan.authority + "/" + tenant + "/oauth2/v2.0/token",
                        "application/x-www-form-urlencoded", "application/json",
                        "grant_type=client_credentials" + form_field("client_id", client) +
                            form_field("scope", kScope) + proof,
                        kTimeout);
}

Request managed_request(const AzureManaged& managed) {
    Request request;
    request.url = managed.url + "/metadata/identity/oauth2/token?api-version=2018-02-01" +
                  form_field("resource", kResource);
    if (!managed.client.empty()) request.url += form_field("client_id", managed.client);
    request.headers = {"Metadata: true"};
    request.deadline = boottime() + kLocalTimeout;
    return request;
}

}  // namespace

AzureSource::AzureSource(const BucketConfig& config, AzurePlan plan, asio::io_context& loop,
                         FilePool& pool)
    : secret_file_(config.file),
      azure_(config.azure),
      plan_(std::move(plan)),
      pool_(pool),
      self_(std::make_shared<AzureSource*>(this)),
      authority_(loop, service_options(plan_.proxy, plan_.no_proxy)),
      metadata_(loop, nearby_options(kLocalTimeout)) {}

Result<AzureSource::Read, std::string> AzureSource::read(const std::string& secret_file,
                                                         const AzureConfig& known,
                                                         const AzurePlan& plan) {
    Read out{known, ""};
    if (!secret_file.empty()) {
        auto config = load_bucket_config(secret_file);
        if (!config) return Unexpected<std::string>{config.error()};
        out.azure = config->azure;
    }
    if (const auto* workload = std::get_if<AzureWorkload>(&plan.identity)) {
        auto token = load_token(workload->token_file);
        if (!token) return Unexpected<std::string>{token.error()};
        out.token = *std::move(token);
    }
    return out;
}

void AzureSource::fetch(Done done) {
    pool_.run(
        [file = secret_file_, known = azure_, plan = plan_] { return read(file, known, plan); },
        [weak = std::weak_ptr(self_),
         done = std::move(done)](const Result<Read, std::string>& files) {
            if (const auto self = weak.lock()) (*self)->ask(files, done);
        });
}

void AzureSource::ask(const Result<Read, std::string>& files, const Done& done) {
    if (!files) return done(Unexpected<std::string>{files.error()});
    const AzureConfig& azure = files->azure;
    if (std::holds_alternative<AzureKeys>(plan_.identity)) {
        if (azure.sas.empty() && azure.key.empty())
            return done(Unexpected<std::string>{"the bucket's secret has no key any more"});
        Credentials keys{azure.account, azure.key, ""};
        if (!azure.sas.empty()) keys = {"", azure.sas, ""};
        return done(Grant{std::move(keys), std::nullopt, kRotation, false, "keys"});
    }
    if (const auto* managed = std::get_if<AzureManaged>(&plan_.identity))
        return send(metadata_, managed_request(*managed), "", done);
    if (const auto* workload = std::get_if<AzureWorkload>(&plan_.identity))
        return send(authority_,
                    token_request(plan_, workload->tenant, workload->client,
                                  form_field("client_assertion_type", kJwtBearer) +
                                      form_field("client_assertion", files->token)),
                    files->token, done);
    AzureClientSecret principal = std::get<AzureClientSecret>(plan_.identity);
    if (!azure.client_secret.empty()) principal = {azure.tenant, azure.client, azure.client_secret};
    send(authority_,
         token_request(plan_, principal.tenant, principal.client,
                       form_field("client_secret", principal.secret)),
         principal.secret, done);
}

void AzureSource::send(Client& client, Request request, const std::string& secret,
                       const Done& done) {
    request.body_limit = kLargestAnswer;
    client.send(std::move(request),
                [name = name_of(plan_), secret, done](const Response& response) {
                    auto grant = grant_of(response, secret, name, parse_token_answer);
                    if (!grant) return done(Unexpected<std::string>{name + ": " + grant.error()});
                    done(std::move(grant));
                });
}

}  // namespace leasehold::agent
