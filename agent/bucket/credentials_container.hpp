// ContainerSource: credentials of the container's own service (EKS Pod Identity, ECS).
#pragma once

#include <memory>
#include <string>

#include "agent/base/file_pool.hpp"
#include "agent/bucket/credentials_plan.hpp"
#include "agent/bucket/credentials_source.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class ContainerSource : public CredentialsSource {
  public:
    /// Throws std::runtime_error when curl cannot be set up.
    ContainerSource(ContainerPlan plan, asio::io_context& loop, FilePool& pool);

    void fetch(Done done) override;

  private:
    void ask(const Result<std::string, std::string>& token, const Done& done);

    ContainerPlan plan_;
    FilePool& pool_;
    std::shared_ptr<ContainerSource*> self_;  ///< for the file on its way back from the pool
    Client client_;
};

}  // namespace leasehold::agent
