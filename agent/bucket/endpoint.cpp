#include "agent/bucket/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool all_of(std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [more](char c) {
        return alphanumeric(c) || more.find(c) != std::string_view::npos;
    });
}

bool is_aws(std::string_view endpoint) {
    return endpoint.ends_with(".amazonaws.com") || endpoint.ends_with(".amazonaws.com.cn");
}

/// Endpoints of services that want the bucket in the host's name: Amazon's (a VPC endpoint is one
/// only as bucket.vpce-...), Google's, and Alibaba's, which refuses anything else.
bool is_provider(std::string_view endpoint) {
    if (is_aws(endpoint))
        return endpoint.starts_with("s3.") || endpoint.starts_with("s3-") ||
               endpoint.starts_with("bucket.vpce-");
    return endpoint == "storage.googleapis.com" ||
           ((endpoint.starts_with("oss-") || endpoint.starts_with("s3.oss-")) &&
            endpoint.ends_with(".aliyuncs.com"));
}

}  // namespace

Result<std::string, std::string> check_endpoint(std::string_view endpoint, bool insecure) {
    if (endpoint.ends_with('/') && endpoint.find("://") == std::string_view::npos)
        endpoint.remove_suffix(1);
    if (endpoint.find("://") != std::string_view::npos) {
        const bool plain = endpoint.starts_with("http://");
        return Error{std::string("expected host[:port] without a scheme: leave out ") +
                     (plain ? "\"http://\" and write insecure: true" : "\"https://\"")};
    }
    if (endpoint.find('/') != std::string_view::npos)
        return Error{
            "expected host[:port] without a path: the bucket's name goes to bucket, a "
            "folder to prefix at the top level"};
    if (endpoint.find('@') != std::string_view::npos)
        return Error{"expected host[:port] without a user: keys go to access_key and secret_key"};
    // [v6]:port, or host:port
    const std::size_t bracket = endpoint.starts_with('[') ? endpoint.find(']') : 0;
    if (bracket == std::string_view::npos) return Error{"expected host[:port]: a ']' is missing"};
    const std::size_t colon = endpoint.find(':', bracket);
    const std::string_view host = endpoint.substr(0, colon);
    const bool good = bracket > 0 ? bracket > 1 && host.size() == bracket + 1 &&
                                        all_of(host.substr(1, bracket - 1), ":.")
                                  : !host.empty() && all_of(host, ".-_");
    if (!good) return Error{"expected host[:port]: not a host's name or address"};
    std::string normal(host);
    std::transform(normal.begin(), normal.end(), normal.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (colon == std::string_view::npos) return normal;
    const std::string_view digits = endpoint.substr(colon + 1);
    std::uint32_t port = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
    if (error != std::errc() || end != digits.end() || port == 0 || port > 65535)
        return Error{"expected host[:port]: the port must be a number from 1 to 65535"};
    if (port != (insecure ? 80U : 443U)) normal += ":" + std::to_string(port);
    return normal;
}

std::optional<std::string> region_of(std::string_view endpoint) {
    // s3.REGION.amazonaws.com, s3-REGION..., s3.dualstack.REGION..., s3-fips.REGION...,
    // bucket.vpce-ID.s3.REGION.vpce.amazonaws.com
    if (!is_aws(endpoint)) return std::nullopt;
    std::string_view rest = endpoint.substr(0, endpoint.rfind(".amazonaws.com"));
    if (rest.ends_with(".vpce")) rest.remove_suffix(5);
    std::string_view region = rest.substr(rest.find_last_of('.') + 1);
    if (region.starts_with("s3-")) region.remove_prefix(3);
    if (std::count(region.begin(), region.end(), '-') < 2) return std::nullopt;
    return std::string(region);
}

std::string_view bucket_in_endpoint(std::string_view endpoint, std::string_view bucket) {
    if (!endpoint.starts_with(std::string(bucket) + ".")) return {};
    const std::string_view rest = endpoint.substr(bucket.size() + 1);
    return is_provider(rest) ? rest : std::string_view();
}

bool prefers_virtual_host(std::string_view endpoint, std::string_view bucket) {
    return is_provider(endpoint) && bucket.find('.') == std::string_view::npos &&
           bucket.find('_') == std::string_view::npos;
}

bool valid_bucket_name(std::string_view bucket) {
    return !bucket.empty() && bucket.size() <= 255 && alphanumeric(bucket.front()) &&
           all_of(bucket, ".-_");
}

}  // namespace leasehold::agent
