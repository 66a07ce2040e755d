#include "agent/bucket/credentials_answer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "agent/base/one_line.hpp"
#include "agent/bucket/s3_xml.hpp"

namespace leasehold::agent {
namespace {

using namespace std::chrono_literals;
using Error = Unexpected<std::string>;
using Json = nlohmann::json;

constexpr std::size_t kLongestKey = 1024;          ///< access and secret keys, bytes
constexpr std::size_t kLongestToken = 16U << 10;   ///< more than any server takes as a header
constexpr std::size_t kLongestWords = 200;         ///< of an error, in the log
constexpr std::size_t kTelling = 12;               ///< bytes of a secret that are one too many
constexpr Duration kRenewBefore = 5min;            ///< as the SDKs do
constexpr Duration kShortLife = 2 * kRenewBefore;  ///< renewed at its half
constexpr Duration kWithoutEnd = 5min;             ///< asked again when no end was said
constexpr std::string_view kNoCredentials = "an answer without usable credentials: ";

/// A string of bounded size, or nothing: absent, of another type, empty, too long.
std::optional<std::string> text_at(const Json& object, const char* name, std::size_t longest) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    const auto& text = found->get_ref<const std::string&>();
    if (text.empty() || text.size() > longest) return std::nullopt;
    return text;
}

std::optional<std::string> text_at(const pugi::xml_node& node, const char* name,
                                   std::size_t longest) {
    const pugi::xml_node child = node.child(name);
    const std::string_view text = child.child_value();
    if (!child || child.next_sibling(name) || text.empty() || text.size() > longest)
        return std::nullopt;
    return std::string(text);
}

/// The four of them from XML and from JSON alike, whose tokens have different names.
template <class Node>
Result<Issued, std::string> issued_by(const Node& node, const char* token_name, bool ends_always) {
    const std::string where(kNoCredentials);
    const auto access = text_at(node, "AccessKeyId", kLongestKey);
    if (!access) return Error{where + "no AccessKeyId, or a long one"};
    const auto secret = text_at(node, "SecretAccessKey", kLongestKey);
    if (!secret) return Error{where + "no SecretAccessKey, or a long one"};
    const auto token = text_at(node, token_name, kLongestToken);
    if (!token) return Error{where + "no " + token_name + ", or a long one"};
    auto checked = checked_credentials({*access, *secret, *token}, "the answer");
    if (!checked) return Error{checked.error()};
    Issued issued{*std::move(checked), std::nullopt};
    const auto ends = text_at(node, "Expiration", 64);
    if (ends) issued.ends = parse_utc(*ends);
    if (!issued.ends && (ends || ends_always)) return Error{where + "Expiration is no time of UTC"};
    return issued;
}

/// Two digits, or a number that no part of a time reaches.
int two(std::string_view text, std::size_t at) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (at + 2 > text.size() || !digit(text[at]) || !digit(text[at + 1])) return 1000;
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// "", ".123", and then Z or an offset of zero.
bool ends_in_utc(std::string_view rest) {
    if (rest.starts_with('.')) {
        const std::size_t digits = rest.find_first_not_of("0123456789", 1);
        if (digits == std::string_view::npos || digits == 1) return false;
        rest.remove_prefix(digits);
    }
    return rest == "Z" || rest == "+00:00";
}

/// Of OAuth's form (RFC 6749), and of Google's other services.
std::pair<std::string, std::string> error_of(const Json& json, const Json& error) {
    const bool flat = error.is_string();
    if (!flat && !error.is_object()) return {};
    const auto code =
        flat ? text_at(json, "error", kLargestAnswer) : text_at(error, "status", kLargestAnswer);
    const auto words = flat ? text_at(json, "error_description", kLargestAnswer)
                            : text_at(error, "message", kLargestAnswer);
    return {code.value_or(""), words.value_or("")};
}

/// Code and words of an error document, from whichever of the services.
std::pair<std::string, std::string> error_of(std::string_view body) {
    pugi::xml_document document;
    if (document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8)) {
        pugi::xml_node error = document.document_element();
        if (error.child("Error")) error = error.child("Error");
        if (std::string_view(error.name()) != "Error") return {};
        return {error.child_value("Code"), error.child_value("Message")};
    }
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object()) return {"", json.is_discarded() ? std::string(body) : std::string()};
    if (const auto error = json.find("error"); error != json.end()) return error_of(json, *error);
    const auto either = [&](const char* large, const char* small) {
        auto text = text_at(json, large, kLargestAnswer);
        if (!text) text = text_at(json, small, kLargestAnswer);
        return text.value_or("");
    };
    return {either("Code", "code"), either("Message", "message")};
}

bool repeats(std::string_view text, std::string_view secret) {
    for (std::size_t at = 0; at + kTelling <= text.size(); ++at)
        if (secret.find(text.substr(at, kTelling)) != secret.npos) return true;
    return false;
}

}  // namespace

std::optional<WallTime> parse_utc(std::string_view text) {
    // 2026-11-28T01:02:03
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || !ends_in_utc(text.substr(19)))
        return std::nullopt;
    const int year = two(text, 0) * 100 + two(text, 2);
    const std::chrono::year_month_day day{
        std::chrono::year(std::min(year, 9999)),
        std::chrono::month(static_cast<unsigned>(std::min(two(text, 5), 99))),
        std::chrono::day(static_cast<unsigned>(std::min(two(text, 8), 99)))};
    const int hour = two(text, 11);
    const int minute = two(text, 14);
    const int second = two(text, 17);
    // WallTime ends in 2262.
    if (year < 1971 || year > 2200 || !day.ok() || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;
    const Duration since = std::chrono::sys_days(day).time_since_epoch() +
                           std::chrono::hours(hour) + std::chrono::minutes(minute) +
                           std::chrono::seconds(second);
    return WallTime(since);
}

Result<Issued, std::string> parse_web_identity_answer(std::string_view body) {
    pugi::xml_document document;
    if (!document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8))
        return Error{"its answer is not XML"};
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "AssumeRoleWithWebIdentityResponse")
        return Error{"its answer is not an AssumeRoleWithWebIdentityResponse"};
    return issued_by(root.child("AssumeRoleWithWebIdentityResult").child("Credentials"),
                     "SessionToken", true);
}

Result<Issued, std::string> parse_service_answer(std::string_view body) {
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object()) return Error{"its answer is not a JSON object"};
    // An instance's service says 200 and Code: Failed when it has none.
    const std::string code = word_or_nothing(text_at(json, "Code", 64).value_or("Success"));
    if (code != "Success") {
        const std::string words = text_at(json, "Message", kLargestAnswer).value_or("");
        return Error{"it has none: " + code + ": " + one_line(words, kLongestWords)};
    }
    return issued_by(json, "Token", false);
}

std::string failure(const Response& response, std::string_view secret) {
    if (response.end != TransferEnd::answered)
        return response.error.empty() ? "no answer" : response.error;
    std::string text = "answered " + std::to_string(response.status);
    const auto [code, words] = error_of(response.body);
    if (const std::string word = word_or_nothing(code); !word.empty() && !repeats(word, secret))
        text += " " + word;
    const std::string line = one_line(words, kLongestWords);
    if (repeats(line, secret)) return text + ": (its words repeat the token)";
    return line.empty() ? text : text + ": " + line;
}

Result<Grant, std::string> granted(Issued issued, WallTime now, std::string from) {
    Grant grant{std::move(issued.credentials), std::nullopt, kWithoutEnd, true, std::move(from)};
    if (!issued.ends) return grant;
    const Duration life = *issued.ends - now;
    if (life <= Duration::zero())
        return Error{"credentials that have ended by this machine's clock"};
    grant.life = life;
    grant.renew_after = life > kShortLife ? life - kRenewBefore : life / 2;
    return grant;
}

}  // namespace leasehold::agent
