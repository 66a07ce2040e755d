#include "agent/bucket/gcs_request.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/base/md5.hpp"
#include "agent/bucket/gcs_json.hpp"

namespace leasehold::agent {
namespace {

constexpr const char* kType = "application/octet-stream";

// A version of another store (a local copy remembers it) must not become the 0 of "no object".
// Generations are microseconds of a clock: none is 1.
constexpr const char* kNobodys = "1";

std::string generation_match(const SendBucket& request) {
    const std::string match =
        "ifGenerationMatch=" + (is_generation(request.etag.view()) ? request.etag.str() : kNobodys);
    if (request.verb == BucketVerb::remove) return request.etag.empty() ? "" : match;
    switch (request.condition) {
        case PutCondition::if_match:
            return match;
        case PutCondition::if_none_match:
            return "ifGenerationMatch=0";  // there is no live object
        case PutCondition::none:
            break;
    }
    return "";
}

/// What separates the parts must not stand in any of them. No payload holds its own digest.
std::string boundary_of(const ContentDigest& digest) {
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "leasehold-%016llx%016llx",
                                   static_cast<unsigned long long>(digest.high),
                                   static_cast<unsigned long long>(digest.low));
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

GcsStep step_of(const SendBucket& request, bool going_on) {
    if (request.verb != BucketVerb::get) return GcsStep::whole;
    return going_on || !is_generation(request.etag.view()) ? GcsStep::content : GcsStep::version;
}

Request gcs_request(const GcsPlace& place, const SendBucket& request, GcsStep step,
                    const std::string& page) {
    Request out;
    const std::string_view key = request.key.view();
    const std::string match = generation_match(request);
    switch (request.verb) {
        case BucketVerb::get:
            if (step == GcsStep::version) {
                out.url = resource_url(
                    place, key, "?fields=generation&ifGenerationNotMatch=" + request.etag.str());
                break;
            }
            out.url = content_url(place, key);
            // As it is stored: what somebody uploaded with Content-Encoding: gzip would come
            // unpacked otherwise, and with another size than a LIST says.
            out.headers.emplace_back("Accept-Encoding: gzip");
            break;
        case BucketVerb::put:
            out.method = "POST";
            out.url = upload_url(place, "&fields=generation" + (match.empty() ? "" : "&" + match));
            break;
        case BucketVerb::remove:
            out.method = "DELETE";
            out.url = resource_url(place, key, match.empty() ? "" : "?" + match);
            break;
        case BucketVerb::list:
            out.url = pages_url(place, request.prefix.view(), key, page);
            break;
    }
    return out;
}

void add_upload(Request& request, const GcsPlace& place, const SendBucket& put,
                std::vector<BytesPtr> content, const std::string& md5) {
    nlohmann::json resource{{"name", full_key(place, put.key.view())},
                            {"contentType", kType},
                            {"md5Hash", base64(md5)}};
    if (!put.body->metadata.empty()) resource["metadata"] = {{kGcsStamp, put.body->metadata}};
    const std::string boundary = boundary_of(put.body->payload.digest);
    // Keys of other encodings than UTF-8 are none (key_rule.hpp), and a stamp is ASCII.
    const std::string described = resource.dump();
    request.headers.push_back("Content-Type: multipart/related; boundary=" + boundary);
    request.has_body = true;
    request.body = {
        memory_bytes("--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" +
                     described + "\r\n--" + boundary + "\r\nContent-Type: " + kType + "\r\n\r\n")};
    for (BytesPtr& part : content)
        request.body.push_back(std::move(part));
    request.body.push_back(memory_bytes("\r\n--" + boundary + "--\r\n"));
}

}  // namespace leasehold::agent
