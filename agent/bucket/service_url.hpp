// URLs of services that hand out credentials, as variables give them.
#pragma once

#include <string>
#include <string_view>

#include "model/base/result.hpp"

namespace leasehold::agent {

/// "https" or "http", a host as it stands in the URL ("[::1]" too), and the rest from the port on.
struct ServiceUrl {
    std::string scheme;
    std::string host;
    std::string rest;
};

/// Strict: http or https, a host, no user, no blanks, no fragment. The error quotes nothing.
[[nodiscard]] Result<ServiceUrl, std::string> parse_service_url(std::string_view url);
/// `url` without the slashes at its end, so that a path can follow.
[[nodiscard]] std::string without_slash(std::string url);
/// May a container's token and credentials go to it in the clear? To this machine itself and to
/// the three addresses that ECS and EKS answer on, as the SDKs have it.
[[nodiscard]] bool plain_allowed(const ServiceUrl& url);

/// Where STS is in a region; without one, the global endpoint. `legacy` asks the global one in the
/// regions that AWS_STS_REGIONAL_ENDPOINTS=legacy means.
[[nodiscard]] std::string sts_url(std::string_view region, bool legacy);

}  // namespace leasehold::agent
