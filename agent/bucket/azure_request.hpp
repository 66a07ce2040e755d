// What a request of the model is on Azure's wire: method, URL and headers, yet unsigned.
#pragma once

#include <string>
#include <string_view>

#include "agent/bucket/azure_place.hpp"
#include "agent/bucket/azure_shared_key.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

/// The user metadata field that holds the stamp of a plain object.
inline constexpr const char* kAzureStampHeader = "x-ms-meta-leasehold";

struct AzureRequest {
    std::string method = "GET";
    AzureUrl url;
    AzureHeaders headers;
};

/// `marker` of a LIST's page, or empty; `md5` of a put's body, which the store holds it against.
[[nodiscard]] AzureRequest azure_request(const AzurePlace& place, const SendBucket& request,
                                         std::string_view marker, const std::string& md5);

}  // namespace leasehold::agent
