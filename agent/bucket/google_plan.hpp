// Where Google's store is, and who hands out tokens for it, by what is configured alone.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "agent/bucket/credentials.hpp"
#include "agent/bucket/google_key.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

/// The places where credentials may be, in the order of Google's own libraries. A value: copied to
/// the thread that reads the files.
struct GooglePlan {
    std::string store_url;        ///< without a slash at its end
    bool emulator = false;        ///< STORAGE_EMULATOR_HOST: requests carry no token
    std::string secret_file;      ///< the bucket's secret, read anew; empty: it was no file
    std::string service_account;  ///< the secret's, JSON; empty: none
    std::string named_file;       ///< GOOGLE_APPLICATION_CREDENTIALS; empty: not set
    std::string usual_file;       ///< where gcloud writes its own; empty: no home
    std::string metadata_url;     ///< of the machine's or the cluster's metadata server
    std::string proxy;            ///< of the services that hand out tokens, as in BucketConfig
    std::string no_proxy;
};

/// An error is one line that names the variable.
[[nodiscard]] Result<GooglePlan, std::string> plan_google(const BucketConfig& config,
                                                          const VariableLookup& environment);

/// The metadata server: the last resort, and the usual one within Google's clouds.
struct MetadataServer {};
struct FoundKey {
    std::variant<MetadataServer, GoogleKey> key;
    std::string place;  ///< for people
};
/// Reads the files. Blocks; any thread. An error is for people and shows no secret.
[[nodiscard]] Result<FoundKey, std::string> find_google_key(const GooglePlan& plan);

/// Where tokens come from now, for people, or an error as of plan_google(). Asks nobody.
[[nodiscard]] Result<std::string, std::string> describe_google(const BucketConfig& config,
                                                               const VariableLookup& environment);

}  // namespace leasehold::agent
