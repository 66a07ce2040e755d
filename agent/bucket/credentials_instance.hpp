// InstanceSource: the role of the machine, by its metadata service, version 2.
#pragma once

#include <string>

#include "agent/bucket/credentials_plan.hpp"
#include "agent/bucket/credentials_source.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

class InstanceSource : public CredentialsSource {
  public:
    /// Throws std::runtime_error when curl cannot be set up.
    InstanceSource(InstancePlan plan, asio::io_context& loop);

    /// A session's token, the role's name, its credentials: one after the other. A new token each
    /// time: what asks once an hour gains nothing by keeping it.
    void fetch(Done done) override;

  private:
    void ask_role(const std::string& token, const Done& done);
    void ask_credentials(const std::string& token, const std::string& role, const Done& done);
    void send(Request request, Client::Done done);
    [[nodiscard]] Request with_token(const std::string& token, const std::string& path) const;
    /// Ends a fetch with what went wrong at a step.
    void fail(const Done& done, const std::string& step, const std::string& why) const;

    InstancePlan plan_;
    Client client_;
};

}  // namespace leasehold::agent
