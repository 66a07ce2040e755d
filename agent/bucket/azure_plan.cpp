#include "agent/bucket/azure_plan.hpp"

#include <algorithm>
#include <utility>

#include "agent/bucket/service_url.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

constexpr const char* kAuthority = "https://login.microsoftonline.com";
constexpr const char* kMetadata = "http://169.254.169.254";

bool is_tenant(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    });
}

AzureIdentity identity_of(const AzureConfig& azure, const VariableLookup& environment) {
    if (!azure.key.empty() || !azure.sas.empty()) return AzureKeys{};
    if (!azure.client_secret.empty())
        return AzureClientSecret{azure.tenant, azure.client, azure.client_secret};
    const std::string metadata = without_slash(environment("AZURE_POD_IDENTITY_AUTHORITY_HOST"));
    const AzureManaged managed{metadata.empty() ? kMetadata : metadata, azure.user_assigned};
    if (!azure.user_assigned.empty()) return managed;
    const std::string tenant = environment("AZURE_TENANT_ID");
    const std::string client = environment("AZURE_CLIENT_ID");
    const std::string secret = environment("AZURE_CLIENT_SECRET");
    const std::string file = environment("AZURE_FEDERATED_TOKEN_FILE");
    if (!secret.empty()) return AzureClientSecret{tenant, client, secret};
    if (!file.empty()) return AzureWorkload{tenant, client, file};
    return AzureManaged{managed.url, client};
}

std::string missing(const AzureIdentity& identity) {
    std::string tenant = "-";
    std::string client = "-";
    std::string wanted_by;
    if (const auto* secret = std::get_if<AzureClientSecret>(&identity)) {
        tenant = secret->tenant;
        client = secret->client;
        wanted_by = "AZURE_CLIENT_SECRET";
    }
    if (const auto* workload = std::get_if<AzureWorkload>(&identity)) {
        tenant = workload->tenant;
        client = workload->client;
        wanted_by = "AZURE_FEDERATED_TOKEN_FILE";
    }
    if (tenant.empty()) return "AZURE_TENANT_ID is missing: " + wanted_by + " needs it";
    if (client.empty()) return "AZURE_CLIENT_ID is missing: " + wanted_by + " needs it";
    return is_tenant(tenant) ? "" : "AZURE_TENANT_ID: not a tenant's id or domain";
}

}  // namespace

Result<AzurePlan, std::string> plan_azure(const BucketConfig& config,
                                          const VariableLookup& environment) {
    AzurePlan plan;
    plan.identity = identity_of(config.azure, environment);
    if (const std::string problem = missing(plan.identity); !problem.empty()) return Error{problem};
    plan.authority = without_slash(environment("AZURE_AUTHORITY_HOST"));
    if (plan.authority.empty()) plan.authority = kAuthority;
    const auto url = parse_service_url(plan.authority);
    if (!url) return Error{"AZURE_AUTHORITY_HOST: " + url.error()};
    if (url->scheme == "http" && !plain_allowed(*url))
        return Error{"AZURE_AUTHORITY_HOST: expected https (secrets go there)"};
    if (const auto* managed = std::get_if<AzureManaged>(&plan.identity))
        if (const auto at = parse_service_url(managed->url); !at)
            return Error{"AZURE_POD_IDENTITY_AUTHORITY_HOST: " + at.error()};
    plan.proxy = config.https_proxy;
    plan.no_proxy = config.no_proxy;
    return plan;
}

std::string name_of(const AzurePlan& plan) {
    if (const auto* secret = std::get_if<AzureClientSecret>(&plan.identity))
        return "client secret of " + secret->client + " (" + plan.authority + ")";
    if (const auto* workload = std::get_if<AzureWorkload>(&plan.identity))
        return "workload identity of " + workload->client + " (token " + workload->token_file +
               ", " + plan.authority + ")";
    if (const auto* managed = std::get_if<AzureManaged>(&plan.identity))
        return "managed identity" + (managed->client.empty() ? "" : " " + managed->client) +
               " at " + managed->url;
    return "the bucket's secret";
}

}  // namespace leasehold::agent
