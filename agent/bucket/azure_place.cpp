#include "agent/bucket/azure_place.hpp"

#include "agent/bucket/key_rule.hpp"
#include "agent/bucket/s3_url.hpp"
#include "agent/bucket/service_url.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

/// The host and port of a URL, and what follows them.
std::size_t path_begin(std::string_view url) {
    return std::min(url.find('/', url.find("://") + 3), url.size());
}

AzureUrl container(const AzurePlace& place) {
    const std::size_t path = path_begin(place.url);
    return {place.url.substr(0, path), place.url.substr(path) + "/" + place.container, {}};
}

}  // namespace

Result<AzureConnection, std::string> parse_azure_connection(std::string_view text) {
    std::map<std::string, std::string, std::less<>> fields;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(';'));
        text.remove_prefix(std::min(part.size() + 1, text.size()));
        if (part.empty()) continue;
        const std::size_t equals = part.find('=');
        if (equals == part.npos || equals == 0)
            return Error{"expected Name=Value parts with ';' between them"};
        fields[std::string(part.substr(0, equals))] = std::string(part.substr(equals + 1));
    }
    if (fields.contains("UseDevelopmentStorage"))
        return Error{
            "UseDevelopmentStorage is not known: write out AccountName, AccountKey and "
            "BlobEndpoint"};
    AzureConnection out{fields["AccountName"], fields["AccountKey"],
                        fields["SharedAccessSignature"], without_slash(fields["BlobEndpoint"])};
    if (out.sas.starts_with('?')) out.sas.erase(0, 1);
    if (out.sas.empty() && (out.account.empty() || out.key.empty()))
        return Error{"expected AccountName and AccountKey, or SharedAccessSignature"};
    if (!out.endpoint.empty()) {
        if (const auto url = parse_service_url(out.endpoint); !url)
            return Error{"BlobEndpoint: " + url.error()};
        return out;
    }
    if (out.account.empty()) return Error{"expected BlobEndpoint or AccountName"};
    const std::string& scheme = fields["DefaultEndpointsProtocol"];
    const std::string& suffix = fields["EndpointSuffix"];
    if (!scheme.empty() && scheme != "https" && scheme != "http")
        return Error{"DefaultEndpointsProtocol: expected https or http"};
    out.endpoint = (scheme.empty() ? "https" : scheme) + "://" + out.account + ".blob." +
                   (suffix.empty() ? "core.windows.net" : suffix);
    if (const auto url = parse_service_url(out.endpoint); !url)
        return Error{"EndpointSuffix: " + url.error()};
    return out;
}

AzurePlace azure_place(const BucketConfig& config) {
    return {config.azure.url, config.azure.account, config.bucket, config.prefix};
}

std::string AzureUrl::text(std::string_view sas) const {
    std::string url = base + path;
    char mark = '?';
    for (const auto& [name, value] : query) {
        url += mark + name + "=" + percent_encode(value, false);
        mark = '&';
    }
    if (!sas.empty()) url += mark + std::string(sas);
    return url;
}

std::string full_key(const AzurePlace& place, std::string_view key) {
    return prefixed(place.prefix, key);
}

AzureUrl blob_url(const AzurePlace& place, std::string_view key) {
    AzureUrl url = container(place);
    url.path += "/" + percent_encode(full_key(place, key), true);
    return url;
}

AzureUrl blobs_url(const AzurePlace& place, std::string_view prefix, std::string_view marker) {
    AzureUrl url = container(place);
    url.query = {{"comp", "list"}, {"maxresults", "1000"}, {"restype", "container"}};
    const std::string full_prefix = full_key(place, prefix);
    if (!full_prefix.empty()) url.query["prefix"] = full_prefix;
    if (!marker.empty()) url.query["marker"] = std::string(marker);
    return url;
}

std::string container_url(const BucketConfig& config) {
    return container(azure_place(config)).text("") + "/";
}

}  // namespace leasehold::agent
