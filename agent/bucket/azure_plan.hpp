// Who lets requests into an Azure container, by what is configured alone: nothing is asked.
//
// Credentials of Azure are one of three: an account (access_key) and its key (secret_key); a shared
// access signature (secret_key alone); a token (session_token alone).
#pragma once

#include <string>
#include <variant>

#include "agent/bucket/credentials.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

/// The secret has an account's key or a SAS.
struct AzureKeys {};
/// A service principal with a secret, by the bucket's secret or AZURE_CLIENT_SECRET.
struct AzureClientSecret {
    std::string tenant;
    std::string client;
    std::string secret;
};
/// A token of the cluster (AKS workload identity).
struct AzureWorkload {
    std::string tenant;
    std::string client;
    std::string token_file;  ///< read anew for each request
};
/// The machine's managed identity, by its metadata service.
struct AzureManaged {
    std::string url;     ///< without a slash at its end
    std::string client;  ///< of a user-assigned identity; empty: the only one
};
using AzureIdentity = std::variant<AzureKeys, AzureClientSecret, AzureWorkload, AzureManaged>;

struct AzurePlan {
    AzureIdentity identity;
    std::string authority;  ///< URL that hands out tokens, without a slash at its end
    std::string proxy;      ///< of it, as in BucketConfig
    std::string no_proxy;
};

/// In the order of Azure's own libraries: the secret's keys, its client, its user-assigned id; the
/// environment's client secret, workload identity, managed identity. An error is one line that
/// names the variable.
[[nodiscard]] Result<AzurePlan, std::string> plan_azure(const BucketConfig& config,
                                                        const VariableLookup& environment);
/// For people; no secret.
[[nodiscard]] std::string name_of(const AzurePlan& plan);

}  // namespace leasehold::agent
