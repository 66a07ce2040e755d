// AzureSource: keys of the bucket's secret, or tokens of Microsoft Entra for them.
#pragma once

#include <memory>
#include <string>

#include "agent/base/file_pool.hpp"
#include "agent/bucket/azure_plan.hpp"
#include "agent/bucket/credentials_source.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class AzureSource : public CredentialsSource {
  public:
    /// Throws std::runtime_error when curl cannot be set up.
    AzureSource(const BucketConfig& config, AzurePlan plan, asio::io_context& loop, FilePool& pool);

    /// The secret and the token's file are read anew each time: they may be rotated.
    void fetch(Done done) override;

  private:
    /// What the files say: the secret's keys, or what proves who this is ("" where nothing does).
    struct Read {
        AzureConfig azure;
        std::string token;
    };
    [[nodiscard]] static Result<Read, std::string> read(const std::string& secret_file,
                                                        const AzureConfig& known,
                                                        const AzurePlan& plan);
    void ask(const Result<Read, std::string>& files, const Done& done);
    void send(Client& client, Request request, const std::string& secret, const Done& done);

    std::string secret_file_;  ///< "": the secret was no file
    AzureConfig azure_;
    AzurePlan plan_;
    FilePool& pool_;
    std::shared_ptr<AzureSource*> self_;  ///< for files on their way back from the pool
    Client authority_;                    ///< by the proxy if any
    Client metadata_;                     ///< at hand, or nowhere
};

}  // namespace leasehold::agent
