#include "agent/bucket/credentials_web_identity.hpp"

#include <chrono>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_answer.hpp"
#include "agent/bucket/s3_url.hpp"
#include "agent/bucket/token_file.hpp"

namespace leasehold::agent {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);

ClientOptions options_of(const WebIdentityPlan& plan) {
    ClientOptions options;
    options.tls = plan.tls;
    options.proxy = plan.proxy;
    options.no_proxy = plan.no_proxy;
    options.user_agent = "leasehold-agent";
    options.connections = 1;
    return options;
}

/// The token is no header and in no URL: it goes in the body.
Request request_of(const WebIdentityPlan& plan, const std::string& token) {
    const auto field = [](const char* name, const std::string& value) {
        return "&" + std::string(name) + "=" + percent_encode(value, false);
    };
    const std::string form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15" +
                             field("RoleArn", plan.role) + field("RoleSessionName", plan.session) +
                             field("WebIdentityToken", token);
    Request request;
    request.method = "POST";
    request.url = plan.url + "/";
    request.headers = {"Content-Type: application/x-www-form-urlencoded; charset=utf-8",
                       "Accept: application/xml"};
    request.has_body = true;
    request.body = {memory_bytes(form)};
    request.deadline = boottime() + kTimeout;
    request.body_limit = kLargestAnswer;
    return request;
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
        if (response.end != TransferEnd::answered || response.status != 200)
            return done(fail(failure(response, token)));
        auto issued = parse_web_identity_answer(response.body);
        if (!issued) return done(fail(issued.error()));
        auto grant = granted(*std::move(issued), read_now().wall, "web identity");
        if (!grant) return done(fail(grant.error()));
        done(std::move(grant));
    });
}

}  // namespace leasehold::agent
