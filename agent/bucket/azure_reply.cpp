#include "agent/bucket/azure_reply.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "agent/bucket/azure_xml.hpp"
#include "agent/bucket/retry_after.hpp"
#include "agent/bucket/s3_xml.hpp"
#include "agent/bucket/unanswered.hpp"

namespace leasehold::agent {
namespace {

constexpr std::array<std::string_view, 3> kGone{"ContainerNotFound", "ContainerBeingDeleted",
                                                "ContainerDisabled"};
constexpr std::array<std::string_view, 3> kThrottled{"ServerBusy", "TooManyRequests",
                                                     "AccountIngressLimitExceeded"};
/// Answered with 409 or 412, and certainly not applied whatever condition the request had; of a
/// read (a blob in the archive), refused for this key alone, as S3's 403 InvalidObjectState.
constexpr std::array<std::string_view, 11> kRefusals{"BlobImmutableDueToPolicy",
                                                     "BlobImmutableDueToLegalHold",
                                                     "SnapshotsPresent",
                                                     "BlobBeingRehydrated",
                                                     "LeaseIdMissing",
                                                     "LeaseIdMismatchWithBlobOperation",
                                                     "LeaseNotPresentWithBlobOperation",
                                                     "LeaseLost",
                                                     "InvalidBlobType",
                                                     "BlobArchived",
                                                     "FeatureVersionMismatch"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// What the code means where the status alone means something else to the model.
void interpret(const SendBucket& request, std::string_view code, BucketReply& reply) {
    reply.code = code.empty() ? BucketCode::none : BucketCode::other;
    if (code == "BlobNotFound") reply.code = BucketCode::no_such_key;
    if (code == "ConditionNotMet" || code == "TargetConditionNotMet")
        reply.code = BucketCode::precondition_failed;
    if (code == "InternalError" || code == "OperationTimedOut")
        reply.code = BucketCode::internal_error;
    if (reply.status == 401 || reply.status == 403) reply.code = BucketCode::access_denied;
    if (contains(kGone, code)) {
        reply.status = 404;
        reply.code = BucketCode::no_such_bucket;
    }
    if (contains(kThrottled, code) && (reply.status == 503 || reply.status == 429))
        reply.code = BucketCode::slow_down;
    const bool create =
        request.verb == BucketVerb::put && request.condition == PutCondition::if_none_match;
    if (reply.status == 409 && code == "BlobAlreadyExists" && create) {
        reply.status = 412;
        reply.code = BucketCode::precondition_failed;
    }
    if ((reply.status == 409 || reply.status == 412) && contains(kRefusals, code)) {
        reply.status = 403;
        reply.code = BucketCode::access_denied;
    }
}

void take_page(const AzurePlace& place, const SendBucket& request, std::string_view body,
               AzureReply& out) {
    const std::string after =
        request.key.empty() ? std::string() : full_key(place, request.key.view());
    auto read = parse_azure_page(body, full_key(place, request.prefix.view()), after,
                                 full_key(place, "").size());
    if (!read) {
        out.problem = read.error();
        return;
    }
    // The model goes on after the last entry. Pages may be empty and yet not the last.
    out.unfinished = read->page.entries.empty() && read->page.truncated;
    out.marker = std::move(read->marker);
    out.reply.content = std::make_shared<const ListPage>(std::move(read->page));
}

/// Code and words; the request's number and time, which follow the words, are no news.
std::string said(const std::string& code, std::string message) {
    message.erase(std::min(message.find("RequestId:"), message.size()));
    message.erase(message.find_last_not_of(' ') + 1);
    return (code.empty() ? "" : " " + code) + (message.empty() ? "" : ": " + message);
}

void take_error(const SendBucket& request, const Response& response, std::string_view body,
                AzureReply& out) {
    const S3Error error = parse_error(body);
    out.code = word_or_nothing(response.header("x-ms-error-code"));
    if (out.code.empty()) out.code = error.code;
    interpret(request, out.code, out.reply);
    if (response.status == 304) {
        out.reply.etag = request.etag;
        out.reply.code = BucketCode::none;
    }
    out.reply.retry_after = retry_after(response);
    out.reply.names_condition = error.names_condition;
    const bool ordinary = response.status == 304 || out.reply.status == 412 ||
                          out.reply.code == BucketCode::no_such_key;
    if (!ordinary)
        out.problem = "answered " + std::to_string(response.status) + said(out.code, error.message);
}

}  // namespace

AzureReply azure_reply(const AzurePlace& place, const SendBucket& request, const Response& response,
                       std::string_view body, ObjectBodyPtr object, bool gate_closed) {
    AzureReply out;
    if (unanswered(request, response, gate_closed, out.reply, out.problem)) return out;
    BucketReply& reply = out.reply;
    reply.status = response.status;
    if (response.status < 200 || response.status >= 300) {
        take_error(request, response, body, out);
        return out;
    }
    // The model's are those of S3.
    if (request.verb == BucketVerb::put && response.status == 201) reply.status = 200;
    if (request.verb == BucketVerb::remove) take_removed(response, body, 202, reply, out.problem);
    if (request.verb == BucketVerb::list) {
        take_page(place, request, body, out);
        return out;
    }
    reply.etag = ETag(std::string(unquoted(response.header("etag"))));
    if (request.verb == BucketVerb::get) reply.content = std::move(object);
    if (request.verb != BucketVerb::remove && reply.etag.empty())
        out.problem = "a successful answer without an ETag";
    return out;
}

}  // namespace leasehold::agent
