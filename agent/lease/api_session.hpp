// ApiSession: the way to one API server: its connections, and the credential of each request.
//
// Renewals have connections of their own: a watch that hangs must not hold one up. Everything on
// which no election depends goes beside the watch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/asio.hpp"
#include "agent/lease/api_access.hpp"
#include "agent/lease/exec_keeper.hpp"
#include "agent/lease/token_source.hpp"
#include "agent/transfer/client.hpp"

namespace leasehold::agent {

/// An exchange that may be ended early, also once its client was replaced by a newer one.
class SideExchange {
  public:
    SideExchange() = default;
    SideExchange(std::weak_ptr<Client> client, TransferId id)
        : client_(std::move(client)), id_(id) {}
    /// Its `done` comes with `aborted`, unless it is over.
    void abort() const {
        if (const auto client = client_.lock(); client != nullptr) client->abort(id_);
    }

  private:
    std::weak_ptr<Client> client_;
    TransferId id_;
};

class ApiSession {
  public:
    /// `plugin_ended` is called after each run of the command that gives the credential.
    ApiSession(asio::io_context& loop, ApiAccess access, std::function<void()> plugin_ended);
    ~ApiSession();
    ApiSession(const ApiSession&) = delete;
    ApiSession& operator=(const ApiSession&) = delete;

    /// Takes up the credential that is in force; false: there is none, for now.
    [[nodiscard]] bool prove();
    /// The command that gives the credential; null: there is none.
    [[nodiscard]] const ExecKeeper* plugin() const { return keeper_ ? &*keeper_ : nullptr; }
    [[nodiscard]] const std::string& server() const { return access_.server; }
    [[nodiscard]] const std::string& plugin_command() const { return access_.exec->command; }
    /// Of the credential in force: refused() wants to know which one it was.
    [[nodiscard]] std::uint64_t generation() const { return keeper_ ? keeper_->generation() : 0; }
    /// The server answered 401.
    void refused(std::uint64_t generation);

    /// With the credential in force; `path` begins with a slash.
    [[nodiscard]] Request request_to(std::string method, const std::string& path);
    /// For the requests that elections wait for.
    [[nodiscard]] Client& requests() { return *requests_; }
    /// For watches. `begins`: none of the Lease is open, so that a certificate that changed
    /// meanwhile may take effect; an open one keeps its connection.
    [[nodiscard]] Client& watches(bool begins);
    /// An exchange beside the watch. A 401 is noted before `done` comes, which is not called once
    /// this session is gone, nor inside this call.
    SideExchange beside(Request request, bool begins, Client::Done done);
    /// Later exchanges beside the watch and later watches use new connections.
    void drop_watches() { watches_->drop_connections(); }

  private:
    bool connect(std::shared_ptr<Client>& client);

    asio::io_context& loop_;
    ApiAccess access_;
    bool own_certificate_;  ///< of the kubeconfig; the plugin's counts only where there is none
    TokenSource tokens_;
    std::shared_ptr<Client> requests_;
    std::shared_ptr<Client> watches_;
    bool requests_outdated_ = false;  ///< another certificate is in force; until the next request
    bool watches_outdated_ = false;   ///< likewise, until the next watch
    std::vector<std::shared_ptr<Client>> retired_;  ///< of an older one, until they are idle
    std::optional<ExecKeeper> keeper_;
};

}  // namespace leasehold::agent
