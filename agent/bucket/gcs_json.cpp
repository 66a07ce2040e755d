#include "agent/bucket/gcs_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/base/one_line.hpp"
#include "agent/bucket/page_order.hpp"
#include "agent/bucket/s3_xml.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;
using Json = nlohmann::json;

constexpr std::size_t kLongestMessage = 200;
constexpr std::size_t kLongestToken = 4096;
constexpr std::string_view kBucketGone = "bucket does not exist";

// Both of 403 and of 429, as Google documents them.
constexpr std::array<std::string_view, 7> kThrottling{
    "rateLimitExceeded",  "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded",
    "usageLimitExceeded", "TooManyRequests",       "SlowDown"};

constexpr std::array<std::pair<std::string_view, BucketCode>, 14> kCodes{{
    {"conditionNotMet", BucketCode::precondition_failed},
    {"PreconditionFailed", BucketCode::precondition_failed},
    {"NoSuchKey", BucketCode::no_such_key},
    {"NoSuchBucket", BucketCode::no_such_bucket},
    {"required", BucketCode::access_denied},
    {"authError", BucketCode::access_denied},
    {"forbidden", BucketCode::access_denied},
    {"insufficientPermissions", BucketCode::access_denied},
    {"AuthenticationRequired", BucketCode::access_denied},
    {"AccessDenied", BucketCode::access_denied},
    {"InvalidSecurity", BucketCode::access_denied},
    {"backendError", BucketCode::internal_error},
    {"internalError", BucketCode::internal_error},
    {"InternalError", BucketCode::internal_error},
}};

std::string text_at(const Json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return {};
    return found->get<std::string>();
}

std::optional<ListEntry> entry_of(const Json& item) {
    const std::string generation = text_at(item, "generation");
    const std::string size = text_at(item, "size");
    if (!is_generation(generation)) return std::nullopt;
    ListEntry entry;
    const auto [stop, error] = std::from_chars(size.data(), size.data() + size.size(), entry.size);
    if (size.empty() || error != std::errc() || stop != size.data() + size.size())
        return std::nullopt;
    entry.etag = ETag(generation);
    return entry;
}

}  // namespace

GcsError parse_gcs_error(std::string_view body) {
    if (const S3Error xml = parse_error(body); !xml.code.empty()) return {xml.code, xml.message};
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    const auto error = json.is_object() ? json.find("error") : json.end();
    if (!json.is_object() || error == json.end() || !error->is_object()) return {};
    GcsError out;
    out.message = one_line(text_at(*error, "message"), kLongestMessage);
    const auto all = error->find("errors");
    if (all != error->end() && all->is_array() && !all->empty())
        out.code = word_or_nothing(text_at(all->front(), "reason"));
    if (out.code.empty()) out.code = word_or_nothing(text_at(*error, "status"));
    return out;
}

bool is_throttling(const GcsError& error) {
    return std::find(kThrottling.begin(), kThrottling.end(), error.code) != kThrottling.end();
}

BucketCode gcs_code(BucketVerb verb, std::int32_t status, const GcsError& error) {
    if (error.code.empty()) return BucketCode::none;
    if (is_throttling(error)) return BucketCode::slow_down;
    if (status == 404 && error.code == "notFound") {
        // One word for both: of an upload or a page it can only be the bucket.
        const bool object = verb == BucketVerb::get || verb == BucketVerb::remove;
        const bool bucket = error.message.find(kBucketGone) != std::string::npos;
        return object && !bucket ? BucketCode::no_such_key : BucketCode::no_such_bucket;
    }
    const auto found = std::find_if(kCodes.begin(), kCodes.end(),
                                    [&](const auto& entry) { return entry.first == error.code; });
    return found == kCodes.end() ? BucketCode::other : found->second;
}

bool is_generation(std::string_view text) {
    constexpr std::size_t kLongest = 19;  // of an int64
    return !text.empty() && text.size() <= kLongest && text.front() != '0' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string parse_generation(std::string_view body) {
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    std::string generation = text_at(json, "generation");
    return is_generation(generation) ? generation : std::string();
}

Result<GcsPage, std::string> parse_gcs_page(std::string_view body, std::string_view prefix,
                                            std::string_view after, std::size_t strip) {
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object()) return Error{"a LIST's answer is not a JSON object"};
    GcsPage out;
    out.token = text_at(json, "nextPageToken");
    if (out.token.size() > kLongestToken) return Error{"a LIST's answer has an endless page token"};
    out.page.truncated = !out.token.empty();
    const auto items = json.find("items");
    if (items == json.end()) return out;  // no key of this prefix
    if (!items->is_array()) return Error{"a LIST's answer has no list of items"};
    PageOrder order(prefix, after, strip);
    for (const Json& item : *items) {
        const std::string full = text_at(item, "name");
        std::optional<ListEntry> entry = entry_of(item);
        if (full.empty() || (!entry && order.ours(full)))
            return Error{"a LIST's answer has an entry without name, generation or size"};
        if (auto wrong = order.add(full, std::move(entry).value_or(ListEntry{}), out.page))
            return Error{*std::move(wrong)};
    }
    return out;
}

}  // namespace leasehold::agent
