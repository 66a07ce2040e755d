#include "agent/bucket/credentials_container.hpp"

#include <chrono>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_request.hpp"
#include "agent/bucket/token_file.hpp"

namespace leasehold::agent {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(5);

ClientOptions options_of(const ContainerPlan& plan) {
    ClientOptions options = nearby_options(std::chrono::seconds(1));
    options.tls = plan.tls;
    return options;
}

}  // namespace

ContainerSource::ContainerSource(ContainerPlan plan, asio::io_context& loop, FilePool& pool)
    : plan_(std::move(plan)),
      pool_(pool),
      self_(std::make_shared<ContainerSource*>(this)),
      client_(loop, options_of(plan_)) {}

void ContainerSource::fetch(Done done) {
    pool_.run(
        [file = plan_.token_file, token = plan_.token]() -> Result<std::string, std::string> {
            if (file.empty()) return token;
            return load_token(file);
        },
        [weak = std::weak_ptr(self_),
         done = std::move(done)](const Result<std::string, std::string>& token) {
            if (const auto self = weak.lock()) (*self)->ask(token, done);
        });
}

void ContainerSource::ask(const Result<std::string, std::string>& token, const Done& done) {
    const auto fail = [name = name_of(plan_)](const std::string& why) {
        return Unexpected<std::string>{name + ": " + why};
    };
    if (!token) return done(fail(token.error()));
    Request request;
    request.url = plan_.url;
    request.headers = {"Accept: application/json"};
    if (!token->empty()) request.headers.push_back("Authorization: " + *token);
    request.deadline = boottime() + kTimeout;
    request.body_limit = kLargestAnswer;
    client_.send(std::move(request), [done, fail, token = *token](const Response& response) {
        auto grant = grant_of(
            response, token, "container credentials",
            [](std::string_view body, WallTime /*now*/) { return parse_service_answer(body); });
        if (!grant) return done(fail(grant.error()));
        done(std::move(grant));
    });
}

}  // namespace leasehold::agent
