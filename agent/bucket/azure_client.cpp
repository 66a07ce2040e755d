#include "agent/bucket/azure_client.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/azure_reply.hpp"
#include "agent/bucket/azure_source.hpp"
#include "agent/bucket/key_rule.hpp"

namespace leasehold::agent {
namespace {

constexpr std::size_t kMarkersKept = 256;

ClientOptions client_options(const BucketConfig& config) {
    ClientOptions options;
    options.tls = config.tls;
    options.proxy = config.proxy;
    options.no_proxy = config.no_proxy;
    options.user_agent = "leasehold-agent";
    return options;
}

}  // namespace

AzureClient::AzureClient(const BucketConfig& config, const BucketContext& context, Deliver deliver,
                         const VariableLookup& environment)
    : StoreClient(context, std::move(deliver), client_options(config), HashesWanted{.md5 = true}),
      place_(azure_place(config)) {
    auto plan = plan_azure(config, environment);
    if (!plan) throw std::runtime_error(plan.error());
    keep_credentials(
        std::make_unique<AzureSource>(config, *std::move(plan), context.loop, context.pool),
        std::nullopt);
}

std::string AzureClient::place_of(const SendBucket& request, std::string_view after) const {
    return request.prefix.str() + '\n' + std::string(after);
}

std::string AzureClient::marker_of(const Job& job) const {
    if (job.going_on || job.request.key.empty()) return job.page;
    const auto known = markers_.find(place_of(job.request, job.request.key.view()));
    return known == markers_.end() ? std::string() : known->second;
}

Request AzureClient::http_request(Job& job, const BodyHash& hash, const Credentials& credentials) {
    AzureRequest azure = azure_request(place_, job.request, marker_of(job), hash.md5);
    azure.headers["x-ms-date"] = http_date(read_now().wall);
    Request request;
    request.method = azure.method;
    request.has_body = job.request.verb == BucketVerb::put;
    request.body = std::move(job.body);
    std::uint64_t size = 0;
    for (const BytesPtr& part : request.body)
        size += part->size();
    const bool token = !credentials.session_token.empty();
    const bool sas = !token && credentials.access_key.empty();
    if (token) azure.headers["authorization"] = "Bearer " + credentials.session_token;
    if (!token && !sas)
        azure.headers["authorization"] =
            shared_key(string_to_sign(azure.method, azure.url, azure.headers, place_.account, size),
                       credentials.access_key, credentials.secret_key);
    request.url = azure.url.text(sas ? credentials.secret_key : "");
    for (const auto& [name, value] : azure.headers)
        request.headers.push_back(name + ": " + value);
    return request;
}

bool AzureClient::brings_content(const Job& job) const {
    return job.request.verb == BucketVerb::get;
}

const char* AzureClient::unusable(std::string_view key) const {
    return usable_azure_key(key) ? nullptr : kUnusableAzureKey;
}

std::string_view AzureClient::stamp_header() const {
    return kAzureStampHeader;
}

StoreClient::Taken AzureClient::take(Job& job, const Response& response, ObjectBodyPtr object,
                                     bool gate_closed) {
    const SendBucket& asked = job.request;
    const bool remembered = !job.going_on && !marker_of(job).empty();
    AzureReply mapped =
        azure_reply(place_, asked, response, *job.text, std::move(object), gate_closed);
    if (keeper() != nullptr &&
        (mapped.reply.status == 401 || mapped.code == "AuthenticationFailed"))
        keeper()->refused(job.access_key, "InvalidToken");
    // The reply's status, which only a whole answer has: one that was given up must not go on.
    if (asked.verb == BucketVerb::list && remembered && mapped.reply.status == 400) {
        // The server does not know its own marker any more.
        markers_.erase(place_of(asked, asked.key.view()));
        job.page.clear();
        return {{}, "", true, ""};
    }
    job.page = mapped.marker;
    if (!mapped.unfinished && !mapped.marker.empty()) {
        const auto& page = *std::get<ListPagePtr>(mapped.reply.content);
        if (markers_.size() >= kMarkersKept) markers_.clear();
        markers_[place_of(asked, page.entries.back().key.view())] = mapped.marker;
    }
    return {std::move(mapped.reply), std::move(mapped.problem), mapped.unfinished,
            std::move(mapped.code)};
}

}  // namespace leasehold::agent
