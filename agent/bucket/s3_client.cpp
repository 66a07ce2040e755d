#include "agent/bucket/s3_client.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/base/clock.hpp"
#include "agent/bucket/credentials_chain.hpp"
#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_reply.hpp"
#include "agent/bucket/s3_request.hpp"
#include "agent/bucket/user_metadata.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr std::uint64_t kHashInline = 8U << 20;  ///< bytes in memory: less than 10 ms of the loop
constexpr std::size_t kErrorLimit = 64U << 10;   ///< of an error's text, bytes
constexpr std::size_t kPageLimit = 16U << 20;    ///< 1000 keys of 1024 bytes, escaped

ClientOptions client_options(const BucketConfig& config, SocketSet* uploads) {
    ClientOptions options;
    options.tls = config.tls;
    options.proxy = config.proxy;
    options.no_proxy = config.no_proxy;
    options.user_agent = "leasehold-agent";
    options.uploads = uploads;
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
    : config_(config),
      context_(context),
      deliver_(std::move(deliver)),
      log_(context.duties),
      waiting_(context.loop, [this] { waiting_due(); }),
      self_(std::make_shared<S3Client*>(this)),
      reads_(context.loop, client_options(config, nullptr)),
      writes_(context.loop, client_options(config, context.uploads)) {
    const auto plan = plan_role(config, environment);
    if (!plan) throw std::runtime_error(plan.error());
    auto source = std::make_unique<ChainSource>(KeySource(config, environment),
                                                make_role_source(*plan, context.loop, context.pool),
                                                context.pool, rotation);
    auto known = source->start();
    if (!known) throw std::runtime_error(known.error());
    credentials_ = std::make_unique<CredentialsKeeper>(
        context.loop, std::move(source), *std::move(known), [this] { credentials_came(); });
}

bool S3Client::changes(BucketVerb verb) {
    return verb == BucketVerb::put || verb == BucketVerb::remove;
}

Client& S3Client::client_of(BucketVerb verb) {
    return changes(verb) ? writes_ : reads_;
}

bool S3Client::gate_closed() const {
    return context_.gate != nullptr && !context_.gate->open(boottime());
}

void S3Client::send(const SendBucket& request) {
    const RequestId id = request.request;
    if (request.verb != BucketVerb::list && !usable_key(request.key.view())) {
        BucketReply reply;
        reply.status = 400;  // as MinIO: certainly not applied
        reply.code = BucketCode::other;
        answer_later(id, std::move(reply));
        return;
    }
    Job job;
    job.request = request;
    job.deadline = saturating_add(boottime(), request.timeout);
    job.text = std::make_shared<std::string>();
    if (request.verb == BucketVerb::get)
        job.object = std::make_shared<ObjectReader>(context_.spool_directory);
    CHECK(jobs_.emplace(id, std::move(job)).second);
    if (request.verb == BucketVerb::put)
        hash(id, put_body(*request.body));
    else
        leave(id, BodyHash{});
}

void S3Client::hash(RequestId id, PutBody body) {
    jobs_.at(id).body = body.parts;
    if (body.in_memory && body.size <= kHashInline) {
        hashed(id, hash_body(body, config_.send_content_md5));
        return;
    }
    arm_waiting();
    const bool with_md5 = config_.send_content_md5;
    context_.pool.run([body = std::move(body), with_md5] { return hash_body(body, with_md5); },
                      [weak = std::weak_ptr(self_), id](const BodyHash& hash) {
                          if (const auto self = weak.lock()) (*self)->hashed(id, hash);
                      });
}

/// A job that was aborted or timed out meanwhile is not there any more: it must not leave.
void S3Client::hashed(RequestId id, const BodyHash& hash) {
    if (!jobs_.contains(id)) return;
    if (!hash.intact) {
        log_.note(BucketVerb::put, jobs_.at(id).request.key.view(), {}, hash.problem);
        end_waiting(id);
    } else if (gate_closed()) {
        end_waiting(id);
    } else {
        leave(id, hash);
    }
    arm_waiting();
}

/// It never left this process. Of a read that would mean nothing: it knows no more either way.
void S3Client::end_waiting(RequestId id) {
    BucketReply reply;
    reply.not_sent = changes(jobs_.at(id).request.verb);
    jobs_.erase(id);
    answer_later(id, std::move(reply));
}

void S3Client::arm_waiting() {
    Instant first = kNever;
    for (const auto& [id, job] : jobs_)
        if (!job.transfer) first = std::min(first, job.deadline);
    waiting_.arm(first);
}

void S3Client::waiting_due() {
    std::vector<RequestId> late;
    const Instant now = boottime();
    for (const auto& [id, job] : jobs_)
        if (!job.transfer && job.deadline <= now) late.push_back(id);
    for (const RequestId id : late) {
        if (jobs_.at(id).hash)
            end_unsigned(id);
        else
            end_waiting(id);
    }
    arm_waiting();
}

void S3Client::leave(RequestId id, const BodyHash& hash) {
    const Credentials* const credentials = credentials_->current();
    if (credentials == nullptr) return wait_for_credentials(id, hash);
    Job& job = jobs_.at(id);
    job.hash.reset();
    job.access_key = credentials->access_key;
    job.transfer = client_of(job.request.verb)
                       .send(http_request(job, hash, *credentials),
                             [this, id](const Response& response) { ended(id, response); });
}

void S3Client::wait_for_credentials(RequestId id, const BodyHash& hash) {
    if (!credentials_->asking()) return end_unsigned(id);
    jobs_.at(id).hash = hash;
    arm_waiting();
}

/// Or they did not, which those that wait are told.
void S3Client::credentials_came() {
    std::vector<RequestId> waiting;
    for (const auto& [id, job] : jobs_)
        if (!job.transfer && job.hash) waiting.push_back(id);
    for (const RequestId id : waiting) {
        const Job& job = jobs_.at(id);
        if (changes(job.request.verb) && gate_closed())
            end_waiting(id);
        else
            leave(id, BodyHash(*job.hash));
    }
    arm_waiting();
}

void S3Client::end_unsigned(RequestId id) {
    const SendBucket& request = jobs_.at(id).request;
    const std::string& why = credentials_->problem();
    log_.note(request.verb, request.key.view(), {},
              "no credentials: " + (why.empty() ? std::string("no answer yet") : why));
    end_waiting(id);
}

Request S3Client::http_request(Job& job, const BodyHash& hash,
                               const Credentials& credentials) const {
    S3Request s3 = s3_request(config_, job.request);
    const bool put = job.request.verb == BucketVerb::put;
    if (put) add_checksums(s3, hash, !checksum_refused_);
    sign(s3.headers, s3.method, s3.url, put ? to_hex(hash.sha256) : std::string(kEmptySha256),
         credentials, config_.region, read_now().wall);
    Request request;
    request.method = s3.method;
    request.url = s3.url.text();
    for (const auto& [name, value] : s3.headers)
        request.headers.push_back(name + (value.empty() ? ";" : ": " + value));
    request.has_body = put;
    request.body = std::move(job.body);
    request.deadline = job.deadline;
    request.stalled = job.request.stalled;
    if (changes(job.request.verb)) request.gate = context_.gate;
    request.sink = [text = job.text, object = job.object](const Response& response,
                                                          std::string_view piece) {
        const bool good = response.status == 200;
        if (good && object) {
            object->append(piece);
            return true;
        }
        // Of an error its beginning is enough; half a page would be a lie.
        if (good && text->size() + piece.size() > kPageLimit) return false;
        *text += good ? piece : piece.substr(0, kErrorLimit - std::min(kErrorLimit, text->size()));
        return true;
    };
    return request;
}

void S3Client::ended(RequestId id, const Response& response) {
    const auto node = jobs_.extract(id);
    CHECK(!node.empty());
    const Job& job = node.mapped();
    const SendBucket& request = job.request;
    ObjectBodyPtr object;
    if (job.object && response.end == TransferEnd::answered && response.status == 200)
        object = job.object->finish(std::string(response.header(kStampHeader)));
    const S3Reply mapped = s3_reply(config_, request, response, *job.text, std::move(object),
                                    changes(request.verb) && gate_closed());
    log_.note(request.verb, request.key.view(), mapped.reply, mapped.problem);
    learn(mapped, job.access_key);
    deliver_(BucketAnswered{id, std::make_shared<const BucketReply>(mapped.reply)});
}

/// What the answer says of requests to come. This one is the model's to repeat.
void S3Client::learn(const S3Reply& answer, const std::string& access_key) {
    if (blames_credentials(answer.reply)) credentials_->refused(access_key, answer.error.code);
    const std::string& region = answer.error.region;
    if (config_.region_guessed && !region.empty()) {
        config_.region_guessed = false;
        if (region != config_.region)
            spdlog::info("bucket: its region is {}: none is configured, and {} was a guess", region,
                         config_.region);
        config_.region = region;
    }
    if (!answer.error.names_checksum || checksum_refused_) return;
    checksum_refused_ = true;
    spdlog::info("bucket: PUTs carry no x-amz-checksum-sha256 from now on: {}",
                 answer.error.message);
}

void S3Client::resume(RequestId request) {
    const auto found = jobs_.find(request);
    if (found == jobs_.end()) return;
    Job& job = found->second;
    job.request.stalled = false;  // of a body that is still hashed
    if (job.transfer) client_of(job.request.verb).resume(*job.transfer);
}

void S3Client::abort(RequestId request) {
    const auto found = jobs_.find(request);
    if (found == jobs_.end()) return;
    if (found->second.transfer) {
        client_of(found->second.request.verb).abort(*found->second.transfer);
    } else {
        end_waiting(request);
        arm_waiting();
    }
}

void S3Client::answer_later(RequestId id, BucketReply reply) {
    asio::post(context_.loop, [weak = std::weak_ptr(self_), id,
                               shared = std::make_shared<const BucketReply>(std::move(reply))] {
        if (const auto self = weak.lock()) (*self)->deliver_(BucketAnswered{id, shared});
    });
}

}  // namespace leasehold::agent
