// Credentials of S3 requests, and where they come from.
#pragma once

#include <functional>
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

/// Where credentials are: in the bucket secret, else in the environment (AWS_ACCESS_KEY_ID,
/// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), else in the shared credentials file
/// (AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, profile AWS_PROFILE or "default").
/// A value: copied to the thread that reads the files.
class CredentialSource {
  public:
    CredentialSource(const BucketConfig& config, const VariableLookup& environment);
    /// Reads the files anew: both may be rotated under us. Blocks; any thread. An error is for
    /// people and shows no secret.
    [[nodiscard]] Result<Credentials, std::string> load() const;

  private:
    [[nodiscard]] Result<Credentials, std::string> from_shared_file() const;

    std::string secret_file_;  ///< "": the secret was no file; its keys stay what they are
    Credentials secret_;
    Credentials environment_;
    std::string shared_file_;
    std::string profile_;
};

/// The keys of one profile of a shared credentials file's text.
[[nodiscard]] Result<Credentials, std::string> parse_shared_credentials(const std::string& text,
                                                                        const std::string& profile,
                                                                        const std::string& file);

}  // namespace leasehold::agent
