// ChainSource: keys that are configured, else the service that the environment names.
#pragma once

#include <memory>

#include "agent/base/file_pool.hpp"
#include "agent/bucket/credentials_plan.hpp"
#include "agent/bucket/credentials_source.hpp"

namespace leasehold::agent {

class ChainSource : public CredentialsSource {
  public:
    /// `role` may be null: then there is nobody to ask where there are no keys. Keys in files are
    /// worth reading anew after `rotation`.
    ChainSource(KeySource keys, std::unique_ptr<CredentialsSource> role, FilePool& pool,
                Duration rotation);

    /// What is known without asking anybody, nothing when the service has to be asked. Blocks: for
    /// the start. An error says what is wrong with the files, or that nothing is configured.
    [[nodiscard]] Result<std::optional<Grant>, std::string> start() const;
    void fetch(Done done) override;

  private:
    [[nodiscard]] Grant of_keys(Credentials credentials) const;
    void take(Result<std::optional<Credentials>, std::string> loaded, const Done& done);

    KeySource keys_;
    std::unique_ptr<CredentialsSource> role_;
    FilePool& pool_;
    Duration rotation_;
    std::shared_ptr<ChainSource*> self_;  ///< for the files on their way back from the pool
};

/// The service of a plan; null when it has none. Throws std::runtime_error.
[[nodiscard]] std::unique_ptr<CredentialsSource> make_role_source(const RolePlan& plan,
                                                                  asio::io_context& loop,
                                                                  FilePool& pool);

}  // namespace leasehold::agent
