#include "agent/bucket/service_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "agent/base/asio.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;

/// Where ECS and EKS answer: the second and third are Pod Identity's.
constexpr std::array<std::string_view, 3> kContainerHosts{"169.254.170.2", "169.254.170.23",
                                                          "fd00:ec2::23"};
/// Regions whose names end otherwise than in amazonaws.com.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPartitions{{
    {"cn-", "amazonaws.com.cn"},
    {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"},
    {"eusc-", "amazonaws.eu"},
}};

/// Regions in which "legacy" means the global endpoint.
constexpr std::array<std::string_view, 16> kLegacy{
    "ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
    "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
    "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
    "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};

bool host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < 0x7f && c != '#' && c != '\\'; });
}

bool good_port(std::string_view text) {
    std::uint32_t port = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), port);
    return error == std::errc() && end == text.end() && port > 0 && port <= 65535;
}

std::string_view without_brackets(std::string_view host) {
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

Result<ServiceUrl, std::string> parse_service_url(std::string_view url) {
    ServiceUrl out;
    for (const std::string_view scheme : {"https", "http"})
        if (url.starts_with(std::string(scheme) + "://")) out.scheme = scheme;
    if (out.scheme.empty()) return Error{"expected a URL that begins with http:// or https://"};
    url.remove_prefix(out.scheme.size() + 3);
    const std::string_view authority = url.substr(0, url.find_first_of("/?"));
    const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) return Error{"expected a URL: a ']' is missing"};
    const std::size_t colon = authority.find(':', bracket);
    out.host = std::string(authority.substr(0, colon));
    out.rest = std::string(url.substr(out.host.size()));
    boost::system::error_code error;
    const bool named = bracket == 0 && !out.host.empty() &&
                       std::all_of(out.host.begin(), out.host.end(), host_character);
    if (bracket > 0) asio::ip::make_address_v6(std::string(without_brackets(out.host)), error);
    if ((bracket == 0 && !named) || (bracket > 0 && (out.host.back() != ']' || error)))
        return Error{"expected a URL with a host's name or address, and no user"};
    if (colon != std::string_view::npos && !good_port(authority.substr(colon + 1)))
        return Error{"expected a URL whose port is a number from 1 to 65535"};
    if (!printable(out.rest)) return Error{"expected a URL without blanks and fragments"};
    return out;
}

std::string without_slash(std::string url) {
    while (url.ends_with('/'))
        url.pop_back();
    return url;
}

bool plain_allowed(const ServiceUrl& url) {
    if (url.host == "localhost") return true;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(std::string(without_brackets(url.host)), error);
    if (error) return false;
    if (address.is_loopback()) return true;
    return std::any_of(kContainerHosts.begin(), kContainerHosts.end(), [&](std::string_view host) {
        return address == asio::ip::make_address(std::string(host));
    });
}

std::string sts_url(std::string_view region, bool legacy) {
    const bool old = std::find(kLegacy.begin(), kLegacy.end(), region) != kLegacy.end();
    if (region.empty() || (legacy && old)) return "https://sts.amazonaws.com";
    std::string_view domain = "amazonaws.com";
    for (const auto& [beginning, other] : kPartitions)
        if (region.starts_with(beginning)) domain = other;
    return "https://sts." + std::string(region) + "." + std::string(domain);
}

}  // namespace leasehold::agent
