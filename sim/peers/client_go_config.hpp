// What a program that elects with client-go can set.
#pragma once

#include <string>

#include "model/base/time.hpp"

namespace leasehold::sim {

/// LeaderElectionConfig and the HTTP client below it, with the defaults of Kubernetes' components.
struct ClientGoConfig {
    Duration lease_duration = std::chrono::seconds(15);
    Duration renew_deadline = std::chrono::seconds(10);
    Duration retry_period = std::chrono::seconds(2);
    Duration request_timeout = std::chrono::seconds(5);  ///< Duration::max(): the client has none
    bool release_on_cancel = false;
    bool retries_release = false;  ///< since v0.37 a release that meets a conflict is tried again

    /// Why NewLeaderElector would refuse it; empty if it would not.
    [[nodiscard]] std::string problem() const;
};

}  // namespace leasehold::sim
