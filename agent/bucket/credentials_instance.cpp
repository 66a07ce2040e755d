#include "agent/bucket/credentials_instance.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_request.hpp"
#include "agent/bucket/s3_url.hpp"

namespace leasehold::agent {
namespace {

// It answers within milliseconds. Where there is none, its address mostly swallows what is sent.
constexpr Duration kTimeout = std::chrono::seconds(1);
constexpr std::size_t kLongestToken = 4096;
constexpr std::size_t kLongestRole = 256;
constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";

bool answered(const Response& response) {
    return response.end == TransferEnd::answered && response.status == 200;
}

/// The first line, when it is a word that a header or a path can hold; else nothing.
std::string first_word(std::string_view text, std::size_t longest) {
    text = text.substr(0, text.find_first_of("\r\n"));
    const bool odd =
        std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c >= 0x7f; });
    return odd || text.size() > longest ? std::string() : std::string(text);
}

}  // namespace

InstanceSource::InstanceSource(InstancePlan plan, asio::io_context& loop)
    : plan_(std::move(plan)), client_(loop, nearby_options(kTimeout)) {}

void InstanceSource::send(Request request, Client::Done done) {
    request.deadline = boottime() + kTimeout;
    request.body_limit = kLargestAnswer;
    client_.send(std::move(request), std::move(done));
}

Request InstanceSource::with_token(const std::string& token, const std::string& path) const {
    Request request;
    request.url = plan_.url + path;
    request.headers = {"X-aws-ec2-metadata-token: " + token};
    return request;
}

void InstanceSource::fail(const Done& done, const std::string& step, const std::string& why) const {
    done(Unexpected<std::string>{name_of(plan_) + ": " + step + ": " + why});
}

void InstanceSource::fetch(Done done) {
    Request request;
    request.method = "PUT";
    request.url = plan_.url + "/latest/api/token";
    request.headers = {"X-aws-ec2-metadata-token-ttl-seconds: 300"};
    request.has_body = true;
    send(std::move(request), [this, done = std::move(done)](const Response& response) {
        if (response.end == TransferEnd::timed_out)
            return fail(
                done, "token",
                failure(response, "") + " (within a container the instance's hop limit must be 2)");
        if (!answered(response)) return fail(done, "token", failure(response, ""));
        const std::string token = first_word(response.body, kLongestToken);
        if (token.empty()) return fail(done, "token", "an answer that is no token");
        ask_role(token, done);
    });
}

void InstanceSource::ask_role(const std::string& token, const Done& done) {
    send(with_token(token, kRoles), [this, token, done](const Response& response) {
        if (response.end == TransferEnd::answered && response.status == 404)
            return fail(done, "role", "this instance has none (answered 404)");
        if (!answered(response)) return fail(done, "role", failure(response, token));
        const std::string role = first_word(response.body, kLongestRole);
        if (role.empty()) return fail(done, "role", "an answer that is no role's name");
        ask_credentials(token, role, done);
    });
}

void InstanceSource::ask_credentials(const std::string& token, const std::string& role,
                                     const Done& done) {
    send(with_token(token, kRoles + percent_encode(role, false)),
         [this, token, role, done](const Response& response) {
             const std::string step = "role " + role;
             auto grant = grant_of(response, token, "instance role " + role,
                                   [](std::string_view body, WallTime /*now*/) {
                                       return parse_service_answer(body);
                                   });
             if (!grant) return fail(done, step, grant.error());
             done(std::move(grant));
         });
}

}  // namespace leasehold::agent
