#include "agent/bucket/gcs_reply.hpp"

#include <cstddef>
#include <memory>
#include <utility>

#include "agent/base/one_line.hpp"
#include "agent/bucket/retry_after.hpp"
#include "agent/bucket/unanswered.hpp"

namespace leasehold::agent {
namespace {

/// The body of fake-gcs-server's 200 to a DELETE.
constexpr std::string_view kEmulatorsNothing = "null\n";
constexpr std::size_t kLongestNumber = 20;
constexpr const char* kNoGeneration = "a successful answer without a generation";

void take_page(const GcsAsked& asked, const SendBucket& request, std::string_view body,
               GcsReply& out) {
    const GcsPlace& place = asked.place;
    const std::string after =
        request.key.empty() ? std::string() : full_key(place, request.key.view());
    auto read = parse_gcs_page(body, full_key(place, request.prefix.view()), after,
                               full_key(place, "").size());
    if (!read) {
        out.problem = read.error();
        return;
    }
    // The model goes on after the last entry. Pages may be empty and yet not the last.
    out.unfinished = read->page.entries.empty() && read->page.truncated;
    out.page = std::move(read->token);
    out.reply.content = std::make_shared<const ListPage>(std::move(read->page));
}

/// What is stored in gzip is asked for as it is: to whatever stands before the store, that says
/// that the answer may be compressed. Servers that do not tell how much is stored are believed.
bool as_stored(const Response& response, const ObjectBody& object, std::string& problem) {
    const std::string_view stored = response.header("x-goog-stored-content-length");
    const std::string came = std::to_string(object.head.size() + object.payload.size);
    if (stored.empty() || stored == came) return true;
    problem = "the content came with " + came + " bytes, and is stored with " +
              one_line(stored, kLongestNumber) + ": something on the way changes it";
    return false;
}

void take_version(const SendBucket& request, const std::string& generation, GcsReply& out) {
    if (generation.empty()) {
        out.problem = kNoGeneration;
    } else if (generation == request.etag.view()) {
        out.reply.status = 304;
        out.reply.etag = request.etag;
    } else {
        out.unfinished = true;
    }
}

void take_success(const GcsAsked& asked, const SendBucket& request, const Response& response,
                  std::string_view body, ObjectBodyPtr object, GcsReply& out) {
    switch (request.verb) {
        case BucketVerb::get: {
            if (asked.step == GcsStep::version)
                return take_version(request, parse_generation(body), out);
            const std::string_view generation = response.header("x-goog-generation");
            if (is_generation(generation)) out.reply.etag = ETag(std::string(generation));
            if (object && !as_stored(response, *object, out.problem)) return;
            out.reply.content = std::move(object);
            break;
        }
        case BucketVerb::put:
            out.reply.etag = ETag(parse_generation(body));
            break;
        case BucketVerb::list:
            return take_page(asked, request, body, out);
        case BucketVerb::remove: {
            const bool nothing = asked.place.emulator && body == kEmulatorsNothing;
            return take_removed(response, nothing ? "" : body, 204, out.reply, out.problem);
        }
    }
    if (out.reply.etag.empty()) out.problem = kNoGeneration;
}

/// Answers that belong to the protocol's daily life, and are nobody's fault.
bool ordinary(const BucketReply& reply) {
    return reply.status < 300 || reply.status == 304 || reply.status == 412 ||
           reply.code == BucketCode::no_such_key;
}

std::string said(const GcsError& error) {
    std::string text;
    if (!error.code.empty()) text += " " + error.code;
    if (!error.message.empty()) text += ": " + error.message;
    return text;
}

bool is_bare_not_found(std::string_view body) {
    while (body.ends_with('\n'))
        body.remove_suffix(1);
    return body == "Not Found";
}

void take_error(const GcsAsked& asked, const SendBucket& request, const Response& response,
                std::string_view body, GcsReply& out) {
    BucketReply& reply = out.reply;
    out.error = parse_gcs_error(body);
    reply.code = gcs_code(request.verb, reply.status, out.error);
    if (asked.place.emulator && asked.step == GcsStep::content && reply.status == 404 &&
        is_bare_not_found(body))
        reply.code = BucketCode::no_such_key;
    if (reply.status == 403 && is_throttling(out.error)) reply.status = 429;
    if (reply.status == 304 && request.verb == BucketVerb::get) reply.etag = request.etag;
    reply.retry_after = retry_after(response);
    if (!ordinary(reply))
        out.problem = "answered " + std::to_string(response.status) + said(out.error);
}

}  // namespace

GcsReply gcs_reply(const GcsAsked& asked, const SendBucket& request, const Response& response,
                   std::string_view body, ObjectBodyPtr object, bool gate_closed) {
    GcsReply out;
    if (unanswered(request, response, gate_closed, out.reply, out.problem)) return out;
    out.reply.status = response.status;
    if (response.status >= 200 && response.status < 300)
        take_success(asked, request, response, body, std::move(object), out);
    else
        take_error(asked, request, response, body, out);
    return out;
}

}  // namespace leasehold::agent
