#include "agent/bucket/s3_xml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <pugixml.hpp>

#include "agent/base/one_line.hpp"
#include "agent/base/percent.hpp"
#include "agent/bucket/page_order.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

// Keys keep their blanks and line ends; comments, instructions and DOCTYPEs are skipped.
constexpr unsigned kFlags =
    pugi::parse_minimal | pugi::parse_escapes | pugi::parse_cdata | pugi::parse_ws_pcdata_single;

constexpr const char* kIncomplete = "a LIST's answer has an entry without Key, ETag or Size";
constexpr std::size_t kLongestMessage = 200;
constexpr std::size_t kLongestToken = 8192;
/// The elements of an error that say what was wrong. All others may repeat the request, which holds
/// anything: a key that is called if-match, or (SignatureDoesNotMatch) every header of it.
constexpr std::array<const char*, 5> kReasons{"Code", "Message", "Header", "HeaderName",
                                              "ArgumentName"};

constexpr std::array<std::pair<std::string_view, BucketCode>, 23> kCodes{{
    {"NoSuchKey", BucketCode::no_such_key},
    {"NoSuchBucket", BucketCode::no_such_bucket},
    {"PreconditionFailed", BucketCode::precondition_failed},
    {"ConditionalRequestConflict", BucketCode::conditional_request_conflict},
    {"SlowDown", BucketCode::slow_down},
    {"SlowDownRead", BucketCode::slow_down},   // MinIO
    {"SlowDownWrite", BucketCode::slow_down},  // MinIO
    {"TooManyRequests", BucketCode::slow_down},
    {"RequestLimitExceeded", BucketCode::slow_down},
    {"Throttling", BucketCode::slow_down},
    {"ThrottlingException", BucketCode::slow_down},
    {"AccessDenied", BucketCode::access_denied},
    {"AllAccessDisabled", BucketCode::access_denied},
    {"AccountProblem", BucketCode::access_denied},
    {"InvalidAccessKeyId", BucketCode::access_denied},
    {"SignatureDoesNotMatch", BucketCode::access_denied},
    {"ExpiredToken", BucketCode::access_denied},
    {"InvalidToken", BucketCode::access_denied},
    {"InvalidTokenId", BucketCode::access_denied},  // MinIO
    {"RequestTimeTooSkewed", BucketCode::access_denied},
    {"RequestExpired", BucketCode::access_denied},
    {"NotImplemented", BucketCode::not_implemented},
    {"InternalError", BucketCode::internal_error},
}};

/// The element's own text; nothing when it is absent, repeated or holds elements.
std::optional<std::string> text_of(const pugi::xml_node& parent, const char* name) {
    const pugi::xml_node node = parent.child(name);
    if (!node || node.next_sibling(name)) return std::nullopt;
    std::string text;
    for (const pugi::xml_node& part : node.children()) {
        if (part.type() != pugi::node_pcdata && part.type() != pugi::node_cdata)
            return std::nullopt;
        text += part.value();
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& c : copy)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return copy;
}

bool load(pugi::xml_document& document, std::string_view body) {
    return static_cast<bool>(
        document.load_buffer(body.data(), body.size(), kFlags, pugi::encoding_utf8));
}

std::optional<ListEntry> entry_of(const pugi::xml_node& node) {
    const auto etag = text_of(node, "ETag");
    const auto size = text_of(node, "Size");
    if (!etag || unquoted(*etag).empty() || !size) return std::nullopt;
    ListEntry entry;
    const char* const end = size->data() + size->size();
    const auto [stop, error] = std::from_chars(size->data(), end, entry.size);
    if (error != std::errc() || stop != end) return std::nullopt;
    entry.etag = ETag(std::string(unquoted(*etag)));
    return entry;
}

/// "...; the region 'us-east-1' is wrong; expecting 'nl-ams'", as Amazon and those who speak like
/// it say, not all of them with the region in an element of its own.
std::string expected_region(std::string_view message) {
    constexpr std::string_view kBefore = "expecting ";
    const std::size_t at = message.find(kBefore);
    if (at == message.npos) return {};
    message.remove_prefix(at + kBefore.size());
    if (message.empty() || (message.front() != '\'' && message.front() != '"')) return {};
    const std::size_t end = message.find(message.front(), 1);
    return end == message.npos ? std::string() : word_or_nothing(message.substr(1, end - 1));
}

}  // namespace

std::string word_or_nothing(std::string_view text) {
    constexpr std::size_t kLongest = 64;
    const bool word = text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                      });
    return word ? std::string(text) : std::string();
}

S3Error parse_error(std::string_view body) {
    S3Error error;
    pugi::xml_document document;
    if (!load(document, body)) return error;
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "Error") return error;
    error.code = word_or_nothing(text_of(root, "Code").value_or(""));
    error.message = one_line(text_of(root, "Message").value_or(""), kLongestMessage);
    error.region = word_or_nothing(text_of(root, "Region").value_or(""));
    if (error.region.empty() && error.code == "AuthorizationHeaderMalformed")
        error.region = expected_region(error.message);
    for (const char* const reason : kReasons) {
        const std::string text = lower(text_of(root, reason).value_or(""));
        const auto names = [&](std::string_view word) { return text.find(word) != text.npos; };
        if (names("if-match") || names("if-none-match")) error.names_condition = true;
        // "Content-MD5 OR x-amz-checksum- HTTP header is required ..." (Object Lock).
        if (names("x-amz-checksum"))
            (names("required") ? error.wants_checksum : error.names_checksum) = true;
        if (names("content-sha256") || names("contentsha256") || names("unsigned-payload"))
            error.names_body_hash = true;
    }
    return error;
}

BucketCode bucket_code(std::string_view code) {
    if (code.empty()) return BucketCode::none;
    const auto found = std::find_if(kCodes.begin(), kCodes.end(),
                                    [code](const auto& entry) { return entry.first == code; });
    return found == kCodes.end() ? BucketCode::other : found->second;
}

Result<S3Page, std::string> parse_list_page(std::string_view body, std::string_view prefix,
                                            std::string_view after, std::size_t strip) {
    pugi::xml_document document;
    if (!load(document, body)) return Error{"a LIST's answer is not XML"};
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "ListBucketResult")
        return Error{"a LIST's answer is not a ListBucketResult"};
    const auto truncated = text_of(root, "IsTruncated");
    if (truncated != "true" && truncated != "false")
        return Error{"a LIST's answer does not say whether it IsTruncated"};
    S3Page out;
    out.page.truncated = truncated == "true";
    PageOrder order(prefix, after, strip);
    const bool encoded = text_of(root, "EncodingType") == "url";
    for (const pugi::xml_node& node : root.children("Contents")) {
        std::string full = text_of(node, "Key").value_or("");
        if (full.empty()) return Error{kIncomplete};
        if (encoded) {
            // A blank is "+" (Amazon, MinIO) or "%20" (rclone, moto); a plus sign always "%2B".
            auto plain = percent_decoded(full, true);
            if (!plain) return Error{"a LIST's answer has a key with a broken percent escape"};
            full = *std::move(plain);
        }
        std::optional<ListEntry> entry = entry_of(node);
        if (!entry && order.ours(full)) return Error{kIncomplete};
        if (auto wrong = order.add(full, std::move(entry).value_or(ListEntry{}), out.page))
            return Error{*std::move(wrong)};
    }
    out.last = order.last();
    out.token = text_of(root, "NextContinuationToken").value_or("");
    if (out.token.size() > kLongestToken) return Error{"a LIST's answer has an endless token"};
    return out;
}

std::string_view unquoted(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
        etag = etag.substr(1, etag.size() - 2);
    return etag;
}

}  // namespace leasehold::agent
