// OwnPod: asks for this process's own Pod until its status names the container that it runs in.
//
// The kubelet reports late, and after a restart of the container its report may still be that of
// the one before: own_container() of model/protocol says which report counts.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "agent/base/asio.hpp"
#include "agent/base/duties.hpp"
#include "agent/base/timer.hpp"
#include "agent/lease/lease_client.hpp"
#include "agent/lease/pod_json.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

/// Who this process is, as the downward API says.
struct OwnPlace {
    PodName pod;
    std::string uid;        ///< metadata.uid
    std::string container;  ///< the container's name in the Pod
};

class OwnPod {
  public:
    /// The work by which Duties know it.
    static constexpr std::string_view kWork = "the question for the own Pod";
    static constexpr Duration kTimeout = std::chrono::seconds(5);
    /// After an answer that names no container it asks again; twice as long each time.
    static constexpr Duration kAgain = std::chrono::seconds(1);
    static constexpr Duration kLongestAgain = std::chrono::seconds(30);
    /// Refused for want of permission (403) it asks no more for so long.
    static constexpr Duration kRefusedFor = LeaseClient::kWatchRefusedFor;

    /// `client` outlives it. `started`: of this process, see process_started(). `deliver` gets
    /// OwnContainer on the loop, at most once, never inside a call of this class.
    OwnPod(asio::io_context& loop, LeaseClient& client, OwnPlace place, WallTime started,
           LeaseClient::Deliver deliver, Duties& duties);

    void start() { ask(); }
    /// Null: not known (yet).
    [[nodiscard]] const ContainerPtr& container() const { return container_; }

  private:
    void ask();
    void answered(const Response& response);

    LeaseClient& client_;
    OwnPlace place_;
    WallTime started_;
    LeaseClient::Deliver deliver_;
    Duties& duties_;
    ContainerPtr container_;
    Duration again_ = kAgain;
    BoottimeTimer timer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace leasehold::agent
