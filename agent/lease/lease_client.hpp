// LeaseClient: the Lease API of a real kube-apiserver behind the model's requests.
//
// It fills in LeaseReply in plain wire terms and interprets nothing (model/election maps). One
// request is one exchange; nothing is retried here.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/asio.hpp"
#include "agent/base/duties.hpp"
#include "agent/lease/api_access.hpp"
#include "agent/lease/api_session.hpp"
#include "agent/lease/lease_name.hpp"
#include "agent/transfer/client.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

/// Which Lease it was that was seen last, and at which version; no uid and 0: none yet.
struct LeaseSighting {
    std::string uid;
    Version version;
};

class LeaseClient {
  public:
    /// LeaseAnswered and LeaseWatched, on the loop, never inside a call of this class.
    using Deliver = std::function<void(Event)>;
    /// Takes a body piece by piece; false ends the exchange.
    using Sink = std::function<bool(const Response&, std::string_view)>;
    /// The work by which Duties know renewals.
    static constexpr std::string_view kRenewal = "PUT";
    /// A watch that the server refuses for want of permission is not asked for again that long:
    /// each try is answered as ended, at once.
    static constexpr Duration kWatchRefusedFor = std::chrono::minutes(5);

    /// `duties` is told, on the loop, of what fails and works; null: nobody is.
    LeaseClient(asio::io_context& loop, ApiAccess access, LeaseName name, Deliver deliver,
                Duties* duties = nullptr);
    ~LeaseClient();
    LeaseClient(const LeaseClient&) = delete;
    LeaseClient& operator=(const LeaseClient&) = delete;

    /// One exchange, leaving now; answered exactly once, at the latest after its time-out.
    void send(const SendLease& request);
    /// Opens the watch; ended exactly once unless stopped first. A watch that is open is stopped.
    void watch(const WatchLease& request);
    void stop(const StopWatch& request);

    // What no election depends on: beside the watch, on no connection of a renewal, whatever
    // becomes of it. `done` comes exactly once, never inside the call, and not after this client is
    // gone. `path` is one of the server's, without a query.

    /// POSTs JSON.
    SideExchange post(const std::string& path, std::string body, Duration timeout,
                      Client::Done done);
    SideExchange get(const std::string& path, Duration timeout, Client::Done done);
    /// Another watch (`path` has a query): `sink` takes its body, until the server ends it. At most
    /// one is open. It ends with the Lease's own watch where that one was found silent, as both
    /// hang on one connection.
    SideExchange watch_beside(const std::string& path, Sink sink, Client::Done done);

    /// By the newest answer to a request.
    [[nodiscard]] const LeaseSighting& seen() const;

    /// Of the server's own end of a watch; the model looks for silence by itself, much sooner.
    static constexpr std::chrono::seconds kWatchFor{300};

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
