#include "agent/host/bucket_place.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/bucket/endpoint.hpp"
#include "agent/bucket/s3_url.hpp"

namespace leasehold::agent {
namespace {

struct Cause {
    std::string_view sign;
    std::string_view advice;
};

/// In libcurl's and OpenSSL's words, of which the first that occurs counts.
constexpr std::array<Cause, 5> kUnreached{
    {{"Could not resolve host", "is the name right, and known to this machine's DNS?"},
     {"certificate has expired", "the server needs a new certificate"},
     {"subject name",
      "the certificate is for other names: the endpoint must be one of them, or "
      "http_config.tls_config.server_name"},
     {"certificate", "the CA that signed it goes to config.http_config.tls_config.ca_file"},
     {"wrong version number", "does the server speak plain HTTP? Then set config.insecure: true"}}};
constexpr const char* kNoWay =
    "is the port right, and may this machine go there (network policies, firewalls, proxies)?";

/// The servers' own words, of those that say more than that a right is missing.
constexpr std::array<Cause, 13> kWords{
    {{"NoSuchBucket", "is config.bucket right? The agent makes none"},
     {"ContainerNotFound", "is config.container right? The agent makes none"},
     {"InvalidAccessKeyId",
      "the access key is not known there: --check-config says where it comes from"},
     {"SignatureDoesNotMatch",
      "the secret key is not that of the access key: --check-config says where both come from"},
     {"AuthenticationFailed", "the key is not the account's: --check-config says which is used"},
     {"AuthorizationFailure",
      "is the key the account's, and does its firewall let this machine in?"},
     {"ExpiredToken", "the credentials have ended: --check-config says where they come from"},
     {"InvalidToken",
      "the session token does not go with the keys: --check-config says where both come from"},
     {"InvalidTokenId", "the keys are not known there: --check-config says where they come from"},
     {"SecondLevelDomainForbidden", "set config.bucket_lookup_type: virtual-hosted"},  // Alibaba
     {"PathStyleDomainForbidden", "set config.bucket_lookup_type: virtual-hosted"},    // Tencent
     {"PermanentRedirect", "is config.endpoint that of the bucket's region?"},
     {"AuthorizationHeaderMalformed", "is config.region the bucket's?"}}};

std::string place_of(bool virtual_host) {
    return virtual_host ? " (the bucket in the host's name)" : " (the bucket in the path)";
}

}  // namespace

std::optional<BucketFinding> address_finding(const AgentConfig& config) {
    const BucketConfig& bucket = *config.bucket;
    switch (bucket.type) {
        case BucketType::filesystem:
            break;
        case BucketType::s3:
            return BucketFinding{"address", bucket_url(bucket) + place_of(bucket.virtual_host), "",
                                 true};
        case BucketType::gcs:
            return BucketFinding{"address", config.store_url + "/" + bucket.bucket + "/", "", true};
        case BucketType::azure:
            return BucketFinding{"address", config.store_url, "", true};
    }
    return std::nullopt;
}

std::optional<AgentConfig> readdressed(const AgentConfig& config) {
    const BucketConfig& bucket = *config.bucket;
    if (bucket.type != BucketType::s3) return std::nullopt;
    const std::string host = bucket.endpoint.substr(0, bucket.endpoint.find(':'));
    const bool address =
        host.starts_with('[') || host.find_first_not_of("0123456789.") == host.npos;
    if (!bucket.virtual_host && address) return std::nullopt;
    AgentConfig other = config;
    other.bucket->virtual_host = !bucket.virtual_host;
    return other;
}

std::optional<BucketFinding> region_finding(const BucketConfig& config, const std::string& named,
                                            bool works) {
    if (config.type != BucketType::s3) return std::nullopt;
    const bool other = !named.empty() && named != config.region;
    if (!config.region_guessed && other && !works)
        return BucketFinding{"region", "the bucket's is " + named + ", and not " + config.region,
                             "set config.region: " + named, false};
    if (!config.region_guessed) return BucketFinding{"region", config.region, "", true};
    if (other)
        return BucketFinding{"region", named + ", as the bucket says",
                             "config.region: " + named + " saves a refused request at each start",
                             true};
    return BucketFinding{"region",
                         config.region + (works ? ", a guess that is taken" : ", a guess"),
                         works ? "" : "is it the bucket's? config.region says it", true};
}

std::string place_advice(const BucketConfig& config, const BucketRefusal& refusal) {
    if (config.type == BucketType::filesystem) return "";
    if (refusal.status == 0) {
        for (const Cause& cause : kUnreached)
            if (refusal.words.find(cause.sign) != refusal.words.npos)
                return std::string(cause.advice);
        return kNoWay;
    }
    if (!config.region_guessed && !refusal.region.empty() && refusal.region != config.region)
        return "set config.region: " + refusal.region;
    if (config.type == BucketType::gcs && refusal.status == 404)
        return std::string(kWords[0].advice);
    const auto known = std::find_if(kWords.begin(), kWords.end(),
                                    [&](const Cause& cause) { return cause.sign == refusal.word; });
    if (known != kWords.end()) return std::string(known->advice);
    if (refusal.status == 400 && refusal.word.empty() && config.insecure)
        return "does the server want TLS? Then leave config.insecure out";
    if (refusal.status == 429 || refusal.status >= 500) return "try again when the server is well";
    return "";
}

}  // namespace leasehold::agent
