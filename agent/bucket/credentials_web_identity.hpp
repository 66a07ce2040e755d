// WebIdentitySource: a role by a token of the cluster (IRSA): STS AssumeRoleWithWebIdentity.
#pragma once

#include <memory>
#include <string>

#include "agent/base/file_pool.hpp"
#include "agent/bucket/credentials_plan.hpp"
#include "agent/bucket/credentials_source.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class WebIdentitySource : public CredentialsSource {
  public:
    /// Throws std::runtime_error when curl cannot be set up.
    WebIdentitySource(WebIdentityPlan plan, asio::io_context& loop, FilePool& pool);

    void fetch(Done done) override;

  private:
    void ask(const Result<std::string, std::string>& token, const Done& done);

    WebIdentityPlan plan_;
    FilePool& pool_;
    std::shared_ptr<WebIdentitySource*> self_;  ///< for the file on its way back from the pool
    Client client_;
};

}  // namespace leasehold::agent
