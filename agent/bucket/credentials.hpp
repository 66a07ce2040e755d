// Credentials of S3 requests, and keys that lie in files and variables.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/bucket/bucket_config.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

struct Credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token;  ///< empty = none
    friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Looks up an environment variable; empty when it is not set.
using VariableLookup = std::function<std::string(const char* name)>;
/// The process's own. Only the start reads it, before there are threads.
[[nodiscard]] std::string process_variable(const char* name);

/// The credentials, when a header can hold them; else what is wrong, in which `where` is named.
[[nodiscard]] Result<Credentials, std::string> checked_credentials(Credentials credentials,
                                                                   const std::string& where);

/// Keys in the bucket secret, else in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
/// AWS_SESSION_TOKEN), else in the shared credentials file (AWS_SHARED_CREDENTIALS_FILE or
/// ~/.aws/credentials, profile AWS_PROFILE or "default"), before which a web identity goes.
/// A value: copied to the thread that reads the files.
class KeySource {
  public:
    KeySource(const BucketConfig& config, const VariableLookup& environment);
    /// Reads the files anew: both may be rotated under us. Nothing when no keys are configured.
    /// Blocks; any thread. An error is for people and shows no secret.
    [[nodiscard]] Result<std::optional<Credentials>, std::string> load() const;
    /// Where there are none, for people.
    [[nodiscard]] std::string places() const;
    /// Where they would come from now, for people; empty: nowhere. Reads the files too.
    [[nodiscard]] std::string found() const;

  private:
    struct Found {
        Credentials credentials;
        std::string place;
    };
    [[nodiscard]] Result<std::optional<Found>, std::string> find() const;
    [[nodiscard]] Result<std::optional<Found>, std::string> from_shared_file() const;

    std::string secret_file_;  ///< "": the secret was no file; its keys stay what they are
    Credentials secret_;
    Credentials environment_;
    std::string shared_file_;    ///< "": none is looked for
    std::string profile_;        ///< never empty
    bool web_identity_ = false;  ///< it goes before the shared file, as in the SDKs
    bool named_ = false;         ///< somebody said which profile or file: it must be there
};

/// The keys of one profile of a shared credentials file's text; nothing without such a profile.
[[nodiscard]] Result<std::optional<Credentials>, std::string> parse_shared_credentials(
    const std::string& text, const std::string& profile, const std::string& file);

}  // namespace leasehold::agent
