#include "agent/bucket/store_client.hpp"

#include <algorithm>
#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/key_rule.hpp"
#include "model/base/check.hpp"

namespace leasehold::agent {
namespace {

constexpr std::uint64_t kHashInline = 8U << 20;  ///< bytes in memory: less than 10 ms of the loop
constexpr std::size_t kErrorLimit = 64U << 10;   ///< of an error's text, bytes
constexpr std::size_t kPageLimit = 16U << 20;    ///< 1000 keys of 1024 bytes, escaped

ClientOptions with_uploads(ClientOptions options, SocketSet* uploads) {
    options.uploads = uploads;
    return options;
}

/// Else the connection's end is the content's: that of a server which died in the midst of it, too.
/// Of two lengths that differ, and of one beyond all numbers, libcurl 7.88.1 takes what it likes.
bool has_length(const Response& response) {
    std::string coding(response.header("transfer-encoding"));
    for (char& c : coding)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (coding.ends_with("chunked")) return true;
    constexpr std::size_t kDigits = 18;
    const std::string_view length = response.header("content-length");
    const bool number = !length.empty() && length.size() <= kDigits &&
                        length.find_first_not_of("0123456789") == length.npos;
    return number &&
           std::all_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
               return header.first != "content-length" || header.second == length;
           });
}

/// Does it answer what was asked? A server may say 304 without a condition, 206 without a range,
/// 203 for what a proxy has changed, or that the key of a LIST is missing.
bool answers(const SendBucket& request, const BucketReply& reply) {
    switch (classify(request.verb, reply)) {
        case BucketOutcome::object:
        case BucketOutcome::missing:
        case BucketOutcome::written:
        case BucketOutcome::removed:
        case BucketOutcome::page:
            return true;
        case BucketOutcome::unchanged:
            return !request.etag.empty();
        case BucketOutcome::precondition_failed:
            return request.verb == BucketVerb::put || request.verb == BucketVerb::remove;
        case BucketOutcome::throttled:
        case BucketOutcome::denied:
        case BucketOutcome::refused:
        case BucketOutcome::not_sent:
        case BucketOutcome::unknown:
            break;
    }
    return reply.status == 409;  // another request at the same time
}

}  // namespace

StoreClient::StoreClient(const BucketContext& context, Deliver deliver,
                         const ClientOptions& options, const HashesWanted& hashes)
    : context_(context),
      deliver_(std::move(deliver)),
      hashes_(hashes),
      log_(context.duties),
      waiting_(context.loop, [this] { waiting_due(); }),
      self_(std::make_shared<StoreClient*>(this)),
      reads_(context.loop, options),
      writes_(context.loop, with_uploads(options, context.uploads)) {}

void StoreClient::keep_credentials(std::unique_ptr<CredentialsSource> source,
                                   std::optional<Grant> start) {
    credentials_ = std::make_unique<CredentialsKeeper>(
        context_.loop, std::move(source), std::move(start), [this] { credentials_came(); });
}

bool StoreClient::changes(BucketVerb verb) {
    return verb == BucketVerb::put || verb == BucketVerb::remove;
}

Client& StoreClient::client_of(BucketVerb verb) {
    return changes(verb) ? writes_ : reads_;
}

const char* StoreClient::unusable(std::string_view key) const {
    return usable_key(key) ? nullptr : kUnusableKey;
}

bool StoreClient::gate_closed() const {
    return context_.gate != nullptr && !context_.gate->open(boottime());
}

void StoreClient::send(const SendBucket& request) {
    const RequestId id = request.request;
    const char* const wrong =
        request.verb == BucketVerb::list ? nullptr : unusable(request.key.view());
    if (wrong != nullptr) {
        BucketReply reply;
        reply.status = 400;  // as MinIO: certainly not applied
        reply.code = BucketCode::other;
        // A write that never comes to be is told of; what somebody asks for is his own affair.
        if (changes(request.verb)) log_.note(request.verb, request.key.view(), reply, wrong);
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

void StoreClient::hash(RequestId id, PutBody body) {
    jobs_.at(id).body = body.parts;
    if (const auto known = known_hash(body, hashes_)) return hashed(id, *known);
    if (body.in_memory && body.size <= kHashInline) {
        hashed(id, hash_body(body, hashes_));
        return;
    }
    arm_waiting();
    context_.pool.run(
        [body = std::move(body), wanted = hashes_] { return hash_body(body, wanted); },
        [weak = std::weak_ptr(self_), id](const BodyHash& hash) {
            if (const auto self = weak.lock()) (*self)->hashed(id, hash);
        });
}

/// A job that was aborted or timed out meanwhile is not there any more: it must not leave.
void StoreClient::hashed(RequestId id, const BodyHash& hash) {
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
void StoreClient::end_waiting(RequestId id) {
    BucketReply reply;
    reply.not_sent = changes(jobs_.at(id).request.verb);
    jobs_.erase(id);
    answer_later(id, std::move(reply));
}

void StoreClient::arm_waiting() {
    Instant first = kNever;
    for (const auto& [id, job] : jobs_)
        if (!job.transfer) first = std::min(first, job.deadline);
    waiting_.arm(first);
}

void StoreClient::waiting_due() {
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

void StoreClient::leave(RequestId id, const BodyHash& hash) {
    static const Credentials none;
    const Credentials* const credentials = credentials_ ? credentials_->current() : &none;
    if (credentials == nullptr) return wait_for_credentials(id, hash);
    Job& job = jobs_.at(id);
    job.hash.reset();
    job.left = read_now();
    job.access_key = credentials->access_key;
    Request request = http_request(job, hash, *credentials);
    complete(request, job);
    job.transfer =
        client_of(job.request.verb).send(std::move(request), [this, id](const Response& response) {
            ended(id, response);
        });
}

void StoreClient::wait_for_credentials(RequestId id, const BodyHash& hash) {
    if (!credentials_->asking()) return end_unsigned(id);
    jobs_.at(id).hash = hash;
    arm_waiting();
}

/// Or they did not, which those that wait are told.
void StoreClient::credentials_came() {
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

void StoreClient::end_unsigned(RequestId id) {
    const SendBucket& request = jobs_.at(id).request;
    const std::string& why = credentials_->problem();
    log_.note(request.verb, request.key.view(), {},
              "no credentials: " + (why.empty() ? std::string("no answer yet") : why));
    end_waiting(id);
}

void StoreClient::complete(Request& request, const Job& job) const {
    request.deadline = job.deadline;
    request.stalled = job.request.stalled;
    if (changes(job.request.verb)) request.gate = context_.gate;
    request.sink = [text = job.text, object = brings_content(job) ? job.object : nullptr](
                       const Response& response, std::string_view piece) {
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
}

void StoreClient::ended(RequestId id, const Response& response) {
    const auto found = jobs_.find(id);
    CHECK(found != jobs_.end());
    Job& job = found->second;
    const BucketVerb verb = job.request.verb;
    ObjectBodyPtr object;
    const bool content =
        brings_content(job) && response.end == TransferEnd::answered && response.status == 200;
    const bool delimited = has_length(response);
    if (content && delimited)
        object = job.object->finish(std::string(response.header(stamp_header())));
    const std::string page = job.page;
    Taken taken = take(job, response, std::move(object), changes(verb) && gate_closed());
    if (content && !delimited)
        taken.problem = "the content came without a length, and may be cut off";
    if (taken.unfinished && !page.empty() && job.page == page) {
        // Of a server that does not look at the token, each exchange would be the last one again.
        taken = {{}, "a LIST's page is said to go on where it began", false, ""};
        taken.reply.status = response.status;
    }
    if (taken.unfinished) {
        job.transfer.reset();
        job.text->clear();
        job.going_on = true;
        return leave(id, BodyHash{});
    }
    // The model learns nothing of it and asks again, for ever: somebody has to hear of it.
    if (taken.problem.empty() && response.end == TransferEnd::answered &&
        !answers(job.request, taken.reply))
        taken.problem =
            "answered " + std::to_string(response.status) + ", which is no answer to that";
    log_.note(verb, job.request.key.view(), taken.reply, taken.problem);
    if (context_.word != nullptr) *context_.word = taken.word;
    if (context_.region != nullptr && !taken.region.empty()) *context_.region = taken.region;
    if (context_.clock != nullptr) *context_.clock = clock_offset(response, job.left, read_now());
    jobs_.erase(found);
    deliver_(BucketAnswered{id, std::make_shared<const BucketReply>(taken.reply)});
}

void StoreClient::resume(RequestId request) {
    const auto found = jobs_.find(request);
    if (found == jobs_.end()) return;
    Job& job = found->second;
    job.request.stalled = false;  // of a body that is still hashed
    if (job.transfer) client_of(job.request.verb).resume(*job.transfer);
}

void StoreClient::abort(RequestId request) {
    const auto found = jobs_.find(request);
    if (found == jobs_.end()) return;
    if (found->second.transfer) {
        client_of(found->second.request.verb).abort(*found->second.transfer);
    } else {
        end_waiting(request);
        arm_waiting();
    }
}

void StoreClient::answer_later(RequestId id, BucketReply reply) {
    asio::post(context_.loop, [weak = std::weak_ptr(self_), id,
                               shared = std::make_shared<const BucketReply>(std::move(reply))] {
        if (const auto self = weak.lock()) (*self)->deliver_(BucketAnswered{id, shared});
    });
}

}  // namespace leasehold::agent
