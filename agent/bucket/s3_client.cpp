#include "agent/bucket/s3_client.hpp"

#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_chain.hpp"
#include "agent/bucket/s3_request.hpp"
#include "agent/bucket/user_metadata.hpp"

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

/// The server does not know the keys, or no more (AWS answers an old token with 400).
bool blames_credentials(const BucketReply& reply) {
    return reply.status == 401 || reply.status == 403 ||
           (reply.status == 400 && reply.code == BucketCode::access_denied);
}

}  // namespace

S3Client::S3Client(const BucketConfig& config, const BucketContext& context, Deliver deliver,
                   const VariableLookup& environment, Duration rotation)
    : StoreClient(context, std::move(deliver), client_options(config), S3Proof(config).wanted()),
      config_(config),
      proof_(config) {
    const auto plan = plan_role(config, environment);
    if (!plan) throw std::runtime_error(plan.error());
    auto source = std::make_unique<ChainSource>(KeySource(config, environment),
                                                make_role_source(*plan, context.loop, context.pool),
                                                context.pool, rotation);
    auto known = source->start();
    if (!known) throw std::runtime_error(known.error());
    keep_credentials(std::move(source), *std::move(known));
}

Request S3Client::http_request(Job& job, const BodyHash& hash, const Credentials& credentials) {
    S3Request s3 = s3_request(config_, job.request, job.page);
    const bool put = job.request.verb == BucketVerb::put;
    if (put) add_checksums(s3, hash, proof_.checksum());
    job.signed_over_body = put && hash.sha256;
    std::string content(put ? kUnsignedPayload : kEmptySha256);
    if (job.signed_over_body) content = to_hex(*hash.sha256);
    sign(s3.headers, s3.method, s3.url, content, credentials, config_.region, read_now().wall);
    Request request;
    request.method = s3.method;
    request.url = s3.url.text();
    for (const auto& [name, value] : s3.headers)
        request.headers.push_back(name + (value.empty() ? ";" : ": " + value));
    request.has_body = put;
    request.body = std::move(job.body);
    return request;
}

bool S3Client::brings_content(const Job& job) const {
    return job.request.verb == BucketVerb::get;
}

std::string_view S3Client::stamp_header() const {
    return kStampHeader;
}

StoreClient::Taken S3Client::take(Job& job, const Response& response, ObjectBodyPtr object,
                                  bool gate_closed) {
    S3Reply mapped =
        s3_reply(config_, job.request, response, *job.text, std::move(object), gate_closed);
    learn(mapped, job);
    // By the key, as all LISTs here go on: it shows that the next page is behind this one.
    if (!mapped.last.empty()) job.request.key = mapped.last;
    job.page = mapped.last.empty() ? std::move(mapped.token) : std::string();
    return {std::move(mapped.reply), std::move(mapped.problem), mapped.unfinished,
            std::move(mapped.error.code), std::move(mapped.error.region)};
}

/// What the answer says of requests to come. This one is the model's to repeat.
void S3Client::learn(const S3Reply& answer, const Job& job) {
    if (blames_credentials(answer.reply)) keeper()->refused(job.access_key, answer.error.code);
    const std::string& region = answer.error.region;
    if (config_.region_guessed && !region.empty()) {
        config_.region_guessed = false;
        if (region != config_.region)
            spdlog::info("bucket: its region is {}: none is configured, and {} was a guess", region,
                         config_.region);
        config_.region = region;
    }
    if (job.request.verb != BucketVerb::put) return;
    if (const std::string news = proof_.learn(answer, job.request.key.view(), job.signed_over_body);
        !news.empty())
        spdlog::info("bucket: {}", news);
    want(proof_.wanted());
}

}  // namespace leasehold::agent
