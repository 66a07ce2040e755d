// LeaseClient: the Lease API of a real kube-apiserver behind the model's requests.
//
// It fills in LeaseReply in plain wire terms and interprets nothing (model/election maps). One
// request is one exchange; nothing is retried here.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/lease/api_access.hpp"
#include "agent/lease/lease_name.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

class LeaseClient {
  public:
    /// LeaseAnswered and LeaseWatched, on the loop, never inside a call of this class.
    using Deliver = std::function<void(Event)>;
    /// A line for the log each time that requests begin to fail, fail for another reason, or work
    /// again; on the loop. Without secrets.
    using Note = std::function<void(const std::string&)>;

    LeaseClient(asio::io_context& loop, ApiAccess access, LeaseName name, Deliver deliver,
                Note note = {});
    ~LeaseClient();
    LeaseClient(const LeaseClient&) = delete;
    LeaseClient& operator=(const LeaseClient&) = delete;

    /// One exchange, leaving now; answered exactly once, at the latest after its time-out.
    void send(const SendLease& request);
    /// Opens the watch; ended exactly once unless stopped first. A watch that is open is stopped.
    void watch(const WatchLease& request);
    void stop(const StopWatch& request);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
