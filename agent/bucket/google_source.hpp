// GoogleSource: OAuth tokens for Google's store, from whoever the plan finds.
//
// A key (RFC 7523), a person's refresh token, workload identity federation (RFC 8693) with or
// without a service account to impersonate, or the metadata server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/base/file_pool.hpp"
#include "agent/bucket/credentials_source.hpp"
#include "agent/bucket/google_plan.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class GoogleSource : public CredentialsSource {
  public:
    /// Throws std::runtime_error when curl cannot be set up.
    GoogleSource(GooglePlan plan, asio::io_context& loop, FilePool& pool);

    /// Files are read anew each time: they may be rotated.
    void fetch(Done done) override;

  private:
    /// Whom a token is asked for, and where an answer goes.
    struct Asked {
        std::string name;    ///< for people
        std::string secret;  ///< no words that repeat it go to the log
        Done done;
    };

    void ask(const FoundKey& found, const Done& done);
    void ask_metadata(const Done& done);
    void ask_with(const ServiceAccountKey& key, Asked asked);
    void ask_with(const AuthorizedUser& user, Asked asked);
    void ask_with(const ExternalAccount& account, Asked asked);
    void read_subject(const ExternalAccount& account, Asked asked);
    void exchange(const ExternalAccount& account, const std::string& subject, Asked asked);
    void impersonate(const ExternalAccount& account, const std::string& token, Asked asked);
    void send(Client& client, Request request, Asked asked,
              const std::function<void(const Response&, const Asked&)>& answered);
    void take_token(const Response& response, const Asked& asked);

    GooglePlan plan_;
    FilePool& pool_;
    std::shared_ptr<GoogleSource*> self_;  ///< for files on their way back from the pool
    Client services_;                      ///< of Google's token services, by the proxy if any
    Client local_;                         ///< of the metadata server and tokens nearby
};

}  // namespace leasehold::agent
