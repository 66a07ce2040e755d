#include "agent/bucket/credentials_web_identity.hpp"

#include <chrono>
#include <utility>

#include "agent/bucket/credentials_request.hpp"
#include "agent/bucket/token_file.hpp"

namespace leasehold::agent {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);

ClientOptions options_of(const WebIdentityPlan& plan) {
    ClientOptions options = service_options(plan.proxy, plan.no_proxy);
    options.tls = plan.tls;
    return options;
}

Request request_of(const WebIdentityPlan& plan, const std::string& token) {
    return post_request(
        plan.url + "/", "application/x-www-form-urlencoded; charset=utf-8", "application/xml",
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15" + form_field("RoleArn", plan.role) +
            form_field("RoleSessionName", plan.session) + form_field("WebIdentityToken", token),
        kTimeout);
}

}  // namespace

WebIdentitySource::WebIdentitySource(WebIdentityPlan plan, asio::io_context& loop, FilePool& pool)
    : plan_(std::move(plan)),
      pool_(pool),
      self_(std::make_shared<WebIdentitySource*>(this)),
      client_(loop, options_of(plan_)) {}

void WebIdentitySource::fetch(Done done) {
    pool_.run([file = plan_.token_file] { return load_token(file); },
              [weak = std::weak_ptr(self_),
               done = std::move(done)](const Result<std::string, std::string>& token) {
                  if (const auto self = weak.lock()) (*self)->ask(token, done);
              });
}

void WebIdentitySource::ask(const Result<std::string, std::string>& token, const Done& done) {
    const auto fail = [name = name_of(plan_)](const std::string& why) {
        return Unexpected<std::string>{name + ": " + why};
    };
    if (!token) return done(fail(token.error()));
    client_.send(request_of(plan_, *token), [done, fail, token = *token](const Response& response) {
        auto grant =
            grant_of(response, token, "web identity", [](std::string_view body, WallTime /*now*/) {
                return parse_web_identity_answer(body);
            });
        if (!grant) return done(fail(grant.error()));
        done(std::move(grant));
    });
}

}  // namespace leasehold::agent
