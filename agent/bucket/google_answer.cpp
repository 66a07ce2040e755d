#include "agent/bucket/google_answer.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>

#include <nlohmann/json.hpp>

#include "agent/bucket/token_file.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;
using Json = nlohmann::json;

constexpr std::size_t kLongestToken = 16U << 10;      ///< more than any server takes as a header
constexpr std::int64_t kLongestLife = 7 * 24 * 3600;  ///< seconds

/// Could a header hold it? A line break would begin another header.
bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= kLongestToken &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<std::string> token_at(const Json& json, const std::string& name) {
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    auto text = found->get<std::string>();
    if (!is_token(text)) return std::nullopt;
    return text;
}

Issued issued(std::string token, std::optional<WallTime> ends) {
    return Issued{Credentials{"", "", std::move(token)}, ends};
}

/// Whole seconds, as Azure's metadata service also in quotes; or a number that no life has.
std::int64_t seconds_of(const Json& life) {
    if (life.is_number_integer()) return life.get<std::int64_t>();
    const std::string text = life.is_string() ? life.get<std::string>() : std::string();
    std::int64_t seconds = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return error == std::errc() && end == text.data() + text.size() ? seconds : -1;
}

}  // namespace

Result<Issued, std::string> parse_token_answer(std::string_view body, WallTime now) {
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object()) return Error{"its answer is not a JSON object"};
    auto token = token_at(json, "access_token");
    if (!token) return Error{"an answer without a usable access_token"};
    const auto life = json.find("expires_in");
    if (life == json.end()) return issued(*std::move(token), std::nullopt);
    const std::int64_t seconds = seconds_of(*life);
    if (seconds < 0 || seconds > kLongestLife)
        return Error{"an answer without a usable expires_in"};
    return issued(*std::move(token), now + std::chrono::seconds(seconds));
}

Result<Issued, std::string> parse_impersonation_answer(std::string_view body) {
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object()) return Error{"its answer is not a JSON object"};
    auto token = token_at(json, "accessToken");
    if (!token) return Error{"an answer without a usable accessToken"};
    const auto ends = token_at(json, "expireTime");
    const auto time = ends ? parse_utc(*ends) : std::nullopt;
    if (!time) return Error{"an answer whose expireTime is no time of UTC"};
    return issued(*std::move(token), time);
}

Result<std::string, std::string> parse_subject_token(std::string_view text,
                                                     const std::string& field) {
    if (!field.empty()) {
        const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
        auto token = json.is_object() ? token_at(json, field) : std::nullopt;
        if (token) return *std::move(token);
        return Error{"the token to exchange: no JSON document with a token as " + field};
    }
    constexpr std::string_view kBlank = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
    text = text.substr(0, text.find_last_not_of(kBlank) + 1);
    if (!is_token(text)) return Error{"the token to exchange: empty, or not a token"};
    return std::string(text);
}

Result<std::string, std::string> load_subject_token(const std::string& file,
                                                    const std::string& field) {
    if (field.empty()) return load_token(file);
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{"the token file " + file + " can't be opened"};
    std::string text(kLargestAnswer, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    auto token = parse_subject_token(text, field);
    if (!token) return Error{"the token file " + file + ": " + token.error()};
    return token;
}

}  // namespace leasehold::agent
