// LeaseClient: the Lease API of a real kube-apiserver behind the model's requests.
//
// It fills in LeaseReply in plain wire terms and interprets nothing (model/election maps).
#pragma once

#include <functional>
#include <memory>

#include "agent/base/asio.hpp"
#include "agent/lease/api_access.hpp"
#include "model/replica/events.hpp"

namespace leasehold::agent {

/// The Lease that is contended for.
struct LeaseName {
    std::string namespace_name;
    std::string name;
};

class LeaseClient {
  public:
    /// LeaseAnswered and LeaseWatched, on the loop, never inside a call of this class.
    using Deliver = std::function<void(Event)>;

    LeaseClient(asio::io_context& loop, ApiAccess access, LeaseName name, Deliver deliver);
    ~LeaseClient();

    /// One exchange, leaving now; answered exactly once, at the latest after its time-out.
    void send(const SendLease& request);
    /// Opens the watch; ended exactly once unless stopped first.
    void watch(const WatchLease& request);
    void stop(const StopWatch& request);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
