// AzureClient: the bucket behind a container of Azure Blob Storage.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/bucket/azure_plan.hpp"
#include "agent/bucket/azure_request.hpp"
#include "agent/bucket/store_client.hpp"

namespace leasehold::agent {

class AzureClient : public StoreClient {
  public:
    /// Throws std::runtime_error when curl cannot be set up or a variable is wrong. Credentials are
    /// asked for when the first request wants them.
    AzureClient(const BucketConfig& config, const BucketContext& context, Deliver deliver,
                const VariableLookup& environment);

  private:
    [[nodiscard]] Request http_request(Job& job, const BodyHash& hash,
                                       const Credentials& credentials) override;
    [[nodiscard]] bool brings_content(const Job& job) const override;
    [[nodiscard]] const char* unusable(std::string_view key) const override;
    [[nodiscard]] std::string_view stamp_header() const override;
    [[nodiscard]] Taken take(Job& job, const Response& response, ObjectBodyPtr object,
                             bool gate_closed) override;
    [[nodiscard]] std::string marker_of(const Job& job) const;
    [[nodiscard]] std::string place_of(const SendBucket& request, std::string_view after) const;

    AzurePlace place_;
    /// Where pages went on: a marker is the server's own, and the model goes on after a key. By
    /// prefix and key; where none is known, pages are read from the start.
    std::map<std::string, std::string> markers_;
};

}  // namespace leasehold::agent
