#include "agent/bucket/s3_reply.hpp"

#include <memory>
#include <utility>

#include "agent/bucket/retry_after.hpp"
#include "agent/bucket/s3_url.hpp"
#include "agent/bucket/unanswered.hpp"

namespace leasehold::agent {
namespace {

void take_page(const BucketConfig& config, const SendBucket& request, std::string_view body,
               S3Reply& out) {
    const std::string prefix = full_key(config, request.prefix.view());
    const std::string after =
        request.key.empty() ? std::string() : full_key(config, request.key.view());
    const std::size_t strip = full_key(config, "").size();
    auto read = parse_list_page(body, prefix, after, strip);
    if (!read) {
        out.problem = read.error();
        return;
    }
    // The model goes on after the last entry: of keys that are none of ours alone there is none.
    if (read->page.entries.empty() && read->page.truncated) {
        if (read->last != after) out.last = ObjectKey(read->last.substr(strip));
        out.token = std::move(read->token);
        out.unfinished = !out.last.empty() || !out.token.empty();
        if (!out.unfinished)
            out.problem = "a LIST's answer IsTruncated, without a key or a NextContinuationToken";
        return;
    }
    out.reply.content = std::make_shared<const ListPage>(std::move(read->page));
}

/// Answers that belong to the protocol's daily life, and are nobody's fault. A 409 is one when it
/// tells of another request at the same time; what lasts is somebody's to mend.
bool ordinary(const BucketReply& reply, std::string_view code) {
    const bool meeting = code == "ConditionalRequestConflict" || code == "OperationAborted";
    return reply.status < 300 || reply.status == 304 || reply.status == 412 ||
           (reply.status == 409 && meeting) || reply.code == BucketCode::no_such_key;
}

/// A key below another, or above one, on a server that keeps objects as files (Versity): certainly
/// not applied, as long as the other is there.
bool blocked(std::string_view code) {
    return code == "ObjectParentIsFile" || code == "ExistingObjectIsDirectory";
}

/// " AccessDenied: Access Denied.", as far as it was said.
std::string said(const S3Error& error) {
    std::string text;
    if (!error.code.empty()) text += " " + error.code;
    if (!error.message.empty()) text += ": " + error.message;
    return text;
}

}  // namespace

S3Reply s3_reply(const BucketConfig& config, const SendBucket& request, const Response& response,
                 std::string_view body, ObjectBodyPtr object, bool gate_closed) {
    S3Reply out;
    if (unanswered(request, response, gate_closed, out.reply, out.problem)) return out;
    BucketReply& reply = out.reply;
    reply.status = response.status;
    reply.etag = ETag(std::string(unquoted(response.header("etag"))));
    if (response.status == 304 && reply.etag.empty()) reply.etag = request.etag;  // Versity
    if (response.status >= 200 && response.status < 300) {
        if (request.verb == BucketVerb::get) reply.content = std::move(object);
        if (request.verb == BucketVerb::list) take_page(config, request, body, out);
        if (request.verb == BucketVerb::remove)
            take_removed(response, body, 204, reply, out.problem);
        const bool tagged = request.verb == BucketVerb::get || request.verb == BucketVerb::put;
        if (tagged && reply.etag.empty()) {
            // Some servers say 200 before they know.
            out.error = parse_error(body);
            out.problem = "a successful answer without an ETag" + said(out.error);
        }
        return out;
    }
    out.error = parse_error(body);
    if (out.error.region.empty())
        out.error.region = word_or_nothing(response.header("x-amz-bucket-region"));
    reply.code = bucket_code(out.error.code);
    reply.names_condition = out.error.names_condition;
    // Not implemented is our checksum, and not the condition for which the model would take it.
    const bool of_the_body =
        out.error.names_checksum || out.error.wants_checksum || out.error.names_body_hash;
    if (response.status == 501 && of_the_body) reply.status = 400;
    if (response.status == 409 && blocked(out.error.code)) reply.status = 400;  // as the directory
    reply.retry_after = retry_after(response);
    if (response.status >= 400) reply.etag = ETag();  // MinIO sends the object's with a 412
    if (!ordinary(reply, out.error.code))
        out.problem = "answered " + std::to_string(response.status) + said(out.error);
    return out;
}

}  // namespace leasehold::agent
