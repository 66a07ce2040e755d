#include "agent/bucket/credentials.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

constexpr std::size_t kLargestFile = 1U << 20;

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool complete(const Credentials& credentials) {
    return !credentials.access_key.empty() && !credentials.secret_key.empty();
}

/// Could a header hold them? A line break would begin another header.
bool sendable(const Credentials& credentials) {
    for (const std::string& text :
         {credentials.access_key, credentials.secret_key, credentials.session_token})
        for (const char c : text)
            if (c <= ' ' || c >= 0x7f) return false;
    return true;
}

}  // namespace

std::string process_variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

Result<Credentials, std::string> checked_credentials(Credentials credentials,
                                                     const std::string& where) {
    if (credentials.access_key.empty() != credentials.secret_key.empty())
        return Error{where + ": an access key without its secret key, or the other way round"};
    if (!sendable(credentials))
        return Error{where + ": a key or token with blanks, line breaks or non-ASCII characters"};
    return credentials;
}

KeySource::KeySource(const BucketConfig& config, const VariableLookup& environment)
    : secret_file_(config.file),
      secret_{config.access_key, config.secret_key, config.session_token},
      environment_{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                   environment("AWS_SESSION_TOKEN")},
      shared_file_(environment("AWS_SHARED_CREDENTIALS_FILE")),
      profile_(environment("AWS_PROFILE")),
      web_identity_(!environment("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
    named_ = !shared_file_.empty() || !profile_.empty();
    if (const std::string home = environment("HOME"); shared_file_.empty() && !home.empty())
        shared_file_ = home + "/.aws/credentials";
    if (profile_.empty()) profile_ = "default";
}

Result<std::optional<Credentials>, std::string> KeySource::load() const {
    const auto found = find();
    if (!found) return Error{found.error()};
    if (!*found) return std::optional<Credentials>();
    return std::optional<Credentials>((*found)->credentials);
}

std::string KeySource::found() const {
    const auto found = find();
    return found && *found ? (*found)->place : std::string();
}

std::string KeySource::places() const {
    return "none in the bucket's secret (access_key, secret_key), the environment "
           "(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and a shared credentials file (" +
           (shared_file_.empty() ? std::string("no HOME") : shared_file_) + ")";
}

Result<std::optional<KeySource::Found>, std::string> KeySource::find() const {
    Credentials secret = secret_;
    if (!secret_file_.empty()) {
        const auto config = load_bucket_config(secret_file_);
        if (!config) return Error{config.error()};
        secret = {config->access_key, config->secret_key, config->session_token};
    }
    if (complete(secret)) return std::optional(Found{std::move(secret), "the bucket's secret"});
    const auto environment = checked_credentials(environment_,
                                                 "environment (AWS_ACCESS_KEY_ID and "
                                                 "AWS_SECRET_ACCESS_KEY)");
    if (!environment) return Error{environment.error()};
    if (complete(*environment))
        return std::optional(Found{*environment, "environment (AWS_ACCESS_KEY_ID)"});
    if (web_identity_) return std::optional<Found>();
    return from_shared_file();
}

Result<std::optional<KeySource::Found>, std::string> KeySource::from_shared_file() const {
    std::ifstream in(shared_file_, std::ios::binary);
    if (shared_file_.empty() || !in) return std::optional<Found>();
    std::string text(kLargestFile, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    auto keys = parse_shared_credentials(text, profile_, shared_file_);
    if (!keys) return Error{keys.error()};
    const std::string place = shared_file_ + ": profile [" + profile_ + "]";
    if (*keys) return std::optional(Found{**std::move(keys), place});
    if (named_) return Error{place + " is missing"};
    return std::optional<Found>();
}

Result<std::optional<Credentials>, std::string> parse_shared_credentials(const std::string& text,
                                                                         const std::string& profile,
                                                                         const std::string& file) {
    std::istringstream lines(text);
    std::string line;
    Credentials found;
    bool inside = false;
    bool seen = false;
    while (std::getline(lines, line)) {
        const std::string_view content = trimmed(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') continue;
        if (content.front() == '[') {
            const std::size_t close = content.find(']');
            inside =
                close != std::string_view::npos && trimmed(content.substr(1, close - 1)) == profile;
            seen = seen || inside;
            continue;
        }
        const std::size_t equals = content.find('=');
        if (!inside || equals == std::string_view::npos) continue;
        const std::string_view name = trimmed(content.substr(0, equals));
        const std::string value(trimmed(content.substr(equals + 1)));
        if (name == "aws_access_key_id") found.access_key = value;
        if (name == "aws_secret_access_key") found.secret_key = value;
        if (name == "aws_session_token") found.session_token = value;
    }
    if (!seen) return std::optional<Credentials>();
    const std::string where = file + ": profile [" + profile + "]";
    if (!complete(found))
        return Error{where +
                     " has no aws_access_key_id with aws_secret_access_key (roles and "
                     "credential processes of a file are not supported)"};
    auto keys = checked_credentials(std::move(found), where);
    if (!keys) return Error{keys.error()};
    return std::optional(*std::move(keys));
}

}  // namespace leasehold::agent
