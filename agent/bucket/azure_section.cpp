#include "agent/bucket/azure_section.hpp"

#include <algorithm>
#include <string>

#include "agent/bucket/azure_place.hpp"
#include "agent/bucket/azure_shared_key.hpp"
#include "agent/bucket/endpoint.hpp"
#include "agent/bucket/http_section.hpp"
#include "agent/bucket/s3_section.hpp"
#include "agent/bucket/secret_map.hpp"

namespace leasehold::agent {
namespace {

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string home_in_azure(std::string_view key) {
    if (contains(kAzureKeys, key)) return "in config (indent it under \"config:\")";
    if (contains(kPipelineKeys, key)) return "in config.pipeline_config";
    if (contains(kReaderKeys, key)) return "in config.reader_config";
    if (contains(kS3Keys, key)) return "in config of type S3";
    return home_of(key);
}

bool made_of(std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [more](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
    });
}

void read_container(const SecretMap& map, BucketConfig& config) {
    map.word("container", config.bucket);
    if (config.bucket.empty()) map.fail_at("container", "missing: the container's name");
    if (config.bucket.size() > 63 || !made_of(config.bucket, "-$"))
        map.fail_at("container",
                    "not a container's name: lower-case letters, digits and '-' only (folders go "
                    "to prefix at the top level)");
}

/// Account, URL, and the key or SAS where there is one.
void read_place(const SecretMap& map, BucketConfig& config) {
    AzureConfig& azure = config.azure;
    std::string connection;
    map.text("storage_connection_string", connection);
    map.word("storage_account", azure.account);
    map.word("storage_account_key", azure.key);
    if (!connection.empty() && !azure.key.empty())
        map.fail_at("storage_account_key",
                    "storage_account_key and storage_connection_string exclude each other");
    std::string endpoint;
    map.word("endpoint", endpoint);
    if (!connection.empty()) {
        auto parsed = parse_azure_connection(connection);
        if (!parsed) map.fail_at("storage_connection_string", parsed.error());
        if (!parsed->account.empty()) azure.account = parsed->account;
        azure.key = parsed->key;
        azure.sas = parsed->sas;
        azure.url = parsed->endpoint;
        if (!endpoint.empty())
            config.without_effect.emplace_back("endpoint (with storage_connection_string)");
    } else {
        if (azure.account.empty())
            map.fail_at("storage_account", "missing: the storage account's name");
        if (!made_of(azure.account, "-"))
            map.fail_at("storage_account",
                        "not a storage account's name: lower-case letters and digits only");
        const auto checked =
            check_endpoint(endpoint.empty() ? "blob.core.windows.net" : endpoint, false);
        if (!checked) map.fail_at("endpoint", checked.error());
        azure.url = "https://" + azure.account + "." + *checked;
    }
    if (!azure.key.empty() && azure.sas.empty() && !account_key(azure.key))
        map.fail_at(connection.empty() ? "storage_account_key" : "storage_connection_string",
                    "the account's key is not base64");
    config.insecure = azure.url.starts_with("http://");
    const std::size_t host = azure.url.find("://") + 3;
    config.endpoint = azure.url.substr(host, azure.url.find('/', host) - host);
}

void read_identity(const SecretMap& map, BucketConfig& config) {
    AzureConfig& azure = config.azure;
    map.word("az_tenant_id", azure.tenant);
    map.word("client_id", azure.client);
    map.word("client_secret", azure.client_secret);
    map.word("user_assigned_id", azure.user_assigned);
    const auto one = [&](const char* key, const std::string& value, const std::string& other) {
        if (value.empty() && !other.empty())
            map.fail_at(key,
                        "missing: az_tenant_id, client_id and client_secret are given together");
    };
    const std::string any = azure.tenant + azure.client + azure.client_secret;
    one("az_tenant_id", azure.tenant, any);
    one("client_id", azure.client, any);
    one("client_secret", azure.client_secret, any);
    if (!made_of(azure.tenant, "-.ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        map.fail_at("az_tenant_id", "not a tenant's id or domain");
    const bool keyed = !azure.key.empty() || !azure.sas.empty();
    if (!azure.user_assigned.empty() && keyed)
        map.fail_at("user_assigned_id",
                    "excludes storage_account_key and storage_connection_string");
    if (!azure.user_assigned.empty() && !azure.client.empty())
        map.fail_at("user_assigned_id", "excludes client_id");
    if (keyed && !azure.client.empty())
        config.without_effect.emplace_back("client_id (with an account's key)");
}

/// Checked, and named to whoever asks (--check-config): what they tune does not exist here.
void read_rest(const SecretMap& map, BucketConfig& config) {
    const auto names = [&](std::string text) { config.without_effect.push_back(std::move(text)); };
    bool create = false;
    map.boolean("storage_create_container", create);
    if (create) names("storage_create_container (a container that is missing is an error)");
    std::string type;
    map.word("azure_storage_account_type", type);
    if (!type.empty() && type != "blob" && type != "datalake")
        map.fail_at("azure_storage_account_type", "expected blob or datalake");
    if (!type.empty()) names("azure_storage_account_type (requests are those of blobs)");
    map.check_count("max_retries");
    std::string resource;
    map.text("msi_resource", resource);
    for (const auto key : {"max_retries", "msi_resource"})
        if (map.find(key) != nullptr) names(key);
    if (const config::Node* node = map.find("pipeline_config")) {
        const SecretMap inner(*node, "config.pipeline_config", kPipelineKeys, home_in_azure);
        inner.check_count("max_tries");
        for (const auto key : {"try_timeout", "retry_delay", "max_retry_delay"})
            inner.check_duration(key);
        for (const auto key : kPipelineKeys)
            if (inner.find(key) != nullptr) names("pipeline_config." + std::string(key));
    }
    if (const config::Node* node = map.find("reader_config")) {
        const SecretMap inner(*node, "config.reader_config", kReaderKeys, home_in_azure);
        inner.check_count("max_retry_requests");
        if (inner.find("max_retry_requests") != nullptr) names("reader_config.max_retry_requests");
    }
}

}  // namespace

void read_azure_section(const config::Node& node, BucketConfig& config) {
    const SecretMap map(node, "config", kAzureKeys, home_in_azure);
    read_container(map, config);
    read_place(map, config);
    read_identity(map, config);
    if (const config::Node* http = map.find("http_config")) read_http_section(*http, config);
    read_rest(map, config);
}

}  // namespace leasehold::agent
