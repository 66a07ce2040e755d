#include "agent/bucket/google_key.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "agent/bucket/google_jwt.hpp"
#include "agent/bucket/service_url.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;
using Json = nlohmann::json;

constexpr const char* kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr std::string_view kUniverse = "googleapis.com";
constexpr std::int64_t kUsualLifetime = 3600;  ///< seconds
constexpr std::int64_t kLeastLifetime = 600;   ///< as IAM has it
constexpr std::int64_t kMostLifetime = 43200;
// What Google's own libraries know besides.
constexpr std::array<std::string_view, 3> kOtherTypes{
    "impersonated_service_account", "external_account_authorized_user", "gdch_service_account"};

[[noreturn]] void bad(const std::string& problem) {
    throw std::invalid_argument(problem);
}

/// A string, or "": absent, of another type.
std::string text_at(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return {};
    return found->get<std::string>();
}

/// Everything goes into a header, a form or a URL's host sooner or later.
bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// A required text without blanks. Throws std::invalid_argument.
std::string word(const Json& object, const char* name) {
    std::string text = text_at(object, name);
    if (text.empty()) bad(std::string(name) + ": missing");
    if (!printable(text)) bad(std::string(name) + ": blanks or non-ASCII characters");
    return text;
}

/// Tokens and keys go there: in the clear only to this machine itself. Throws
/// std::invalid_argument.
std::string url(const Json& object, const char* name, const char* otherwise, bool plain = false) {
    const std::string text = text_at(object, name);
    if (text.empty() && otherwise == nullptr) bad(std::string(name) + ": missing");
    if (text.empty()) return otherwise;
    const auto parsed = parse_service_url(text);
    if (!parsed) bad(std::string(name) + ": " + parsed.error());
    if (parsed->scheme == "http" && !plain && !plain_allowed(*parsed))
        bad(std::string(name) + ": plain HTTP goes to this machine alone (use https)");
    return text;
}

ServiceAccountKey service_account(const Json& json) {
    ServiceAccountKey key;
    key.email = word(json, "client_email");
    key.key_id = text_at(json, "private_key_id");
    if (!printable(key.key_id)) bad("private_key_id: not a key's name");
    key.private_key = text_at(json, "private_key");
    if (key.private_key.empty()) bad("private_key: missing");
    if (!usable_private_key(key.private_key))
        bad("private_key: not an RSA key in PEM form (are its \\n still there?)");
    key.token_url = url(json, "token_uri", kTokenUrl);
    return key;
}

AuthorizedUser authorized_user(const Json& json) {
    AuthorizedUser user;
    user.client_id = word(json, "client_id");
    user.client_secret = word(json, "client_secret");
    user.refresh_token = word(json, "refresh_token");
    user.token_url = url(json, "token_uri", kTokenUrl);
    return user;
}

void read_source(const Json& source, ExternalAccount& account) {
    for (const char* const other : {"environment_id", "executable", "certificate"})
        if (source.contains(other))
            bad("credential_source." + std::string(other) +
                ": not supported (expected file or url)");
    account.token_file = text_at(source, "file");
    if (account.token_file.empty())
        account.subject_url = url(source, "url", nullptr, true);  // a link-local service
    const auto headers = source.find("headers");
    if (headers != source.end() && headers->is_object())
        for (const auto& [name, value] : headers->items()) {
            if (!value.is_string() || !printable(name) || name.find(':') != name.npos)
                bad("credential_source.headers: expected a map of texts");
            account.subject_headers[name] = value.get<std::string>();
        }
    const auto format = source.find("format");
    if (format == source.end()) return;
    const std::string type = format->is_object() ? text_at(*format, "type") : "";
    if (type != "" && type != "text" && type != "json")
        bad("credential_source.format.type: expected text or json");
    if (type == "json") account.subject_field = word(*format, "subject_token_field_name");
}

ExternalAccount external_account(const Json& json) {
    ExternalAccount account;
    account.audience = word(json, "audience");
    account.token_type = word(json, "subject_token_type");
    account.token_url = url(json, "token_url", nullptr);
    account.impersonation_url = url(json, "service_account_impersonation_url", "");
    const auto source = json.find("credential_source");
    if (source == json.end() || !source->is_object()) bad("credential_source: missing");
    read_source(*source, account);
    std::int64_t seconds = kUsualLifetime;
    const auto impersonation = json.find("service_account_impersonation");
    if (impersonation != json.end() && impersonation->is_object()) {
        const auto given = impersonation->find("token_lifetime_seconds");
        if (given != impersonation->end()) {
            seconds = given->is_number_unsigned() ? given->get<std::int64_t>() : 0;
            if (seconds < kLeastLifetime || seconds > kMostLifetime)
                bad("service_account_impersonation.token_lifetime_seconds: expected 600 to 43200");
        }
    }
    account.lifetime = std::chrono::seconds(seconds);
    return account;
}

GoogleKey key_of(const Json& json) {
    const std::string type = text_at(json, "type");
    if (type == "service_account") return service_account(json);
    if (type == "authorized_user") return authorized_user(json);
    if (type == "external_account") return external_account(json);
    if (std::find(kOtherTypes.begin(), kOtherTypes.end(), type) != kOtherTypes.end())
        bad("type: " + type + " is not supported");
    bad("type: expected service_account, authorized_user or external_account");
}

}  // namespace

Result<GoogleKey, std::string> parse_google_key(std::string_view text) {
    const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    if (!json.is_object()) return Error{"not a JSON object: expected a Google credentials file"};
    try {
        return key_of(json);
    } catch (const std::invalid_argument& problem) {
        return Error{problem.what()};
    }
}

std::string storage_host_of(std::string_view text) {
    const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
    std::string universe = json.is_object() ? text_at(json, "universe_domain") : "";
    const bool named =
        !universe.empty() && std::all_of(universe.begin(), universe.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
        });
    if (!named) universe = kUniverse;
    return "storage." + universe;
}

std::string name_of(const GoogleKey& key) {
    if (const auto* account = std::get_if<ServiceAccountKey>(&key))
        return "service account " + account->email;
    if (std::holds_alternative<AuthorizedUser>(key)) return "an authorized user";
    const auto& external = std::get<ExternalAccount>(key);
    const std::string from =
        external.token_file.empty() ? external.subject_url : external.token_file;
    return "workload identity federation (token " + from.substr(0, from.find('?')) + ")";
}

}  // namespace leasehold::agent
