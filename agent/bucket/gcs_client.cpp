#include "agent/bucket/gcs_client.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "agent/bucket/google_source.hpp"

namespace leasehold::agent {
namespace {

ClientOptions client_options(const BucketConfig& config) {
    ClientOptions options;
    options.tls = config.tls;
    options.proxy = config.proxy;
    options.no_proxy = config.no_proxy;
    options.user_agent = "leasehold-agent";
    return options;
}

GooglePlan checked(Result<GooglePlan, std::string> plan) {
    if (!plan) throw std::runtime_error(plan.error());
    return *std::move(plan);
}

}  // namespace

GcsClient::GcsClient(const BucketConfig& config, const BucketContext& context, Deliver deliver,
                     const VariableLookup& environment)
    : GcsClient(config, context, std::move(deliver), checked(plan_google(config, environment))) {}

GcsClient::GcsClient(const BucketConfig& config, const BucketContext& context, Deliver deliver,
                     const GooglePlan& plan)
    : StoreClient(context, std::move(deliver), client_options(config), HashesWanted{.md5 = true}),
      place_{plan.store_url, config.bucket, config.prefix, plan.emulator} {
    if (place_.emulator) return;
    keep_credentials(std::make_unique<GoogleSource>(plan, context.loop, context.pool),
                     std::nullopt);
}

Request GcsClient::http_request(Job& job, const BodyHash& hash, const Credentials& credentials) {
    const SendBucket& asked = job.request;
    Request request = gcs_request(place_, asked, step_of(asked, job.going_on), job.page);
    if (asked.verb == BucketVerb::put)
        add_upload(request, place_, asked, std::move(job.body), hash.md5);
    if (!credentials.session_token.empty())
        request.headers.push_back("Authorization: Bearer " + credentials.session_token);
    return request;
}

bool GcsClient::brings_content(const Job& job) const {
    return step_of(job.request, job.going_on) == GcsStep::content;
}

std::string_view GcsClient::stamp_header() const {
    return kGcsStampHeader;
}

StoreClient::Taken GcsClient::take(Job& job, const Response& response, ObjectBodyPtr object,
                                   bool gate_closed) {
    GcsReply mapped = gcs_reply({place_, step_of(job.request, job.going_on)}, job.request, response,
                                *job.text, std::move(object), gate_closed);
    job.page = std::move(mapped.page);
    // A permission that is missing is 403, and no better token would help.
    if (mapped.reply.status == 401 && keeper() != nullptr)
        keeper()->refused(job.access_key, "InvalidToken");
    return {std::move(mapped.reply), std::move(mapped.problem), mapped.unfinished,
            std::move(mapped.error.code)};
}

}  // namespace leasehold::agent
