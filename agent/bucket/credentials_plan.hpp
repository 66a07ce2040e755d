// Which credentials are in force, by what is configured alone: nothing is asked, as for
// --check-config.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "agent/bucket/credentials.hpp"
#include "agent/transfer/client.hpp"
#include "model/base/result.hpp"

namespace leasehold::agent {

/// AssumeRoleWithWebIdentity (IRSA on EKS).
struct WebIdentityPlan {
    std::string role;        ///< ARN
    std::string token_file;  ///< read anew for each request
    std::string session;
    std::string url;  ///< of STS
    TlsOptions tls;
    std::string proxy;  ///< as in BucketConfig
    std::string no_proxy;
};

/// The container's service (EKS Pod Identity, ECS).
struct ContainerPlan {
    std::string url;
    std::string token_file;  ///< read anew for each request; empty: none
    std::string token;       ///< where there is no file; may be empty
    TlsOptions tls;
};

/// The instance's metadata service, version 2.
struct InstancePlan {
    std::string url;  ///< without a slash at its end
};

/// Nothing: the secret or the environment has keys, or nobody is left to ask.
using RolePlan = std::variant<std::monostate, WebIdentityPlan, ContainerPlan, InstancePlan>;

/// The service to ask where there are no keys, in the order of the SDKs: web identity, container,
/// instance. An error is one line that names the variable.
[[nodiscard]] Result<RolePlan, std::string> plan_role(const BucketConfig& config,
                                                      const VariableLookup& environment);
/// Where credentials come from now, for people, or an error as of plan_role(). Reads the files of
/// keys, and asks nobody.
[[nodiscard]] Result<std::string, std::string> describe_credentials(
    const BucketConfig& config, const VariableLookup& environment);
/// Why there are none, when there is nobody to ask.
[[nodiscard]] std::string no_credentials(const KeySource& keys);

/// Of a plan's service, for people: "web identity of ROLE (token TOKEN_FILE, STS https://...)".
[[nodiscard]] std::string name_of(const WebIdentityPlan& plan);
[[nodiscard]] std::string name_of(const ContainerPlan& plan);
[[nodiscard]] std::string name_of(const InstancePlan& plan);

}  // namespace leasehold::agent
