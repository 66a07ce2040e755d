#include "agent/bucket/credentials_plan.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "agent/bucket/endpoint.hpp"
#include "agent/bucket/service_url.hpp"

namespace leasehold::agent {
namespace {

using Error = Unexpected<std::string>;
using Lookup = VariableLookup;

constexpr std::string_view kEcs = "http://169.254.170.2";
constexpr std::string_view kInstance = "http://169.254.169.254";
constexpr std::string_view kInstance6 = "http://[fd00:ec2::254]";
constexpr std::size_t kLongestSession = 64;

bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits and `more`.
bool made_of(std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [more](char c) {
        return alphanumeric(c) || more.find(c) != std::string_view::npos;
    });
}

std::string lower(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

/// The variable's, or one that the role's user sees in CloudTrail: which replica it was.
Result<std::string, std::string> session_of(const Lookup& environment) {
    constexpr std::string_view kMore = "_=,.@+-";
    std::string session = environment("AWS_ROLE_SESSION_NAME");
    if (!session.empty()) {
        if (session.size() < 2 || session.size() > kLongestSession || !made_of(session, kMore))
            return Error{
                "AWS_ROLE_SESSION_NAME: expected 2 to 64 letters, digits and characters of "
                "_=,.@+-"};
        return session;
    }
    const std::string pod = environment("POD_NAME");
    session = pod.empty() || !made_of(pod, kMore) ? "leasehold-agent" : "leasehold-" + pod;
    return session.substr(0, kLongestSession);
}

/// What is said of the region: by variables, else by the endpoint of an Amazon bucket.
Result<std::string, std::string> region_in(const BucketConfig& config, const Lookup& environment) {
    for (const char* const name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        const std::string region = environment(name);
        if (region.empty()) continue;
        if (!made_of(region, "-") || region.size() > 63)
            return Error{std::string(name) + ": not a region's name"};
        return region;
    }
    return region_of(config.endpoint).value_or("");
}

Result<std::string, std::string> sts_of(const BucketConfig& config, const Lookup& environment) {
    const std::string variable = environment("AWS_ENDPOINT_URL_STS");
    const std::string& given = config.sts_endpoint.empty() ? variable : config.sts_endpoint;
    if (!given.empty()) {
        if (const auto url = parse_service_url(given); !url)
            return Error{(config.sts_endpoint.empty() ? "AWS_ENDPOINT_URL_STS: "
                                                      : "the bucket secret's sts_endpoint: ") +
                         url.error()};
        return without_slash(given);
    }
    const std::string kind = lower(environment("AWS_STS_REGIONAL_ENDPOINTS"));
    if (!kind.empty() && kind != "regional" && kind != "legacy")
        return Error{"AWS_STS_REGIONAL_ENDPOINTS: expected regional or legacy"};
    const auto region = region_in(config, environment);
    if (!region) return Error{region.error()};
    return sts_url(*region, kind == "legacy");
}

TlsOptions tls_of(const Lookup& environment) {
    TlsOptions tls;
    tls.ca_file = environment("AWS_CA_BUNDLE");
    return tls;
}

Result<RolePlan, std::string> plan_web_identity(const BucketConfig& config,
                                                const Lookup& environment) {
    WebIdentityPlan plan;
    plan.token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
    plan.role = environment("AWS_ROLE_ARN");
    if (plan.role.empty())
        return Error{"AWS_ROLE_ARN is missing: AWS_WEB_IDENTITY_TOKEN_FILE needs it"};
    if (!plan.role.starts_with("arn:") || !made_of(plan.role, ":/_=,.@+-"))
        return Error{"AWS_ROLE_ARN: expected a role's ARN, arn:aws:iam::ACCOUNT:role/NAME"};
    auto session = session_of(environment);
    if (!session) return Error{session.error()};
    auto url = sts_of(config, environment);
    if (!url) return Error{url.error()};
    plan.session = *std::move(session);
    plan.url = *std::move(url);
    plan.tls = tls_of(environment);
    if (plan.url.starts_with("https://")) {
        plan.proxy = config.https_proxy;
        plan.no_proxy = config.no_proxy;
    }
    return RolePlan(std::move(plan));
}

Result<RolePlan, std::string> plan_container(const Lookup& environment) {
    ContainerPlan plan;
    const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const std::string name = relative.empty() ? "AWS_CONTAINER_CREDENTIALS_FULL_URI: "
                                              : "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: ";
    if (!relative.empty() && !relative.starts_with('/'))
        return Error{name + "expected a path that begins with a slash"};
    plan.url = relative.empty() ? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                                : std::string(kEcs) + relative;
    const auto url = parse_service_url(plan.url);
    if (!url) return Error{name + url.error()};
    if (url->scheme == "http" && !plain_allowed(*url))
        return Error{name +
                     "plain HTTP goes to loopback, 169.254.170.2, 169.254.170.23 and "
                     "[fd00:ec2::23] alone, not to " +
                     url->host + " (use https)"};
    plan.token_file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (plan.token_file.empty()) plan.token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    const auto odd = [](char c) { return c < ' ' || c >= 0x7f; };
    if (std::any_of(plan.token.begin(), plan.token.end(), odd))
        return Error{"AWS_CONTAINER_AUTHORIZATION_TOKEN: line breaks or non-ASCII characters"};
    plan.tls = tls_of(environment);
    return RolePlan(std::move(plan));
}

Result<RolePlan, std::string> plan_instance(const Lookup& environment) {
    if (lower(environment("AWS_EC2_METADATA_DISABLED")) == "true") return RolePlan();
    InstancePlan plan;
    plan.url = without_slash(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
    const bool six = lower(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) == "ipv6";
    if (plan.url.empty()) plan.url = six ? kInstance6 : kInstance;
    if (const auto url = parse_service_url(plan.url); !url)
        return Error{"AWS_EC2_METADATA_SERVICE_ENDPOINT: " + url.error()};
    return RolePlan(std::move(plan));
}

}  // namespace

Result<RolePlan, std::string> plan_role(const BucketConfig& config, const Lookup& environment) {
    if (!config.access_key.empty() || !environment("AWS_ACCESS_KEY_ID").empty()) return RolePlan();
    if (!environment("AWS_WEB_IDENTITY_TOKEN_FILE").empty())
        return plan_web_identity(config, environment);
    for (const char* const name :
         {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"})
        if (!environment(name).empty()) return plan_container(environment);
    return plan_instance(environment);
}

Result<std::string, std::string> describe_credentials(const BucketConfig& config,
                                                      const Lookup& environment) {
    const auto plan = plan_role(config, environment);
    if (!plan) return Error{plan.error()};
    const KeySource keys(config, environment);
    const auto loaded = keys.load();
    if (!loaded) return "none: " + loaded.error();
    if (*loaded) return keys.found();
    if (const auto* web = std::get_if<WebIdentityPlan>(&*plan)) return name_of(*web);
    if (const auto* container = std::get_if<ContainerPlan>(&*plan)) return name_of(*container);
    if (const auto* instance = std::get_if<InstancePlan>(&*plan)) return name_of(*instance);
    return no_credentials(keys);
}

std::string no_credentials(const KeySource& keys) {
    return "no credentials for the bucket: " + keys.places() +
           "; no role (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_CREDENTIALS_FULL_URI), and "
           "AWS_EC2_METADATA_DISABLED is true";
}

std::string name_of(const WebIdentityPlan& plan) {
    return "web identity of " + plan.role + " (token " + plan.token_file + ", STS " + plan.url +
           ")";
}

std::string name_of(const ContainerPlan& plan) {
    const std::string token = !plan.token_file.empty() ? " (token " + plan.token_file + ")"
                              : plan.token.empty()     ? ""
                                                       : " (token of the environment)";
    return "container credentials at " + plan.url.substr(0, plan.url.find('?')) + token;
}

std::string name_of(const InstancePlan& plan) {
    return "instance metadata (IMDSv2) at " + plan.url;
}

}  // namespace leasehold::agent
